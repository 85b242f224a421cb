"""Recompute passes: meters whose energy is computed again from their readings, and how far each of them has come.

A pass goes through its meter's readings month by month. After each month its row says from which hour on the stored
energy is still as it was. Whoever asks for a pass only adds a row, so that nobody waits for anybody; what is asked
for twice is done once, from the earlier hour on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from portal.core.database.rows import is_so, rows_of, value_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey


_ASK_FOR_ALL = """
WITH asked AS (
    INSERT INTO {recompute_passes} ({customer_id,} device_id)
    SELECT {customer_id,} id FROM {devices} ORDER BY {customer_id,} id RETURNING 1
)
SELECT count(*) FROM asked
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
RETURNING {p.customer_id,} p.device_id, p.from_hour, p.asked_at
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
    return await value_of(session, int, layout.sql(_ASK_FOR_ALL)) or 0


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
    taken = await rows_of(session, Pass, layout.sql(_TAKE_NEXT), keys=layout.key_width)
    if not taken:
        return None
    hours = [each.from_hour for each in taken if each.from_hour is not None]
    asked_at = min(each.asked_at for each in taken if each.asked_at is not None)
    return Pass(taken[0].key, min(hours) if len(hours) == len(taken) else None, asked_at)


async def is_any_asked_for(session: AsyncSession, layout: Layout) -> bool:
    """Tell whether there is a pass to be made, or to be gone on with."""
    return await is_so(session, layout.sql("SELECT EXISTS (SELECT 1 FROM {recompute_passes})"))


async def count_passes(session: AsyncSession, layout: Layout) -> int:
    """Return how many meters' energy is being computed again."""
    return await value_of(session, int, layout.sql(_COUNT)) or 0
