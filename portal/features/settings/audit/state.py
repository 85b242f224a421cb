"""State of the audit trail page."""

import reflex as rx

from portal.auth.guards import admin_only
from portal.core.audit import service as audit
from portal.core.stack import current
from portal.features.settings.audit import view
from portal.ui.failures import failure_in_words


class AuditState(rx.State):
    """The events that were asked for, newest first."""

    rows: list[view.EventRow] = []
    topic: str = ""
    has_more: bool = False
    is_loading: bool = True
    failure: str = ""
    _last_id: int = 0

    @rx.event
    @admin_only
    async def load(self):
        """Read the newest events."""
        await self._read(after=None)

    @rx.event
    @admin_only
    async def choose(self, topic: str):
        """Show one topic only."""
        self.topic = topic if topic in dict(view.TOPICS) else ""
        await self._read(after=None)

    @rx.event
    @admin_only
    async def more(self):
        """Add the next older events."""
        await self._read(after=self._last_id)

    async def _read(self, *, after: int | None):
        with failure_in_words(self):
            stack = current()
            events = await audit.list_events(stack, before_id=after, topic=self.topic)
            rows = view.build_rows(events, stack.settings.application.time_zone)
            self.rows = [*self.rows, *rows] if after else rows
            self.has_more = len(events) == audit.PAGE_SIZE
            self._last_id = events[-1].id if events else self._last_id
        self.is_loading = False
