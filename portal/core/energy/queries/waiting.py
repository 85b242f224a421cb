"""What waits to be brought up to date: taking it, counting it, and the lock under which it is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from portal.core.database.queue import QueuedHour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

_MOST_ENTRIES = 100_000  # some 30 MB; a busy stream queues a third of that between two refreshes
_TAKE_ALL = """
WITH taken AS (DELETE FROM {batches} RETURNING *)
SELECT {keys}, hour, greatest(min(first_at), TIMESTAMPTZ 'epoch')
FROM taken CROSS JOIN LATERAL unnest(device_ids, hours, firsts) AS q (device_id, hour, first_at)
GROUP BY {keys}, hour ORDER BY {keys}, hour
"""
# What is left is queued again with a row a meter, so that the next portion finds its own rows.
_TAKE_SOME = """
WITH chosen AS MATERIALIZED (
    SELECT {keys} FROM (
        SELECT {keys}, sum(count(*)) OVER (ORDER BY {keys}) - count(*) AS before FROM {queue} GROUP BY {keys}
    ) sizes WHERE before < :most
), taken AS (
    DELETE FROM {batches} WHERE device_ids && (SELECT array_agg(device_id) FROM chosen) RETURNING *
), entries AS MATERIALIZED (
    SELECT {keys}, hour, min(first_at) AS first_at, min(queued_at) AS queued_at
    FROM taken CROSS JOIN LATERAL unnest(device_ids, hours, firsts) AS q (device_id, hour, first_at)
    GROUP BY {keys}, hour
), left_over AS (
    INSERT INTO {batches} ({customers}device_ids, hours, firsts, queued_at)
    SELECT {customers}array_agg(device_id), array_agg(hour), array_agg(first_at), min(queued_at) FROM entries e
    WHERE NOT EXISTS (SELECT 1 FROM chosen c WHERE {is_chosen}) GROUP BY {keys}
)
SELECT {keys}, hour, greatest(first_at, TIMESTAMPTZ 'epoch') FROM entries JOIN chosen USING ({keys})
ORDER BY {keys}, hour
"""


async def one_refresh_at_a_time(session: AsyncSession, layout: Layout) -> None:
    """Wait until no other refresh is under way, and let the transaction see one moment from then on.

    It must be the transaction's first statement. The moment matters: a refresh that saw readings whose queue
    entries it did not take would meet these entries later as late readings, and recompute what it could have
    added. Waiting for an advisory lock would fix the moment before the wait; LOCK TABLE does not.
    """
    await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    await session.execute(text(f"LOCK TABLE {layout.refresh_lock} IN EXCLUSIVE MODE"))


async def is_any_queued(session: AsyncSession, layout: Layout) -> bool:
    """Tell whether an hour waits for a refresh."""
    return bool(await session.scalar(text(f"SELECT EXISTS (SELECT 1 FROM {layout.queued_batches})")))


async def count_queued(session: AsyncSession, layout: Layout) -> int:
    """Return how many hours of meters wait for a refresh."""
    return int(await session.scalar(text(f"SELECT count(*) FROM {layout.queue}")) or 0)


class TakenHours(NamedTuple):
    """Hours taken from the queue, by meter and hour; `is_all` where nothing of it is left."""

    hours: list[QueuedHour]
    is_all: bool


async def take_queue(session: AsyncSession, layout: Layout) -> TakenHours:
    """Remove and return what is queued; it is queued again if the transaction fails.

    Where that is very much, as behind an import of years, it is all of some meters, and the others stay queued: of a
    meter whose hours were taken in part, the rest would come late.
    """
    size = await session.scalar(text(f"SELECT sum(cardinality(hours)) FROM {layout.queued_batches}"))
    is_all = int(size or 0) <= _MOST_ENTRIES
    statement = _TAKE_ALL if is_all else _TAKE_SOME
    rows = await session.execute(
        text(
            statement.format(
                batches=layout.queued_batches,
                queue=layout.queue,
                keys=layout.key_list(),
                customers="".join(f"{key}, " for key in layout.keys[:-1]),
                is_chosen=layout.matches("c", "e"),
            )
        ),
        {} if is_all else {"most": _MOST_ENTRIES},
    )
    return TakenHours([QueuedHour(tuple(row[:-2]), row[-2], row[-1]) for row in rows], is_all)


async def first_mark(session: AsyncSession, tables: Sequence[str]) -> str | None:
    """Return a mark of the first row of the first of these tables that has one; None where all are empty."""
    for table in tables:
        mark = await session.scalar(text(f"SELECT '{table} ' || ctid || ' ' || xmin FROM {table} LIMIT 1"))
        if mark is not None:
            return str(mark)
    return None
