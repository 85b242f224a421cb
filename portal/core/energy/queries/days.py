"""Reads what the energy proof compares: registers at the ends of days, and stored sums."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.rows import rows_of
from portal.core.energy.rules.balance import DayEnds
from portal.core.energy.rules.registers import Reading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey


_METERS = "SELECT {customer_id,} id, name FROM {devices} ORDER BY {customer_id,} id"
_QUEUED = """
SELECT {customer_id,} device_id, greatest(min(hour), TIMESTAMPTZ 'epoch') AS since
FROM (
    SELECT {customer_id,} device_id, hour FROM {rollup_queue}
    UNION ALL
    SELECT {customer_id,} device_id, coalesce(from_hour, '-infinity') FROM {recompute_passes}
) q
GROUP BY {customer_id,} device_id
"""
# By index, day by day: the first reading of all, then the first a day after it, and so on.
_DAY_ENDS = """
WITH RECURSIVE f AS (
    SELECT {d.customer_id,} d.id AS device_id, d.customer, d.meter, r.*
    FROM unnest({CAST(:customers AS uuid[]),} CAST(:devices AS uuid[])) AS k ({customer_id,} device_id)
    JOIN {devices} d ON {d.customer_id = k.customer_id AND} d.id = k.device_id
    CROSS JOIN LATERAL (
        SELECT m.time, m.energy_imported_kwh AS milliwh
        FROM {schema}.next_imported(d.customer, d.meter, '-infinity', 1) m
    ) r
    UNION ALL
    SELECT {f.customer_id,} f.device_id, f.customer, f.meter, r.*
    FROM f CROSS JOIN LATERAL (
        SELECT m.time, m.energy_imported_kwh AS milliwh
        FROM {schema}.next_imported(
            f.customer, f.meter, date_trunc('day', f.time, 'UTC') + interval '24 hours', 1
        ) m
    ) r
)
SELECT {f.customer_id,} f.device_id, f.time AS first_at, f.milliwh AS first_milliwh,
       l.time AS last_at, l.milliwh AS last_milliwh
FROM f CROSS JOIN LATERAL (
    SELECT m.time, m.energy_imported_kwh AS milliwh FROM {stored_readings} m
    WHERE m.customer = f.customer AND m.meter = f.meter AND m.energy_imported_kwh IS NOT NULL
      AND m.time >= f.time AND m.time < date_trunc('day', f.time, 'UTC') + interval '24 hours'
    ORDER BY m.time DESC LIMIT 1
) l
ORDER BY {f.customer_id,} f.device_id, f.time
"""
_STORED = """
SELECT {customer_id,} device_id, day,
       coalesce(h.milliwh, 0) AS hours_milliwh, coalesce(d.milliwh, 0) AS day_milliwh
FROM (
    SELECT {e.customer_id,} e.device_id, (e.hour AT TIME ZONE 'UTC')::date AS day,
           sum(e.allocated_milliwh + e.unallocated_milliwh)::bigint AS milliwh
    FROM unnest({CAST(:customers AS uuid[]),} CAST(:devices AS uuid[])) AS k ({customer_id,} device_id)
    JOIN {hourly_energy} e ON {e.customer_id = k.customer_id AND} e.device_id = k.device_id
    GROUP BY {e.customer_id,} e.device_id, day
) h FULL JOIN (
    SELECT {e.customer_id,} e.device_id, e.day, e.allocated_milliwh + e.unallocated_milliwh AS milliwh
    FROM unnest({CAST(:customers AS uuid[]),} CAST(:devices AS uuid[])) AS k ({customer_id,} device_id)
    JOIN {daily_energy} e ON {e.customer_id = k.customer_id AND} e.device_id = k.device_id
) d USING ({customer_id,} device_id, day)
"""


class StoredDay(NamedTuple):
    """A day's energy as stored, allocated and unallocated together: the sum of its hours, and the day's own row."""

    hours_milliwh: int
    day_milliwh: int


class _NamedMeter(NamedTuple):
    key: MeterKey
    name: str


class _WaitingMeter(NamedTuple):
    key: MeterKey
    since: datetime


class _EndsOfDay(NamedTuple):
    key: MeterKey
    first_at: datetime
    first_milliwh: int
    last_at: datetime
    last_milliwh: int


class _DayOfMeter(NamedTuple):
    key: MeterKey
    day: date
    hours_milliwh: int
    day_milliwh: int


async def all_meters(session: AsyncSession, layout: Layout) -> dict[MeterKey, str]:
    """Return every meter and its name."""
    return dict(await rows_of(session, _NamedMeter, layout.sql(_METERS), keys=layout.key_width))


async def queued_since(session: AsyncSession, layout: Layout) -> dict[MeterKey, datetime]:
    """Return the first hour that waits to be computed, of every meter that has one."""
    return dict(await rows_of(session, _WaitingMeter, layout.sql(_QUEUED), keys=layout.key_width))


async def day_ends(
    session: AsyncSession, layout: Layout, meters: Sequence[MeterKey]
) -> dict[MeterKey, list[DayEnds]]:
    """Return the first and last reading of each UTC day of some meters, found by index, day by day."""
    statement, given = layout.sql(_DAY_ENDS), layout.arrays(meters)
    rows = await rows_of(session, _EndsOfDay, statement, given, keys=layout.key_width)
    found: dict[MeterKey, list[DayEnds]] = defaultdict(list)
    for key, first_at, first, last_at, last in rows:
        found[key].append(DayEnds(Reading(first_at, first), Reading(last_at, last)))
    return found


async def stored_days(
    session: AsyncSession, layout: Layout, meters: Sequence[MeterKey]
) -> dict[MeterKey, dict[date, StoredDay]]:
    """Return the stored energy of each UTC day of some meters, by its hours and by its own row."""
    statement, given = layout.sql(_STORED), layout.arrays(meters)
    rows = await rows_of(session, _DayOfMeter, statement, given, keys=layout.key_width)
    found: dict[MeterKey, dict[date, StoredDay]] = defaultdict(dict)
    for key, day, by_hours, by_day in rows:
        found[key][day] = StoredDay(by_hours, by_day)
    return found
