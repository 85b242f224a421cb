"""State of the App config page."""

import reflex as rx

from portal.auth.guards import admin_only
from portal.core.services import push
from portal.core.settings import RunMode
from portal.core.stack import current
from portal.settings.app_config import view
from portal.ui.failures import failure_in_words


class AppConfigState(rx.State):
    """The settings that may be shown, and on a Client how the push is doing."""

    facts: list[view.Fact] = []
    is_pushing: bool = False
    is_link_down: bool = False
    backlog: str = ""
    push_rows: list[view.PushRow] = []
    letters: list[view.LetterRow] = []
    failure: str = ""

    @rx.event
    @admin_only
    async def load(self):
        """Read all of it."""
        stack = current()
        self.facts = view.facts(stack.settings)
        if stack.settings.run_mode is not RunMode.CLIENT:
            return
        with failure_in_words(self):
            status, now = await push.status(stack), stack.clock()
            self.is_pushing, self.is_link_down = status.is_enabled, status.is_enabled and status.is_link_down
            self.backlog = view.backlog_words(status)
            self.push_rows = view.push_rows(status, now)
            self.letters = view.letter_rows(status, now)
