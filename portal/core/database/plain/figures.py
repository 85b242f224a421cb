"""The figures of plain PostgreSQL: tables of hours and of customers' days, kept by the application.

Readings that are later than all that is counted are added to their hours; hours that got others are computed anew. All
of it is in whole steps, so both ways come to the same.
"""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from portal.core.database.hour_columns import DAILY_FIGURES, DAILY_OF_HOURS, KEPT, KEPT_NAMES
from portal.core.database.hour_views import KEPT_OF_READINGS, replaced
from portal.core.database.layout import MeterKey
from portal.core.database.plain.earlier_hours import are_any, fill_week, let_go
from portal.core.database.plain.schema import create_hour_views
from portal.core.database.rows import values_of
from portal.core.values.time import HOUR

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.db import Database
    from portal.core.database.layout import Layout
    from portal.core.database.queue import QueuedHour

# What an hour of readings holds, by hours that begin as the clock's in UTC.
_OF_READINGS = """
SELECT date_bin('1 hour', m.time, TIMESTAMPTZ 'epoch'), max(m.time), {kept_of_readings} FROM {stored_readings} m
WHERE m.customer = {meter}.customer AND m.meter = {meter}.meter
  AND m.time >= {meter}.start_at AND m.time < {meter}.end_at
GROUP BY 1
"""
_RUNS = """
SELECT d.customer, d.meter, k.start_at, k.end_at, k.ordinal
FROM unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]),
    CAST(:start_at AS timestamptz[]), CAST(:end_at AS timestamptz[])
) WITH ORDINALITY AS k ({customer_id,} device_id, start_at, end_at, ordinal)
JOIN {devices} d ON {d.customer_id = k.customer_id AND} d.id = k.device_id
"""
# A stored hour is merged by its key alone: joined, a new table's statistics once had the query planner read all meters'
# hours for each of them.
_ADD = """
WITH run AS MATERIALIZED (
    SELECT * FROM ({runs}) k WHERE NOT EXISTS (
        SELECT 1 FROM {hourly_rollup} r WHERE r.customer = k.customer AND r.meter = k.meter
          AND r.hour >= date_bin('1 hour', k.start_at, TIMESTAMPTZ 'epoch') AND r.last_at >= k.start_at
    )
), added AS (
    INSERT INTO {hourly_rollup} AS r (customer, meter, hour, last_at, {kept})
    SELECT run.customer, run.meter, f.* FROM run CROSS JOIN LATERAL ({of_readings}) f ORDER BY 1, 2, 3
    ON CONFLICT (customer, meter, hour) DO UPDATE SET last_at = excluded.last_at, {merged}
)
SELECT ordinal FROM run
"""
# Each run of consecutive hours is one index range of one meter. A join of hours with readings would leave the query
# planner the choice to compare them all, which took minutes for a year and a half of nine meters.
_REWRITE = """
INSERT INTO {hourly_rollup} AS r (customer, meter, hour, last_at, {kept})
SELECT run.customer, run.meter, f.* FROM ({runs}) run CROSS JOIN LATERAL ({of_readings}) f
ON CONFLICT (customer, meter, hour) DO UPDATE SET last_at = excluded.last_at, {replaced}
"""
_MEND = """
WITH run AS MATERIALIZED (
    SELECT d.customer, d.meter, coalesce(CAST(:first AS timestamptz), '-infinity') AS start_at,
           coalesce(CAST(:until AS timestamptz), 'infinity') AS end_at
    FROM {devices} d WHERE {d.customer_id = :customer_id AND} d.id = :device_id
), said (hour, last_at, {kept}) AS MATERIALIZED (
    SELECT f.* FROM run CROSS JOIN LATERAL ({of_readings}) f
), gone AS (
    DELETE FROM {hourly_rollup} r USING run
    WHERE r.customer = run.customer AND r.meter = run.meter AND r.hour >= run.start_at AND r.hour < run.end_at
      AND NOT EXISTS (SELECT 1 FROM said WHERE said.hour = r.hour)
    RETURNING r.hour
), mended AS (
    INSERT INTO {hourly_rollup} AS r (customer, meter, hour, last_at, {kept})
    SELECT run.customer, run.meter, s.* FROM run, said s
    WHERE NOT EXISTS (
        SELECT 1 FROM {hourly_rollup} o
        WHERE o.customer = run.customer AND o.meter = run.meter AND o.hour = s.hour
          AND ROW({of_stored}) IS NOT DISTINCT FROM ROW({of_said})
    )
    ON CONFLICT (customer, meter, hour) DO UPDATE SET last_at = excluded.last_at, {replaced}
    RETURNING r.hour
)
SELECT hour FROM gone UNION ALL SELECT hour FROM mended
"""
_REWRITE_DAYS = """
INSERT INTO {daily_rollup} (customer_id, day, {figures})
SELECT d.customer_id, d.day, f.*
FROM unnest(CAST(:customers AS uuid[]), CAST(:days AS timestamptz[])) AS d (customer_id, day)
JOIN {schema}.customers c ON c.id = d.customer_id
CROSS JOIN LATERAL (
    SELECT {figures_of_hours} FROM {hours} h
    WHERE h.customer = c.number AND h.hour >= d.day AND h.hour < d.day + interval '24 hours'
    HAVING count(*) > 0
) f
ON CONFLICT (customer_id, day) DO UPDATE SET {replaced}
"""


class PlainFigures:
    """Added to where readings come in order, else computed anew from the readings."""

    waiting = None

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    async def rewrite(self, session: AsyncSession, hours: Sequence[QueuedHour]) -> None:
        """Bring these hours up to date, by meter and hour, and the customers' days they lie in."""
        runs = list(_by_meter(hours))
        added = await _add(session, self._layout, runs)
        late = {run.key for number, run in enumerate(runs, 1) if number not in added}
        await _rewrite(session, self._layout, list(_consecutive(hours, late)))
        await _rewrite_days(session, self._layout, ((each.key, each.hour) for each in hours))

    async def rewrite_span(
        self, session: AsyncSession, key: MeterKey, first: datetime | None, until: datetime | None
    ) -> None:
        """Write the hours that differ from their readings, and the customer's days these lie in."""
        hours = await _mend(session, self._layout, key, first, until)
        await _rewrite_days(session, self._layout, ((key, hour) for hour in hours))

    async def is_filling(self, session: AsyncSession) -> bool:
        """Tell whether hours of an earlier release are still to be filled in."""
        return await are_any(session, self._layout)

    async def fill(self, session: AsyncSession) -> bool:
        """Fill in a week of a meter; after the last, what an earlier release kept is dropped."""
        if await fill_week(session, self._layout):
            return True
        if await let_go(session, self._layout):
            await create_hour_views(session, self._layout)
        return False

    async def finish(self, db: Database) -> None:
        """Leave nothing for later."""


class _Run(NamedTuple):
    """Readings of a meter from an instant to before another."""

    key: MeterKey
    start_at: datetime
    end_at: datetime


def _by_meter(hours: Sequence[QueuedHour]) -> Iterator[_Run]:
    """Yield what is new of each meter: from its first new reading to the end of the last queued hour."""
    for key, group in groupby(hours, key=lambda queued: queued.key):
        entries = list(group)
        yield _Run(key, min(entry.first_at for entry in entries), entries[-1].hour + HOUR)


def _consecutive(hours: Sequence[QueuedHour], of: Collection[MeterKey]) -> Iterator[_Run]:
    """Yield the runs of consecutive hours of some meters."""
    current: _Run | None = None
    for key, hour, _ in hours:
        if key not in of:
            continue
        if current and (current.key, current.end_at) == (key, hour):
            current = current._replace(end_at=hour + HOUR)
            continue
        if current:
            yield current
        current = _Run(key, hour, hour + HOUR)
    if current:
        yield current


async def _add(session: AsyncSession, layout: Layout, runs: Sequence[_Run]) -> set[int]:
    """Add what is new to the hours of each meter whose new readings are all later than those counted.

    Returns the numbers of these runs, from 1. The session must see no reading whose queue entry it does not.
    """
    return set(await values_of(session, int, _worded(layout, _ADD), _given(layout, runs)))


async def _rewrite(session: AsyncSession, layout: Layout, runs: Sequence[_Run]) -> None:
    """Write what the hours of these runs hold, whatever they held before."""
    if runs:
        await session.execute(text(_worded(layout, _REWRITE)), _given(layout, runs))


async def _mend(
    session: AsyncSession, layout: Layout, key: MeterKey, first: datetime | None, until: datetime | None
) -> list[datetime]:
    """Make a meter's hours what its readings say; returns the hours that were not."""
    given = {**layout.given(key), "first": first, "until": until}
    return await values_of(session, datetime, _worded(layout, _MEND), given)


def _given(layout: Layout, runs: Sequence[_Run]) -> dict[str, object]:
    return {
        **layout.arrays(run.key for run in runs),
        "start_at": [run.start_at for run in runs],
        "end_at": [run.end_at for run in runs],
    }


def _worded(layout: Layout, statement: str) -> str:
    return layout.sql(
        statement,
        runs=layout.sql(_RUNS),
        of_readings=layout.sql(_OF_READINGS, meter="run", kept_of_readings=KEPT_OF_READINGS),
        kept=", ".join(KEPT_NAMES),
        merged=", ".join(f"{column.name} = {column.merged}" for column in KEPT),
        replaced=replaced(KEPT_NAMES),
        of_stored=", ".join(f"o.{name}" for name in ("last_at", *KEPT_NAMES)),
        of_said=", ".join(f"s.{name}" for name in ("last_at", *KEPT_NAMES)),
    )


async def _rewrite_days(
    session: AsyncSession, layout: Layout, hours: Iterable[tuple[MeterKey, datetime]]
) -> None:
    """Write the figures of the customers' UTC days that these hours lie in, whatever they held before."""
    if not layout.has_customers:
        return
    days: list[tuple[UUID, datetime]] = sorted({(key[0], hour.replace(hour=0)) for key, hour in hours})
    if days:
        # In the table hours of an earlier release are missing until they are filled in.
        source = "hourly_figures" if await are_any(session, layout) else "hourly_rollup"
        statement = layout.sql(
            _REWRITE_DAYS,
            hours=layout.table(source),
            figures=", ".join(DAILY_FIGURES),
            figures_of_hours=", ".join(DAILY_OF_HOURS),
            replaced=replaced(DAILY_FIGURES),
        )
        given = {"customers": [customer for customer, _ in days], "days": [day for _, day in days]}
        await session.execute(text(statement), given)
