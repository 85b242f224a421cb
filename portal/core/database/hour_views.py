"""Views of hours and of customers' days that are never out of date, the same on both engines.

They show what is kept of the hours that wait for nothing, and compute from the readings what waits. Readings and their
entries in the queue are committed together, so a statement sees both or neither. The product asks `hourly_figures`,
under small keys and in whole steps, or where nothing waits `settled_hours`, which spares a statement the planning of
every partition of readings; people ask `hourly_per_device` and `daily_per_customer`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.database import reporting
from portal.core.database.hour_columns import (
    DAILY_FIGURES,
    DAILY_OF_HOURS,
    FIGURES_OF_HOUR,
    KEPT,
    KEPT_NAMES,
)
from portal.core.database.rows import is_so

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

DAILY_COLUMNS = """
    avg_active_power_kw double precision,
    max_active_power_kw double precision,
    min_active_power_kw double precision,
    sample_count bigint NOT NULL,
    kwh_delta double precision
"""
KEPT_OF_READINGS = ", ".join(column.of_readings for column in KEPT)
"""A select list over readings `m`: what is kept of an hour."""
# Everything of an hour that is queued, by small keys. TimescaleDB has more that waits.
QUEUED_HOURS = """
SELECT b.customer, q.meter, q.hour
FROM {rollup_batches} b CROSS JOIN LATERAL unnest(b.meters, b.hours) AS q (meter, hour)
"""
_WAITING = "CREATE VIEW {rollup_waiting} AS {waiting}"
_VIEW = "CREATE VIEW {view} AS {hours}"
_KEPT_HOURS = "SELECT {head} FROM {source} WHERE {not_waiting}{and_not_missing}"
_NOT_WAITING = """NOT EXISTS (
    SELECT 1 FROM {rollup_waiting} q WHERE q.customer = h.customer AND q.meter = h.meter AND q.hour = h.hour
)"""
_AND_NOT_MISSING = """ AND NOT EXISTS (
    SELECT 1 FROM ({missing}) n WHERE n.customer = h.customer AND n.meter = h.meter AND n.hour = h.hour
)"""
# Asked for an hour, a meter's hours are found by their index, and its readings of an hour by theirs.
_COMPUTED = """
SELECT {head} FROM (
    SELECT n.customer, n.meter, n.hour, f.* FROM ({hours}) n CROSS JOIN LATERAL (
        SELECT {kept_of_readings} FROM {stored_readings} m
        WHERE m.customer = n.customer AND m.meter = n.meter
          AND m.time >= n.hour AND m.time < n.hour + interval '1 hour' HAVING count(*) > 0
    ) f ({kept})
) h{join}{condition}
"""
_OF_WAITING = "SELECT DISTINCT customer, meter, hour FROM {rollup_waiting}"
_JOIN = " JOIN {devices} d ON d.customer = h.customer AND d.meter = h.meter"
# A function, and not a part of the view: a statement over the view would else be planned, and begun, with a scan of
# every partition of readings for the days that are queued, also while none is.
_DAY_OF_CUSTOMER = """
CREATE OR REPLACE FUNCTION {schema}.day_of_customer(customer uuid, first_hour timestamptz)
RETURNS TABLE (device_count bigint, {columns})
LANGUAGE plpgsql STABLE ROWS 1 AS $$
BEGIN
    RETURN QUERY SELECT {figures_of_hours} FROM {hourly_figures} h
    WHERE h.customer = (SELECT c.number FROM {schema}.customers c WHERE c.id = day_of_customer.customer)
      AND h.hour >= first_hour AND h.hour < first_hour + interval '24 hours'
      AND NOT EXISTS (
        SELECT 1 FROM {schema}.devices d WHERE d.customer = h.customer AND d.meter = h.meter AND d.kind <> 'bulk'
    )
    HAVING count(*) > 0;
END $$
"""
# What a customer's meters add up to is that of the bulk meters: where there are others, stored days hold those too.
_BULK_ALONE = """NOT EXISTS (
    SELECT 1 FROM {schema}.devices d WHERE d.customer_id = r.customer_id AND d.kind <> 'bulk'
)"""
_DAILY_VIEW = """
CREATE VIEW {daily_per_customer} AS
SELECT customer_id, day, {figures} FROM {stored_days} r
WHERE {bulk_alone} AND NOT EXISTS (
    SELECT 1 FROM {rollup_waiting} q JOIN {schema}.customers c ON c.number = q.customer
    WHERE c.id = r.customer_id AND date_trunc('day', q.hour, 'UTC') = r.day
)
UNION ALL
SELECT q.customer_id, q.day, f.*
FROM (
    SELECT c.id AS customer_id, date_trunc('day', q.hour, 'UTC') AS day
    FROM {rollup_waiting} q JOIN {schema}.customers c ON c.number = q.customer
    UNION
    SELECT r.customer_id, r.day FROM {stored_days} r WHERE NOT {bulk_alone}
) q
CROSS JOIN LATERAL {schema}.day_of_customer(q.customer_id, q.day) f
"""
_DROP = (
    "DROP VIEW IF EXISTS {daily_per_customer}",
    "DROP FUNCTION IF EXISTS {schema}.day_of_customer",
    "DROP VIEW IF EXISTS {hourly_per_device}",
    "DROP VIEW IF EXISTS {hourly_figures}",
    "DROP VIEW IF EXISTS {settled_hours}",
    "DROP VIEW IF EXISTS {rollup_waiting}",
)


@dataclass(frozen=True)
class KeptHours:
    """Where an engine keeps hours and days: SQL.

    `by_meter` and `by_device` name what has the kept hours (alias `h`), for all meters and with their devices (`d`);
    `days` the customers' days; `waiting` is a select of the small key and the hour of all that wait, and `missing` one
    of those that were never kept.
    """

    by_meter: str
    by_device: str
    days: str
    waiting: str = QUEUED_HOURS
    missing: str | None = None


async def create_views(session: AsyncSession, layout: Layout, kept: KeptHours) -> None:
    """Create the views of hours and of customers' days, where one is missing all of them anew."""
    names = ("rollup_waiting", "settled_hours", "hourly_figures", "hourly_per_device", "daily_per_customer")
    wanted = names if layout.has_customers else names[:-1]
    if all([await is_there(session, layout.table(name)) for name in wanted]):
        return
    await drop_views(session, layout)
    waiting = layout.sql(_WAITING, waiting=layout.sql(kept.waiting))
    of_meter = "h.customer, h.meter, h.hour, " + ", ".join(f"h.{name}" for name in KEPT_NAMES)
    of_device = layout.sql("{d.customer_id,} d.id AS device_id, h.hour, ") + FIGURES_OF_HOUR
    hours = {
        "settled_hours": _settled(layout, kept, of_meter, kept.by_meter),
        "hourly_figures": _hours(layout, kept, of_meter, kept.by_meter),
        "hourly_per_device": _hours(layout, kept, of_device, kept.by_device, layout.sql(_JOIN)),
    }
    await session.execute(text(waiting))
    for name, select in hours.items():
        await session.execute(text(layout.sql(_VIEW, view=layout.table(name), hours=select)))
    if layout.has_customers:
        await _create_daily(session, layout, kept.days)
    await reporting.make_again(session, layout)


async def drop_views(session: AsyncSession, layout: Layout) -> None:
    """Drop the views, and those that others read of them; `create_views` makes all of them anew."""
    await reporting.drop(session)
    for statement in _DROP:
        await session.execute(text(layout.sql(statement)))


def _hours(layout: Layout, kept: KeptHours, head: str, source: str, join: str = "") -> str:
    """Return a select of all hours: those kept, those that were never kept, and those that wait."""
    waiting = _computed(layout, head, layout.sql(_OF_WAITING), join)
    return f"{_settled(layout, kept, head, source, join)} UNION ALL {waiting}"


def _settled(layout: Layout, kept: KeptHours, head: str, source: str, join: str = "") -> str:
    """Return a select of the hours that do not wait."""
    not_waiting = layout.sql(_NOT_WAITING)
    missing = layout.sql(kept.missing) if kept.missing else None
    hours = layout.sql(
        _KEPT_HOURS,
        head=head,
        source=layout.sql(source),
        not_waiting=not_waiting,
        and_not_missing=layout.sql(_AND_NOT_MISSING, missing=missing) if missing else "",
    )
    if missing is None:
        return hours
    return f"{hours} UNION ALL {_computed(layout, head, missing, join, f' WHERE {not_waiting}')}"


def _computed(layout: Layout, head: str, hours: str, join: str, condition: str = "") -> str:
    return layout.sql(
        _COMPUTED,
        head=head,
        hours=hours,
        kept=", ".join(KEPT_NAMES),
        kept_of_readings=KEPT_OF_READINGS,
        join=join,
        condition=condition,
    )


async def _create_daily(session: AsyncSession, layout: Layout, days: str) -> None:
    figures_of_hours = ", ".join(DAILY_OF_HOURS)
    columns = DAILY_COLUMNS.replace(" NOT NULL", "")
    of_customer = layout.sql(_DAY_OF_CUSTOMER, columns=columns, figures_of_hours=figures_of_hours)
    await session.execute(text(of_customer))
    daily = layout.sql(
        _DAILY_VIEW,
        stored_days=layout.sql(days),
        bulk_alone=layout.sql(_BULK_ALONE),
        figures=", ".join(DAILY_FIGURES),
    )
    await session.execute(text(daily))


def replaced(names: Sequence[str]) -> str:
    """Return the assignments by which a row takes everything from the one that conflicts with it."""
    return ", ".join(f"{name} = excluded.{name}" for name in names)


async def is_there(session: AsyncSession, name: str) -> bool:
    """Whether there is a table or view of this name."""
    return await is_so(session, "SELECT to_regclass(:name) IS NOT NULL", {"name": name})
