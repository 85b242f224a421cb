"""State of the Users page."""

from typing import Any
from uuid import UUID

import reflex as rx

from portal.auth.guards import admin_only
from portal.core.access import Role
from portal.core.errors import Invalid, NotFound
from portal.core.identity.service import accounts, second_factor
from portal.core.languages import tr
from portal.core.stack import current
from portal.features.settings.dialogs import AdminDialogs
from portal.features.settings.users import view
from portal.ui.failures import failure_in_words


class UsersState(AdminDialogs, rx.State):
    """Everybody, the dialog that is open, and a link that is shown once."""

    rows: list[view.UserRow] = []
    is_loading: bool = True
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
            elif which in _CHANGES:
                await _CHANGES[which](user_id)
                self._forget()
            await self._read()

    async def _read(self):
        stack = current()
        lines = await accounts.list_users(stack)
        self.rows = view.build_rows(lines, stack.clock(), stack.settings.application.time_zone)

    def _show(self, link: accounts.PasswordLink):
        settings = current().settings.application
        address = view.link_address(link, settings.public_url, self.router.headers.origin)
        self._show_once(address, link.email)
        self.link_note = view.link_note(link, settings.time_zone)


_CHANGES = {
    "admin": lambda user_id: accounts.set_role(current(), user_id, Role.ADMIN),
    "user": lambda user_id: accounts.set_role(current(), user_id, Role.USER),
    "activate": lambda user_id: accounts.set_active(current(), user_id, is_active=True),
    "deactivate": lambda user_id: accounts.set_active(current(), user_id, is_active=False),
    "reset": lambda user_id: second_factor.reset(current(), user_id),
}


def _user_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(tr("There is no such account.")) from None


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise Invalid(tr("A person is an admin or a user.")) from None
