"""Where the readings are that are to be pushed: asked while some may lie in the table of an earlier release."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import or_, select
from sqlmodel import col

from portal.core.outbox.tables import OutboxEntry, PushRetry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.outbox.queries.push import Acknowledgement


class Span(NamedTuple):
    """From when to when readings of a device are."""

    device_id: UUID
    first_at: datetime
    last_at: datetime


async def next_spans(
    session: AsyncSession, limit: int, *, freshest: bool, after: Acknowledgement | None
) -> Sequence[Span]:
    """Return where the readings are that `push.next_waiting` returns, and perhaps some more."""
    newest_id = col(OutboxEntry.id).desc()
    order = (col(OutboxEntry.first_at).desc(), newest_id) if freshest else (col(OutboxEntry.id),)
    entries = select(col(OutboxEntry.device_id), col(OutboxEntry.first_at), col(OutboxEntry.last_at))
    if after:
        entries = entries.where(col(OutboxEntry.id).not_in(after.finished_ids))
    return [Span(*row) for row in await session.execute(entries.order_by(*order).limit(limit + 1))]


async def due_spans(session: AsyncSession, limit: int, now: datetime) -> Sequence[Span]:
    """Return where the readings are that `push.due_retries` returns."""
    time, device_id, due_at = col(PushRetry.time), col(PushRetry.device_id), col(PushRetry.next_attempt_at)
    due = select(device_id, time).where(or_(due_at.is_(None), due_at <= now))
    ordered = due.order_by(col(PushRetry.tries), time, device_id).limit(limit)
    return [Span(device, at, at) for device, at in await session.execute(ordered)]
