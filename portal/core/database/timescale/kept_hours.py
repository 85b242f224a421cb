"""Figures of hours while readings of an earlier release are moved: kept as on plain PostgreSQL.

A continuous aggregate follows one table. Readings of an earlier release lie in another until they are moved, and to
have the aggregates of the new one refreshed for every few meters that come would compute a week's hours of all meters
again and again. What an hour shows does not depend on where its readings lie. So the hours that the aggregates of the
earlier release show are put into the tables in which plain PostgreSQL keeps hours, and are kept there as it does, until
everything has been moved (`finish_move`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.database.plain.figures import PlainFigures
from portal.core.database.plain.schema import (
    DAILY_BY_DEVICE,
    DAILY_FIGURES,
    create_tables,
    is_there,
)
from portal.core.database.rows import is_so
from portal.core.database.timescale.windows import note_hours

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey
    from portal.core.database.queue import QueuedHour

# What the aggregates of the release before the narrow rows show of an hour.
_SHOWN = ("avg_active_power_kw", "max_active_power_kw", "min_active_power_kw", "sample_count", "kwh_delta")
_HAS_AGGREGATE = """
SELECT count(*) = :wanted FROM pg_attribute
WHERE attrelid = to_regclass(:name) AND attname = ANY(:columns) AND NOT attisdropped
"""
_COPIED = """
INSERT INTO {hourly_rollup} ({customer_id,} device_id, hour, {shown}, power_count)
SELECT {customer_id,} device_id, hour, {shown}, CASE WHEN avg_active_power_kw IS NULL THEN 0 ELSE sample_count END
FROM {hourly_aggregate}
"""
# Of readings `w` as they lie wide. NaN is greater than everything.
_POWER = "CASE WHEN abs(w.active_power_kw) < 1e9 THEN w.active_power_kw END"
_REGISTER = "CASE WHEN abs(w.energy_imported_kwh) < 1e12 THEN round(w.energy_imported_kwh * 1000000) END"
_KEPT = (*_SHOWN, "power_count", "lowest_kwh", "highest_kwh")
_KEPT_OF_WIDE = f"""
avg({_POWER}), max({_POWER}), min({_POWER}), count(*), (max({_REGISTER}) - min({_REGISTER})) / 1000000,
count({_POWER}), min({_REGISTER}) / 1000000, max({_REGISTER}) / 1000000
"""
_COUNTED = """
INSERT INTO {hourly_rollup} ({customer_id,} device_id, hour, {kept})
SELECT {w.customer_id,} w.device_id, date_trunc('hour', w.time, 'UTC') AS hour, {kept_of_wide}
FROM {power_measurements_wide} w GROUP BY {w.customer_id,} w.device_id, hour
"""
# Hours that the aggregates did not show as they are; and those that further readings may be added to, for which more of
# an hour has to be known than an aggregate shows: from where a meter's energy goes on.
_STALE = """
WITH stale AS (
    SELECT {l.customer_id,} q.device_id, q.hour
    FROM {late_hours} l CROSS JOIN LATERAL unnest(l.device_ids, l.hours) AS q (device_id, hour)
    UNION
    SELECT {d.customer_id,} d.id, open.hour
    FROM {devices} d CROSS JOIN LATERAL (
        SELECT date_trunc('hour', w.time, 'UTC') AS hour FROM {power_measurements_wide} w
        WHERE {w.customer_id = d.customer_id AND} w.device_id = d.id ORDER BY w.time DESC LIMIT 1
    ) last LEFT JOIN LATERAL (
        SELECT e.hour FROM {hourly_energy} e WHERE {e.customer_id = d.customer_id AND} e.device_id = d.id
          AND e.meter_state IS NOT NULL ORDER BY e.hour DESC LIMIT 1
    ) head ON true
    CROSS JOIN LATERAL generate_series(least(head.hour, last.hour), last.hour, interval '1 hour') AS open (hour)
)
INSERT INTO {hourly_rollup} ({customer_id,} device_id, hour, {kept})
SELECT {stale.customer_id,} stale.device_id, stale.hour, f.*
FROM stale CROSS JOIN LATERAL (
    SELECT {kept_of_wide} FROM {power_measurements_wide} w
    WHERE {w.customer_id = stale.customer_id AND} w.device_id = stale.device_id
      AND w.time >= stale.hour AND w.time < stale.hour + interval '1 hour' HAVING count(*) > 0
) f
ON CONFLICT ({customer_id,} device_id, hour) DO UPDATE SET {replaced}
"""
_DAYS = """
INSERT INTO {daily_rollup} (customer_id, day, {figures})
SELECT h.customer_id, date_trunc('day', h.hour, 'UTC') AS day, {figures_of_hours}
FROM {hourly_rollup} h GROUP BY h.customer_id, day
"""
# Nothing of it is to be compressed again once it is half empty.
_GO = (
    "DELETE FROM {late_hours}",
    "DELETE FROM {rollup_windows}",
    "SELECT remove_compression_policy('{power_measurements_wide}', if_exists => true)",
    "DROP VIEW IF EXISTS {daily_per_customer}",
    "DROP VIEW IF EXISTS {hourly_per_device}",
    "DROP MATERIALIZED VIEW IF EXISTS {daily_aggregate}",
    "DROP MATERIALIZED VIEW IF EXISTS {hourly_aggregate}",
)
_LET_GO = (
    "DROP VIEW IF EXISTS {daily_per_customer}",
    "DROP VIEW IF EXISTS {hourly_per_device}",
    "DROP FUNCTION IF EXISTS {schema}.day_of_customer",
    "DROP TABLE IF EXISTS {daily_rollup}, {hourly_rollup}",
)


class KeptFigures(PlainFigures):
    """The figures of plain PostgreSQL; once there are aggregates that are being filled, these are told as well."""

    def __init__(self, layout: Layout, *, has_aggregates: bool) -> None:
        super().__init__(layout)
        self._has_aggregates = has_aggregates

    async def rewrite(
        self, session: AsyncSession, hours: Sequence[QueuedHour], added: Collection[MeterKey]
    ) -> None:
        """Bring the kept hours up to date, and note those that an aggregate may have passed."""
        await super().rewrite(session, hours, added)
        if self._has_aggregates:
            await note_hours(session, self._layout, [(each.key, each.hour) for each in hours])


async def kept_figures(session: AsyncSession, layout: Layout) -> KeptFigures | None:
    """Return what keeps the figures while readings of an earlier release are moved; None where aggregates do."""
    if not await are_kept(session, layout):
        return None
    has_aggregates = await is_there(session, layout.table("hourly_aggregate"))
    return KeptFigures(layout, has_aggregates=has_aggregates)


async def are_kept(session: AsyncSession, layout: Layout) -> bool:
    """Tell whether hours are kept as on plain PostgreSQL just now."""
    return await is_there(session, layout.table("hourly_rollup"))


async def is_any_wide(session: AsyncSession, layout: Layout) -> bool:
    """Tell whether there is a table of readings of an earlier release, be it empty."""
    return await is_there(session, layout.table("power_measurements_wide"))


async def keep(session: AsyncSession, layout: Layout) -> None:
    """Where there are readings of an earlier release, put what it showed of their hours into tables, once.

    In the transaction in which its aggregates go.
    """
    if await are_kept(session, layout) or not await is_any_wide(session, layout):
        return
    await create_tables(session, layout)
    await session.execute(text(layout.sql(await _filling(session, layout), **_PARTS)))
    await session.execute(text(layout.sql(_STALE, **_PARTS)))
    if layout.has_customers:
        days = layout.sql(_DAYS, figures=", ".join(DAILY_FIGURES), figures_of_hours=DAILY_BY_DEVICE)
        await session.execute(text(days))
    for statement in (*_GO, "ANALYZE {hourly_rollup}"):
        await session.execute(text(layout.sql(statement)))


async def _filling(session: AsyncSession, layout: Layout) -> str:
    """Return what fills the table of hours: from the aggregate, or from the readings where there is none."""
    columns = ["device_id", "hour", *_SHOWN]
    given = {"name": layout.table("hourly_aggregate"), "columns": columns, "wanted": len(columns)}
    return _COPIED if await is_so(session, _HAS_AGGREGATE, given) else _COUNTED


async def let_go(session: AsyncSession, layout: Layout) -> None:
    """Drop the tables, and the views that show them, which whoever shapes the tables makes anew."""
    for statement in _LET_GO:
        await session.execute(text(layout.sql(statement)))


_PARTS = {
    "shown": ", ".join(_SHOWN),
    "kept": ", ".join(_KEPT),
    "kept_of_wide": _KEPT_OF_WIDE,
    "replaced": ", ".join(f"{name} = excluded.{name}" for name in _KEPT),
}
