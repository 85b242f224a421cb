"""How the two sides of the push compare readings without sending them: counts and checksums.

Client and Admin run the same expressions, so that equal readings have equal checksums whatever server they
are on: MD5 over the row's text, whose floating point numbers are the shortest that read back the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

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
SELECT m.device_id, date_trunc('day', m.time, 'UTC') AS day, count(*), sum({checksum})::text
FROM {power_measurements} m
WHERE {m.customer_id = :customer_id AND} m.time >= :from_at AND m.time < :to_at
GROUP BY 1, 2 ORDER BY 1, 2
"""
_OF_READINGS = """
SELECT {microseconds}, {checksum} FROM {power_measurements} m
WHERE {m.customer_id = :customer_id AND} m.device_id = :device_id AND m.time >= :from_at AND m.time < :to_at
ORDER BY m.time
"""


async def day_checksums(
    session: AsyncSession, layout: Layout, customer_id: UUID | None, from_at: datetime, to_at: datetime
) -> list[DayChecksum]:
    """Return count and checksum per device and UTC day of [from_at, to_at), by device and day.

    At the Admin of one customer's readings, at a Client of all: `customer_id` is None there.
    """
    await _write_floats_exactly(session)
    found = await session.execute(
        text(layout.sql(_OF_DAYS, checksum=_CHECKSUM)),
        {"customer_id": customer_id, "from_at": from_at, "to_at": to_at},
    )
    return [DayChecksum(device_id=row[0], date=row[1].date(), count=row[2], checksum=row[3]) for row in found]


async def reading_checksums(
    session: AsyncSession, layout: Layout, meter: MeterKey, from_at: datetime, to_at: datetime
) -> ReadingChecksums:
    """Return time and checksum of every reading of one device in [from_at, to_at), by time."""
    await _write_floats_exactly(session)
    found = await session.execute(
        text(layout.sql(_OF_READINGS, microseconds=_MICROSECONDS, checksum=_CHECKSUM)),
        {**layout.given(meter), "from_at": from_at, "to_at": to_at},
    )
    rows = found.all()
    return ReadingChecksums(times=[row[0] for row in rows], checksums=[row[1] for row in rows])


async def _write_floats_exactly(session: AsyncSession) -> None:
    await session.execute(text("SET LOCAL extra_float_digits = 1"))
    await session.execute(text("SET LOCAL statement_timeout = '60s'"))
