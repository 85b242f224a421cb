"""Readings of an earlier release, which lie wide, are moved to where readings lie now.

A unit is some meters of one week: their rows are inserted here and deleted there in one transaction, so that whoever
reads sees each of them once, and a kill at any instant leaves either all of it or nothing. The newest week goes first.

The wide table never gets another row. So a unit that has been moved stays so, and whoever stores readings of a meter's
week, or reads it where only the narrow ones count, moves what lies wide of it first (`units_of`): the mover and a
writer are never at the same rows, and neither waits for the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from portal.core.database.rows import is_so, rows_of, value_of
from portal.core.errors import Conflict
from portal.core.log import logger
from portal.core.readings.queries.readings_view import show_narrow_alone, show_wide_too
from portal.core.values.time import week_start

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.db import Database
    from portal.core.database.layout import Layout, MeterKey

_log = logger("storage")
_WEEK = timedelta(days=7)
# Writers of the customer wait for a unit: some 80 ms.
_ROWS_OF_UNIT = 25_000
_METERS = """
SELECT d.customer, d.meter, count(*) AS readings
FROM {power_measurements_wide} w JOIN {devices} d ON {d.customer_id = w.customer_id AND} d.id = w.device_id
WHERE w.time >= :start AND w.time < :end GROUP BY d.customer, d.meter ORDER BY d.customer, d.meter
"""
_LEFT = """
SELECT d.customer, d.meter, a.start
FROM unnest({CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]), CAST(:starts AS timestamptz[]))
    AS a ({customer_id,} device_id, start)
JOIN {devices} d ON {d.customer_id = a.customer_id AND} d.id = a.device_id
WHERE EXISTS (
    SELECT 1 FROM {power_measurements_wide} w WHERE {w.customer_id = a.customer_id AND} w.device_id = a.device_id
    AND w.time >= a.start AND w.time < a.start + interval '168 hours'
)
ORDER BY d.customer, d.meter, a.start DESC
"""
_OLDER = """
SELECT EXISTS (
    SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND backend_xmin IS NOT NULL AND xact_start < CAST(:since AS timestamptz)
)
"""
# Readers would wait behind whoever waits for them.
_NOT_FOR_LONG = "SET LOCAL lock_timeout = '2s'"


class _Meter(NamedTuple):
    customer: int
    meter: int
    readings: int


class _MeterWeek(NamedTuple):
    customer: int
    meter: int
    start: datetime


@dataclass(frozen=True)
class Unit:
    """Some meters of a customer, all by their numbers, in one week."""

    customer: int
    meters: Sequence[int]
    start: datetime

    @property
    def given(self) -> dict[str, object]:
        """The unit as parameters."""
        return {
            "customer": self.customer,
            "meters": list(self.meters),
            "start": self.start,
            "end": self.end,
        }

    @property
    def end(self) -> datetime:
        """When its week ends."""
        return self.start + _WEEK


async def begin(db: Database, layout: Layout) -> bool:
    """Have the product's own views tell of readings that lie wide; tells whether there is a table of them."""
    async with db.transaction() as session:
        if not await is_there(session, layout):
            return False
        await show_wide_too(session, layout)
    return True


async def is_left(db: Database, layout: Layout) -> bool:
    """Tell whether there is a table of an earlier release, be it empty."""
    async with db.transaction() as session:
        return await is_there(session, layout)


async def latest(db: Database, layout: Layout) -> datetime | None:
    """Return the time of the latest reading that lies wide; None where there is none."""
    async with db.transaction() as session:
        if not await is_there(session, layout):
            return None
        return await value_of(
            session, datetime, layout.sql("SELECT max(time) FROM {power_measurements_wide}")
        )


async def units_of_newest_week(db: Database, layout: Layout) -> list[Unit]:
    """Return what is to be moved next: nothing, once all is."""
    newest = await latest(db, layout)
    if newest is None:
        return []
    start = week_start(newest)
    given = {"start": start, "end": start + _WEEK}
    async with db.transaction() as session:
        return list(_units(start, await rows_of(session, _Meter, layout.sql(_METERS), given)))


async def units_of(db: Database, layout: Layout, asked: Collection[tuple[MeterKey, datetime]]) -> list[Unit]:
    """Return what lies wide of meters' weeks (key columns, the week's begin), a unit for each."""
    keys = layout.arrays(key for key, _ in asked)
    try:
        async with db.transaction() as session:
            if not await is_there(session, layout):
                return []
            given = {**keys, "starts": [start for _, start in asked]}
            return [
                Unit(row.customer, (row.meter,), row.start)
                for row in await rows_of(session, _MeterWeek, layout.sql(_LEFT), given)
            ]
    except ProgrammingError:  # the last of it has been moved just now
        if await latest(db, layout) is None:
            return []
        raise


async def let_go(db: Database, layout: Layout) -> None:
    """Let the wide table go, which is empty, and have every view show the narrow readings alone.

    Raises `Conflict` where it is not empty: readings of no device.
    """
    async with db.transaction() as session:
        if not await is_there(session, layout):
            return
        await session.execute(text(_NOT_FOR_LONG))
        if await is_so(session, layout.sql("SELECT EXISTS (SELECT 1 FROM {power_measurements_wide})")):
            raise Conflict(
                "Readings of an earlier release are of no device that is there: they were not moved."
            )
        await show_narrow_alone(session, layout)
        await session.execute(text(layout.sql("DROP TABLE {power_measurements_wide}")))


async def is_older_open(db: Database, since: datetime | None) -> bool:
    """Tell whether somebody still reads as of before an instant of the database's clock."""
    async with db.transaction() as session:
        return await is_so(session, _OLDER, {"since": since})


async def now(db: Database) -> datetime | None:
    """Return the present instant by the database's clock."""
    async with db.transaction() as session:
        return await value_of(session, datetime, "SELECT clock_timestamp()")


async def is_any_left(db: Database, layout: Layout, after: datetime) -> bool:
    """Tell whether a reading at or after an instant lies wide."""
    async with db.transaction() as session:
        left = layout.sql("SELECT EXISTS (SELECT 1 FROM {power_measurements_wide} WHERE time >= :after)")
        return await is_so(session, left, {"after": after})


async def is_there(session: AsyncSession, layout: Layout) -> bool:
    """Tell whether there is a table of an earlier release, be it empty."""
    return await is_so(session, "SELECT to_regclass(:name) IS NOT NULL", _name(layout))


def _name(layout: Layout) -> dict[str, str]:
    return {"name": layout.table("power_measurements_wide")}


def _units(start: datetime, meters: Sequence[_Meter]) -> Iterator[Unit]:
    """Yield units of whole meters, of one customer each."""
    some: list[_Meter] = []
    for each in meters:
        is_full = sum(one.readings for one in some) + each.readings > _ROWS_OF_UNIT
        if some and (is_full or each.customer != some[0].customer):
            yield Unit(some[0].customer, [one.meter for one in some], start)
            some = []
        some.append(each)
    if some:
        yield Unit(some[0].customer, [one.meter for one in some], start)
