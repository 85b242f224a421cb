"""State of the App config page."""

from datetime import datetime
from time import monotonic

import reflex as rx

from portal.auth.guards import admin_only
from portal.core.audit.acting import present
from portal.core.languages import tr
from portal.core.log import logger
from portal.core.outages import Outage
from portal.core.outbox.service import push
from portal.core.settings import RunMode
from portal.core.stack import current
from portal.features.settings.app_config import view
from portal.features.settings.dialogs import AdminDialogs
from portal.ui.failures import failure_in_words
from portal.web.events.beats import Beat, beats

_BEAT_SECONDS = 5
_no_status = Outage(logger("app_config"), "The state of the push is not read")


class AppConfigState(AdminDialogs, rx.State):
    """The settings that may be shown, and on a Client how the push is doing and what it gave up on."""

    facts: list[view.Fact] = []
    is_pushing: bool = False
    is_link_down: bool = False
    behind: list[str] = []
    backlog: str = ""
    push_rows: list[view.PushRow] = []
    dead_letters: list[view.DeadLetterRow] = []
    dead_letters_note: str = ""
    decisions: list[view.DecisionRow] = []
    trouble: str = ""
    _asked_at: float = 0.0

    @rx.event(background=True)
    @admin_only
    async def follow(self):
        """Read all of it now, and the push every few seconds until the page is left or the session ends."""
        stack = current()
        async with self:
            self.facts = view.facts(stack.settings)
        if stack.settings.run_mode is not RunMode.CLIENT:
            return
        async for beat in beats(self, seconds=_BEAT_SECONDS):
            status, now = await _status(beat), stack.clock()
            async with self:
                self._show(status, now, beat.began_at)

    @rx.event
    @admin_only
    async def retry(self, dead_letter_id: str):
        """Have a row given up pushed again, or all of them."""
        with failure_in_words(self):
            await push.retry_dead_letters(
                current(), view.dead_letter_number(dead_letter_id), by=present().name
            )
        await self._show_anew()

    @rx.event
    @admin_only
    async def discard(self):
        """Drop the chosen row, or all of them."""
        with failure_in_words(self):
            await push.discard_dead_letters(
                current(), view.dead_letter_number(self.chosen_id), by=present().name
            )
            self._forget()
        await self._show_anew()

    async def _show_anew(self) -> None:
        asked_at = monotonic()
        self._show(await _status(), current().clock(), asked_at)

    def _show(self, status: push.PushStatus | None, now: datetime, asked_at: float) -> None:
        """Show what was asked for at a moment (monotonic), unless what is shown is of a later one."""
        if asked_at < self._asked_at:
            return
        self._asked_at = asked_at
        self.trouble = (
            "" if status else tr("The state of the push could not be read. This page keeps trying.")
        )
        if status is None:
            return
        self.is_pushing, self.is_link_down = status.is_enabled, status.is_enabled and status.is_link_down
        self.behind = view.behind_words(status)
        self.backlog = view.backlog_words(status)
        self.push_rows = view.push_rows(status, now)
        self.dead_letters, self.dead_letters_note = (
            view.dead_letter_rows(status, now),
            view.dead_letters_note(status),
        )
        self.decisions = view.decision_rows(status, now)


async def _status(beat: Beat | None = None) -> push.PushStatus | None:
    """Read it with all pages that do in this beat, or after a change, for this one."""
    with _no_status.noted():  # whatever it is, the page goes on trying
        return await (beat.read(push.status) if beat else push.status(current()))
    return None
