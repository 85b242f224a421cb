"""Statements that store readings as devices send them, and that find a device by its token."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from portal.core.db import driver_connection
from portal.core.models.site import Device
from portal.core.wire.readings import QUANTITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.wire.readings import DeviceReading, FleetReading

_VALUES = ", ".join((*QUANTITIES, "source"))
_STAGED = ("time", "device_id", *QUANTITIES, "source")

# One staging table per pooled connection, emptied by every commit: COPY into it costs a third of a
# parameterised insert, and the one INSERT .. SELECT behind it is where duplicates are settled.
_STAGING = f"""
CREATE TEMPORARY TABLE IF NOT EXISTS staged_readings (
    time timestamptz NOT NULL,
    device_id uuid NOT NULL,
    {", ".join(f"{quantity} double precision" for quantity in QUANTITIES)},
    source varchar(50)
) ON COMMIT DELETE ROWS
"""

# Sorted by key, so that two writers of the same rows take their locks in one order (without it they
# deadlock); within a key by place in the batch, so that the first of two equals wins.
_STORE = f"""
WITH stored AS (
    INSERT INTO monitoring.power_measurements (time, device_id, {_VALUES}, received_at)
    SELECT time, device_id, {_VALUES}, now() FROM pg_temp.staged_readings ORDER BY time, device_id, ctid
    ON CONFLICT DO NOTHING
    RETURNING time, device_id
), queued AS (
    INSERT INTO monitoring.rollup_queue (device_id, hour, first_at)
    SELECT device_id, date_trunc('hour', time, 'UTC') AS hour, min(time) FROM stored GROUP BY device_id, hour
), arrived AS (
    INSERT INTO app.push_arrivals (received_at, first_at, last_at, row_count)
    SELECT now(), min(time), max(time), count(*) FROM stored HAVING count(*) > 0
)
SELECT count(*) FROM stored
"""

_STORE_FLEET = f"""
WITH stored AS (
    INSERT INTO fleet.power_measurements (time, customer_id, device_id, {_VALUES})
    SELECT time, $1, device_id, {_VALUES} FROM pg_temp.staged_readings ORDER BY time, device_id, ctid
    ON CONFLICT DO NOTHING
    RETURNING time, device_id
), queued AS (
    INSERT INTO fleet.rollup_queue (customer_id, device_id, hour, first_at)
    SELECT $1::uuid, device_id, date_trunc('hour', time, 'UTC') AS hour, min(time) FROM stored
    GROUP BY device_id, hour
)
SELECT count(*) FROM stored
"""

_quantities_of = attrgetter(*QUANTITIES, "source")


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device whose token was presented."""

    id: UUID
    external_id: str


async def device_by_token_hash(session: AsyncSession, token_hash: str) -> KnownDevice | None:
    """Return the active device with this token, by one index look-up."""
    statement = select(col(Device.id), col(Device.external_id)).where(
        col(Device.token_hash) == token_hash, col(Device.is_active)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else KnownDevice(row.id, row.external_id)


async def insert_device_readings(
    session: AsyncSession, device_id: UUID, readings: Sequence[DeviceReading]
) -> int:
    """Store readings of one device, queue the hours they touch and note their arrival; returns how many were new.

    All of it is in the caller's transaction, whose start is the readings' `received_at`.
    """
    records = ((reading.time, device_id, *_quantities_of(reading)) for reading in readings)
    return await _store(session, records, _STORE)


async def insert_fleet_readings(
    session: AsyncSession, customer_id: UUID, readings: Sequence[FleetReading]
) -> int:
    """Store readings of a customer's known devices and queue the hours they touch; returns how many were new."""
    records = ((reading.time, reading.device_id, *_quantities_of(reading)) for reading in readings)
    return await _store(session, records, _STORE_FLEET, customer_id)


async def _store(
    session: AsyncSession, records: Iterable[tuple[object, ...]], statement: str, *scope: UUID
) -> int:
    connection: asyncpg.Connection = await driver_connection(session)
    await connection.execute(_STAGING)
    await connection.copy_records_to_table(
        "staged_readings", schema_name="pg_temp", columns=_STAGED, records=records
    )
    return int(await connection.fetchval(statement, *scope))
