"""The figures of plain PostgreSQL: tables of hours and of customers' days, kept by the application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.database.engine import AddedFigures
from portal.core.database.plain.schema import DAILY_FIGURES, KEPT_FIGURES, day_figures, kept_figures
from portal.core.values.time import HOUR

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from typing import Any
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.db import Database
    from portal.core.database.layout import Layout
    from portal.core.database.queue import MeterKey, QueuedHour

# An average depends on the order in which it was summed, by less than anybody can see.
_SUMMED = "avg_active_power_kw"
_SLIGHTLY = 1e-9
# They need every reading to have power and register.
_IS_COMPLETE = " AND power_kw IS NOT NULL AND kwh IS NOT NULL"
_HOUR_FIGURES = (
    ", count(*) AS count, sum(power_kw) AS power_sum, max(power_kw) AS max_kw, min(power_kw) AS min_kw, "
    "min(kwh) AS lowest, max(kwh) AS highest"
)
# A stored hour is merged by its key alone: joined, a new table's statistics once had the planner read all meters'
# hours for each of them.
_FIGURES = """, figures AS (
    INSERT INTO {rollup} AS r ({keys}, hour, {kept})
    SELECT {keys}, hour, power_sum / count, max_kw, min_kw, count, highest - lowest, count, lowest, highest
    FROM hours JOIN clean USING ({keys}) ORDER BY {keys}, hour
    ON CONFLICT ({keys}, hour) DO UPDATE SET
        avg_active_power_kw = (excluded.avg_active_power_kw * excluded.power_count
            + coalesce(r.avg_active_power_kw * r.power_count, 0)) / (excluded.power_count + r.power_count),
        max_active_power_kw = greatest(excluded.max_active_power_kw, r.max_active_power_kw),
        min_active_power_kw = least(excluded.min_active_power_kw, r.min_active_power_kw),
        sample_count = excluded.sample_count + r.sample_count,
        kwh_delta = greatest(excluded.highest_kwh, r.highest_kwh) - least(excluded.lowest_kwh, r.lowest_kwh),
        power_count = excluded.power_count + r.power_count,
        lowest_kwh = least(excluded.lowest_kwh, r.lowest_kwh),
        highest_kwh = greatest(excluded.highest_kwh, r.highest_kwh)
)"""


class PlainFigures:
    """Added to in the same pass as energy where readings come in order, else recomputed from the readings."""

    waiting = None

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    @property
    def added(self) -> AddedFigures:
        """What adds the figures of new readings to their hours."""
        layout = self._layout
        statement = _FIGURES.format(
            rollup=layout.hourly_rollup, keys=layout.key_list(), kept=", ".join(KEPT_FIGURES)
        )
        return AddedFigures(_IS_COMPLETE, _HOUR_FIGURES, statement)

    async def rewrite(
        self, session: AsyncSession, hours: Sequence[QueuedHour], added: Collection[MeterKey]
    ) -> None:
        """Recompute these hours, those of the meters in `added` apart, and the customers' days they lie in."""
        await _rewrite_hours(
            session, self._layout, [(*each.key, each.hour) for each in hours if each.key not in added]
        )
        if self._layout.has_customers:
            await _rewrite_days(session, {(each.key[0], each.hour.replace(hour=0)) for each in hours})

    async def rewrite_span(
        self, session: AsyncSession, key: MeterKey, first: datetime | None, until: datetime | None
    ) -> None:
        """Write the hours that differ from their readings, and the customer's days these lie in."""
        hours = await _mend_hours(session, self._layout, key, first, until)
        if self._layout.has_customers and hours:
            await _rewrite_days(session, {(key[0], hour.replace(hour=0)) for hour in hours})

    async def settle(self, db: Database) -> None:
        """Leave nothing for later."""


async def _rewrite_hours(session: AsyncSession, layout: Layout, taken: list[tuple[Any, ...]]) -> None:
    """Write average, extremes, sample count and `kwh_delta` of the hours, whatever they held before.

    Each run of consecutive hours is one index range of one meter. A join of hours with readings would leave
    the planner the choice to compare them all, which took minutes for a year and a half of nine meters.
    """
    if not taken:
        return
    keys, runs, figures = layout.key_list(), _runs(taken), ", ".join(KEPT_FIGURES)
    names = [*layout.keys, "start_at", "end_at"]
    kinds = [*("uuid" for _ in layout.keys), "timestamptz", "timestamptz"]
    arrays = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in zip(names, kinds, strict=True))
    await session.execute(
        text(
            f"INSERT INTO {layout.hourly_rollup} ({keys}, hour, {figures}) "
            f"SELECT {layout.key_list('run')}, f.* "
            f"FROM unnest({arrays}) AS run ({', '.join(names)}) CROSS JOIN LATERAL ("
            f"SELECT date_trunc('hour', m.time, 'UTC'), {kept_figures('m')} "
            f"FROM {layout.measurements} m WHERE {layout.matches('m', 'run')} "
            f"AND m.time >= run.start_at AND m.time < run.end_at GROUP BY 1) f "
            f"ON CONFLICT ({keys}, hour) DO UPDATE SET "
            + ", ".join(f"{name} = excluded.{name}" for name in KEPT_FIGURES)
        ),
        {name: [run[position] for run in runs] for position, name in enumerate(names)},
    )


async def _mend_hours(
    session: AsyncSession, layout: Layout, key: MeterKey, first: datetime | None, until: datetime | None
) -> list[datetime]:
    """Make a meter's hours what its readings say; returns the hours that were not."""
    keys, figures = layout.key_list(), ", ".join(KEPT_FIGURES)
    exact = [name for name in KEPT_FIGURES if name != _SUMMED]
    rows = await session.execute(
        text(
            f"WITH said AS MATERIALIZED (SELECT date_trunc('hour', m.time, 'UTC') AS hour, {kept_figures('m')} "
            f"FROM {layout.measurements} m WHERE {layout.bound('m')} AND {_in_span('m.time')} GROUP BY 1), "
            f"said_figures (hour, {figures}) AS (SELECT * FROM said), "
            f"gone AS (DELETE FROM {layout.hourly_rollup} r WHERE {layout.bound('r')} AND {_in_span('r.hour')} "
            f"AND NOT EXISTS (SELECT 1 FROM said WHERE said.hour = r.hour) RETURNING r.hour), "
            f"mended AS (INSERT INTO {layout.hourly_rollup} AS r ({keys}, hour, {figures}) "
            f"SELECT {', '.join(f'CAST(:{name} AS uuid)' for name in layout.keys)}, s.* FROM said_figures s "
            f"WHERE NOT EXISTS (SELECT 1 FROM {layout.hourly_rollup} o WHERE {layout.bound('o')} "
            f"AND o.hour = s.hour AND ({_listed('o', exact)}) IS NOT DISTINCT FROM ({_listed('s', exact)}) "
            f"AND coalesce(abs(o.{_SUMMED} - s.{_SUMMED}) <= {_SLIGHTLY} * greatest(1, abs(s.{_SUMMED})), "
            f"o.{_SUMMED} IS NULL AND s.{_SUMMED} IS NULL)) "
            f"ON CONFLICT ({keys}, hour) DO UPDATE SET "
            + ", ".join(f"{name} = excluded.{name}" for name in KEPT_FIGURES)
            + " RETURNING r.hour) SELECT hour FROM gone UNION ALL SELECT hour FROM mended"
        ),
        {**dict(zip(layout.keys, key, strict=True)), "first": first, "until": until},
    )
    return [hour for (hour,) in rows]


def _listed(alias: str, names: Sequence[str]) -> str:
    return ", ".join(f"{alias}.{name}" for name in names)


def _in_span(column: str) -> str:
    return (
        f"{column} >= coalesce(CAST(:first AS timestamptz), '-infinity') "
        f"AND {column} < coalesce(CAST(:until AS timestamptz), 'infinity')"
    )


async def _rewrite_days(session: AsyncSession, days: Collection[tuple[UUID, datetime]]) -> None:
    """Write the figures of the customers' UTC days from their hours, whatever they held before."""
    days = sorted(days)
    figures = ", ".join(DAILY_FIGURES)
    await session.execute(
        text(
            f"INSERT INTO fleet.daily_rollup (customer_id, day, {figures}) "
            f"SELECT d.customer_id, d.day, f.* "
            f"FROM unnest(CAST(:customers AS uuid[]), CAST(:days AS timestamptz[])) AS d (customer_id, day) "
            f"CROSS JOIN LATERAL (SELECT {day_figures('h')} FROM fleet.hourly_rollup h "
            f"WHERE h.customer_id = d.customer_id AND h.hour >= d.day "
            f"AND h.hour < d.day + interval '24 hours' HAVING count(*) > 0) f "
            f"ON CONFLICT (customer_id, day) DO UPDATE SET "
            + ", ".join(f"{name} = excluded.{name}" for name in DAILY_FIGURES)
        ),
        {"customers": [customer for customer, _ in days], "days": [day for _, day in days]},
    )


def _runs(taken: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Join consecutive hours of a meter: (key columns, start, end) with the end excluded."""
    runs: list[tuple[Any, ...]] = []
    for *key, hour in taken:
        if runs and [*runs[-1][:-2], runs[-1][-1]] == [*key, hour]:
            runs[-1] = (*runs[-1][:-1], hour + HOUR)
        else:
            runs.append((*key, hour, hour + HOUR))
    return runs
