"""Dead letters of the push: rows the Admin would not take, and what people decided about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from portal.core.database.rows import value_of
from portal.core.outbox.queries.push import MAX_ERROR_LENGTH, REFUSED_ARRAYS, drop_retries, refused_arrays
from portal.core.outbox.tables import PushDeadLetter, PushDecision

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.exchange.batches import BatchType
    from portal.core.outbox.queries.push import RowRefusal


@dataclass(frozen=True)
class DeadLetter:
    """A row that is not pushed any more, why, and since when (`created_at`)."""

    id: int
    resource: str
    row_key: str
    received_at: datetime | None
    time: datetime | None
    device_id: UUID | None
    reason: str
    tries: int
    created_at: datetime


@dataclass(frozen=True)
class Decision:
    """What a person decided about a dead letter."""

    decided_at: datetime
    decided_by: str
    action: str
    resource: str
    row_key: str
    reason: str
    given_up_at: datetime


async def give_up(session: AsyncSession, refusals: Sequence[RowRefusal]) -> None:
    """Move readings to the dead letters, where people see them and nothing waits for them."""
    await session.execute(
        text(
            "INSERT INTO app.push_dead_letters "
            "(resource_type, row_key, received_at, time, device_id, reason, tries) "
            "SELECT 'measurements', to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') "
            f"|| '/' || device_id, received_at, time, device_id, reason, tries FROM {REFUSED_ARRAYS} "
            "ON CONFLICT (resource_type, row_key) DO UPDATE SET reason = excluded.reason, tries = excluded.tries"
        ),
        refused_arrays(refusals),
    )
    await drop_retries(session, [(row.time, row.device_id) for row in refusals])


async def give_up_set_row(session: AsyncSession, resource: BatchType, key: str, reason: str) -> None:
    """Put a row of a full set among the dead letters."""
    words = reason[:MAX_ERROR_LENGTH]
    new = insert(PushDeadLetter).values(resource_type=resource.value, row_key=key, reason=words, tries=1)
    await session.execute(
        new.on_conflict_do_update(
            index_elements=[col(PushDeadLetter.resource_type), col(PushDeadLetter.row_key)],
            set_={"reason": words, "tries": col(PushDeadLetter.tries) + 1},
        )
    )


async def latest_dead_letters(session: AsyncSession, limit: int) -> tuple[DeadLetter, ...]:
    """Return the newest dead letters, newest first."""
    newest_first = (
        select(
            col(PushDeadLetter.id),
            col(PushDeadLetter.resource_type),
            col(PushDeadLetter.row_key),
            col(PushDeadLetter.received_at),
            col(PushDeadLetter.time),
            col(PushDeadLetter.device_id),
            col(PushDeadLetter.reason),
            col(PushDeadLetter.tries),
            col(PushDeadLetter.created_at),
        )
        .order_by(col(PushDeadLetter.id).desc())
        .limit(limit)
    )
    return tuple(DeadLetter(*row) for row in await session.execute(newest_first))


async def latest_decisions(session: AsyncSession, limit: int) -> tuple[Decision, ...]:
    """Return the newest decisions, newest first."""
    newest_first = (
        select(
            col(PushDecision.decided_at),
            col(PushDecision.decided_by),
            col(PushDecision.action),
            col(PushDecision.resource_type),
            col(PushDecision.row_key),
            col(PushDecision.reason),
            col(PushDecision.given_up_at),
        )
        .order_by(col(PushDecision.id).desc())
        .limit(limit)
    )
    return tuple(Decision(*row) for row in await session.execute(newest_first))


# One statement per verb: a dead letter is decided about once, whoever else tries at the same moment.
_DECIDE = """
WITH decided AS (
    DELETE FROM app.push_dead_letters WHERE CAST(:id AS bigint) IS NULL OR id = :id RETURNING *
), recorded AS (
    INSERT INTO app.push_decisions
      (decided_by, action, resource_type, row_key, time, device_id, reason, tries, given_up_at)
    SELECT :by, :action, resource_type, row_key, time, device_id, reason, tries, created_at FROM decided
)
"""
_DISCARD = _DECIDE + "SELECT count(*) FROM decided"
_RETRY = (
    _DECIDE
    + """, again AS (
    INSERT INTO app.push_retries (time, device_id, received_at, reason, tries)
    SELECT time, device_id, coalesce(received_at, now()), reason, 0 FROM decided
    WHERE resource_type = 'measurements' AND time IS NOT NULL AND device_id IS NOT NULL
    ON CONFLICT (time, device_id) DO UPDATE SET tries = 0, next_attempt_at = NULL
), sets AS (
    UPDATE app.fleet_push_state SET content_hash = NULL, pass_hash = NULL, pass_after = NULL
    WHERE resource_type <> 'measurements' AND resource_type IN (SELECT resource_type FROM decided)
)
SELECT count(*) FROM decided
"""
)


async def discard(session: AsyncSession, dead_letter_id: int | None, by: str) -> int:
    """Drop a dead letter, or all of them (None), with a record of who did; returns how many."""
    values = {"id": dead_letter_id, "by": by, "action": "discard"}
    return await value_of(session, int, _DISCARD, values) or 0


async def retry(session: AsyncSession, dead_letter_id: int | None, by: str) -> int:
    """Have a dead letter pushed again, or all of them (None), with a record of who asked; returns how many.

    A reading is tried as often as a new one; a row of a full set goes out again with its whole set.
    """
    values = {"id": dead_letter_id, "by": by, "action": "retry"}
    return await value_of(session, int, _RETRY, values) or 0
