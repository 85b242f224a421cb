"""Readings of a Client's device, one by one or averaged over buckets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.rows import rows_of, value_of
from portal.core.readings.rules.readings import QUANTITIES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta
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
SELECT time AS at, 1 AS sample_count, {", ".join(QUANTITIES)}, source FROM monitoring.power_measurements
WHERE device_id = :device_id AND time >= :from_at AND time < :to_at ORDER BY time LIMIT :limit
"""
_REGISTERS = ("energy_imported_kwh", "energy_exported_kwh")
_FIGURES = ", ".join(
    f"(array_agg({name} ORDER BY time DESC) FILTER (WHERE {name} IS NOT NULL))[1] AS {name}"
    if name in _REGISTERS
    else f"avg({name}) AS {name}"
    for name in QUANTITIES
)
_BUCKETS = f"""
SELECT date_bin(CAST(:width AS interval), time, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS at,
  count(*) AS sample_count, {_FIGURES}, NULL AS source
FROM monitoring.power_measurements
WHERE device_id = :device_id AND time >= :from_at AND time < :to_at GROUP BY 1 ORDER BY 1
"""


_FIRST = """
SELECT time FROM monitoring.power_measurements
WHERE device_id = :device_id AND time >= :from_at AND time < :to_at ORDER BY time LIMIT 1
"""


class _Measured(NamedTuple):
    """What `_RAW` and `_BUCKETS` return."""

    at: datetime
    sample_count: int
    active_power_kw: float | None
    reactive_power_kvar: float | None
    apparent_power_kva: float | None
    power_factor: float | None
    voltage_v: float | None
    frequency_hz: float | None
    energy_imported_kwh: float | None
    energy_exported_kwh: float | None
    source: str | None


class _Register(NamedTuple):
    time: datetime
    register: float


async def raw(
    session: AsyncSession, device_id: UUID, from_at: datetime, to_at: datetime, limit: int
) -> tuple[MeasurementRow, ...]:
    """Return the first `limit` readings of `[from_at, to_at)`, by time."""
    bound = {"device_id": device_id, "from_at": from_at, "to_at": to_at, "limit": limit}
    return tuple(_row(found) for found in await rows_of(session, _Measured, _RAW, bound))


def _row(found: _Measured) -> MeasurementRow:
    at, count, *values, _ = found
    return MeasurementRow(at, count, tuple(values), found.source)


async def first_at(
    session: AsyncSession, device_id: UUID, from_at: datetime, to_at: datetime
) -> datetime | None:
    """Return the time of the first reading of `[from_at, to_at)`."""
    bound = {"device_id": device_id, "from_at": from_at, "to_at": to_at}
    return await value_of(session, datetime, _FIRST, bound)


async def buckets(
    session: AsyncSession, device_id: UUID, from_at: datetime, to_at: datetime, width: timedelta
) -> tuple[MeasurementRow, ...]:
    """Return the buckets of `[from_at, to_at)` that hold readings; buckets begin at whole UTC multiples."""
    bound = {"device_id": device_id, "from_at": from_at, "to_at": to_at, "width": width}
    return tuple(_row(found) for found in await rows_of(session, _Measured, _BUCKETS, bound))


_AT = f"""
SELECT time AS at, 1 AS sample_count, {", ".join(QUANTITIES)}, source FROM monitoring.power_measurements
WHERE device_id = :device_id AND time BETWEEN :first_at AND :last_at AND time = ANY(:times)
"""


async def readings_at(
    session: AsyncSession, device_id: UUID, times: Sequence[datetime]
) -> dict[datetime, tuple[float | None, ...]]:
    """Return the stored values, in the order of QUANTITIES, of those of some instants that have a reading."""
    bound = {"device_id": device_id, "first_at": min(times), "last_at": max(times), "times": times}
    return {found.at: _row(found).values for found in await rows_of(session, _Measured, _AT, bound)}


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
            for row in await rows_of(session, _Register, _AROUND.format(quantity=quantity), bound)
        ]
        for quantity in _REGISTERS
    }
