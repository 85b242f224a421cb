"""State of the second factor on the page of one's own account."""

from typing import Any

import reflex as rx
import segno

from portal.auth.guards import actor_behind, signed_in
from portal.core.access import Actor
from portal.core.errors import Unauthenticated
from portal.core.identity.service import second_factor
from portal.core.languages import tr
from portal.core.stack import current
from portal.features.settings.account import view
from portal.features.settings.dialogs import OwnDialogs
from portal.ui.failures import failure_in_words
from portal.web.http.session import token_in

_SHOWN_ONCE = ("scan", "issued")


class SecondFactorState(OwnDialogs, rx.State):
    """Whether it is on, and what an app is given while it is set up: forgotten with the dialog."""

    is_loading: bool = True
    is_on: bool = False
    status: str = ""
    is_low: bool = False
    picture: str = ""
    typed_key: str = ""

    @rx.event
    @signed_in
    async def load(self):
        """Read how it stands. What is shown once stays: a page whose line was cut comes here too."""
        if self.opened not in _SHOWN_ONCE:
            self._forget()
        with failure_in_words(self):
            await self._read()
        self.is_loading = False

    @rx.event
    @signed_in
    async def begin(self, form: dict[str, Any]):
        """Make a secret and show it to the app."""
        with failure_in_words(self):
            setup = await second_factor.begin(current(), await self._actor(), str(form.get("password", "")))
            self.picture = segno.make(setup.address, error="m").png_data_uri(scale=5, border=3)
            self.typed_key = view.grouped(setup.secret)
            self.opened = "scan"

    @rx.event
    @signed_in
    async def confirm(self, form: dict[str, Any]):
        """Turn it on by a first code, and show the recovery codes."""
        token = token_in(self.router.headers.cookie) or ""
        with failure_in_words(self):
            code = str(form.get("code", ""))
            self._show_codes(await second_factor.confirm(current(), await self._actor(), code, token))
            await self._read()

    @rx.event
    @signed_in
    async def renew(self, form: dict[str, Any]):
        """Show new recovery codes."""
        password, code = str(form.get("password", "")), str(form.get("code", ""))
        with failure_in_words(self):
            actor = await self._actor()
            self._show_codes(await second_factor.renew_recovery_codes(current(), actor, password, code))
            await self._read()

    @rx.event
    @signed_in
    async def turn_off(self, form: dict[str, Any]):
        """Go back to the password alone."""
        password, code = str(form.get("password", "")), str(form.get("code", ""))
        token = token_in(self.router.headers.cookie) or ""
        with failure_in_words(self):
            await second_factor.turn_off(current(), await self._actor(), password, code, token)
            self._forget()
            await self._read()

    async def _actor(self) -> Actor:
        if (actor := await actor_behind(self)) is None:
            raise Unauthenticated(tr("You are signed out."))
        return actor

    async def _read(self):
        stack = current()
        found = await second_factor.status(stack, await self._actor())
        self.is_on, self.is_low = found.is_on, found.is_on and found.codes_left < view.FEW_CODES
        self.status = view.second_factor(found, stack.settings.application.time_zone)

    def _show_codes(self, codes: tuple[str, ...]):
        self._forget()
        self._show_once("\n".join(codes), "")

    def _forget(self):
        super()._forget()
        self.picture = self.typed_key = ""
