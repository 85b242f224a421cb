"""The figures of plain PostgreSQL: tables of hours and of customers' days, kept by the application."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from portal.core.database.engine import AddedFigures
from portal.core.database.plain.schema import DAILY_BY_DEVICE, DAILY_FIGURES, KEPT_FIGURES, KEPT_OF_READINGS
from portal.core.database.rows import values_of
from portal.core.values.time import HOUR

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.db import Database
    from portal.core.database.layout import Layout, MeterKey
    from portal.core.database.queue import QueuedHour

# They need every reading to have power; without a register none is clean.
_IS_COMPLETE = " AND power IS NOT NULL"
_HOUR_FIGURES = (
    ", count(*) AS count, avg(power)::float8 / 10000 AS avg_kw, max(power) / 10000::float8 AS max_kw, "
    "min(power) / 10000::float8 AS min_kw, min(shown) AS lowest, max(shown) AS highest"
)
# A stored hour is merged by its key alone: joined, a new table's statistics once had the query planner read all meters'
# hours for each of them. A double of kWh times a million is the register's integer again, which is what differences are
# exact in.
_FIGURES = """, figures AS (
    INSERT INTO {hourly_rollup} AS r ({customer_id,} device_id, hour, {kept})
    SELECT {customer_id,} device_id, hour,
           avg_kw, max_kw, min_kw, count, (highest - lowest) / 1000000::float8, count,
           lowest / 1000000::float8, highest / 1000000::float8
    FROM hours JOIN clean USING ({customer_id,} device_id) ORDER BY {customer_id,} device_id, hour
    ON CONFLICT ({customer_id,} device_id, hour) DO UPDATE SET
        avg_active_power_kw = (excluded.avg_active_power_kw * excluded.power_count
            + coalesce(r.avg_active_power_kw * r.power_count, 0)) / (excluded.power_count + r.power_count),
        max_active_power_kw = greatest(excluded.max_active_power_kw, r.max_active_power_kw),
        min_active_power_kw = least(excluded.min_active_power_kw, r.min_active_power_kw),
        sample_count = excluded.sample_count + r.sample_count,
        kwh_delta = (round(greatest(excluded.highest_kwh, r.highest_kwh) * 1000000)
            - round(least(excluded.lowest_kwh, r.lowest_kwh) * 1000000)) / 1000000,
        power_count = excluded.power_count + r.power_count,
        lowest_kwh = least(excluded.lowest_kwh, r.lowest_kwh),
        highest_kwh = greatest(excluded.highest_kwh, r.highest_kwh)
)"""
_REWRITE_HOURS = """
INSERT INTO {hourly_rollup} ({customer_id,} device_id, hour, {figures})
SELECT {run.customer_id,} run.device_id, f.*
FROM unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]),
    CAST(:start_at AS timestamptz[]), CAST(:end_at AS timestamptz[])
) AS run ({customer_id,} device_id, start_at, end_at)
JOIN {devices} d ON {d.customer_id = run.customer_id AND} d.id = run.device_id
CROSS JOIN LATERAL (
    SELECT date_trunc('hour', m.time, 'UTC'), {figures_of_readings} FROM {stored_readings} m
    WHERE m.customer = d.customer AND m.meter = d.meter
      AND m.time >= run.start_at AND m.time < run.end_at
    GROUP BY 1
) f
ON CONFLICT ({customer_id,} device_id, hour) DO UPDATE SET {replaced_figures}
"""
# An average depends on the order in which it was summed, by less than anybody can see.
_MEND_HOURS = """
WITH said AS MATERIALIZED (
    SELECT date_trunc('hour', m.time, 'UTC') AS hour, {figures_of_readings}
    FROM {devices} d JOIN {stored_readings} m ON m.customer = d.customer AND m.meter = d.meter
    WHERE {d.customer_id = :customer_id AND} d.id = :device_id
      AND m.time >= coalesce(CAST(:first AS timestamptz), '-infinity')
      AND m.time < coalesce(CAST(:until AS timestamptz), 'infinity')
    GROUP BY 1
), said_figures (hour, {figures}) AS (
    SELECT * FROM said
), gone AS (
    DELETE FROM {hourly_rollup} r
    WHERE {r.customer_id = :customer_id AND} r.device_id = :device_id
      AND r.hour >= coalesce(CAST(:first AS timestamptz), '-infinity')
      AND r.hour < coalesce(CAST(:until AS timestamptz), 'infinity')
      AND NOT EXISTS (SELECT 1 FROM said WHERE said.hour = r.hour)
    RETURNING r.hour
), mended AS (
    INSERT INTO {hourly_rollup} AS r ({customer_id,} device_id, hour, {figures})
    SELECT {CAST(:customer_id AS uuid),} CAST(:device_id AS uuid), s.* FROM said_figures s
    WHERE NOT EXISTS (
        SELECT 1 FROM {hourly_rollup} o
        WHERE {o.customer_id = :customer_id AND} o.device_id = :device_id AND o.hour = s.hour
          AND ({stored_exact}) IS NOT DISTINCT FROM ({said_exact})
          AND coalesce(
              abs(o.avg_active_power_kw - s.avg_active_power_kw) <= 1e-9 * greatest(1, abs(s.avg_active_power_kw)),
              o.avg_active_power_kw IS NULL AND s.avg_active_power_kw IS NULL
          )
    )
    ON CONFLICT ({customer_id,} device_id, hour) DO UPDATE SET {replaced_figures}
    RETURNING r.hour
)
SELECT hour FROM gone UNION ALL SELECT hour FROM mended
"""
_REWRITE_DAYS = """
INSERT INTO {daily_rollup} (customer_id, day, {figures})
SELECT d.customer_id, d.day, f.*
FROM unnest(CAST(:customers AS uuid[]), CAST(:days AS timestamptz[])) AS d (customer_id, day)
CROSS JOIN LATERAL (
    SELECT {figures_of_hours} FROM {hourly_rollup} h
    WHERE h.customer_id = d.customer_id AND h.hour >= d.day AND h.hour < d.day + interval '24 hours'
    HAVING count(*) > 0
) f
ON CONFLICT (customer_id, day) DO UPDATE SET {replaced_figures}
"""


class PlainFigures:
    """Added to in the same pass as energy where readings come in order, else recomputed from the readings."""

    waiting = None

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    @property
    def added(self) -> AddedFigures:
        """What adds the figures of new readings to their hours."""
        statement = self._layout.sql(_FIGURES, kept=", ".join(KEPT_FIGURES))
        return AddedFigures(_IS_COMPLETE, _HOUR_FIGURES, statement)

    async def rewrite(
        self, session: AsyncSession, hours: Sequence[QueuedHour], added: Collection[MeterKey]
    ) -> None:
        """Recompute these hours, those of the meters in `added` apart, and the customers' days they lie in."""
        left = [(each.key, each.hour) for each in hours if each.key not in added]
        await _rewrite_hours(session, self._layout, left)
        if self._layout.has_customers:
            days = {(each.key[0], each.hour.replace(hour=0)) for each in hours}
            await _rewrite_days(session, self._layout, days)

    async def rewrite_span(
        self, session: AsyncSession, key: MeterKey, first: datetime | None, until: datetime | None
    ) -> None:
        """Write the hours that differ from their readings, and the customer's days these lie in."""
        hours = await _mend_hours(session, self._layout, key, first, until)
        if self._layout.has_customers and hours:
            await _rewrite_days(session, self._layout, {(key[0], hour.replace(hour=0)) for hour in hours})

    async def finish(self, db: Database) -> None:
        """Leave nothing for later."""


async def _rewrite_hours(
    session: AsyncSession, layout: Layout, taken: list[tuple[MeterKey, datetime]]
) -> None:
    """Write average, extremes, sample count and `kwh_delta` of the hours, whatever they held before.

    Each run of consecutive hours is one index range of one meter. A join of hours with readings would leave
    the query planner the choice to compare them all, which took minutes for a year and a half of nine meters.
    """
    if not taken:
        return
    runs = _runs(taken)
    await session.execute(
        text(layout.sql(_REWRITE_HOURS, **_KEPT)),
        {
            **layout.arrays(run.key for run in runs),
            "start_at": [run.start_at for run in runs],
            "end_at": [run.end_at for run in runs],
        },
    )


async def _mend_hours(
    session: AsyncSession, layout: Layout, key: MeterKey, first: datetime | None, until: datetime | None
) -> list[datetime]:
    """Make a meter's hours what its readings say; returns the hours that were not."""
    exact = [name for name in KEPT_FIGURES if name != "avg_active_power_kw"]
    mended = layout.sql(
        _MEND_HOURS, stored_exact=_listed("o", exact), said_exact=_listed("s", exact), **_KEPT
    )
    given = {**layout.given(key), "first": first, "until": until}
    return await values_of(session, datetime, mended, given)


def _listed(alias: str, names: Sequence[str]) -> str:
    return ", ".join(f"{alias}.{name}" for name in names)


def _replaced(names: Sequence[str]) -> str:
    return ", ".join(f"{name} = excluded.{name}" for name in names)


_KEPT = {
    "figures": ", ".join(KEPT_FIGURES),
    "figures_of_readings": KEPT_OF_READINGS,
    "replaced_figures": _replaced(KEPT_FIGURES),
}


async def _rewrite_days(
    session: AsyncSession, layout: Layout, days: Collection[tuple[UUID, datetime]]
) -> None:
    """Write the figures of the customers' UTC days from their hours, whatever they held before."""
    days = sorted(days)
    await session.execute(
        text(
            layout.sql(
                _REWRITE_DAYS,
                figures=", ".join(DAILY_FIGURES),
                figures_of_hours=DAILY_BY_DEVICE,
                replaced_figures=_replaced(DAILY_FIGURES),
            )
        ),
        {"customers": [customer for customer, _ in days], "days": [day for _, day in days]},
    )


class _Run(NamedTuple):
    """Consecutive hours of a meter; the end is excluded."""

    key: MeterKey
    start_at: datetime
    end_at: datetime


def _runs(taken: list[tuple[MeterKey, datetime]]) -> list[_Run]:
    runs: list[_Run] = []
    for key, hour in taken:
        if runs and (runs[-1].key, runs[-1].end_at) == (key, hour):
            runs[-1] = runs[-1]._replace(end_at=hour + HOUR)
        else:
            runs.append(_Run(key, hour, hour + HOUR))
    return runs
