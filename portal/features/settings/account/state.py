"""State of the page of one's own account."""

from uuid import UUID

import reflex as rx

from portal.auth.guards import actor_behind, signed_in
from portal.core.errors import NotFound
from portal.core.identity.service import sessions
from portal.core.languages import tr
from portal.core.stack import current
from portal.features.settings.account import view
from portal.ui.failures import failure_in_words
from portal.web.events.access import refusal
from portal.web.http.session import token_in


class AccountState(rx.State):
    """Where this person is signed in, and what the last change came to."""

    sessions: list[view.SessionRow] = []
    has_others: bool = False
    is_loading: bool = True
    language: str = ""
    locale: str = ""
    failure: str = ""
    notice: str = ""

    @rx.event
    @signed_in
    async def load(self):
        """Read the sessions, and what the address says of a password just changed."""
        await self._read()
        problem, self.notice = view.outcome(self.router.url.query_parameters)
        self.failure = self.failure or problem

    @rx.event
    @signed_in
    async def end(self, session_id: str):
        """End one of the other sessions."""
        if (actor := await actor_behind(self)) is None:
            return refusal(None)
        with failure_in_words(self):
            await sessions.end_session(current(), actor, _session_id(session_id))
        await self._read(keeps_failure=True)
        return None

    @rx.event
    @signed_in
    async def end_others(self):
        """End every session but this one."""
        token = token_in(self.router.headers.cookie) or ""
        if (actor := await actor_behind(self)) is None:
            return refusal(None)
        with failure_in_words(self):
            ended = await sessions.end_other_sessions(current(), actor, token)
            self.notice = view.ended(ended)
        await self._read(keeps_failure=True)
        return None

    async def _read(self, *, keeps_failure: bool = False):
        before = self.failure if keeps_failure else ""
        with failure_in_words(self):
            stack, token = current(), token_in(self.router.headers.cookie) or ""
            if (actor := await actor_behind(self)) is not None:
                self.language, self.locale = actor.language, actor.locale
                lines = await sessions.list_sessions(stack, actor, token)
                self.sessions = view.build_rows(lines, stack.clock())
                self.has_others = len(lines) > 1
        self.is_loading = False
        self.failure = self.failure or before


def _session_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(tr("This session has ended already.")) from None
