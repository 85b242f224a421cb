"""What waits to be brought up to date: taking it, counting it, and the lock under which it is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.storage.queue import QueuedHour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.storage.layout import Layout


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


async def take_queue(session: AsyncSession, layout: Layout) -> list[QueuedHour]:
    """Remove and return everything queued, by meter and hour; it is queued again if the transaction fails."""
    keys = layout.key_list()
    rows = await session.execute(
        text(
            f"WITH taken AS (DELETE FROM {layout.queued_batches} RETURNING *) "
            f"SELECT {keys}, hour, greatest(min(first_at), TIMESTAMPTZ 'epoch') "
            f"FROM taken CROSS JOIN LATERAL unnest(device_ids, hours, firsts) AS q (device_id, hour, first_at) "
            f"GROUP BY {keys}, hour ORDER BY {keys}, hour"
        )
    )
    return [QueuedHour(tuple(row[:-2]), row[-2], row[-1]) for row in rows]


async def first_mark(session: AsyncSession, tables: Sequence[str]) -> str | None:
    """Return a mark of the first row of the first of these tables that has one; None where all are empty."""
    for table in tables:
        mark = await session.scalar(text(f"SELECT '{table} ' || ctid || ' ' || xmin FROM {table} LIMIT 1"))
        if mark is not None:
            return str(mark)
    return None
