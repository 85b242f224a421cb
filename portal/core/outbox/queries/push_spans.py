"""Where the readings are that are to be pushed: asked only while some of them may lie in the table of an earlier release."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from portal.core.database.rows import rows_of
from portal.core.outbox.queries.push import FRESHEST_FIRST, Acknowledgement

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


class Span(NamedTuple):
    """From when to when readings of a device are."""

    device_id: UUID
    first_at: datetime
    last_at: datetime


_NEXT_SPANS = """
SELECT device_id, first_at, last_at FROM app.push_outbox WHERE NOT id = ANY(CAST(:done AS bigint[]))
ORDER BY {order} LIMIT :limit
"""
_DUE_SPANS = """
SELECT device_id, time AS first_at, time AS last_at FROM app.push_retries
WHERE next_attempt_at IS NULL OR next_attempt_at <= :now ORDER BY tries, time, device_id LIMIT :limit
"""


async def next_spans(
    session: AsyncSession, limit: int, *, freshest: bool, after: Acknowledgement | None
) -> list[Span]:
    """Return where the readings are that `next_waiting` returns, and perhaps some more."""
    query = _NEXT_SPANS.format(order=FRESHEST_FIRST if freshest else "id")
    done = list(after.finished_ids) if after else []
    return await rows_of(session, Span, query, {"done": done, "limit": limit + 1})


async def due_spans(session: AsyncSession, limit: int, now: datetime) -> list[Span]:
    """Return where the readings are that `due_retries` returns."""
    return await rows_of(session, Span, _DUE_SPANS, {"limit": limit, "now": now})
