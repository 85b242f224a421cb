"""State of the API keys page."""

from typing import Any
from uuid import UUID

import reflex as rx

from portal.auth.guards import admin_only
from portal.core.access import Scope
from portal.core.errors import Invalid, NotFound
from portal.core.identity.service import api_keys
from portal.core.languages import tr
from portal.core.stack import current
from portal.features.settings.api_keys import view
from portal.features.settings.dialogs import AdminDialogs
from portal.ui.failures import failure_in_words


class ApiKeysState(AdminDialogs, rx.State):
    """The keys in use, the dialog that is open, and a key that is shown once."""

    rows: list[view.KeyRow] = []
    is_loading: bool = True

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
        """Issue a key and show it."""
        with failure_in_words(self):
            name, scope = str(form.get("name", "")), _scope(str(form.get("scope", "")))
            issued = await api_keys.add_api_key(current(), name, scope)
            self._show_once(issued.key, issued.name)
            await self._read()

    @rx.event
    @admin_only
    async def revoke(self):
        """Revoke the chosen key."""
        with failure_in_words(self):
            await api_keys.revoke_api_key(current(), _key_id(self.chosen_id))
            self._forget()
            await self._read()

    async def _read(self):
        stack = current()
        lines = await api_keys.list_api_keys(stack)
        self.rows = view.build_rows(lines, stack.clock(), stack.settings.application.time_zone)


def _key_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(tr("There is no such API key.")) from None


def _scope(text: str) -> Scope:
    try:
        return Scope(text)
    except ValueError:
        raise Invalid(tr("A key may read, or read and manage.")) from None
