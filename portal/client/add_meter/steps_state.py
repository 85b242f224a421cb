"""State of the way to a first reading: the site, the meter, its token once, and what has been heard of its board."""

from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any
from uuid import UUID

import reflex as rx

from portal.auth.guards import admin_only
from portal.client.add_meter import view
from portal.client.ids import uuid_of
from portal.client.sites import forms
from portal.core.errors import Invalid, PortalError
from portal.core.languages import tr
from portal.core.log import logger
from portal.core.meters import service as meters
from portal.core.outages import Outage
from portal.core.sites.service import devices, sites
from portal.core.stack import current
from portal.ui.failures import failure_in_words
from portal.web.events.beats import Beat, beats

_BEAT_SECONDS = 2
_LATELY = timedelta(hours=1)
_PATH = "/sites/add"
_not_read = Outage(logger("sites"), "What a board posted is not read")


class AddMeterState(rx.State):
    """Where somebody is on the way: `step` is "site", "meter" or "board"; the token is here until the page is left."""

    step: str = "site"
    step_number: int = 1
    sites: list[forms.Choice] = []
    municipalities: list[forms.Choice] = []
    site: str = ""
    site_name: str = ""
    parents: list[forms.Choice] = []
    terms: list[forms.Term] = []
    is_virtual: bool = False
    device: str = ""
    board: view.BoardView = view.BoardView()
    block: str = ""
    curl: str = ""
    failure: str = ""
    is_loading: bool = True
    draft_done: str = ""
    _since: datetime | None = None

    @rx.event
    @admin_only
    async def load(self):
        """Go to the step that the address names."""
        query = self.router.url.query_parameters
        with failure_in_words(self):
            device, site = query.get("device", ""), query.get("site", "")
            if device != self.device:
                self.block = self.curl = ""
                self.device, self.board, self._since = device, view.BoardView(), current().clock()
            self.step, self.step_number = ("board", 3) if device else ("meter", 2) if site else ("site", 1)
            await self._read_site(site)
            if device:
                self.board = await _board(None, device, self._since)
        self.is_loading = False

    @rx.event(background=True)
    @admin_only
    async def follow(self):
        """Look every two seconds what has come of the board, while its step is shown."""
        async with self:
            device = self.router.url.query_parameters.get("device", "")
        if not device:
            return
        async for beat in beats(self, seconds=_BEAT_SECONDS):
            async with self:
                since = self._since
            with _not_read.noted():
                try:
                    board, failure = await _board(beat, device, since), ""
                except PortalError as error:
                    board, failure = view.BoardView(), tr(error.said)
                async with self:
                    if self.device == device and (self.board, self.failure) != (board, failure):
                        self.board, self.failure = board, failure

    @rx.event
    @admin_only
    async def choose_site(self, form: dict[str, Any]):
        """Go on with a site that is there, or a new one."""
        with failure_in_words(self):
            chosen = str(form.get("site", ""))
            if not chosen:
                edits = forms.site_edits(form)
                chosen = str((await forms.add_site(edits)).id)
            self.draft_done = token_hex(8)
            return rx.redirect(f"{_PATH}?site={uuid_of(chosen)}")
        return None

    @rx.event
    @admin_only
    def set_virtual(self, kind: str):
        """Say whether the meter measures or is calculated."""
        self.is_virtual = kind == "virtual"

    @rx.event
    @admin_only
    async def add_meter(self, form: dict[str, Any]):
        """Add the meter, and show its token."""
        with failure_in_words(self):
            facts = forms.meter_facts(form, is_virtual=self.is_virtual)
            issued = await devices.add_device(
                current(),
                str(form.get("name", "")),
                site=uuid_of(self.site),
                external_id=str(form.get("external_id", "")),
                **facts,
            )
            self.draft_done = token_hex(8)
            if issued.token is None:
                return rx.redirect(f"/sites?meter={issued.id}")
            await self._show_token(issued)
            return rx.redirect(f"{_PATH}?device={issued.id}")
        return None

    @rx.event
    @admin_only
    def leave(self):
        """Forget the token: it is shown until the page is left."""
        self.block = self.curl = ""

    @rx.event
    @admin_only
    async def renew_token(self):
        """Give the meter another token and show it: the one that was shown is gone. The old one ends at once."""
        with failure_in_words(self):
            await self._show_token(await devices.rotate_device_token(current(), uuid_of(self.device)))

    async def _show_token(self, issued: devices.IssuedDevice):
        stack = current()
        detail = await meters.meter_detail(stack, issued.id)
        origin = (stack.settings.application.public_url or self.router.headers.origin).rstrip("/")
        token = issued.token or ""
        self.device, self._since = str(issued.id), stack.clock()
        self.board = view.build_board(detail, self._since, self._since)
        self.block = view.block_for(origin, token, issued.external_id)
        self.curl = view.curl_line(origin, token, stack.clock(), detail.time_zone)

    async def _read_site(self, site: str):
        stack = current()
        self.sites = [(str(each.id), each.name) for each in await sites.list_sites(stack)]
        self.municipalities = await forms.municipality_choices()
        if site:
            if site != self.site:
                self.is_virtual = False
            stored, there = await sites.get_site(stack, uuid_of(site))
            self.site, self.site_name = site, stored.name
            self.parents, self.terms = forms.choices_at(there)


async def _board(beat: Beat | None, device: str, since: datetime | None) -> view.BoardView:
    stack = current()
    key: UUID = uuid_of(device)
    began = since or stack.clock()
    if beat is None:
        detail = await meters.meter_detail(stack, key, unknown_since=began - _LATELY)
    else:
        detail = await beat.read(meters.meter_detail, key, unknown_since=began - _LATELY)
    if detail.device.formula is not None:
        raise Invalid(tr("This meter is calculated: it has no board"))
    return view.build_board(detail, began, stack.clock())
