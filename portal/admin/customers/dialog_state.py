"""State of the dialogs above the list: register, rotate, disable, enable, and the token shown once."""

from typing import Any

import reflex as rx

from portal.admin.customers.state import CustomersState
from portal.admin.identifiers import customer_uuid
from portal.auth.guards import admin_only
from portal.core.errors import Invalid
from portal.core.fleet.service import customers
from portal.core.stack import current
from portal.features.settings.dialogs import AdminDialogs
from portal.ui.failures import failure_in_words

_DEFAULT_GRACE_HOURS = 24
_MOST_DIGITS = 6


class CustomerDialogState(AdminDialogs, rx.State):
    """Which dialog is open, for which customer, and why it could not do what it was asked."""

    @rx.event
    @admin_only
    async def register(self, form: dict[str, Any]):
        """Register a customer and show its token."""
        with failure_in_words(self):
            code, name = str(form.get("code", "")).strip(), str(form.get("name", "")).strip()
            issued = await customers.register(current(), code, name)
            self._show_once(issued.token, issued.name)
        return CustomersState.load

    @rx.event
    @admin_only
    async def rotate(self, form: dict[str, Any]):
        """Give the customer a new token; the old one stays valid for the hours asked for."""
        with failure_in_words(self):
            hours = _hours(str(form.get("grace_hours", "")))
            issued = await customers.rotate(current(), customer_uuid(self.chosen_id), hours)
            self._show_once(issued.token, issued.name)
        return CustomersState.load

    @rx.event
    @admin_only
    async def switch(self, is_active: bool):
        """Disable or enable the customer."""
        with failure_in_words(self):
            await customers.set_active(current(), customer_uuid(self.chosen_id), is_active)
            self._forget()
        return CustomersState.load


def _hours(text: str) -> int:
    wanted = text.strip()
    if wanted and not (wanted.isascii() and wanted.isdigit() and len(wanted) <= _MOST_DIGITS):
        raise Invalid("The old token stays valid for a whole number of hours.")
    return int(wanted or _DEFAULT_GRACE_HOURS)
