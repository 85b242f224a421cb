"""Statements that store readings, and that find a device by its token.

Two ways lead into the same table. *Appending* copies rows straight into it, which is as fast as the server can be, and
fails as a whole where one of them is stored already. *Merging* copies them into a staging table and compares
(`narrow_merge`). A handful of rows of one device is added by one statement (`few_readings`).
"""

# Any: rows are structs of a device or of the fleet; what both have is all that is asked of them.

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
from sqlalchemy import and_, bindparam, or_, select
from sqlmodel import col

from portal.core.database.layout import LAYOUTS, Layout
from portal.core.database.prepared import Prepared
from portal.core.database.reading_locks import MERGES, WRITERS
from portal.core.database.rows import fetch_value
from portal.core.database.small_keys import OWN_CUSTOMER
from portal.core.errors import NotFound
from portal.core.readings.queries import reading_sources
from portal.core.readings.queries.copy_binary import EPOCH, MICROSECOND
from portal.core.readings.queries.narrow_merge import merge_rows, take_rows_back
from portal.core.readings.queries.narrow_rows import NarrowBatch, NarrowRows, RowKeys, hours_row
from portal.core.readings.rules.same_instant import RowEffect
from portal.core.settings import RunMode
from portal.core.sites.queries import board_clocks
from portal.core.sites.rules.board_clocks import RIGHT, BoardClock
from portal.core.sites.tables import Device, DeviceClock
from portal.core.words import noted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime

    from portal.core.database.db import Database
    from portal.core.database.small_keys import SmallKeys
    from portal.core.readings.wire import DeviceReading, FleetReading

FEW = 30
"""Up to so many rows one statement with arrays is faster than a COPY."""

COLLISIONS = (asyncpg.UniqueViolationError, asyncpg.ForeignKeyViolationError, asyncpg.DeadlockDetectedError)
"""What makes appending fail where merging can succeed."""

_CLIENT, _ADMIN = LAYOUTS[RunMode.CLIENT], LAYOUTS[RunMode.ADMIN]
# By itself: what is asked after it sees all that those did who had the customer's lock alone.
_SHARE = f"""
SELECT floor(extract(epoch FROM now()) - 946684800)::integer
FROM (SELECT pg_advisory_xact_lock_shared({WRITERS}, $1)) AS shared
"""
_MERGE_ALONE = f"SELECT pg_advisory_xact_lock({MERGES}, $1)"
_FINISH_APPEND = f"""
WITH queued AS (
    INSERT INTO monitoring.rollup_batches (customer, meters, hours, firsts) VALUES ({OWN_CUSTOMER}, $1, $2, $3)
)
INSERT INTO app.push_outbox (device_id, received_at, first_at, last_at, row_count)
SELECT d.id, now(), $5, $6, $7 FROM monitoring.devices d WHERE d.id = $4 RETURNING id
"""
_OF_DEVICE = (col(Device.id), col(Device.external_id), col(Device.meter))
_BY_TOKEN = Prepared(
    select(*_OF_DEVICE, *board_clocks.KNOWN)
    .outerjoin(DeviceClock, col(DeviceClock.device_id) == col(Device.id))
    .where(
        or_(
            col(Device.token_hash) == bindparam("hash"),
            and_(
                col(Device.previous_token_hash) == bindparam("hash"),
                col(Device.previous_token_expires_at) > bindparam("now"),
            ),
        ),
        col(Device.is_active),
    )
)
_BY_ID = Prepared(select(*_OF_DEVICE).where(col(Device.id) == bindparam("id")))


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device that is there: `meter` is its part of the small key; and, by its token, what is known of its clock."""

    id: UUID
    external_id: str
    meter: int
    clock: BoardClock = RIGHT


@dataclass(frozen=True, slots=True)
class StoredRows:
    """How many readings of a batch were what, and the indexes of those that were not stored.

    `refused` says what does not fit; `unknown` are those of devices that the customer does not have.
    """

    counts: Mapping[RowEffect, int]
    refused: Sequence[tuple[int, str]] = ()
    unknown: Sequence[int] = ()

    @property
    def has_changed(self) -> bool:
        """Whether anything is stored that was not."""
        return any(count for effect, count in self.counts.items() if effect is not RowEffect.DUPLICATE)

    @property
    def accepted(self) -> int:
        """How many were the first of their instant."""
        return self.counts.get(RowEffect.ACCEPTED, 0)


async def device_by_token_hash(
    connection: asyncpg.Connection, token_hash: str, now: datetime
) -> KnownDevice | None:
    """Return the active device with this token, or with this one before it while that is honoured."""
    row = await _BY_TOKEN.first(connection, hash=token_hash, now=now)
    if row is None:
        return None
    device_id, external_id, meter, skew, until, since, posts, least, most = row
    clock = board_clocks.clock_of(skew, until, since, posts, least, most)
    return KnownDevice(device_id, external_id, meter, clock)


async def device_by_id(connection: asyncpg.Connection, device_id: UUID) -> KnownDevice:
    """Return a device. Raises `NotFound`."""
    row = await _BY_ID.first(connection, id=device_id)
    if row is None:
        message = noted("There is no such device")
        raise NotFound(message)
    return KnownDevice(*row)


async def append_device_readings(
    connection: asyncpg.Connection, device: KnownDevice, readings: Sequence[DeviceReading]
) -> StoredRows:
    """Store readings of one device, none of which is stored yet; queue their hours and note them in the outbox.

    All of it is in the caller's transaction, whose start is the readings' `received_at`. Raises one of
    `COLLISIONS`, and the transaction is lost; `NotFound` where the device was removed.
    """
    batch, _ = await _of_device(connection, device, readings)
    packed = await _copy(connection, _CLIENT, batch)
    if packed.rows:
        await _finish(connection, device, packed)
    return _as_stored(packed, {RowEffect.ACCEPTED: len(packed.rows)})


async def merge_device_readings(
    connection: asyncpg.Connection, device: KnownDevice, readings: Sequence[DeviceReading]
) -> StoredRows:
    """Store what is new of readings of one device, otherwise as appending."""
    batch, sources = await _of_device(connection, device, readings, is_merged=True)
    await device_by_id(connection, device.id)
    packed, counts = await merge_rows(connection, _CLIENT, OWN_CUSTOMER, batch, sources)
    return _as_stored(packed, counts)


async def take_back_readings(
    connection: asyncpg.Connection, device_id: UUID, readings: Sequence[FleetReading]
) -> tuple[int, list[datetime]]:
    """Merge readings of one device that the Admin gave back, one for an instant; none of them is pushed again.

    Values that were here and are less than the Admin's are told it. Returns how many instants had no reading, and the
    times of those whose readings the Admin's added something to.
    """
    device = await device_by_id(connection, device_id)
    batch, sources = await _of_device(connection, device, readings, is_merged=True)
    return await take_rows_back(connection, _CLIENT, OWN_CUSTOMER, batch, sources)


async def _of_device(
    connection: asyncpg.Connection, device: KnownDevice, readings: Sequence[Any], *, is_merged: bool = False
) -> tuple[NarrowBatch, Mapping[str, int]]:
    received = await fetch_value(connection, int, _SHARE, OWN_CUSTOMER)
    sources = await _sources(connection, _CLIENT, readings)
    if is_merged:
        await connection.execute(_MERGE_ALONE, device.meter)
    return NarrowBatch(readings, RowKeys(OWN_CUSTOMER, device.meter, sources, received or 0)), sources


async def _finish(connection: asyncpg.Connection, device: KnownDevice, packed: NarrowRows) -> None:
    hours = [EPOCH + each.hour * MICROSECOND for each in packed.hours]
    firsts = [EPOCH + each.first * MICROSECOND for each in packed.hours]
    last = EPOCH + packed.instant_of(packed.rows[-1]).stamp * MICROSECOND
    appended = await fetch_value(
        connection,
        int,
        _FINISH_APPEND,
        [device.meter] * len(hours),
        hours,
        firsts,
        device.id,
        firsts[0],
        last,
        len(packed.rows),
    )
    if appended is None:
        message = noted("The device was removed")
        raise NotFound(message)


@dataclass(frozen=True, slots=True)
class FleetKeys:
    """A customer whose readings are stored: its id and its number, and where keys of its devices are found."""

    customer_id: UUID
    customer: int
    known: SmallKeys


async def append_fleet_readings(
    connection: asyncpg.Connection, keys: FleetKeys, readings: Sequence[FleetReading]
) -> StoredRows:
    """Store readings of a customer's known devices, none of which is stored yet, and queue their hours.

    Raises one of `COLLISIONS`, and the caller's transaction is lost.
    """
    batch, _ = await _of_fleet(connection, keys, readings)
    packed = await _copy(connection, _ADMIN, batch)
    if packed.rows:
        queued = hours_row(keys.customer, packed.hours)
        # As parameters of an INSERT a thousand hours take the driver longer than all of this.
        await connection.copy_to_table(
            "rollup_batches",
            schema_name="fleet",
            columns=("customer", "meters", "hours", "firsts"),
            format="binary",
            source=_each([queued]),
        )
    return _as_stored(packed, {RowEffect.ACCEPTED: len(packed.rows)})


async def merge_fleet_readings(
    connection: asyncpg.Connection, keys: FleetKeys, readings: Sequence[FleetReading]
) -> StoredRows:
    """Store what is new of readings of a customer's known devices, and queue their hours."""
    batch, sources = await _of_fleet(connection, keys, readings, is_merged=True)
    packed, counts = await merge_rows(connection, _ADMIN, keys.customer, batch, sources)
    return _as_stored(packed, counts)


async def _of_fleet(
    connection: asyncpg.Connection,
    keys: FleetKeys,
    readings: Sequence[FleetReading],
    *,
    is_merged: bool = False,
) -> tuple[NarrowBatch, Mapping[str, int]]:
    await connection.execute(_SHARE, keys.customer)
    sources = await _sources(connection, _ADMIN, readings)
    if is_merged:
        await connection.execute(_MERGE_ALONE, keys.customer)
    asked = {reading.device_id.int: reading.device_id for reading in readings}
    known = await keys.known.of_devices(connection, _ADMIN, keys.customer_id, asked)
    meters = {number: small.meter for number, small in known.items()}
    return NarrowBatch(readings, RowKeys(keys.customer, meters, sources)), sources


async def number_sources(db: Database, layout: Layout, readings: Sequence[Any]) -> None:
    """Number what the readings name as their source: to be done before their transaction begins."""
    await reading_sources.number_sources(db, layout, _named(readings))


def _named(readings: Sequence[Any]) -> set[str]:
    return {reading.source for reading in readings} - {None}


async def _sources(
    connection: asyncpg.Connection, layout: Layout, readings: Sequence[Any]
) -> Mapping[str, int]:
    """Return the numbers of the readings' sources; readings lose a source that is one too many."""
    names = _named(readings)
    sources = await reading_sources.source_numbers(connection, layout, sorted(names))
    if len(sources) < len(names):
        for reading in readings:
            if reading.source not in sources:
                reading.source = None
    return sources


async def _copy(connection: asyncpg.Connection, layout: Layout, batch: NarrowBatch) -> NarrowRows:
    """Copy readings into the table while they are packed."""
    await connection.copy_to_table(
        "readings",
        schema_name=layout.schema,
        columns=batch.columns,
        format="binary",
        source=batch.pieces(),
    )
    return batch.packed()


async def _each(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def _as_stored(packed: NarrowRows, counts: Mapping[RowEffect, int]) -> StoredRows:
    return StoredRows(counts, packed.refused, packed.unknown)
