"""Readings of a Client's device, one by one or averaged over buckets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.readings.rules.readings import QUANTITIES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class MeasurementRow:
    """A reading, or the readings of the bucket that begins at `at`.

    `values` are in the order of QUANTITIES: averages, but of the two energy registers the last value.
    """

    at: datetime
    sample_count: int
    values: tuple[float | None, ...]
    source: str | None = None


_RAW = f"""
SELECT time, source, {", ".join(QUANTITIES)} FROM monitoring.power_measurements
WHERE device_id = :device_id AND time >= :from_at AND time < :to_at ORDER BY time LIMIT :limit
"""
_REGISTERS = ("energy_imported_kwh", "energy_exported_kwh")
_FIGURES = ", ".join(
    f"(array_agg({name} ORDER BY time DESC) FILTER (WHERE {name} IS NOT NULL))[1]"
    if name in _REGISTERS
    else f"avg({name})"
    for name in QUANTITIES
)
_BUCKETS = f"""
SELECT date_bin(CAST(:width AS interval), time, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS at, count(*), {_FIGURES}
FROM monitoring.power_measurements
WHERE device_id = :device_id AND time >= :from_at AND time < :to_at GROUP BY 1 ORDER BY 1
"""


_FIRST = """
SELECT time FROM monitoring.power_measurements
WHERE device_id = :device_id AND time >= :from_at AND time < :to_at ORDER BY time LIMIT 1
"""


async def raw(
    session: AsyncSession, device_id: UUID, from_at: datetime, to_at: datetime, limit: int
) -> tuple[MeasurementRow, ...]:
    """Return the first `limit` readings of `[from_at, to_at)`, by time."""
    bound = {"device_id": device_id, "from_at": from_at, "to_at": to_at, "limit": limit}
    rows = await session.execute(text(_RAW), bound)
    return tuple(MeasurementRow(at, 1, tuple(values), source) for at, source, *values in rows)


async def first_at(
    session: AsyncSession, device_id: UUID, from_at: datetime, to_at: datetime
) -> datetime | None:
    """Return the time of the first reading of `[from_at, to_at)`."""
    bound = {"device_id": device_id, "from_at": from_at, "to_at": to_at}
    return await session.scalar(text(_FIRST), bound)


async def buckets(
    session: AsyncSession, device_id: UUID, from_at: datetime, to_at: datetime, width: timedelta
) -> tuple[MeasurementRow, ...]:
    """Return the buckets of `[from_at, to_at)` that hold readings; buckets begin at whole UTC multiples."""
    bound = {"device_id": device_id, "from_at": from_at, "to_at": to_at, "width": width}
    rows = await session.execute(text(_BUCKETS), bound)
    return tuple(MeasurementRow(at, count, tuple(values)) for at, count, *values in rows)


_AT = f"""
SELECT time, {", ".join(QUANTITIES)} FROM monitoring.power_measurements
WHERE device_id = :device_id AND time BETWEEN :first_at AND :last_at AND time = ANY(:times)
"""


async def readings_at(
    session: AsyncSession, device_id: UUID, times: Sequence[datetime]
) -> dict[datetime, tuple[float | None, ...]]:
    """Return the stored values, in the order of QUANTITIES, of those of some instants that have a reading."""
    bound = {"device_id": device_id, "first_at": min(times), "last_at": max(times), "times": times}
    return {at: tuple(values) for at, *values in await session.execute(text(_AT), bound)}


_AROUND = """
SELECT time, {quantity} AS register FROM monitoring.power_measurements
WHERE device_id = :device_id AND {quantity} IS NOT NULL
AND time >= coalesce((SELECT time FROM monitoring.power_measurements WHERE device_id = :device_id
    AND {quantity} IS NOT NULL AND time <= :first_at ORDER BY time DESC LIMIT 1), :first_at)
AND time <= coalesce((SELECT time FROM monitoring.power_measurements WHERE device_id = :device_id
    AND {quantity} IS NOT NULL AND time >= :last_at ORDER BY time LIMIT 1), :last_at)
ORDER BY time
"""


async def registers_around(
    session: AsyncSession, device_id: UUID, first_at: datetime, last_at: datetime
) -> dict[str, list[tuple[datetime, float]]]:
    """Return both registers' readings of `[first_at, last_at]`, with the last one before and the first one after."""
    bound = {"device_id": device_id, "first_at": first_at, "last_at": last_at}
    return {
        quantity: [
            (row.time, row.register)
            for row in await session.execute(text(_AROUND.format(quantity=quantity)), bound)
        ]
        for quantity in _REGISTERS
    }
