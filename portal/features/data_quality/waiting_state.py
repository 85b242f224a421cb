"""How many meter events wait for a person: beside the entry of the navigation, on every page."""

import reflex as rx

from portal.auth.guards import signed_in
from portal.core.log import logger
from portal.core.outages import Outage
from portal.core.quality.service import meter_events
from portal.core.stack import current
from portal.web.events.beats import beats

_SECONDS = 60
_MOST_SHOWN = 99
_not_counted = Outage(logger("data_quality"), "Waiting meter events are not counted")


class WaitingState(rx.State):
    """The count, as a text; empty where nothing waits."""

    count: str = ""

    @rx.event(background=True)
    @signed_in
    async def follow(self):
        """Count now and once a minute, until the page is left."""
        async for beat in beats(self, _SECONDS):
            with _not_counted.noted():
                shown = _shown(await beat.read(meter_events.count_waiting))
                async with self:
                    if self.count != shown:
                        self.count = shown

    @rx.event
    @signed_in
    async def recount(self):
        """Count now: a decision was made."""
        with _not_counted.noted():
            self.count = _shown(await meter_events.count_waiting(current()))


def _shown(waiting: int) -> str:
    return "" if not waiting else str(waiting) if waiting <= _MOST_SHOWN else f"{_MOST_SHOWN}+"
