"""State of the dialogs of the Sites page."""

from typing import Any

import reflex as rx

from portal.auth.guards import admin_only
from portal.client.ids import uuid_of
from portal.client.sites import forms
from portal.client.sites.state import SitesState
from portal.core.boards.service import claims
from portal.core.languages import tr
from portal.core.meters import service as meters
from portal.core.sites.service import devices, sites
from portal.core.stack import current
from portal.core.words import noted
from portal.features.settings.dialogs import AdminDialogs
from portal.ui.failures import failure_in_words

_ACTIVE = {"deactivate": False, "activate": True}
_DONE = {"deactivate": noted("inactive now"), "activate": noted("active again"), "remove": noted("deleted")}


class SiteDialogs(AdminDialogs, rx.State):
    """The dialog that is open.

    It is "site" (without an id to add one), "meter", "rotate", "claim", or a question: "deactivate-", "activate-" or
    "remove-" and what it is about.
    """

    municipalities: list[forms.Choice] = []
    site_boxes: forms.SiteBoxes = forms.SiteBoxes()
    meter_boxes: forms.MeterBoxes = forms.MeterBoxes()

    @rx.event
    @admin_only
    async def open_dialog(self, which: str, chosen_id: str, name: str):
        """Open a dialog, its form with what is stored."""
        self._choose(which, chosen_id, name)
        with failure_in_words(self):
            if which == "site":
                await self._fill_site(chosen_id)
            elif which == "meter":
                await self._fill_meter(chosen_id)

    @rx.event
    @admin_only
    async def save_site(self, form: dict[str, Any]):
        """Add a site, or change the chosen one unless somebody else did meanwhile."""
        with failure_in_words(self):
            edits = forms.site_edits(form)
            if self.chosen_id:
                site_id, expected = uuid_of(self.chosen_id), [self.site_boxes.version]
                await sites.change_site(current(), site_id, edits, expected=expected)
            else:
                await forms.add_site(edits)
            await self._done(tr("{name} is saved.", name=edits.get("name", "")))

    @rx.event
    @admin_only
    async def save_meter(self, form: dict[str, Any]):
        """Change the chosen meter unless somebody else did meanwhile."""
        with failure_in_words(self):
            edits = forms.meter_edits(form, is_virtual=self.meter_boxes.is_virtual)
            device = await _meter(self.chosen_id)
            expected = [self.meter_boxes.version]
            await devices.change_device(current(), device.site_id, device.id, edits, expected=expected)
            await self._done(tr("{name} is saved.", name=edits.get("name", "")))

    @rx.event
    @admin_only
    async def rotate(self, form: dict[str, Any]):
        """Give the chosen meter a new token and show it."""
        with failure_in_words(self):
            device = await _meter(self.chosen_id)
            issued = await devices.rotate_device_token(
                current(), device.id, site_id=device.site_id, grace_hours=forms.hours_in(form)
            )
            self._show_once(issued.token or "", issued.name)
            await self._show("")

    @rx.event
    @admin_only
    async def claim(self, form: dict[str, Any]):
        """Give the board that shows a code to the chosen meter: it collects the token by itself."""
        with failure_in_words(self):
            device = await _meter(self.chosen_id)
            typed = str(form.get("code", ""))
            made = await claims.claim_board(current(), device.id, typed, site_id=device.site_id)
            await self._done(
                tr(
                    "The board {code} collects the token of {name} when it asks next, within a day.",
                    code=made.code,
                    name=device.name,
                )
            )

    @rx.event
    @admin_only
    async def confirm(self):
        """Do what the open dialog asks about."""
        with failure_in_words(self):
            what, _, kind = self.opened.partition("-")
            chosen, name = self.chosen_id, self.chosen_name
            await (_change_site if kind == "site" else _change_meter)(what, chosen)
            await self._done(tr("{name} is {what}.", name=name, what=tr(_DONE.get(what, "changed"))))
            page = await self.get_state(SitesState)
            if what == "remove" and chosen == page.chosen:
                return rx.redirect("/sites")
        return None

    async def _done(self, notice: str):
        self._forget()
        await self._show(notice)

    async def _show(self, notice: str):
        page = await self.get_state(SitesState)
        await page._show(notice)  # noqa: SLF001 - a public method would be one more thing a browser could call

    async def _fill_site(self, site: str):
        self.municipalities = await forms.municipality_choices()
        if site:
            found, _ = await sites.get_site(current(), uuid_of(site))
            self.site_boxes = forms.boxes_of_site(found)

    async def _fill_meter(self, meter: str):
        device = await _meter(meter)
        _, others = await sites.get_site(current(), device.site_id)
        self.meter_boxes = forms.boxes_of_meter(device, others)

    def _choose(self, which: str, chosen_id: str, name: str) -> None:
        super()._choose(which, chosen_id, name)
        self.site_boxes, self.meter_boxes = forms.SiteBoxes(), forms.MeterBoxes()


async def _meter(text: str) -> devices.StoredDevice:
    return (await meters.meter_detail(current(), uuid_of(text))).device


async def _change_site(what: str, text: str) -> None:
    site_id = uuid_of(text)
    if what == "remove":
        await sites.remove_site(current(), site_id)
    elif what in _ACTIVE:
        await sites.change_site(current(), site_id, {"is_active": _ACTIVE[what]})


async def _change_meter(what: str, text: str) -> None:
    device = await _meter(text)
    if what == "remove":
        await devices.remove_device(current(), device.site_id, device.id)
    elif what in _ACTIVE:
        await devices.change_device(current(), device.site_id, device.id, {"is_active": _ACTIVE[what]})
