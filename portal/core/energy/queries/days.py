"""Reads what the energy proof compares: registers at the ends of days, stored sums, and the rule's own answer."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from portal.core.database.queue import key_arrays, unnest_keys
from portal.core.energy.rules.balance import DayEnds
from portal.core.energy.rules.registers import Reading, register_milliwh

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout
    from portal.core.database.queue import MeterKey


class StoredDay(NamedTuple):
    """A day's energy as stored, allocated and unallocated together: the sum of its hours, and the day's own row."""

    hours_milliwh: int
    day_milliwh: int


async def all_meters(session: AsyncSession, layout: Layout) -> dict[MeterKey, str]:
    """Return every meter and its name."""
    keys = ", ".join("id" if key == "device_id" else key for key in layout.keys)
    rows = await session.execute(text(f"SELECT {keys}, name FROM {layout.schema}.devices ORDER BY {keys}"))
    return {tuple(row[:-1]): row[-1] for row in rows}


async def queued_since(session: AsyncSession, layout: Layout) -> dict[MeterKey, datetime]:
    """Return the first hour that waits to be computed, of every meter that has one."""
    keys = layout.key_list()
    rows = await session.execute(
        text(
            f"SELECT {keys}, greatest(min(hour), TIMESTAMPTZ 'epoch') FROM (SELECT {keys}, hour FROM {layout.queue} "
            f"UNION ALL SELECT {keys}, coalesce(from_hour, '-infinity') FROM {layout.recompute_passes}) q "
            f"GROUP BY {keys}"
        )
    )
    return {tuple(row[:-1]): row[-1] for row in rows}


async def day_ends(
    session: AsyncSession, layout: Layout, meters: Sequence[MeterKey]
) -> dict[MeterKey, list[DayEnds]]:
    """Return the first and last reading of each UTC day of some meters, found by index, day by day."""
    readings = f"SELECT m.time, m.energy_imported_kwh AS kwh FROM {layout.measurements} m WHERE "
    counted = "m.energy_imported_kwh IS NOT NULL AND m.energy_imported_kwh <> 'NaN'"
    next_day = "date_trunc('day', f.time, 'UTC') + interval '24 hours'"
    rows = await session.execute(
        text(
            f"WITH RECURSIVE f AS ("
            f"SELECT {layout.key_list('k')}, r.* FROM {unnest_keys(layout)} CROSS JOIN LATERAL ("
            f"{readings} {layout.matches('m', 'k')} AND {counted} ORDER BY m.time LIMIT 1) r "
            f"UNION ALL SELECT {layout.key_list('f')}, r.* FROM f CROSS JOIN LATERAL ("
            f"{readings} {layout.matches('m', 'f')} AND {counted} AND m.time >= {next_day} "
            f"ORDER BY m.time LIMIT 1) r) "
            f"SELECT {layout.key_list('f')}, f.time, f.kwh, l.time, l.kwh FROM f CROSS JOIN LATERAL ("
            f"{readings} {layout.matches('m', 'f')} AND {counted} AND m.time >= f.time AND m.time < {next_day} "
            f"ORDER BY m.time DESC LIMIT 1) l ORDER BY {layout.key_list('f')}, f.time"
        ),
        key_arrays(layout, meters),
    )
    found: dict[MeterKey, list[DayEnds]] = defaultdict(list)
    for *key, first_at, first, last_at, last in rows:
        ends = DayEnds(Reading(first_at, register_milliwh(first)), Reading(last_at, register_milliwh(last)))
        found[tuple(key)].append(ends)
    return found


async def stored_days(
    session: AsyncSession, layout: Layout, meters: Sequence[MeterKey]
) -> dict[MeterKey, dict[date, StoredDay]]:
    """Return the stored energy of each UTC day of some meters, by its hours and by its own row."""
    keys, energy = layout.key_list(), "sum(e.allocated_milliwh + e.unallocated_milliwh)::bigint"
    rows = await session.execute(
        text(
            f"SELECT {keys}, day, coalesce(h.milliwh, 0), coalesce(d.milliwh, 0) FROM "
            f"(SELECT {layout.key_list('e')}, (e.hour AT TIME ZONE 'UTC')::date AS day, {energy} AS milliwh "
            f"FROM {unnest_keys(layout)} JOIN {layout.hourly_energy} e ON {layout.matches('e', 'k')} "
            f"GROUP BY {layout.key_list('e')}, day) h FULL JOIN "
            f"(SELECT {layout.key_list('e')}, e.day, e.allocated_milliwh + e.unallocated_milliwh AS milliwh "
            f"FROM {unnest_keys(layout)} JOIN {layout.daily_energy} e ON {layout.matches('e', 'k')}) d "
            f"USING ({keys}, day)"
        ),
        key_arrays(layout, meters),
    )
    found: dict[MeterKey, dict[date, StoredDay]] = defaultdict(dict)
    for *key, day, by_hours, by_day in rows:
        found[tuple(key)][day] = StoredDay(by_hours, by_day)
    return found
