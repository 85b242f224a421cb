"""What plain PostgreSQL adds to the migrated schema: rollup tables, and views that are never out of date.

A view shows the stored rows of what is not queued, and computes what is queued from the readings. Readings
and their queue entries are committed together, so a statement sees both or neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.database.queue import queue_hours
from portal.core.database.rows import is_so

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

_BOOTSTRAP_LOCK = 7_301_004
FIGURES = ("avg_active_power_kw", "max_active_power_kw", "min_active_power_kw", "sample_count", "kwh_delta")
# What the stored hours hold beside, so that later readings can be added to them.
KEPT_FIGURES = (*FIGURES, "power_count", "lowest_kwh", "highest_kwh")
DAILY_FIGURES = ("device_count", *FIGURES)
_FIGURE_COLUMNS = """
    avg_active_power_kw double precision,
    max_active_power_kw double precision,
    min_active_power_kw double precision,
    sample_count bigint NOT NULL,
    kwh_delta double precision
"""


# Select lists over readings `m` as they lie, in the units of the columns that come of them: of an hour, and of what is
# stored of it. And over hours of devices `h`: of a day.
FIGURES_OF_READINGS = """
avg(m.active_power_kw)::float8 / 10000, max(m.active_power_kw) / 10000::float8, min(m.active_power_kw) / 10000::float8,
count(*), (max(m.energy_imported_kwh) - min(m.energy_imported_kwh)) / 1000000::float8
"""
KEPT_OF_READINGS = f"""
{FIGURES_OF_READINGS}, count(m.active_power_kw),
min(m.energy_imported_kwh) / 1000000::float8, max(m.energy_imported_kwh) / 1000000::float8
"""
DAILY_OF_HOURS = """
count(DISTINCT {meter}),
sum(h.avg_active_power_kw * h.sample_count)
    / nullif(sum(h.sample_count) FILTER (WHERE h.avg_active_power_kw IS NOT NULL), 0),
max(h.max_active_power_kw), min(h.min_active_power_kw), sum(h.sample_count)::bigint, sum(h.kwh_delta)
"""
DAILY_BY_DEVICE = DAILY_OF_HOURS.replace("{meter}", "h.device_id")
_HOURLY_ROLLUP = """
CREATE TABLE {hourly_rollup} (
    {customer_id uuid NOT NULL,} device_id uuid NOT NULL, hour timestamptz NOT NULL, {figure_columns},
    power_count bigint NOT NULL, lowest_kwh double precision, highest_kwh double precision,
    PRIMARY KEY ({customer_id,} device_id, hour)
)
"""
_HOUR_INDEX = "CREATE INDEX ix_{schema}_hourly_rollup_hour ON {hourly_rollup} ({customer_id,} hour)"
# Also those of readings of an earlier release that are not moved yet.
_ALL_HOURS = """
SELECT {d.customer_id,} d.id AS device_id, own.hour, TIMESTAMPTZ '-infinity' AS first_at
FROM {devices} d CROSS JOIN LATERAL (
    SELECT DISTINCT date_trunc('hour', m.time, 'UTC') AS hour FROM {stored_readings} m
    WHERE m.customer = d.customer AND m.meter = d.meter
) own
"""
_HOURLY_VIEW = """
CREATE VIEW {hourly_per_device} AS
SELECT {r.customer_id,} r.device_id, r.hour, {figures} FROM {stored_hours} r
WHERE NOT EXISTS (
    SELECT 1 FROM {queue} q WHERE {q.customer_id = r.customer_id AND} q.device_id = r.device_id AND q.hour = r.hour
)
UNION ALL
SELECT {q.customer_id,} q.device_id, q.hour, f.*
FROM (SELECT DISTINCT {customer_id,} device_id, hour FROM {queue}) q
JOIN {devices} d ON {d.customer_id = q.customer_id AND} d.id = q.device_id
CROSS JOIN LATERAL (
    SELECT {figures_of_readings} FROM {stored_readings} m
    WHERE m.customer = d.customer AND m.meter = d.meter
      AND m.time >= q.hour AND m.time < q.hour + interval '1 hour' HAVING count(*) > 0
) f ({figures})
"""
# Of customers only, as is all that follows.
_DAILY_ROLLUP = """
CREATE TABLE {daily_rollup} (
    customer_id uuid NOT NULL, day timestamptz NOT NULL, device_count bigint NOT NULL, {figure_columns},
    PRIMARY KEY (customer_id, day)
)
"""
# A function, and not a part of the view: a statement over the view would else be planned, and begun, with a scan of
# every partition of readings for the days that are queued, also while none is.
_DAY_OF_CUSTOMER = """
CREATE OR REPLACE FUNCTION {schema}.day_of_customer(customer uuid, first_hour timestamptz)
RETURNS TABLE (device_count bigint, {figure_columns})
LANGUAGE plpgsql STABLE ROWS 1 AS $$
BEGIN
    RETURN QUERY SELECT {figures_of_hours} FROM {hourly_per_device} h
    WHERE h.customer_id = customer AND h.hour >= first_hour AND h.hour < first_hour + interval '24 hours'
    HAVING count(*) > 0;
END $$
"""
_DAILY_VIEW = """
CREATE VIEW {daily_per_customer} AS
SELECT customer_id, day, {figures} FROM {stored_days} r
WHERE NOT EXISTS (
    SELECT 1 FROM {queue} q WHERE q.customer_id = r.customer_id AND date_trunc('day', q.hour, 'UTC') = r.day
)
UNION ALL
SELECT q.customer_id, q.day, f.*
FROM (SELECT DISTINCT customer_id, date_trunc('day', q.hour, 'UTC') AS day FROM {queue} q) q
CROSS JOIN LATERAL {schema}.day_of_customer(q.customer_id, q.day) f
"""


async def create_rollups(session: AsyncSession, layout: Layout) -> None:
    """Create tables and views where they are missing; what was stored before there were tables is queued."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _BOOTSTRAP_LOCK})
    if not await is_there(session, layout.table("hourly_rollup")):
        await create_tables(session, layout)
        await queue_hours(session, layout, layout.sql(_ALL_HOURS), {})
    stored = Stored(layout.table("hourly_rollup"), layout.table("daily_rollup"))
    await create_views(session, layout, stored, queue="rollup_queue")


async def create_tables(session: AsyncSession, layout: Layout) -> None:
    """Create the tables of hours and of customers' days, empty."""
    for statement in (_HOURLY_ROLLUP, _HOUR_INDEX, *((_DAILY_ROLLUP,) if layout.has_customers else ())):
        await session.execute(text(layout.sql(statement, figure_columns=_FIGURE_COLUMNS)))


@dataclass(frozen=True)
class Stored:
    """Where figures are stored, by the ids that people know: tables, or selects in brackets."""

    hours: str
    days: str


async def create_views(session: AsyncSession, layout: Layout, stored: Stored, *, queue: str) -> None:
    """Create, where they are missing, the views of hours and of customers' days.

    They show what is stored of what is not in `queue`, and what is computed from the readings.
    """
    queued = layout.table(queue)
    if not await is_there(session, layout.table("hourly_per_device")):
        hourly = layout.sql(
            _HOURLY_VIEW,
            stored_hours=stored.hours,
            queue=queued,
            figures=", ".join(FIGURES),
            figures_of_readings=FIGURES_OF_READINGS,
        )
        await session.execute(text(hourly))
    if layout.has_customers and not await is_there(session, layout.table("daily_per_customer")):
        columns = _FIGURE_COLUMNS.replace(" NOT NULL", "")
        of_customer = layout.sql(_DAY_OF_CUSTOMER, figure_columns=columns, figures_of_hours=DAILY_BY_DEVICE)
        await session.execute(text(of_customer))
        daily = layout.sql(
            _DAILY_VIEW,
            stored_days=stored.days,
            queue=queued,
            figures=", ".join(DAILY_FIGURES),
        )
        await session.execute(text(daily))


async def is_there(session: AsyncSession, name: str) -> bool:
    """Whether there is a table or view of this name."""
    return await is_so(session, "SELECT to_regclass(:name) IS NOT NULL", {"name": name})
