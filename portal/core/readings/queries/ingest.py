"""Statements that store readings, and that find a device by its token.

Two ways lead into the same table. *Appending* copies rows straight into it, which is as fast as the server
can be, and fails as a whole where one of them is stored already or of an unknown device. *Merging* copies them
into a staging table and sorts out duplicates and unknown devices by set. A handful of rows is merged in one
statement without a staging table.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy import bindparam, select
from sqlmodel import col

from portal.core.database.prepared import Prepared
from portal.core.database.rows import fetch_row, fetch_rows, fetch_value
from portal.core.readings.queries import copy_format
from portal.core.readings.wire import QUANTITIES
from portal.core.sites.queries import board_clocks
from portal.core.sites.rules.board_clocks import RIGHT, BoardClock
from portal.core.sites.tables import Device, DeviceClock
from portal.core.values.time import HOUR, floor_hour

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from portal.core.readings.wire import DeviceReading, FleetReading

FEW = 30
"""Up to so many rows one statement with arrays is faster than a COPY."""

COLLISIONS = (asyncpg.UniqueViolationError, asyncpg.ForeignKeyViolationError, asyncpg.DeadlockDetectedError)
"""What makes appending fail where merging can succeed."""

_VALUES = ", ".join((*QUANTITIES, "source"))
_STAGED = ("time", "device_id", *QUANTITIES, "source")

# One staging table per connection, emptied by every commit.
_STAGING = f"""
CREATE TEMPORARY TABLE IF NOT EXISTS staged_readings (
    time timestamptz NOT NULL,
    device_id uuid NOT NULL,
    {", ".join(f"{quantity} double precision" for quantity in QUANTITIES)},
    source varchar(50)
) ON COMMIT DELETE ROWS
"""

# All hours of what was stored, as one row of the queue.
_ARRAYS = "array_agg(device_id), array_agg(hour), array_agg(first_at)"
_TOUCHED = """(
        SELECT device_id, date_trunc('hour', time, 'UTC') AS hour, min(time) AS first_at FROM stored
        GROUP BY device_id, hour
    ) AS touched HAVING count(*) > 0"""

# Sorted by key, so that two writers of the same rows take their locks in one order (without it they
# deadlock); within a key by position in the batch, so that the first of two equals wins.
_STORE = f"""
WITH stored AS (
    INSERT INTO monitoring.power_measurements (time, device_id, {_VALUES}, received_at)
    SELECT time, device_id, {_VALUES}, now() FROM {{rows}}
    ON CONFLICT DO NOTHING
    RETURNING time, device_id
), queued AS (
    INSERT INTO monitoring.rollup_batches (device_ids, hours, firsts)
    SELECT {_ARRAYS} FROM {_TOUCHED}
)"""
_COUNT_STORED = "SELECT count(*) FROM stored"
_NOTE = """, noted AS (
    INSERT INTO app.push_outbox (device_id, received_at, first_at, last_at, row_count)
    SELECT device_id, now(), min(time), max(time), count(*) FROM stored GROUP BY device_id
)"""
_MERGE = f"{_STORE}{_NOTE} {_COUNT_STORED}"
_STAGED_ROWS = "pg_temp.staged_readings ORDER BY time, device_id, ctid"
_MERGE_STAGED = _MERGE.format(rows=_STAGED_ROWS)
# What the Admin gave back it has: none of it goes into the outbox.
_TAKE_BACK_STAGED = f"{_STORE} {_COUNT_STORED}".format(rows=_STAGED_ROWS)
_DIFFERING = f"""
SELECT m.time FROM pg_temp.staged_readings s
JOIN monitoring.power_measurements m ON m.time = s.time AND m.device_id = s.device_id
WHERE ({", ".join(f"s.{name}" for name in (*QUANTITIES, "source"))})
  IS DISTINCT FROM ({", ".join(f"m.{name}" for name in (*QUANTITIES, "source"))}) ORDER BY m.time
"""
_FEW_TYPES = ("timestamptz", *("float8" for _ in QUANTITIES), "varchar")
_MERGE_FEW = _MERGE.format(
    rows=f"(SELECT $1::uuid AS device_id, sent.* FROM unnest("
    f"{', '.join(f'${number}::{kind}[]' for number, kind in enumerate(_FEW_TYPES, start=2))}) "
    f"WITH ORDINALITY AS sent (time, {_VALUES}, ordinal)) AS sent ORDER BY time, ordinal"
)

_FINISH_APPEND = """
WITH queued AS (
    INSERT INTO monitoring.rollup_batches (device_ids, hours, firsts) VALUES ($1, $2, $3)
)
INSERT INTO app.push_outbox (device_id, received_at, first_at, last_at, row_count)
VALUES ($4, now(), $5, $6, $7)
"""

_MERGE_FLEET = f"""
WITH known AS MATERIALIZED (
    SELECT sent.device_id FROM (SELECT DISTINCT device_id FROM pg_temp.staged_readings) AS sent
    JOIN fleet.devices d ON d.customer_id = $1 AND d.id = sent.device_id
), stored AS (
    INSERT INTO fleet.power_measurements (time, customer_id, device_id, {_VALUES})
    SELECT time, $1, device_id, {_VALUES} FROM pg_temp.staged_readings AS sent
    WHERE device_id IN (SELECT device_id FROM known) ORDER BY time, device_id, sent.ctid
    ON CONFLICT DO NOTHING
    RETURNING time, device_id
), queued AS (
    INSERT INTO fleet.rollup_batches (customer_id, device_ids, hours, firsts)
    SELECT $1::uuid, {_ARRAYS} FROM {_TOUCHED}
)
SELECT (SELECT count(*) FROM stored) AS stored, (SELECT array_agg(device_id) FROM known) AS known
"""

_DEVICE = Prepared(
    select(col(Device.id), col(Device.external_id), *board_clocks.KNOWN)
    .outerjoin(DeviceClock, col(DeviceClock.device_id) == col(Device.id))
    .where(col(Device.token_hash) == bindparam("hash"), col(Device.is_active))
)
_EXTERNAL_ID = Prepared(select(col(Device.external_id)).where(col(Device.id) == bindparam("id")))

_NEVER = datetime.min.replace(tzinfo=UTC)
_values_of = attrgetter("time", *QUANTITIES, "source")


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device whose token was presented, and what is known of its clock."""

    id: UUID
    external_id: str
    clock: BoardClock = RIGHT


async def device_by_token_hash(connection: asyncpg.Connection, token_hash: str) -> KnownDevice | None:
    """Return the active device with this token, by one index look-up."""
    row = await _DEVICE.first(connection, hash=token_hash)
    if row is None:
        return None
    device_id, external_id, skew, until, since, posts, least, most = row
    return KnownDevice(device_id, external_id, board_clocks.clock_of(skew, until, since, posts, least, most))


async def external_id_of(connection: asyncpg.Connection, device_id: UUID) -> str:
    """Return what a device is called in the field; empty for one that is not there."""
    row = await _EXTERNAL_ID.first(connection, id=device_id)
    return "" if row is None else row[0]


async def append_device_readings(
    connection: asyncpg.Connection, device_id: UUID, readings: Sequence[DeviceReading]
) -> None:
    """Store readings of one device, none of which is stored yet; queue their hours and note them in the outbox.

    All of it is in the caller's transaction, whose start is the readings' `received_at`. Raises one of
    `COLLISIONS`, and the transaction is lost.
    """
    await connection.copy_to_table(
        "power_measurements",
        schema_name="monitoring",
        columns=_STAGED,
        format="binary",
        source=copy_format.device_rows(device_id, readings),
    )
    times = sorted(reading.time for reading in readings)
    hours: dict[datetime, datetime] = {}
    end = times[0]
    for at in times:
        if at >= end:
            hour = floor_hour(at)
            hours[hour], end = at, hour + HOUR
    devices = [device_id] * len(hours)
    first, last = times[0], times[-1]
    await connection.execute(
        _FINISH_APPEND, devices, list(hours), list(hours.values()), device_id, first, last, len(readings)
    )


async def merge_device_readings(
    connection: asyncpg.Connection, device_id: UUID, readings: Sequence[DeviceReading]
) -> int:
    """Store those readings of one device that are not stored yet, otherwise as appending; returns how many."""
    if len(readings) <= FEW:
        columns = zip(*map(_values_of, readings), strict=True)
        return await fetch_value(connection, int, _MERGE_FEW, device_id, *columns) or 0
    await _stage(connection, copy_format.device_rows(device_id, readings))
    return await fetch_value(connection, int, _MERGE_STAGED) or 0


class _Differing(NamedTuple):
    time: datetime


async def take_back_readings(
    connection: asyncpg.Connection, device_id: UUID, readings: Sequence[FleetReading]
) -> tuple[int, list[datetime]]:
    """Store readings of one device that the Admin gave back, where there is none; nothing of it is pushed again.

    Returns how many were stored, and the times of those that are stored here with other values.
    """
    await _stage(connection, copy_format.device_rows(device_id, readings))
    stored = await fetch_value(connection, int, _TAKE_BACK_STAGED) or 0
    return stored, [row.time for row in await fetch_rows(connection, _Differing, _DIFFERING)]


async def append_fleet_readings(
    connection: asyncpg.Connection, customer_id: UUID, readings: Sequence[FleetReading]
) -> None:
    """Store readings of a customer, none of which is stored yet, and queue their hours.

    Raises one of `COLLISIONS`, also for an unknown device, and the caller's transaction is lost.
    """
    queued: list[bytes] = []

    async def rows() -> AsyncIterator[bytes]:
        async for piece in copy_format.fleet_rows(customer_id, readings):
            yield piece
        # While the database is still busy with what it was sent.
        queued.append(copy_format.queue_row(customer_id, _first_of_each_hour(readings)))

    await connection.copy_to_table(
        "power_measurements",
        schema_name="fleet",
        columns=("time", "customer_id", *_STAGED[1:]),
        format="binary",
        source=rows(),
    )
    # As parameters of an INSERT a thousand hours take the driver longer than all of this.
    await connection.copy_to_table(
        "rollup_batches",
        schema_name="fleet",
        columns=("customer_id", "device_ids", "hours", "firsts"),
        format="binary",
        source=_each(queued),
    )


@dataclass(frozen=True, slots=True)
class Merged:
    """How many readings of a merge were new, and which of their devices the customer has."""

    stored: int
    known_devices: frozenset[UUID]


class _MergedRow(NamedTuple):
    stored: int
    known: list[UUID] | None


async def merge_fleet_readings(
    connection: asyncpg.Connection, customer_id: UUID, readings: Sequence[FleetReading]
) -> Merged:
    """Store those readings of a customer's known devices that are not stored yet, and queue their hours."""
    await _stage(connection, copy_format.staged_rows(readings))
    row = await fetch_row(connection, _MergedRow, _MERGE_FLEET, customer_id) or _MergedRow(0, None)
    return Merged(row.stored, frozenset(row.known or ()))


async def _stage(connection: asyncpg.Connection, rows: AsyncIterator[bytes]) -> None:
    await connection.execute(_STAGING)
    await connection.copy_to_table(
        "staged_readings", schema_name="pg_temp", columns=_STAGED, format="binary", source=rows
    )


async def _each(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def _first_of_each_hour(readings: Sequence[FleetReading]) -> dict[tuple[UUID, datetime], datetime]:
    """Return the first reading's time by device and UTC hour."""
    # By the numbers of the ids, hour by hour: hashing an id or a pair of both for every reading took longer than all
    # else that Python does for a batch.
    hours: dict[datetime, dict[int, FleetReading]] = {}
    begin, end = _NEVER, _NEVER
    firsts: dict[int, FleetReading] = {}
    for reading in readings:
        at = reading.time
        if not begin <= at < end:
            begin = floor_hour(at)
            end, firsts = begin + HOUR, hours.setdefault(begin, {})
        device = reading.device_id.int
        first = firsts.get(device)
        if first is None or at < first.time:
            firsts[device] = reading
    return {(first.device_id, hour): first.time for hour, found in hours.items() for first in found.values()}
