"""What waits to be brought up to date: taking it, counting it, and the lock under which it is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from portal.core.database.queue import QueuedHour
from portal.core.database.rows import is_so, row_of, rows_of, value_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

_MOST_ENTRIES = 100_000  # some 30 MB; a busy stream queues a third of that between two refreshes
_TAKE_ALL = """
WITH taken AS (DELETE FROM {rollup_batches} RETURNING *), entries AS (
    SELECT customer, meter, hour, min(first_at) AS first_at
    FROM taken CROSS JOIN LATERAL unnest(meters, hours, firsts) AS q (meter, hour, first_at)
    GROUP BY customer, meter, hour
)
SELECT {d.customer_id,} d.id AS device_id, e.hour, greatest(e.first_at, TIMESTAMPTZ 'epoch') AS first_at
FROM entries e JOIN {devices} d ON d.customer = e.customer AND d.meter = e.meter
ORDER BY {d.customer_id,} d.id, e.hour
"""
# What is left is queued again with a row a meter, so that the next portion finds its own rows. Of a device that is gone
# nothing is handed on.
_TAKE_SOME = """
WITH chosen AS MATERIALIZED (
    SELECT customer, meter FROM (
        SELECT customer, q.meter, sum(count(*)) OVER (ORDER BY customer, q.meter) - count(*) AS before
        FROM {rollup_batches} CROSS JOIN LATERAL unnest(meters) AS q (meter) GROUP BY customer, q.meter
    ) sizes WHERE before < :most
), taken AS (
    DELETE FROM {rollup_batches}
    WHERE customer IN (SELECT customer FROM chosen) AND meters && (SELECT array_agg(meter) FROM chosen)
    RETURNING *
), entries AS MATERIALIZED (
    SELECT customer, meter, hour, min(first_at) AS first_at, min(queued_at) AS queued_at
    FROM taken CROSS JOIN LATERAL unnest(meters, hours, firsts) AS q (meter, hour, first_at)
    GROUP BY customer, meter, hour
), left_over AS (
    INSERT INTO {rollup_batches} (customer, meters, hours, firsts, queued_at)
    SELECT customer, array_agg(meter), array_agg(hour), array_agg(first_at), min(queued_at) FROM entries e
    WHERE NOT EXISTS (SELECT 1 FROM chosen c WHERE c.customer = e.customer AND c.meter = e.meter)
    GROUP BY customer, meter
)
SELECT {d.customer_id,} d.id AS device_id, e.hour, greatest(e.first_at, TIMESTAMPTZ 'epoch') AS first_at
FROM entries e JOIN chosen c ON c.customer = e.customer AND c.meter = e.meter
JOIN {devices} d ON d.customer = e.customer AND d.meter = e.meter ORDER BY {d.customer_id,} d.id, e.hour
"""
_SIZE = """
SELECT coalesce(sum(cardinality(hours)), 0)::bigint AS entries, min(queued_at) AS queued_since FROM {rollup_batches}
"""
_MARK = "SELECT '{table} ' || ctid || ' ' || xmin FROM {table} LIMIT 1"


async def one_refresh_at_a_time(session: AsyncSession, layout: Layout) -> None:
    """Wait until no other refresh is under way, and let the transaction see one moment from then on.

    It must be the transaction's first statement. The moment matters: a refresh that saw readings whose queue
    entries it did not take would meet these entries later as late readings, and recompute what it could have
    added. Waiting for an advisory lock would fix the moment before the wait; LOCK TABLE does not.
    """
    await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    await session.execute(text(layout.sql("LOCK TABLE {refresh_lock} IN EXCLUSIVE MODE")))


async def is_any_queued(session: AsyncSession, layout: Layout) -> bool:
    """Tell whether an hour waits for a refresh."""
    return await is_so(session, layout.sql("SELECT EXISTS (SELECT 1 FROM {rollup_batches})"))


async def count_queued(session: AsyncSession, layout: Layout) -> int:
    """Return how many hours of meters wait for a refresh."""
    return await value_of(session, int, layout.sql("SELECT count(*) FROM {rollup_queue}")) or 0


class _Size(NamedTuple):
    entries: int
    queued_since: datetime | None


class TakenHours(NamedTuple):
    """Hours taken from the queue, by meter and hour; `is_all` where nothing of it is left.

    `queued_since` is when the first of all that was queued was; None where nothing was.
    """

    hours: list[QueuedHour]
    is_all: bool
    queued_since: datetime | None


async def take_queue(session: AsyncSession, layout: Layout) -> TakenHours:
    """Remove and return what is queued; it is queued again if the transaction fails.

    Where that is very much, as behind an import of years, it is all of some meters, and the others stay queued: of a
    meter whose hours were taken in part, the rest would come late.
    """
    size = await row_of(session, _Size, layout.sql(_SIZE))
    is_all = size.entries <= _MOST_ENTRIES
    statement = layout.sql(_TAKE_ALL if is_all else _TAKE_SOME)
    given = {"most": _MOST_ENTRIES}
    hours = await rows_of(session, QueuedHour, statement, given, keys=layout.key_width)
    return TakenHours(hours, is_all, size.queued_since)


async def first_mark(session: AsyncSession, layout: Layout, tables: Sequence[str]) -> str | None:
    """Return a mark of the first row of the first of these tables that has one; None where all are empty."""
    for table in tables:
        mark = await value_of(session, str, layout.sql(_MARK, table=layout.table(table)))
        if mark is not None:
            return mark
    return None
