"""Recompute passes: meters whose energy is computed again from their readings, and how far each of them has come.

A pass goes through its meter's readings month by month. After each month its row says from which hour on the stored
energy is still as it was. Whoever asks for a pass only adds a row, so that nobody waits for anybody; what is asked
for twice is done once, from the earlier hour on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from portal.core.energy.queries.folds import place_keys, places

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout
    from portal.core.database.queue import MeterKey


class Pass(NamedTuple):
    """A meter whose energy is to be computed again from a UTC hour on; None: all of it.

    The stored hours before that hour are right, and stay so however the readings from it on are judged.
    """

    key: MeterKey
    from_hour: datetime | None = None
    asked_at: datetime | None = None  # None: now


async def ask_for_all(session: AsyncSession, layout: Layout) -> int:
    """Ask for a pass of every meter, all of it; returns how many there are."""
    keys = ", ".join("id" if key == "device_id" else key for key in layout.keys)
    asked = await session.execute(
        text(
            f"INSERT INTO {layout.recompute_passes} ({layout.key_list()}) "
            f"SELECT {keys} FROM {layout.schema}.devices ORDER BY {keys} RETURNING 1"
        )
    )
    return len(asked.all())


async def ask_for(session: AsyncSession, layout: Layout, passes: Sequence[Pass]) -> None:
    """Ask for these passes."""
    if passes:
        await session.execute(
            text(
                f"INSERT INTO {layout.recompute_passes} ({layout.key_list()}, from_hour, asked_at) "
                f"SELECT {layout.key_list()}, from_hour, coalesce(asked_at, now()) "
                f"FROM {places(layout, 'from_hour', 'asked_at')} ORDER BY place"
            ),
            {
                **place_keys(layout, [each.key for each in passes]),
                "from_hour": [each.from_hour for each in passes],
                "asked_at": [each.asked_at for each in passes],
            },
        )


async def take_next(session: AsyncSession, layout: Layout) -> Pass | None:
    """Remove and return the pass to go on with: one that was begun, else the one asked for first; None without any."""
    rows = await session.execute(
        text(
            f"DELETE FROM {layout.recompute_passes} p USING ("
            f"SELECT {layout.key_list()} FROM {layout.recompute_passes} ORDER BY from_hour IS NULL, id LIMIT 1) first "
            f"WHERE {layout.matches('p', 'first')} RETURNING {layout.key_list('p')}, p.asked_at, p.from_hour"
        )
    )
    taken = rows.all()
    if not taken:
        return None
    hours = [row[-1] for row in taken]
    asked_at = min(row[-2] for row in taken)
    return Pass(tuple(taken[0][:-2]), None if None in hours else min(hours), asked_at)


async def is_any_asked_for(session: AsyncSession, layout: Layout) -> bool:
    """Tell whether there is a pass to be made, or to be gone on with."""
    return bool(await session.scalar(text(f"SELECT EXISTS (SELECT 1 FROM {layout.recompute_passes})")))


async def count_passes(session: AsyncSession, layout: Layout) -> int:
    """Return how many meters' energy is being computed again."""
    keys = layout.key_list()
    return int(
        await session.scalar(
            text(f"SELECT count(*) FROM (SELECT DISTINCT {keys} FROM {layout.recompute_passes}) p")
        )
        or 0
    )
