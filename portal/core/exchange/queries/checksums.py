"""How the two sides of the push compare readings without sending them: counts and checksums.

Client and Admin run the same expressions, so that equal readings have equal checksums whatever server they
are on: MD5 over the row's text, whose floating point numbers are the shortest that read back the same. It covers
the quantities that both sides know, in the order of ALL_QUANTITIES; earlier releases know the first eight.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from portal.core.database.rows import is_so, rows_of
from portal.core.exchange.sync import DayChecksum, ReadingChecksums, ReconcileAnswer
from portal.core.readings.rules.quantities import ALL_QUANTITIES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey
    from portal.core.readings.rules.quantities import Quantity

QUANTITIES_OF_EARLIER_RELEASES = ALL_QUANTITIES[:8]
_MICROSECONDS = "(extract(epoch FROM m.time) * 1000000)::bigint"
_OF_DAYS = """
SELECT m.device_id, date_trunc('day', m.time, 'UTC') AS day, count(*) AS readings, sum({checksum})::text AS checksum
FROM {power_measurements} m
WHERE {m.customer_id = :customer_id AND} m.time >= :from_at AND m.time < :to_at
GROUP BY 1, 2 ORDER BY 1, 2
"""
_OF_READINGS = """
SELECT {microseconds} AS time, {checksum} AS checksum FROM {power_measurements} m
WHERE {m.customer_id = :customer_id AND} m.device_id = :device_id AND m.time >= :from_at AND m.time < :to_at
ORDER BY m.time
"""


_CONFLICTS_OF_DAYS = """
SELECT d.id AS device_id, date_trunc('day', c.time, 'UTC') AS day, count(*) AS conflicts
FROM {reading_conflicts} c JOIN {devices} d ON d.customer = c.customer AND d.meter = c.meter
WHERE {d.customer_id = :customer_id AND} c.time >= :from_at AND c.time < :to_at
GROUP BY 1, 2
"""


class _Day(NamedTuple):
    device_id: UUID
    day: datetime
    readings: int
    checksum: str


class _ConflictsOfDay(NamedTuple):
    device_id: UUID
    day: datetime
    conflicts: int


class _ReadingOfDevice(NamedTuple):
    time: int
    checksum: int


def known_quantities(names: Collection[str]) -> Sequence[Quantity]:
    """Return the quantities of these JSON names that are known here; of no names those of earlier releases."""
    if not names:
        return QUANTITIES_OF_EARLIER_RELEASES
    return tuple(quantity for quantity in ALL_QUANTITIES if quantity.wire_name in names)


async def day_checksums(
    session: AsyncSession,
    layout: Layout,
    customer_id: UUID | None,
    window: tuple[datetime, datetime],
    quantities: Sequence[Quantity],
) -> ReconcileAnswer:
    """Return count and checksum per device and UTC day of a window, by device and day; its end is not in it.

    At the Admin of one customer's readings, at a Client of all: `customer_id` is None there.
    """
    await _write_floats_exactly(session)
    given = {"customer_id": customer_id, "from_at": window[0], "to_at": window[1]}
    days = await rows_of(session, _Day, layout.sql(_OF_DAYS, checksum=_checksum(quantities)), given)
    conflicts: Counter[tuple[UUID, date]] = Counter()
    for each in await rows_of(session, _ConflictsOfDay, layout.sql(_CONFLICTS_OF_DAYS), given):
        conflicts[each.device_id, each.day.date()] = each.conflicts
    return ReconcileAnswer(
        days=[
            DayChecksum(
                device_id=each.device_id,
                date=each.day.date(),
                count=each.readings,
                checksum=each.checksum,
                conflicts=conflicts[each.device_id, each.day.date()],
            )
            for each in days
        ],
        quantities=[quantity.wire_name for quantity in quantities],
        is_rounded=await is_so(
            session, layout.sql("SELECT to_regclass('{power_measurements_wide}') IS NULL")
        ),
    )


async def reading_checksums(
    session: AsyncSession,
    layout: Layout,
    meter: MeterKey,
    window: tuple[datetime, datetime],
    quantities: Sequence[Quantity],
) -> ReadingChecksums:
    """Return time and checksum of every reading of one device in a window, by time; its end is not in it."""
    await _write_floats_exactly(session)
    rows = await rows_of(
        session,
        _ReadingOfDevice,
        layout.sql(_OF_READINGS, microseconds=_MICROSECONDS, checksum=_checksum(quantities)),
        {**layout.given(meter), "from_at": window[0], "to_at": window[1]},
    )
    return ReadingChecksums(times=[row.time for row in rows], checksums=[row.checksum for row in rows])


def _checksum(quantities: Sequence[Quantity]) -> str:
    values = ", ".join(f"m.{name}" for name in (*(quantity.name for quantity in quantities), "source"))
    return f"('x' || left(md5(ROW({_MICROSECONDS}, {values})::text), 15))::bit(60)::bigint"


async def _write_floats_exactly(session: AsyncSession) -> None:
    await session.execute(text("SET LOCAL extra_float_digits = 1"))
    await session.execute(text("SET LOCAL statement_timeout = '60s'"))
