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
    from collections.abc import Collection, Sequence
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
_WAITING = """
SELECT {p.customer_id,} p.device_id, p.from_hour, p.asked_at
FROM unnest({CAST(:customers AS uuid[]),} CAST(:devices AS uuid[])) AS w ({customer_id,} device_id)
JOIN {recompute_passes} p ON {p.customer_id = w.customer_id AND} p.device_id = w.device_id
"""
_COUNT = "SELECT count(*) FROM (SELECT DISTINCT {customer_id,} device_id FROM {recompute_passes}) p"


class Pass(NamedTuple):
    """A meter whose energy is to be computed again from a UTC hour on; None: all of it.

    The stored hours before that hour are right, and stay so however the readings from it on are judged.
    """

    key: MeterKey
    from_hour: datetime | None = None
    asked_at: datetime | None = None  # None: now

    def covers(self, hour: datetime) -> bool:
        """Tell whether the pass comes to what changes from an hour on."""
        return self.from_hour is None or self.from_hour <= hour


async def ask_for_all(session: AsyncSession, layout: Layout) -> int:
    """Ask for a pass of every meter, all of it; returns how many there are."""
    return await value_of(session, int, layout.sql(_ASK_FOR_ALL)) or 0


async def ask_for_passes(session: AsyncSession, layout: Layout, passes: Sequence[Pass]) -> None:
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
    return _as_one(taken) if taken else None


async def waiting_passes(
    session: AsyncSession, layout: Layout, meters: Collection[MeterKey]
) -> dict[MeterKey, Pass]:
    """Return what is left of the passes of some meters, for each that has one, as the session sees it."""
    rows = await rows_of(session, Pass, layout.sql(_WAITING), layout.arrays(meters), keys=layout.key_width)
    asked: dict[MeterKey, list[Pass]] = {}
    for each in rows:
        asked.setdefault(each.key, []).append(each)
    return {key: _as_one(of_meter) for key, of_meter in asked.items()}


def _as_one(asked: Sequence[Pass]) -> Pass:
    """Return the one pass that does all of these, which are of one meter."""
    hours = [each.from_hour for each in asked if each.from_hour is not None]
    asked_at = min(each.asked_at for each in asked if each.asked_at is not None)
    return Pass(asked[0].key, min(hours) if len(hours) == len(asked) else None, asked_at)


async def is_any_asked_for(session: AsyncSession, layout: Layout) -> bool:
    """Tell whether there is a pass to be made, or to be gone on with."""
    return await is_so(session, layout.sql("SELECT EXISTS (SELECT 1 FROM {recompute_passes})"))


async def count_passes(session: AsyncSession, layout: Layout) -> int:
    """Return how many meters' energy is being computed again."""
    return await value_of(session, int, layout.sql(_COUNT)) or 0
