"""State of the page of boards and their firmware."""

from typing import Any, Final

import reflex as rx

from portal.auth.guards import admin_only
from portal.client.boards import view
from portal.core.boards.service import rollouts
from portal.core.languages import tr
from portal.core.log import logger
from portal.core.outages import Outage
from portal.core.stack import current
from portal.core.words import noted
from portal.web.events.beats import Beat, beats

_BEAT_SECONDS = 5
# What the address says of a file that was sent (`upload`).
_SAID: Final = {
    "no-bundle": noted("This file is no bundle of firmware: it comes out of `tools/bundle` of the firmware."),
    "large": noted("The file is larger than 1 MiB."),
    "there": noted("There is a release of this version already."),
}
_not_read = Outage(logger("boards"), "The boards are not read")


class BoardsState(rx.State):
    """What the page lists."""

    found: view.BoardsView = view.BoardsView()
    is_loading: bool = True
    no_figures: str = ""
    notice: str = ""
    failure: str = ""

    @rx.event(background=True)
    @admin_only
    async def follow(self):
        """Read boards and releases now and every few seconds."""
        async with self:
            query = self.router.url.query_parameters
            added, problem = query.get("added", ""), query.get("problem", "")
            self.notice = (
                tr("Release {added} is here. Nobody is offered it yet.", added=added[:32]) if added else ""
            )
            self.failure = tr(_SAID.get(problem, ""))
        async for beat in beats(self, seconds=_BEAT_SECONDS):
            shown = await _shown(beat)
            async with self:
                for name, value in shown.items():
                    if getattr(self, name) != value:
                        setattr(self, name, value)

    async def _show(self, notice: str):
        """Show at once what was changed."""
        stack = current()
        zone = stack.settings.application.time_zone
        self.found = view.build_boards(await rollouts.rollouts_now(stack), zone, stack.clock())
        self.notice, self.failure = notice, ""


async def _shown(beat: Beat) -> dict[str, Any]:
    """Return the fields of the state that a beat fills."""
    shown: dict[str, Any] = {
        "is_loading": False,
        "no_figures": tr("The boards could not be read. This page keeps trying."),
    }
    with _not_read.noted():  # whatever it is, the page goes on trying
        found = await beat.read(rollouts.rollouts_now)
        stack = current()
        zone = stack.settings.application.time_zone
        shown |= {"found": view.build_boards(found, zone, stack.clock()), "no_figures": ""}
    return shown
