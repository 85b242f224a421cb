"""What plain PostgreSQL adds to the migrated schema: rollup tables, and views that are never out of date.

A view shows the stored rows of what is not queued, and computes what is queued from the readings. Readings
and their queue entries are committed together, so a statement sees both or neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.database.queue import queue_hours

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


def hour_figures(alias: str) -> str:
    """Return the select list of an hour's figures over readings, in the order of `FIGURES`."""
    power, register = f"{alias}.active_power_kw", f"{alias}.energy_imported_kwh"
    return f"avg({power}), max({power}), min({power}), count(*), max({register}) - min({register})"


def kept_figures(alias: str) -> str:
    """Return the select list of a stored hour over readings, in the order of `KEPT_FIGURES`."""
    register = f"{alias}.energy_imported_kwh"
    return f"{hour_figures(alias)}, count({alias}.active_power_kw), min({register}), max({register})"


def day_figures(alias: str) -> str:
    """Return the select list of a day's figures over hours of devices, in the order of `DAILY_FIGURES`."""
    weight = f"sum({alias}.sample_count) FILTER (WHERE {alias}.avg_active_power_kw IS NOT NULL)"
    return (
        f"count(DISTINCT {alias}.device_id), "
        f"sum({alias}.avg_active_power_kw * {alias}.sample_count) / nullif({weight}, 0), "
        f"max({alias}.max_active_power_kw), min({alias}.min_active_power_kw), "
        f"sum({alias}.sample_count)::bigint, sum({alias}.kwh_delta)"
    )


async def create_rollups(session: AsyncSession, layout: Layout) -> None:
    """Create tables and views where they are missing; what was stored before there were tables is queued."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _BOOTSTRAP_LOCK})
    if not await is_there(session, layout.hourly_rollup):
        for statement in (_hourly_rollup(layout), _hour_index(layout)):
            await session.execute(text(statement))
        if layout.has_customers:
            await session.execute(text(_DAILY_ROLLUP))
        await queue_hours(session, layout, _all_hours(layout), {})
    if not await is_there(session, layout.hourly):
        await session.execute(text(hourly_view(layout, layout.hourly_rollup, layout.queue)))
    if layout.has_customers and not await is_there(session, layout.daily):
        await session.execute(text(DAY_OF_CUSTOMER))
        await session.execute(text(daily_view(layout.daily_rollup, layout.queue)))


async def is_there(session: AsyncSession, name: str) -> bool:
    """Whether there is a table or view of this name."""
    return bool(await session.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": name}))


def _hourly_rollup(layout: Layout) -> str:
    columns = ", ".join(f"{key} uuid NOT NULL" for key in layout.keys)
    return (
        f"CREATE TABLE {layout.hourly_rollup} ({columns}, hour timestamptz NOT NULL, {_FIGURE_COLUMNS}, "
        f"power_count bigint NOT NULL, lowest_kwh double precision, highest_kwh double precision, "
        f"PRIMARY KEY ({layout.key_list()}, hour))"
    )


def _hour_index(layout: Layout) -> str:
    by = ", ".join((*layout.keys[:-1], "hour"))
    return f"CREATE INDEX ix_{layout.schema}_hourly_rollup_hour ON {layout.hourly_rollup} ({by})"


def hourly_view(layout: Layout, stored: str, queue: str) -> str:
    """Return the view of hours: of `stored` what is not queued, and what is queued computed from the readings."""
    figures = ", ".join(FIGURES)
    queued = f"FROM {queue} q WHERE {layout.matches('q', 'r')} AND q.hour = r.hour"
    return (
        f"CREATE VIEW {layout.hourly} AS "
        f"SELECT {layout.key_list('r')}, r.hour, {figures} FROM {stored} r "
        f"WHERE NOT EXISTS (SELECT 1 {queued}) "
        f"UNION ALL SELECT {layout.key_list('q')}, q.hour, f.* "
        f"FROM (SELECT DISTINCT {layout.key_list()}, hour FROM {queue}) q CROSS JOIN LATERAL ("
        f"SELECT {hour_figures('m')} FROM {layout.measurements} m WHERE {layout.matches('m', 'q')} "
        f"AND m.time >= q.hour AND m.time < q.hour + interval '1 hour' HAVING count(*) > 0) f ({figures})"
    )


def _all_hours(layout: Layout) -> str:
    return (
        f"SELECT DISTINCT {layout.key_list()}, date_trunc('hour', time, 'UTC') AS hour, "
        f"TIMESTAMPTZ '-infinity' AS first_at FROM {layout.measurements}"
    )


_DAILY_ROLLUP = f"""
CREATE TABLE fleet.daily_rollup (
    customer_id uuid NOT NULL,
    day timestamptz NOT NULL,
    device_count bigint NOT NULL,
    {_FIGURE_COLUMNS},
    PRIMARY KEY (customer_id, day)
)
"""


# A function, and not a part of the view: a statement over the view would else be planned, and begun, with a scan of
# every partition of readings for the days that are queued, also while none is.
DAY_OF_CUSTOMER = f"""
CREATE OR REPLACE FUNCTION fleet.day_of_customer(customer uuid, first_hour timestamptz)
RETURNS TABLE (device_count bigint, {_FIGURE_COLUMNS.replace(" NOT NULL", "")})
LANGUAGE plpgsql STABLE ROWS 1 AS $$
BEGIN
    RETURN QUERY SELECT {day_figures("h")} FROM fleet.hourly_per_device h
    WHERE h.customer_id = customer AND h.hour >= first_hour AND h.hour < first_hour + interval '24 hours'
    HAVING count(*) > 0;
END $$
"""


def daily_view(stored: str, queue: str) -> str:
    """Return the view of customers' days: of `stored` what has no queued hour, and the others from their hours."""
    figures = ", ".join(DAILY_FIGURES)
    day = "date_trunc('day', q.hour, 'UTC')"
    return (
        f"CREATE VIEW fleet.daily_per_customer AS SELECT customer_id, day, {figures} FROM {stored} r "
        f"WHERE NOT EXISTS (SELECT 1 FROM {queue} q "
        f"WHERE q.customer_id = r.customer_id AND {day} = r.day) "
        f"UNION ALL SELECT q.customer_id, q.day, f.* "
        f"FROM (SELECT DISTINCT customer_id, {day} AS day FROM {queue} q) q "
        f"CROSS JOIN LATERAL fleet.day_of_customer(q.customer_id, q.day) f"
    )
