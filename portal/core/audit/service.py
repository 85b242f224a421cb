"""The audit trail, read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.audit import queries
from portal.core.audit.queries import AuditEvent

if TYPE_CHECKING:
    from portal.core.stack import Stack

__all__ = ["AuditEvent"]

PAGE_SIZE = 50


async def list_events(
    stack: Stack, *, before_id: int | None = None, topic: str = "", limit: int = PAGE_SIZE
) -> tuple[AuditEvent, ...]:
    """Return events newest first, from before one on; `topic` is the first part of the action, empty for all."""
    async with stack.db.snapshot() as session:
        return await queries.list_events(session, before_id=before_id, topic=topic, limit=limit)


async def record_export(stack: Stack, what: str, detail: str = "") -> None:
    """Write down that somebody took data out of the stack; the same again within the hour is not written down again.

    Raises `Throttled` for a person who has taken too much else.
    """
    async with stack.db.transaction() as session:
        await queries.record_once(session, "data.exported", what, detail)
