"""How far behind the fleet was and what came, a row for every five minutes: what charts of a day are drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, select, text
from sqlmodel import col

from portal.core.database.rows import row_of
from portal.core.fleet.tables import Customer, FleetSample

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class FleetMoment:
    """The fleet at an instant: how many customers were active, and by how many seconds customers lagged.

    A customer lags by the age of its newest reading. `worst_name` is who lagged most.
    """

    at: datetime
    active: int
    median_seconds: int | None
    p95_seconds: int | None
    worst_seconds: int | None
    worst_name: str


class ReceivedCounts(NamedTuple):
    """What came in a time, of all customers."""

    batches: int
    refused_batches: int
    rows_accepted: int
    rows_rejected: int


# Each row counts what came since the one before it, so that none is left out or counted twice where one is missing.
_SAMPLE = """
INSERT INTO fleet.samples (at, active, median_seconds, p95_seconds, worst_seconds, worst_customer,
    batches, refused_batches, rows_accepted, rows_rejected)
SELECT :at, l.active, l.median_seconds, l.p95_seconds, l.worst_seconds,
    (SELECT c.id FROM fleet.customers c WHERE c.is_active AND c.newest_reading_at IS NOT NULL
      ORDER BY c.newest_reading_at, c.id LIMIT 1),
    a.batches, a.refused_batches, a.rows_accepted, a.rows_rejected
FROM (
    SELECT count(*) FILTER (WHERE c.last_seen_at >= :active_since) AS active,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY lag.seconds) AS median_seconds,
        percentile_disc(0.95) WITHIN GROUP (ORDER BY lag.seconds) AS p95_seconds, max(lag.seconds) AS worst_seconds
    FROM fleet.customers c
    CROSS JOIN LATERAL (
        SELECT greatest(extract(epoch FROM CAST(:at AS timestamptz) - c.newest_reading_at), 0)::int AS seconds
    ) lag
    WHERE c.is_active AND c.last_seen_at IS NOT NULL
) l
CROSS JOIN (
    SELECT count(*) AS batches, count(e.error) AS refused_batches,
        coalesce(sum(e.rows_accepted), 0)::bigint AS rows_accepted,
        coalesce(sum(e.rows_rejected), 0)::bigint AS rows_rejected
    FROM fleet.ingest_events e
    WHERE e.received_at < :at
      AND e.received_at >= greatest(coalesce((SELECT max(s.at) FROM fleet.samples s WHERE s.at < :at), '-infinity'),
                                    CAST(:at AS timestamptz) - interval '1 hour')
) a
ON CONFLICT (at) DO NOTHING
"""
_RECEIVED = """
SELECT coalesce(sum(s.batches), 0)::bigint AS batches, coalesce(sum(s.refused_batches), 0)::bigint AS refused_batches,
    coalesce(sum(s.rows_accepted), 0)::bigint AS rows_accepted,
    coalesce(sum(s.rows_rejected), 0)::bigint AS rows_rejected
FROM fleet.samples s WHERE s.at > :since
"""


async def take(session: AsyncSession, at: datetime, active_since: datetime) -> None:
    """Keep how the fleet is at an aware instant; somebody else may have done so already."""
    await session.execute(text(_SAMPLE), {"at": at, "active_since": active_since})


async def forget_before(session: AsyncSession, at: datetime) -> None:
    """Forget the rows before an instant."""
    await session.execute(delete(FleetSample).where(col(FleetSample.at) < at))


async def moments_since(session: AsyncSession, since: datetime) -> tuple[FleetMoment, ...]:
    """Return the rows from an instant on, in order."""
    rows = (
        select(
            col(FleetSample.at),
            col(FleetSample.active),
            col(FleetSample.median_seconds),
            col(FleetSample.p95_seconds),
            col(FleetSample.worst_seconds),
            col(Customer.name),
        )
        .outerjoin(Customer, col(Customer.id) == col(FleetSample.worst_customer))
        .where(col(FleetSample.at) >= since)
        .order_by(col(FleetSample.at))
    )
    return tuple(FleetMoment(*row[:5], row[5] or "") for row in await session.execute(rows))


async def received_since(session: AsyncSession, since: datetime) -> ReceivedCounts:
    """Return what came after an instant, as far as rows tell."""
    return await row_of(session, ReceivedCounts, _RECEIVED, {"since": since})
