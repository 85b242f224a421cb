"""What a customer pushed over time: sums by bucket, the last batch that was stored, and what is refused since then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.rows import row_if_any, row_of, rows_of
from portal.core.fleet.queries.customer_list import STILL_REFUSED
from portal.core.fleet.rules.refused_pushes import Refusal

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class PushBucket:
    """What came of a customer from `at` on, for the width of a bucket."""

    at: datetime
    batches: int
    refused_batches: int
    rows_accepted: int
    rows_rejected: int


class StoredBatchLine(NamedTuple):
    """The last batch that was stored."""

    received_at: datetime
    batch_type: str
    rows_accepted: int


_BUCKETS = """
SELECT date_bin(CAST(:width AS interval), e.received_at, CAST(:since AS timestamptz)) AS at, count(*) AS batches,
       count(e.error) AS refused_batches, sum(e.rows_accepted)::bigint AS rows_accepted,
       sum(e.rows_rejected)::bigint AS rows_rejected
FROM fleet.ingest_events e
WHERE e.customer_id = :id AND e.received_at >= :since AND (CAST(:kind AS text) IS NULL OR e.batch_type = :kind)
GROUP BY 1 ORDER BY 1
"""
_LAST_STORED = """
SELECT e.received_at, e.batch_type, e.rows_accepted FROM fleet.ingest_events e
WHERE e.customer_id = :id AND e.error IS NULL ORDER BY e.received_at DESC LIMIT 1
"""
_REFUSALS = f"""
SELECT r.customer_id, r.batch_type, r.status, r.reason, r.first_at, r.last_at, r.refused, r.token_last4
FROM fleet.push_refusals r JOIN fleet.customers c ON c.id = r.customer_id
WHERE r.customer_id = :id AND {STILL_REFUSED} ORDER BY r.last_at DESC, r.batch_type
"""
_ROWS_BEFORE = """
SELECT coalesce(sum(e.rows_accepted), 0)::bigint AS rows FROM fleet.ingest_events e
WHERE e.customer_id = :id AND e.batch_type = 'measurements' AND e.received_at > :first AND e.received_at <= :last
"""


# A customer that has been silent for longer is still told of by its last batch. By the index of times, in slices.
_FORGET = """
WITH old AS (
    SELECT e.id FROM fleet.ingest_events e WHERE e.received_at < :before AND EXISTS (
        SELECT 1 FROM fleet.ingest_events n WHERE n.customer_id = e.customer_id AND n.received_at > e.received_at)
    ORDER BY e.received_at LIMIT :most
), gone AS (DELETE FROM fleet.ingest_events e USING old WHERE e.id = old.id RETURNING 1)
SELECT count(*)::bigint AS rows FROM gone
"""


class _Rows(NamedTuple):
    rows: int


async def buckets(
    session: AsyncSession, customer_id: UUID, since: datetime, width: timedelta, batch_type: str | None = None
) -> tuple[PushBucket, ...]:
    """Return what came since an instant, in buckets from there on; those without a batch are left out."""
    given = {"id": customer_id, "since": since, "width": width, "kind": batch_type}
    return tuple(await rows_of(session, PushBucket, _BUCKETS, given))


async def last_stored(session: AsyncSession, customer_id: UUID) -> StoredBatchLine | None:
    """Return the last batch that was stored."""
    return await row_if_any(session, StoredBatchLine, _LAST_STORED, {"id": customer_id})


async def present_refusals(session: AsyncSession, customer_id: UUID, now: datetime) -> tuple[Refusal, ...]:
    """Return what is refused and has not been followed by a stored batch, newest first."""
    return tuple(await rows_of(session, Refusal, _REFUSALS, {"id": customer_id, "now": now}))


async def rows_between(session: AsyncSession, customer_id: UUID, first: datetime, last: datetime) -> int:
    """Return how many readings were stored in `(first, last]`."""
    given = {"id": customer_id, "first": first, "last": last}
    return (await row_of(session, _Rows, _ROWS_BEFORE, given)).rows


async def forget_before(session: AsyncSession, before: datetime, most: int) -> int:
    """Delete what became of batches that came before an instant, the oldest first, at most so many; returns how many.

    Of each customer the last one stays.
    """
    return (await row_of(session, _Rows, _FORGET, {"before": before, "most": most})).rows
