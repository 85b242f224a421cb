"""State of one edition of the library."""

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import reflex as rx

from portal.admin.library import view
from portal.admin.nav import LIBRARY
from portal.auth.guards import admin_only, signed_in
from portal.core.errors import Invalid, NotFound
from portal.core.languages import tr
from portal.core.stack import current
from portal.core.tariffs.rules.tariff_drafts import next_year
from portal.core.tariffs.service import library
from portal.core.tariffs.service.time_zones import find_time_zone
from portal.core.values.numbers import exact_number
from portal.features.settings.dialogs import AdminDialogs
from portal.ui.failures import failure_in_words


class EditionState(AdminDialogs, rx.State):
    """The edition that the address names; the dialog is "publish", "copy" or "remove"."""

    if TYPE_CHECKING:
        # Reflex gives it to every state with the route.
        edition_id: str

    form: view.EditionForm = view.EditionForm()
    title: str = tr("Tariff library")
    notice: str = ""
    percent: str = "0"
    is_missing: bool = False
    is_loading: bool = True

    @rx.event
    @signed_in
    async def load(self):
        """Read the edition."""
        self.reset()
        with failure_in_words(self):
            await self._read()
        self.is_loading = False

    @rx.event
    @admin_only
    async def save(self, form: dict[str, Any]):
        """Store what stands in the boxes; where it is offered, customers are asked about the change."""
        with failure_in_words(self):
            stored = await library.get_edition(current(), _key(self.edition_id))
            typed = dict(form) | {"zone": find_time_zone(str(form.get("zone", "")))}
            raw = library.edition_wire(view.edition_of(typed, stored.edition))
            confirmed = form.get("confirmed") in {"on", True}
            await library.save_edition(
                current(), raw, stored.edition.id, (self.form.mark,), is_confirmed=confirmed
            )
            await self._read()
            self.notice = (
                tr("Saved. Customers are asked about the change.") if self.form.is_published else tr("Saved.")
            )

    @rx.event
    @admin_only
    async def publish(self):
        """Offer it to every customer, or take it back."""
        with failure_in_words(self):
            wanted = not self.form.is_published
            await library.set_published(
                current(), _key(self.edition_id), is_published=wanted, expected=(self.form.mark,)
            )
            await self._read()
            self._forget()
            self.notice = (
                tr(
                    "Customers with this municipality are told with their next push. Each accepts it, or "
                    "does not."
                )
                if wanted
                else tr("It is offered no more. Who has accepted it keeps it.")
            )

    @rx.event
    @admin_only
    async def copy_on(self, form: dict[str, Any]):
        """Make a draft for the next year, all prices raised by a percentage, and open it."""
        with failure_in_words(self):
            stored = await library.get_edition(current(), _key(self.edition_id))
            edition = stored.edition
            copied = next_year(edition.tariff, _percent(str(form.get("percent", "0"))))
            named = replace(copied, name=view.named_on(copied.name))
            raw = library.edition_wire(replace(edition, tariff=named, source=""))
            made = await library.save_edition(current(), raw | {"isActive": True})
            self._forget()
            return rx.redirect(f"{LIBRARY}/{made}")
        return None

    @rx.event
    @admin_only
    async def remove(self):
        """Delete it."""
        with failure_in_words(self):
            await library.remove_edition(current(), _key(self.edition_id), (self.form.mark,))
            self._forget()
            return rx.redirect(LIBRARY)
        return None

    async def _read(self) -> None:
        stack = current()
        try:
            stored = await library.get_edition(stack, _key(self.edition_id))
        except NotFound:
            self.is_missing = True
            return
        self.form = view.build_form(stored, stack.settings.billing.currency)
        self.title = self.form.title


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(tr("There is no such edition.")) from None


def _percent(text: str) -> Decimal:
    try:
        return exact_number(text.strip().replace(",", ".") or "0")
    except ValueError:
        raise Invalid(tr("A percentage is needed, like 8.5")) from None
