"""How the two sides of the push compare readings without sending them: counts and checksums.

Client and Admin run the same expressions, so that equal readings have equal checksums whatever server they
are on: MD5 over the row's text, whose floating point numbers are the shortest that read back the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from portal.core.exchange.sync import DayChecksum, ReadingChecksums
from portal.core.readings.wire import QUANTITIES

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

_MICROSECONDS = "(extract(epoch FROM m.time) * 1000000)::bigint"
_VALUES = ", ".join(f"m.{name}" for name in (*QUANTITIES, "source"))
_CHECKSUM = f"('x' || left(md5(ROW({_MICROSECONDS}, {_VALUES})::text), 15))::bit(60)::bigint"


@dataclass(frozen=True, slots=True)
class ReadingsDigest:
    """Whose readings are compared: the Client's own, or at the Admin those of one customer."""

    table: str
    customer_id: UUID | None = None

    @classmethod
    def own(cls) -> ReadingsDigest:
        """Return the Client's readings."""
        return cls("monitoring.power_measurements")

    @classmethod
    def of_customer(cls, customer_id: UUID) -> ReadingsDigest:
        """Return a customer's readings at the Admin."""
        return cls("fleet.power_measurements", customer_id)

    @property
    def scope(self) -> str:
        """The condition that keeps to them."""
        return "" if self.customer_id is None else "m.customer_id = :customer_id AND "

    @property
    def parameters(self) -> dict[str, Any]:
        """The values of the condition."""
        return {} if self.customer_id is None else {"customer_id": self.customer_id}


async def day_checksums(
    session: AsyncSession, readings: ReadingsDigest, from_at: datetime, to_at: datetime
) -> list[DayChecksum]:
    """Return count and checksum per device and UTC day of [from_at, to_at), by device and day."""
    await _write_floats_exactly(session)
    found = await session.execute(
        text(
            "SELECT m.device_id, date_trunc('day', m.time, 'UTC') AS day, count(*), "
            f"sum({_CHECKSUM})::text FROM {readings.table} m "
            f"WHERE {readings.scope} m.time >= :from_at AND m.time < :to_at GROUP BY 1, 2 ORDER BY 1, 2"
        ),
        {**readings.parameters, "from_at": from_at, "to_at": to_at},
    )
    return [DayChecksum(device_id=row[0], date=row[1].date(), count=row[2], checksum=row[3]) for row in found]


async def reading_checksums(
    session: AsyncSession, readings: ReadingsDigest, device_id: UUID, from_at: datetime, to_at: datetime
) -> ReadingChecksums:
    """Return time and checksum of every reading of one device in [from_at, to_at), by time."""
    await _write_floats_exactly(session)
    found = await session.execute(
        text(
            f"SELECT {_MICROSECONDS}, {_CHECKSUM} FROM {readings.table} m WHERE {readings.scope} "
            "m.device_id = :device_id AND m.time >= :from_at AND m.time < :to_at ORDER BY m.time"
        ),
        {**readings.parameters, "device_id": device_id, "from_at": from_at, "to_at": to_at},
    )
    rows = found.all()
    return ReadingChecksums(times=[row[0] for row in rows], checksums=[row[1] for row in rows])


async def _write_floats_exactly(session: AsyncSession) -> None:
    await session.execute(text("SET LOCAL extra_float_digits = 1"))
    await session.execute(text("SET LOCAL statement_timeout = '60s'"))
