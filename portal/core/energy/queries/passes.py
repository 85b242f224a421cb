"""Recompute passes: meters whose energy is computed again from their readings, and how far each of them has come.

A pass goes through its meter's readings month by month. After each month its row says from which hour on the stored
energy is still as it was. Whoever asks for a pass only adds a row, so that nobody waits for anybody; what is asked
for twice is done once, from the earlier hour on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey


_ASK_FOR_ALL = """
INSERT INTO {recompute_passes} ({customer_id,} device_id)
SELECT {customer_id,} id FROM {devices} ORDER BY {customer_id,} id RETURNING 1
"""
_ASK_FOR = """
INSERT INTO {recompute_passes} ({customer_id,} device_id, from_hour, asked_at)
SELECT {customer_id,} device_id, from_hour, coalesce(asked_at, now())
FROM unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]),
    CAST(:from_hour AS timestamptz[]), CAST(:asked_at AS timestamptz[])
) WITH ORDINALITY AS w ({customer_id,} device_id, from_hour, asked_at, ordinal)
ORDER BY ordinal
"""
_TAKE_NEXT = """
DELETE FROM {recompute_passes} p
USING (
    SELECT {customer_id,} device_id FROM {recompute_passes} ORDER BY from_hour IS NULL, id LIMIT 1
) first
WHERE {p.customer_id = first.customer_id AND} p.device_id = first.device_id
RETURNING {p.customer_id,} p.device_id, p.asked_at, p.from_hour
"""
_COUNT = "SELECT count(*) FROM (SELECT DISTINCT {customer_id,} device_id FROM {recompute_passes}) p"


class Pass(NamedTuple):
    """A meter whose energy is to be computed again from a UTC hour on; None: all of it.

    The stored hours before that hour are right, and stay so however the readings from it on are judged.
    """

    key: MeterKey
    from_hour: datetime | None = None
    asked_at: datetime | None = None  # None: now


async def ask_for_all(session: AsyncSession, layout: Layout) -> int:
    """Ask for a pass of every meter, all of it; returns how many there are."""
    asked = await session.execute(text(layout.sql(_ASK_FOR_ALL)))
    return len(asked.all())


async def ask_for(session: AsyncSession, layout: Layout, passes: Sequence[Pass]) -> None:
    """Ask for these passes."""
    if passes:
        await session.execute(
            text(layout.sql(_ASK_FOR)),
            {
                **layout.arrays(each.key for each in passes),
                "from_hour": [each.from_hour for each in passes],
                "asked_at": [each.asked_at for each in passes],
            },
        )


async def take_next(session: AsyncSession, layout: Layout) -> Pass | None:
    """Remove and return the pass to go on with: one that was begun, else the one asked for first; None without any."""
    taken = [layout.split(row) for row in await session.execute(text(layout.sql(_TAKE_NEXT)))]
    if not taken:
        return None
    hours = [from_hour for _, (_, from_hour) in taken]
    asked_at = min(asked_at for _, (asked_at, _) in taken)
    return Pass(taken[0][0], None if None in hours else min(hours), asked_at)


async def is_any_asked_for(session: AsyncSession, layout: Layout) -> bool:
    """Tell whether there is a pass to be made, or to be gone on with."""
    return bool(await session.scalar(text(layout.sql("SELECT EXISTS (SELECT 1 FROM {recompute_passes})"))))


async def count_passes(session: AsyncSession, layout: Layout) -> int:
    """Return how many meters' energy is being computed again."""
    return int(await session.scalar(text(layout.sql(_COUNT))) or 0)
