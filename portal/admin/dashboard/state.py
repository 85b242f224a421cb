"""State of the operators' dashboard, kept up to date while it is open."""

from time import monotonic

import reflex as rx

from portal.admin.dashboard import view
from portal.auth.guards import signed_in
from portal.core.fleet.service import fleet_dashboard
from portal.core.languages import tr
from portal.core.log import logger
from portal.core.outages import Outage
from portal.core.quality.service import meter_events
from portal.core.stack import current
from portal.web.events.beats import Beat, beats

_BEAT_SECONDS = 15
_COMPARED_SECONDS = 600
_not_read = Outage(logger("dashboard"), "The fleet is not read")


class FleetState(rx.State):
    """The fleet as it is now."""

    shown: view.FleetShown = view.NOTHING
    is_loading: bool = True
    is_empty: bool = False
    failure: str = ""

    @rx.event(background=True)
    @signed_in
    async def follow(self):
        """Read the fleet now and every fifteen seconds, until the page is left or the session ends."""
        async for beat in beats(self, _BEAT_SECONDS):
            shown, failure = None, tr("The fleet could not be read. This page keeps trying.")
            with _not_read.noted():  # whatever it is, the page goes on trying
                shown, failure = await _read(beat), ""
            async with self:
                self.is_loading, self.failure = False, failure
                if shown is not None:
                    self.shown, self.is_empty = shown, not shown["parts"]


async def _read(beat: Beat) -> view.FleetShown:
    """Read the fleet, once for all pages; what it is compared with is read anew every ten minutes."""
    waiting = await beat.read(meter_events.waiting_by_customer)
    open_events = tuple((each.customer_id, each.events) for each in waiting)
    fleet = await beat.read(fleet_dashboard.fleet_now, open_events)
    stack = current()
    before = await stack.shared.answer(
        fleet_dashboard.week_before_kwh,
        lambda: fleet_dashboard.week_before_kwh(stack),
        since=monotonic() - _COMPARED_SECONDS,
        keep_seconds=_COMPARED_SECONDS,
    )
    if not fleet.counts.everybody:
        return view.NOTHING
    return view.build_fleet(fleet, before, stack.settings.application.time_zone)
