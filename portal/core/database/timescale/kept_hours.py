"""Figures of hours while readings of an earlier release are moved: kept as on plain PostgreSQL.

A continuous aggregate follows one table. Readings of an earlier release lie in another until they are moved, and to
have the aggregates of the new one refreshed for every few meters that come would compute a week's hours of all meters
again and again. What an hour shows does not depend on where its readings lie. So until everything has been moved
(`finish_move`) hours are kept in the tables in which plain PostgreSQL keeps them. Those that the aggregates of the
earlier release had are noted before these go, computed as they are asked for, and filled in as after any upgrade.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.database.hour_columns import DAILY_FIGURES
from portal.core.database.hour_views import drop_views, is_there
from portal.core.database.plain import earlier_hours
from portal.core.database.plain.figures import PlainFigures
from portal.core.database.plain.schema import create_tables
from portal.core.database.queue import queue_hours
from portal.core.database.rows import is_so
from portal.core.database.timescale.windows import note_hours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout
    from portal.core.database.queue import QueuedHour

# What the aggregate of the release before the narrow rows shows of an hour.
_SHOWN = ("avg_active_power_kw", "max_active_power_kw", "min_active_power_kw", "sample_count", "kwh_delta")
_HAS_AGGREGATE = """
SELECT count(*) = :wanted FROM pg_attribute
WHERE attrelid = to_regclass(:name) AND attname = ANY(:columns) AND NOT attisdropped
"""
_OF_AGGREGATE = "SELECT {customer_id,} device_id, hour, {shown} FROM {hourly_aggregate}"
# Where there is none: of readings `w` as they lie wide. NaN is greater than everything.
_POWER = "CASE WHEN abs(w.active_power_kw) < 1e9 THEN w.active_power_kw END"
_REGISTER = "CASE WHEN abs(w.energy_imported_kwh) < 1e12 THEN w.energy_imported_kwh END"
_OF_WIDE = f"""
SELECT {{w.customer_id,}} w.device_id, date_trunc('hour', w.time, 'UTC') AS hour,
    avg({_POWER}), max({_POWER}), min({_POWER}), count(*), max({_REGISTER}) - min({_REGISTER})
FROM {{power_measurements_wide}} w GROUP BY {{w.customer_id,}} w.device_id, hour
"""
_SHOWN_HOURS = (
    "CREATE TEMP TABLE shown_hours ({customer_id,} device_id, hour, {shown}) ON COMMIT DROP AS {hours}"
)
_DAYS = """
INSERT INTO {daily_rollup} (customer_id, day, {figures})
SELECT h.customer_id, date_trunc('day', h.hour, 'UTC') AS day, count(DISTINCT h.device_id),
    sum(h.avg_active_power_kw * h.sample_count)
        / nullif(sum(h.sample_count) FILTER (WHERE h.avg_active_power_kw IS NOT NULL), 0),
    max(h.max_active_power_kw), min(h.min_active_power_kw), sum(h.sample_count), sum(h.kwh_delta)
FROM shown_hours h GROUP BY h.customer_id, day
"""
# Hours that the aggregates did not show as they are: their days are computed from them, until they are brought up to
# date.
_STALE = """
SELECT {l.customer_id,} q.device_id, q.hour, min(q.hour) AS first_at
FROM {late_hours} l CROSS JOIN LATERAL unnest(l.device_ids, l.hours) AS q (device_id, hour)
GROUP BY {l.customer_id,} q.device_id, q.hour
"""
# Nothing of it is to be compressed again once it is half empty.
_GO = (
    "DELETE FROM {late_hours}",
    "DELETE FROM {rollup_windows}",
    "SELECT remove_compression_policy('{power_measurements_wide}', if_exists => true)",
    "DROP MATERIALIZED VIEW IF EXISTS {daily_aggregate}",
    "DROP MATERIALIZED VIEW IF EXISTS {hourly_aggregate}",
)


class KeptFigures(PlainFigures):
    """The figures of plain PostgreSQL; once there are aggregates that are being filled, these are told as well."""

    def __init__(self, layout: Layout, *, has_aggregates: bool) -> None:
        super().__init__(layout)
        self._has_aggregates = has_aggregates

    async def rewrite(self, session: AsyncSession, hours: Sequence[QueuedHour]) -> None:
        """Bring the kept hours up to date, and note those that an aggregate may have passed."""
        await super().rewrite(session, hours)
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
    """Where there are readings of an earlier release, note which hours it showed, and keep its customers' days, once.

    In the transaction in which its aggregates go.
    """
    if await are_kept(session, layout) or not await is_any_wide(session, layout):
        return
    shown = ", ".join(_SHOWN)
    await create_tables(session, layout)
    hours = layout.sql(await _shown_hours(session, layout), shown=shown)
    await session.execute(text(layout.sql(_SHOWN_HOURS, shown=shown, hours=hours)))
    await earlier_hours.note(
        session, layout, layout.sql("SELECT {customer_id,} device_id, hour FROM shown_hours")
    )
    if layout.has_customers:
        await session.execute(text(layout.sql(_DAYS, figures=", ".join(DAILY_FIGURES))))
    await queue_hours(session, layout, layout.sql(_STALE), {})
    await drop_views(session, layout)
    for statement in _GO:
        await session.execute(text(layout.sql(statement)))


async def _shown_hours(session: AsyncSession, layout: Layout) -> str:
    """Return a select of the hours that were shown: by the aggregate, or by the readings where there is none."""
    columns = ["device_id", "hour", *_SHOWN]
    given = {"name": layout.table("hourly_aggregate"), "columns": columns, "wanted": len(columns)}
    return _OF_AGGREGATE if await is_so(session, _HAS_AGGREGATE, given) else _OF_WIDE


async def let_go(session: AsyncSession, layout: Layout) -> None:
    """Drop the tables, and the views that show them, which whoever shapes the tables makes anew."""
    await earlier_hours.drop(session, layout)
    await session.execute(text(layout.sql("DROP TABLE IF EXISTS {daily_rollup}, {hourly_rollup}")))
