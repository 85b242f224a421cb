"""State of the dialogs above the list: register, rotate, disable, enable, and the token shown once."""

from typing import Any

import reflex as rx

from portal.admin.customer_dialogs import first_push
from portal.admin.customer_dialogs.after_change import CUSTOMER, LIST, events_of
from portal.admin.identifiers import CustomerAddress, customer_uuid
from portal.auth.guards import admin_only
from portal.core.errors import Invalid, NotFound
from portal.core.fleet.service import customer_lists, customers
from portal.core.languages import tr
from portal.core.log import logger
from portal.core.outages import Outage
from portal.core.stack import current
from portal.features.settings.dialogs import AdminDialogs
from portal.ui.failures import failure_in_words
from portal.web.events.beats import beats

_DEFAULT_GRACE_HOURS = 24
_MOST_DIGITS = 6
_BEAT_SECONDS = 2
_not_read = Outage(logger("customers"), "Whether a customer has pushed is not read")


class CustomerDialogState(CustomerAddress, AdminDialogs, rx.State):
    """Which dialog is open, for which customer, and why it could not do what it was asked.

    Beside a token that was just issued: where its stack pushes to, and what has been heard of it.
    """

    code_words: str = ""
    fleet_url: str = ""
    grace_words: str = ""
    push: first_push.PushHeard = first_push.NOTHING

    @rx.event
    @admin_only
    def name_stack(self, code: str):
        """Say what a code that is being typed makes of names that are in lower case."""
        self.code_words = first_push.code_words(code.strip())

    @rx.event
    @admin_only
    async def register(self, form: dict[str, Any]):
        """Register a customer and show its token."""
        with failure_in_words(self):
            code, name = str(form.get("code", "")).strip(), str(form.get("name", "")).strip()
            issued = await customers.register(current(), code, name)
            self.chosen_id, self.push = str(issued.id), first_push.waiting()
            self._show_token(issued, "")
            return [*self._read_again(), CustomerDialogState.await_push]
        return None

    @rx.event
    @admin_only
    async def rotate(self, form: dict[str, Any]):
        """Give the customer a new token; the old one stays valid for the hours asked for."""
        with failure_in_words(self):
            hours = _hours(str(form.get("grace_hours", "")))
            issued = await customers.rotate(current(), customer_uuid(self.chosen_id), hours)
            self.push = first_push.NOTHING
            self._show_token(issued, first_push.grace_words(hours))
        return self._read_again()

    @rx.event
    @admin_only
    async def switch(self, is_active: bool):
        """Disable or enable the customer."""
        with failure_in_words(self):
            await customers.set_active(current(), customer_uuid(self.chosen_id), is_active)
            self._forget()
        return self._read_again()

    @rx.event(background=True)
    @admin_only
    async def await_push(self):
        """Look every two seconds whether the customer has pushed, while its token is shown."""
        async for beat in beats(self, _BEAT_SECONDS):
            async with self:
                chosen, is_shown = self.chosen_id, self.opened == "issued"
            if not is_shown:
                return
            with _not_read.noted():
                try:
                    found = await beat.read(customer_lists.customer_now, customer_uuid(chosen))
                except NotFound:
                    return
                zone = current().settings.application.time_zone
                async with self:
                    self.push = first_push.heard_of(found, zone)
                if self.push["is_received"]:
                    for event in events_of(LIST):  # only the list registers
                        yield event
                    return

    def _read_again(self) -> list[Any]:
        """What reads again what the page shows: the list, or one customer."""
        return events_of(CUSTOMER if self.customer_id else LIST)

    def _show_token(self, issued: customers.IssuedToken, grace: str) -> None:
        origin = current().settings.application.public_url or self.router.headers.origin
        self.fleet_url, self.grace_words = first_push.fleet_url(origin), grace
        self._show_once(issued.token, issued.name)


def _hours(text: str) -> int:
    wanted = text.strip()
    if wanted and not (wanted.isascii() and wanted.isdigit() and len(wanted) <= _MOST_DIGITS):
        raise Invalid(tr("The old token stays valid for a whole number of hours."))
    return int(wanted or _DEFAULT_GRACE_HOURS)
