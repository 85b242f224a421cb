"""State of the Users page."""

from typing import Any
from uuid import UUID

import reflex as rx

from portal.auth.guards import admin_only
from portal.core.domain.access import Role
from portal.core.errors import Invalid, NotFound
from portal.core.services import accounts
from portal.core.stack import current
from portal.settings.users import view
from portal.ui.failures import failure_in_words


class UsersState(rx.State):
    """Everybody, the dialog that is open, and a link that is shown once."""

    rows: list[view.UserRow] = []
    is_loading: bool = True
    failure: str = ""
    opened: str = ""
    chosen_id: str = ""
    chosen_email: str = ""
    link: str = ""
    link_note: str = ""

    @rx.event
    @admin_only
    async def load(self):
        """Read the list."""
        with failure_in_words(self):
            await self._read()
        self.is_loading = False

    @rx.event
    @admin_only
    def open_dialog(self, which: str, user_id: str, email: str):
        """Open "add", "admin", "user", "deactivate", "activate" or "renew"."""
        self._forget()
        self.opened, self.chosen_id, self.chosen_email = which, user_id, email

    @rx.event
    @admin_only
    def close(self, is_open: bool):
        """Close whatever is open and forget the link: it can't be shown again."""
        if not is_open:
            self._forget()

    @rx.event
    @admin_only
    async def add(self, form: dict[str, Any]):
        """Add a person and show the link by which they set their password."""
        with failure_in_words(self):
            email, role = str(form.get("email", "")), _role(str(form.get("role", "")))
            self._show(await accounts.invite_user(current(), email, role))
            await self._read()

    @rx.event
    @admin_only
    async def confirm(self):
        """Do what the open dialog asks about."""
        with failure_in_words(self):
            stack, user_id, which = current(), _user_id(self.chosen_id), self.opened
            if which == "renew":
                self._show(await accounts.renew_link(stack, user_id))
            else:
                await _change(which, user_id)
                self._forget()
            await self._read()

    async def _read(self):
        stack = current()
        lines = await accounts.list_users(stack)
        self.rows = view.build_rows(lines, stack.clock(), stack.settings.application.time_zone)

    def _show(self, link: accounts.PasswordLink):
        settings = current().settings.application
        self.link = view.link_address(link, settings.public_url, self.router.headers.origin)
        self.link_note = view.link_note(link, settings.time_zone)
        self.opened, self.chosen_email = "link", link.email

    def _forget(self):
        # The address stays: the dialog still shows it while it fades out.
        self.opened = self.failure = self.link = ""


async def _change(which: str, user_id: UUID) -> None:
    stack = current()
    if which in ("admin", "user"):
        await accounts.set_role(stack, user_id, Role(which))
    elif which in ("activate", "deactivate"):
        await accounts.set_active(stack, user_id, is_active=which == "activate")


def _user_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("There is no such account.") from None


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise Invalid("A person is an admin or a user.") from None
