"""Readings of an earlier release, which lie wide, are moved to where readings lie now.

A unit is some meters of one week: their rows are inserted here and deleted there in one transaction, so that whoever
reads sees each of them once, and a kill at any instant leaves either all of it or nothing. The newest week goes first.

The wide table never gets another row. So a unit that has been moved stays so, and whoever stores readings of a meter's
days, or reads them where only the narrow ones count, moves what lies wide of these first (`units_of`): the mover and a
writer are never at the same rows, and neither waits for the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from portal.core.database.layout import MeterKey
from portal.core.database.rows import is_so, rows_of, value_of
from portal.core.errors import Conflict
from portal.core.log import logger
from portal.core.readings.queries.readings_view import show_narrow_alone, show_wide_too

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.db import Database
    from portal.core.database.layout import Layout

_log = logger("storage")
_WEEK = timedelta(days=7)
# Writers of the customer wait for a unit: some 80 ms.
_ROWS_OF_UNIT = 25_000
# As its partitions are, or its chunks: weeks from a Monday on, or from a Thursday, so that each is empty at once.
_NEWEST_WEEK = """
SELECT date_bin(interval '168 hours', max(time), CASE
    WHEN (SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass(:name)) THEN TIMESTAMPTZ '2001-01-01 UTC'
    ELSE TIMESTAMPTZ 'epoch' END) FROM {power_measurements_wide}
"""
_OF_WEEK = """
SELECT d.customer, d.meter, CAST(:start AS timestamptz) AS start_at, CAST(:end AS timestamptz) AS end_at,
       count(*) AS readings
FROM {power_measurements_wide} w JOIN {devices} d ON {d.customer_id = w.customer_id AND} d.id = w.device_id
WHERE w.time >= :start AND w.time < :end GROUP BY d.customer, d.meter ORDER BY d.customer, d.meter
"""
_OF_SPANS = """
SELECT d.customer, d.meter, a.start_at, a.end_at, n.readings
FROM unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[])
) AS a ({customer_id,} device_id, start_at, end_at)
JOIN {devices} d ON {d.customer_id = a.customer_id AND} d.id = a.device_id
CROSS JOIN LATERAL (
    SELECT count(*) AS readings FROM {power_measurements_wide} w
    WHERE {w.customer_id = a.customer_id AND} w.device_id = a.device_id
      AND w.time >= a.start_at AND w.time < a.end_at
) n
WHERE n.readings > 0 ORDER BY d.customer, a.start_at DESC, a.end_at, d.meter
"""
_OLDER = """
SELECT EXISTS (
    SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND backend_xmin IS NOT NULL AND xact_start < CAST(:since AS timestamptz)
)
"""
# Readers wait behind whoever waits for them, and where each has what the other needs one of them fails after a second:
# it is never to be the reader.
_NOT_FOR_LONG = "SET LOCAL lock_timeout = '250ms'"


class _FoundSpan(NamedTuple):
    customer: int
    meter: int
    start_at: datetime
    end_at: datetime
    readings: int


class MeterSpan(NamedTuple):
    """A part of a week of a meter; the end is excluded."""

    key: MeterKey
    start_at: datetime
    end_at: datetime


@dataclass(frozen=True)
class Unit:
    """Some meters of a customer, all by their numbers, in a week or a part of it; the end is excluded."""

    customer: int
    meters: Sequence[int]
    start: datetime
    end: datetime

    @property
    def given(self) -> dict[str, object]:
        """The unit as parameters."""
        return {
            "customer": self.customer,
            "meters": list(self.meters),
            "start": self.start,
            "end": self.end,
        }


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
    async with db.transaction() as session:
        start = None
        if await is_there(session, layout):
            start = await value_of(session, datetime, layout.sql(_NEWEST_WEEK), _name(layout))
        if start is None:
            return []
        given = {"start": start, "end": start + _WEEK}
        return list(_units(await rows_of(session, _FoundSpan, layout.sql(_OF_WEEK), given)))


async def units_of(db: Database, layout: Layout, spans: Sequence[MeterSpan]) -> list[Unit]:
    """Return what lies wide in parts of meters' weeks; those of a customer that are of one time stand together."""
    given = {
        **layout.arrays(span.key for span in spans),
        "starts": [span.start_at for span in spans],
        "ends": [span.end_at for span in spans],
    }
    try:
        async with db.transaction() as session:
            if not await is_there(session, layout):
                return []
            return list(_units(await rows_of(session, _FoundSpan, layout.sql(_OF_SPANS), given)))
    except ProgrammingError:  # the last of it has been moved just now
        if await latest(db, layout) is None:
            return []
        raise


async def show_alone(db: Database, layout: Layout) -> None:
    """Have every view show the narrow readings alone, once the wide table is empty.

    Raises `Conflict` where it is not, readings of no device, and `Unavailable` while somebody reads the views.
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


async def let_go(db: Database, layout: Layout) -> None:
    """Drop the wide table, which no view shows any more. Raises `Unavailable` while somebody holds it."""
    async with db.transaction() as session:
        await session.execute(text(_NOT_FOR_LONG))
        await session.execute(text(layout.sql("DROP TABLE IF EXISTS {power_measurements_wide}")))


async def is_older_open(db: Database, since: datetime | None) -> bool:
    """Tell whether somebody still reads as of before an instant of the database's clock."""
    async with db.transaction() as session:
        return await is_so(session, _OLDER, {"since": since})


async def now(db: Database) -> datetime | None:
    """Return the present instant by the database's clock."""
    async with db.transaction() as session:
        return await value_of(session, datetime, "SELECT clock_timestamp()")


async def is_emptied(db: Database, layout: Layout, after: datetime) -> bool:
    """Tell whether the table is there still, with no reading at or after an instant."""
    async with db.transaction() as session:
        if not await is_there(session, layout):
            return False
        none = layout.sql("SELECT NOT EXISTS (SELECT 1 FROM {power_measurements_wide} WHERE time >= :after)")
        return await is_so(session, none, {"after": after})


async def is_there(session: AsyncSession, layout: Layout) -> bool:
    """Tell whether there is a table of an earlier release, be it empty."""
    return await is_so(session, "SELECT to_regclass(:name) IS NOT NULL", _name(layout))


def _name(layout: Layout) -> dict[str, str]:
    return {"name": layout.table("power_measurements_wide")}


def _units(found: Sequence[_FoundSpan]) -> Iterator[Unit]:
    """Yield units of whole meters, of one customer and time each."""
    for (customer, start_at, end_at), meters in groupby(found, _customer_and_time):
        some: list[int] = []
        readings = 0
        for each in meters:
            if some and readings + each.readings > _ROWS_OF_UNIT:
                yield Unit(customer, some, start_at, end_at)
                some, readings = [], 0
            some.append(each.meter)
            readings += each.readings
        yield Unit(customer, some, start_at, end_at)


def _customer_and_time(span: _FoundSpan) -> tuple[int, datetime, datetime]:
    return span.customer, span.start_at, span.end_at
