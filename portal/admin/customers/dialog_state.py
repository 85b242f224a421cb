"""State of the dialogs above the list: register, rotate, disable, enable, and the token shown once."""

from typing import Any

import reflex as rx

from portal.admin.customers.state import CustomersState
from portal.admin.identifiers import customer_uuid
from portal.auth.guards import admin_only
from portal.core.services import customers
from portal.core.stack import current
from portal.ui.failures import failure_in_words

_DEFAULT_GRACE_HOURS = 24


class CustomerDialogState(rx.State):
    """Which dialog is open, for which customer, and why it could not do what it was asked."""

    opened: str = ""
    chosen_id: str = ""
    chosen_name: str = ""
    failure: str = ""
    issued_name: str = ""
    issued_token: str = ""

    @rx.event
    @admin_only
    def open_dialog(self, which: str, customer_id: str, name: str):
        """Open "register", "rotate", "disable" or "enable"."""
        self._forget()
        self.opened, self.chosen_id, self.chosen_name = which, customer_id, name

    @rx.event
    @admin_only
    def close(self, is_open: bool):
        """Close whatever is open and forget the token: it can't be shown again."""
        if not is_open:
            self._forget()

    @rx.event
    @admin_only
    async def register(self, form: dict[str, Any]):
        """Register a customer and show its token."""
        with failure_in_words(self):
            code, name = str(form.get("code", "")).strip(), str(form.get("name", "")).strip()
            self._show(await customers.register(current(), code, name))
        return CustomersState.load

    @rx.event
    @admin_only
    async def rotate(self, form: dict[str, Any]):
        """Give the customer a new token; the old one stays valid for the hours asked for."""
        with failure_in_words(self):
            hours = _hours(str(form.get("grace_hours", "")))
            self._show(await customers.rotate(current(), customer_uuid(self.chosen_id), hours))
        return CustomersState.load

    @rx.event
    @admin_only
    async def switch(self, is_active: bool):
        """Disable or enable the customer."""
        with failure_in_words(self):
            await customers.set_active(current(), customer_uuid(self.chosen_id), is_active)
            self._forget()
        return CustomersState.load

    def _show(self, issued: customers.IssuedToken):
        self.opened, self.issued_name, self.issued_token = "issued", issued.name, issued.token

    def _forget(self):
        # The name stays: the dialog still shows it while it fades out.
        self.opened = self.failure = self.issued_token = ""


def _hours(text: str) -> int:
    return int(text) if text.strip().isdigit() else _DEFAULT_GRACE_HOURS
