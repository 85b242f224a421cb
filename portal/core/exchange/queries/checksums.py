"""How the two sides of the push compare readings without sending them: counts and checksums.

Client and Admin run the same expressions, so that equal readings have equal checksums whatever server they
are on: MD5 over the row's text, whose floating point numbers are the shortest that read back the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from portal.core.database.rows import rows_of
from portal.core.exchange.sync import DayChecksum, ReadingChecksums
from portal.core.readings.wire import QUANTITIES

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey

_MICROSECONDS = "(extract(epoch FROM m.time) * 1000000)::bigint"
_VALUES = ", ".join(f"m.{name}" for name in (*QUANTITIES, "source"))
_CHECKSUM = f"('x' || left(md5(ROW({_MICROSECONDS}, {_VALUES})::text), 15))::bit(60)::bigint"


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


class _Day(NamedTuple):
    device_id: UUID
    day: datetime
    readings: int
    checksum: str


class _ReadingOfDevice(NamedTuple):
    time: int
    checksum: int


async def day_checksums(
    session: AsyncSession, layout: Layout, customer_id: UUID | None, from_at: datetime, to_at: datetime
) -> list[DayChecksum]:
    """Return count and checksum per device and UTC day of [from_at, to_at), by device and day.

    At the Admin of one customer's readings, at a Client of all: `customer_id` is None there.
    """
    await _write_floats_exactly(session)
    days = await rows_of(
        session,
        _Day,
        layout.sql(_OF_DAYS, checksum=_CHECKSUM),
        {"customer_id": customer_id, "from_at": from_at, "to_at": to_at},
    )
    return [
        DayChecksum(
            device_id=each.device_id, date=each.day.date(), count=each.readings, checksum=each.checksum
        )
        for each in days
    ]


async def reading_checksums(
    session: AsyncSession, layout: Layout, meter: MeterKey, from_at: datetime, to_at: datetime
) -> ReadingChecksums:
    """Return time and checksum of every reading of one device in [from_at, to_at), by time."""
    await _write_floats_exactly(session)
    rows = await rows_of(
        session,
        _ReadingOfDevice,
        layout.sql(_OF_READINGS, microseconds=_MICROSECONDS, checksum=_CHECKSUM),
        {**layout.given(meter), "from_at": from_at, "to_at": to_at},
    )
    return ReadingChecksums(times=[row.time for row in rows], checksums=[row.checksum for row in rows])


async def _write_floats_exactly(session: AsyncSession) -> None:
    await session.execute(text("SET LOCAL extra_float_digits = 1"))
    await session.execute(text("SET LOCAL statement_timeout = '60s'"))
