"""State of the Sites page: the tree, and the meter whose panel is open."""

from typing import Any

import reflex as rx

from portal.auth.guards import admin_only
from portal.client.boards.view import BoardPart, build_part
from portal.client.ids import uuid_of
from portal.client.sites import view
from portal.client.sites.forms import Choice, municipality_choices
from portal.client.sites.panel_view import MeterPanel, build_panel
from portal.core.boards.service import boards
from portal.core.errors import NotFound, PortalError
from portal.core.languages import tr
from portal.core.log import logger
from portal.core.meters import service as meters
from portal.core.outages import Outage
from portal.core.sites.rules.sites import SiteEdits
from portal.core.sites.service import sites
from portal.core.stack import Stack, current
from portal.ui.failures import failure_in_words
from portal.web.events.beats import Beat, beats

_BEAT_SECONDS = 5
_not_read = Outage(logger("sites"), "The sites are not read")


class SitesState(rx.State):
    """What the page lists. `chosen` is the meter in the address, `panel_failure` why nothing can be said of it."""

    found: view.SitesView = view.SitesView()
    panel: MeterPanel = MeterPanel()
    board: BoardPart = BoardPart()
    chosen: str = ""
    panel_failure: str = ""
    is_loading: bool = True
    no_figures: str = ""
    notice: str = ""
    failure: str = ""
    municipalities: list[Choice] = []

    @rx.event(background=True)
    @admin_only
    async def follow(self):
        """Read the sites, and the meter in the address, now and every few seconds."""
        async with self:
            chosen = self.router.url.query_parameters.get("meter", "")
            if chosen != self.chosen:
                self.chosen, self.panel, self.panel_failure = chosen, MeterPanel(), ""
                self.board = BoardPart()
            with failure_in_words(self):
                self.municipalities = await municipality_choices()
        async for beat in beats(self, seconds=_BEAT_SECONDS):
            shown = await _shown(beat, chosen)
            async with self:
                for name, value in shown.items():
                    if getattr(self, name) != value:
                        setattr(self, name, value)

    @rx.event
    @admin_only
    def show_meter(self, meter: str):
        """Open the panel of a meter, or close it: the address says which."""
        return rx.redirect(f"/sites?meter={meter}" if meter else "/sites")

    @rx.event
    @admin_only
    async def assign_municipality(self, site: str, municipality: str):
        """Say whose tariffs hold at a site."""
        with failure_in_words(self):
            edits: SiteEdits = {"municipality_id": int(municipality) if municipality.isdecimal() else None}
            changed = await sites.change_site(current(), uuid_of(site), edits)
            await self._show(
                tr(
                    "{name} has the tariffs of {municipality} now.",
                    name=changed.name,
                    municipality=changed.municipality or tr("no municipality"),
                )
            )

    async def _show(self, notice: str):
        """Show at once what was changed."""
        stack = current()
        found = await meters.meters_now(stack)
        self.found, self.notice = _worded(stack, found), notice
        if self.chosen:
            try:
                detail = await meters.meter_detail(stack, uuid_of(self.chosen))
                self.panel = build_panel(found, detail, stack.clock())
                board = await boards.get_board(stack, uuid_of(self.chosen))
                self.board = build_part(board, detail.time_zone, stack.clock())
            except NotFound:
                self.panel = MeterPanel()


async def _shown(beat: Beat, chosen: str) -> dict[str, Any]:
    """Return the fields of the state that a beat fills."""
    shown: dict[str, Any] = {
        "is_loading": False,
        "no_figures": tr("The sites could not be read. This page keeps trying."),
    }
    with _not_read.noted():  # whatever it is, the page goes on trying
        found = await beat.read(meters.meters_now)
        stack = current()
        shown |= {"found": _worded(stack, found), "no_figures": "", "panel_failure": ""}
        if chosen:
            try:
                detail = await beat.read(meters.meter_detail, uuid_of(chosen))
                shown["panel"] = build_panel(found, detail, stack.clock())
                board = await beat.read(boards.get_board, uuid_of(chosen))
                shown["board"] = build_part(board, detail.time_zone, stack.clock())
            except PortalError as error:
                shown |= {"panel": MeterPanel(), "panel_failure": tr(error.said)}
    return shown


def _worded(stack: Stack, found: meters.MetersNow) -> view.SitesView:
    return view.build_sites(found, stack.clock(), stack.settings.application.time_zone)
