"""Continues the energy rule over readings that are later than everything before them, in one statement.

Nearly all readings come in order and rise within the limits (`clean_hours`). A meter with anything else among its new
readings is left to the recompute in `stretches`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from portal.core.database.local_settings import local_settings
from portal.core.database.rows import rows_of, value_of
from portal.core.energy.queries.clean_hours import clean_hours, longest, slope
from portal.core.energy.rules.live import Amounts, LiveHour
from portal.core.values.time import HOUR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey
    from portal.core.energy.queries.meters import MeterChange

# Where the queued meters are a good part of all, and of each much the same time is new, as behind a stream of
# batches, all new readings are read once in the order they lie in; else each meter's by its index.
_READ_AT_ONCE = timedelta(days=2)
_SHARE_TO_READ_AT_ONCE = 0.3

# A meter whose stored energy ends where a pass is to go on is left to the pass.
_FOUND = """
WITH meter AS MATERIALIZED (
    SELECT k.*, d.customer, d.meter, head.base_at AS head_at, head.shown AS head_shown
    FROM unnest(
        {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]),
        CAST(:first_at AS timestamptz[]), CAST(:until AS timestamptz[]), CAST(:slope AS float8[])
    ) AS k ({customer_id,} device_id, first_at, until, milliwh_per_second)
    LEFT JOIN {devices} d ON {d.customer_id = k.customer_id AND} d.id = k.device_id
    LEFT JOIN LATERAL (
        SELECT e.hour, e.meter_is_settled AS is_settled, (e.meter_state -> 'base' ->> 0)::timestamptz AS base_at,
               (e.meter_state -> 'base' ->> 1)::bigint AS shown
        FROM {hourly_energy} e WHERE {e.customer_id = k.customer_id AND} e.device_id = k.device_id
          AND e.meter_state IS NOT NULL ORDER BY e.hour DESC LIMIT 1
    ) head ON true
    WHERE (head.is_settled IS NULL OR (head.is_settled AND head.base_at < k.first_at)) AND NOT EXISTS (
        SELECT 1 FROM {recompute_passes} p WHERE {p.customer_id = k.customer_id AND} p.device_id = k.device_id
          AND coalesce(head.hour <= p.from_hour, head.hour IS NULL)
    )
), hours AS MATERIALIZED (
    {hours}
), clean AS (
    SELECT {meter.customer_id,} meter.device_id
    FROM meter LEFT JOIN hours h ON {h.customer_id = meter.customer_id AND} h.device_id = meter.device_id
    GROUP BY {meter.customer_id,} meter.device_id HAVING bool_and(coalesce(h.is_clean, true))
), energy AS MATERIALIZED (
    SELECT {customer_id,} device_id, hour, sum(milliwh)::bigint AS milliwh,
           max(last_at) AS last_at, max(last_shown) AS last_shown
    FROM (
        SELECT {customer_id,} device_id, hour, own AS milliwh, last_at, last_shown
        FROM hours JOIN clean USING ({customer_id,} device_id)
        UNION ALL
        SELECT {customer_id,} device_id, hour - interval '1 hour', carried, NULL, NULL
        FROM hours JOIN clean USING ({customer_id,} device_id) WHERE carried > 0
    ) parts GROUP BY {customer_id,} device_id, hour
)"""
_STORED = """, by_hour AS (
    INSERT INTO {hourly_energy} AS e
        ({customer_id,} device_id, hour, allocated_milliwh, meter_state, meter_is_settled)
    SELECT {customer_id,} device_id, hour, milliwh,
           CASE WHEN last_at IS NOT NULL THEN jsonb_build_object('base', jsonb_build_array(
               to_char(last_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), last_shown),
               'candidates', '[]'::jsonb) END, last_at IS NOT NULL
    FROM energy ORDER BY {customer_id,} device_id, hour
    ON CONFLICT ({customer_id,} device_id, hour) DO UPDATE SET
        allocated_milliwh = e.allocated_milliwh + excluded.allocated_milliwh,
        meter_state = coalesce(excluded.meter_state, e.meter_state),
        meter_is_settled = excluded.meter_is_settled OR e.meter_is_settled
), by_day AS (
    INSERT INTO {daily_energy} AS e
        ({customer_id,} device_id, day, allocated_milliwh, unallocated_milliwh, estimated_milliwh, suspect_count)
    SELECT {customer_id,} device_id, (hour AT TIME ZONE 'UTC')::date AS day, sum(milliwh)::bigint, 0, 0, 0
    FROM energy GROUP BY {customer_id,} device_id, day
    ON CONFLICT ({customer_id,} device_id, day)
    DO UPDATE SET allocated_milliwh = e.allocated_milliwh + excluded.allocated_milliwh
)
SELECT {customer_id,} device_id FROM clean
"""
# What is stored of the hours stands beside what is added to them.
_SHOWN = """
SELECT {c.customer_id,} c.device_id, n.hour, n.milliwh,
       coalesce(e.allocated_milliwh, 0) AS allocated_milliwh, coalesce(e.estimated_milliwh, 0) AS estimated_milliwh,
       coalesce(e.unallocated_milliwh, 0) AS unallocated_milliwh, coalesce(e.suspect_count, 0) AS suspect_count
FROM clean c
LEFT JOIN energy n ON {n.customer_id = c.customer_id AND} n.device_id = c.device_id
LEFT JOIN {hourly_energy} e
    ON {e.customer_id = n.customer_id AND} e.device_id = n.device_id AND e.hour = n.hour
ORDER BY {c.customer_id,} c.device_id, n.hour
"""
_Row = TypeVar("_Row")


class _Meter(NamedTuple):
    key: MeterKey


class _AddedHour(NamedTuple):
    """An hour that gets energy, beside what is stored of it; a meter that gets none has one row, without an hour."""

    key: MeterKey
    hour: datetime | None
    milliwh: int | None
    allocated_milliwh: int
    estimated_milliwh: int
    unallocated_milliwh: int
    suspect_count: int


async def append_clean_runs(
    session: AsyncSession,
    layout: Layout,
    changes: Sequence[MeterChange],
    max_gap: timedelta,
) -> set[MeterKey]:
    """Add the energy of new readings to the hours of each meter where they continue cleanly.

    Returns the meters that are done with. The session must see no reading whose queue entry it does not.
    """
    return {meter.key for meter in await _run(session, layout, _Meter, changes, max_gap, _STORED)}


async def clean_runs(
    session: AsyncSession, layout: Layout, changes: Sequence[MeterChange], max_gap: timedelta
) -> dict[MeterKey, list[LiveHour]]:
    """Return the hours that `append_clean_runs` would add energy to, of each meter it would be done with.

    Nothing is stored. The same holds for what the session sees.
    """
    found: dict[MeterKey, list[LiveHour]] = {}
    for key, hour, milliwh, *amounts in await _run(session, layout, _AddedHour, changes, max_gap, _SHOWN):
        hours = found.setdefault(key, [])
        if hour is not None:
            stored = Amounts(*amounts)
            now = stored._replace(allocated_milliwh=stored.allocated_milliwh + (milliwh or 0))
            hours.append(LiveHour(key, hour, stored, now))
    return found


async def _run(
    session: AsyncSession,
    layout: Layout,
    kind: Callable[..., _Row],
    changes: Sequence[MeterChange],
    max_gap: timedelta,
    ending: str,
) -> list[_Row]:
    low = min(change.first_at for change in changes)
    high = max(change.hours[-1] for change in changes) + HOUR
    at_once = await _is_most_of_it(session, layout, changes, high - low)
    statement = layout.sql(_FOUND + ending, hours=clean_hours(layout, at_once=at_once))
    given = {
        **layout.arrays(change.key for change in changes),
        "first_at": [change.first_at for change in changes],
        "until": [change.hours[-1] + HOUR for change in changes],
        "slope": [slope(change.rules) for change in changes],
        "longest": longest(max_gap),
        "low": low,
        "high": high,
    }
    async with local_settings(session, _BY_HASH if at_once else {}):
        return await rows_of(session, kind, statement, given, keys=layout.key_width)


# New readings and meters are joined by hash: with statistics from before they came, the query planner may expect a
# handful and compare each reading with each meter.
_BY_HASH = {"enable_nestloop": "off", "work_mem": "64MB"}


async def _is_most_of_it(
    session: AsyncSession, layout: Layout, changes: Sequence[MeterChange], span: timedelta
) -> bool:
    """Tell whether what is new of these meters is a good part of all readings of the time."""
    if span > _READ_AT_ONCE:
        return False
    meters = await value_of(session, int, layout.sql("SELECT count(*) FROM {devices}")) or 0
    new = sum((change.hours[-1] + HOUR - change.first_at for change in changes), timedelta())
    return new >= _SHARE_TO_READ_AT_ONCE * meters * span
