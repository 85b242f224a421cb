"""Adds readings that are later than everything before them and make one run with it, in one statement.

Nearly all readings come in order and rise within the limits (`clean_hours`). A meter with anything else among its new
readings, or before them, is left to the judge (`stretches`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from portal.core.database.local_settings import local_settings
from portal.core.database.rows import rows_of, value_of
from portal.core.energy.queries.clean_hours import clean_hours, longest, slope
from portal.core.energy.queries.register_readings import IS_CONFLICT
from portal.core.energy.rules.live import Amounts, LiveHour
from portal.core.energy.rules.stored_words import CAUSES, RestatedBecause
from portal.core.values.time import HOUR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey
    from portal.core.energy.queries.meters import MeterChange
    from portal.core.energy.rules.meter_rules import Addable

# Where the queued meters are a good part of all, and of each much the same time is new, as behind a stream of
# batches, all new readings are read once in the order they lie in; else each meter's by its index.
_READ_AT_ONCE = timedelta(days=2)
_SHARE_TO_READ_AT_ONCE = 0.3

# A meter whose stored energy ends where a pass is to go on is left to the pass.
_FOUND = """
WITH meter AS MATERIALIZED (
    SELECT k.*, d.customer, d.meter
    FROM unnest(
        {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]),
        CAST(:first_at AS timestamptz[]), CAST(:until AS timestamptz[]), CAST(:head_at AS timestamptz[]),
        CAST(:head_shown AS bigint[]), CAST(:slope AS float8[]), CAST(:slack AS bigint[])
    ) AS k ({customer_id,} device_id, first_at, until, head_at, head_shown, milliwh_per_second, slack_milliwh)
    LEFT JOIN {devices} d ON {d.customer_id = k.customer_id AND} d.id = k.device_id
    WHERE NOT EXISTS (
        SELECT 1 FROM {recompute_passes} p WHERE {p.customer_id = k.customer_id AND} p.device_id = k.device_id
          AND date_trunc('hour', k.head_at, 'UTC') <= p.from_hour
    ) AND NOT EXISTS (
        SELECT 1 FROM {reading_conflicts} c WHERE {is_conflict} AND c.time >= k.first_at AND c.time < k.until
    )
), hours AS MATERIALIZED (
    {hours}
), clean AS (
    SELECT {meter.customer_id,} meter.device_id
    FROM meter LEFT JOIN hours h ON {h.customer_id = meter.customer_id AND} h.device_id = meter.device_id
    GROUP BY {meter.customer_id,} meter.device_id HAVING bool_and(coalesce(h.is_clean, true))
), energy AS MATERIALIZED (
    SELECT {customer_id,} device_id, hour, sum(milliwh)::bigint AS milliwh, max(last_at) AS last_at,
           max(last_shown) AS last_shown, bool_or(is_covered) AS is_covered
    FROM (
        SELECT {customer_id,} device_id, hour, own AS milliwh, last_at, last_shown, is_covered
        FROM hours JOIN clean USING ({customer_id,} device_id)
        UNION ALL
        SELECT {customer_id,} device_id, hour - interval '1 hour', carried, NULL, NULL, true
        FROM hours JOIN clean USING ({customer_id,} device_id) WHERE covers_before
    ) parts GROUP BY {customer_id,} device_id, hour
)"""
# An hour that has readings already stays as unbroken as it was.
_STORED = """, by_hour AS (
    INSERT INTO {hourly_energy} AS e
        ({customer_id,} device_id, hour, allocated_milliwh, last_at, last_milliwh, is_unbroken, is_covered)
    SELECT {customer_id,} device_id, hour, milliwh, last_at, last_shown, true, is_covered
    FROM energy ORDER BY {customer_id,} device_id, hour
    ON CONFLICT ({customer_id,} device_id, hour) DO UPDATE SET
        allocated_milliwh = e.allocated_milliwh + excluded.allocated_milliwh,
        last_at = coalesce(excluded.last_at, e.last_at),
        last_milliwh = coalesce(excluded.last_milliwh, e.last_milliwh),
        is_covered = excluded.is_covered OR e.is_covered
), by_day AS (
    INSERT INTO {daily_energy} AS e (
        {customer_id,} device_id, day, allocated_milliwh, unallocated_milliwh, estimated_milliwh, suspect_count,
        covered_hours
    )
    SELECT {n.customer_id,} n.device_id, (n.hour AT TIME ZONE 'UTC')::date AS day, sum(n.milliwh)::bigint, 0, 0, 0,
           count(*) FILTER (WHERE n.is_covered AND NOT coalesce(h.is_covered, false))
    FROM energy n LEFT JOIN {hourly_energy} h
        ON {h.customer_id = n.customer_id AND} h.device_id = n.device_id AND h.hour = n.hour
    GROUP BY {n.customer_id,} n.device_id, day
    ORDER BY {n.customer_id,} day, n.device_id
    ON CONFLICT ({customer_id,} device_id, day) DO UPDATE SET
        allocated_milliwh = e.allocated_milliwh + excluded.allocated_milliwh,
        covered_hours = e.covered_hours + excluded.covered_hours
), heads AS (
    UPDATE {meter_heads} h SET last_at = n.last_at, last_milliwh = n.last_shown
    FROM (
        SELECT {customer_id,} device_id, max(last_at) AS last_at, max(last_shown) AS last_shown FROM energy
        GROUP BY {customer_id,} device_id
    ) n
    WHERE {h.customer_id = n.customer_id AND} h.device_id = n.device_id AND h.register = 0 AND n.last_at IS NOT NULL
), restated AS (
    INSERT INTO {restated_days} ({customer_id,} device_id, day, cause, allocated_delta)
    SELECT {customer_id,} device_id, (hour AT TIME ZONE 'UTC')::date AS day, {late}, ARRAY[{by_hour_of_day}]
    FROM energy WHERE hour < date_trunc('day', now(), 'UTC') - interval '24 hours' AND milliwh <> 0
    GROUP BY {customer_id,} device_id, day
)
SELECT {customer_id,} device_id FROM clean
"""
# Readings of a board that was away for days come in order, and change days that were over.
_HOURS_OF_DAY = ", ".join(
    f"coalesce(sum(milliwh) FILTER (WHERE extract(hour FROM hour AT TIME ZONE 'UTC') = {hour}), 0)::bigint"
    for hour in range(24)
)
_LATE = str(CAUSES.number(RestatedBecause.LATE_READING))
# What is stored of the hours stands beside what is added to them.
_SHOWN = """
SELECT {c.customer_id,} c.device_id, n.hour, n.milliwh, n.is_covered,
       coalesce(e.allocated_milliwh, 0) AS allocated_milliwh, coalesce(e.estimated_milliwh, 0) AS estimated_milliwh,
       coalesce(e.unallocated_milliwh, 0) AS unallocated_milliwh, coalesce(e.suspect_count, 0) AS suspect_count,
       coalesce(e.is_covered, false)::integer AS covered_hours
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
    is_covered: bool | None
    allocated_milliwh: int
    estimated_milliwh: int
    unallocated_milliwh: int
    suspect_count: int
    covered_hours: int


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
    for row in await _run(session, layout, _AddedHour, changes, max_gap, _SHOWN):
        hours = found.setdefault(row.key, [])
        if row.hour is not None:
            stored = Amounts(*row[4:])
            now = stored._replace(
                allocated_milliwh=stored.allocated_milliwh + (row.milliwh or 0),
                covered_hours=max(stored.covered_hours, int(row.is_covered or False)),
            )
            hours.append(LiveHour(row.key, row.hour, stored, now))
    return found


async def _run(
    session: AsyncSession,
    layout: Layout,
    kind: Callable[..., _Row],
    changes: Sequence[MeterChange],
    max_gap: timedelta,
    ending: str,
) -> list[_Row]:
    addable = [(change, by) for change in changes if (by := _addable(change))]
    if not addable:
        return []
    changes = [change for change, _ in addable]
    low = min(change.first_at for change in changes)
    high = max(change.hours[-1] for change in changes) + HOUR
    at_once = await _is_most_of_it(session, layout, changes, high - low)
    found = layout.sql(_FOUND, hours=clean_hours(layout, at_once=at_once), is_conflict=IS_CONFLICT)
    statement = found + layout.sql(ending, late=_LATE, by_hour_of_day=_HOURS_OF_DAY)
    heads = [change.head for change in changes]
    given = {
        **layout.arrays(change.key for change in changes),
        "first_at": [change.first_at for change in changes],
        "until": [change.hours[-1] + HOUR for change in changes],
        "head_at": [head and head.last_at for head in heads],
        "head_shown": [head and head.last_milliwh for head in heads],
        "slope": [slope(by.watts) for _, by in addable],
        "slack": [by.slack_milliwh for _, by in addable],
        "longest": longest(max_gap),
        "low": low,
        "high": high,
    }
    async with local_settings(session, _BY_HASH if at_once else {}):
        return await rows_of(session, kind, statement, given, keys=layout.key_width)


def _addable(change: MeterChange) -> Addable | None:
    """Return by what a meter's new readings may be added; None where they have to be judged with what is before."""
    head = change.head
    if head is None or head.last_at is None or not head.is_firm or head.last_at >= change.first_at:
        return None
    return change.rules.addable_after(head.last_at, change.first_at)


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
