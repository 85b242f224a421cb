"""Readings as they come into a Client: from a device over HTTP, or from a file."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portal.core.audit import queries as audit
from portal.core.errors import NotFound, Unauthenticated
from portal.core.readings.decoding import DecodedRows
from portal.core.readings.queries import ingest, measurements
from portal.core.readings.queries.few_readings import add_few
from portal.core.readings.queries.wide_way import make_way
from portal.core.readings.rules.collisions import Collisions
from portal.core.readings.rules.quantities import ALL_QUANTITIES
from portal.core.readings.rules.register_joins import Stood
from portal.core.readings.rules.same_instant import RowEffect
from portal.core.readings.rules.scaling import DoesNotFit, to_stored
from portal.core.readings.wire import NO_QUANTITY, DeviceIngestAnswer, without_quantity
from portal.core.values.texts import shown_text, text_problem
from portal.core.values.time import reading_time_problem, spanning
from portal.core.values.tokens import token_hash
from portal.core.words import noted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from portal.core.readings.rules.quantities import Quantity
    from portal.core.readings.wire import DeviceReading
    from portal.core.stack import Stack

    WriteDown = Callable[[asyncpg.Connection], Awaitable[None]]

_UNKNOWN = noted("The device token is not known.")
_MERGE_TRIES = 3
_collisions = Collisions()


async def authenticate_device(stack: Stack, token: str) -> ingest.KnownDevice:
    """Return the active device that has a token, or had it while that is honoured. Raises `Unauthenticated` for others.

    Every text costs the same: one hash and one index look-up.
    """
    async with stack.db.direct.connection() as connection:
        device = await ingest.device_by_token_hash(connection, token_hash(token), stack.clock())
    if device is None:
        raise Unauthenticated(_UNKNOWN)
    return device


async def store_device_batch(
    stack: Stack, device: ingest.KnownDevice, batch: DecodedRows[DeviceReading]
) -> DeviceIngestAnswer:
    """Store the good rows of a batch; a replayed row is a duplicate and changes nothing.

    A row without `deviceId` is the device's own; a row of another device, with an impossible time, without any
    quantity or with one that does not fit is rejected by itself. Of several rows for one instant the reading has the
    greatest values, whichever came first. Raises `Unauthenticated` where the device was removed meanwhile.
    """
    try:
        return await _take(stack, device, batch, None)
    except NotFound:
        raise Unauthenticated(_UNKNOWN) from None


async def _take(
    stack: Stack, device: ingest.KnownDevice, batch: DecodedRows[DeviceReading], write_down: WriteDown | None
) -> DeviceIngestAnswer:
    good = _sound(batch, device.id, stack.clock())
    _clean_sources(good.rows)
    stored = (
        await _store(_Batch(stack, device, good.rows, write_down)) if good.rows else ingest.StoredRows({})
    )
    kept = good.without(dict(stored.refused))
    return DeviceIngestAnswer(
        accepted=stored.accepted,
        rejected=len(kept.problems),
        duplicates=stored.counts.get(RowEffect.DUPLICATE, 0),
        completed=stored.counts.get(RowEffect.COMPLETED, 0),
        conflicts=stored.counts.get(RowEffect.CONFLICT, 0),
        errors=list(kept.problems),
    )


async def import_readings(
    stack: Stack, device_id: UUID, readings: Sequence[DeviceReading], file: str = ""
) -> DeviceIngestAnswer:
    """Store readings from a file (its name) as if the device had just sent them; `row` counts within `readings`.

    The trail has one row for a file and a device within the hour, however many calls it takes. Raises `NotFound`.
    """
    async with stack.db.direct.connection() as connection:
        device = await ingest.device_by_id(connection, device_id)

    async def write_down(connection: asyncpg.Connection) -> None:
        await audit.record_once_over(connection, "data.imported", device.external_id, file)

    batch = DecodedRows(readings, range(len(readings)), ())
    return await _take(stack, device, batch, write_down)


async def try_readings(
    stack: Stack, device_id: UUID, readings: Sequence[DeviceReading]
) -> DeviceIngestAnswer:
    """Say what `import_readings` would do with readings of a device that is there, and store nothing."""
    good = _sound(DecodedRows(readings, range(len(readings)), ()), device_id, stack.clock())
    kept = good.keep(_does_not_fit)
    async with stack.db.snapshot() as session:
        key = await measurements.key_of(session, device_id)
        stored = (
            await measurements.stored_at(session, key, [reading.time for reading in kept.rows])
            if key is not None and kept.rows
            else {}
        )
    effects = Counter(_effect(reading, stored.get(reading.time)) for reading in kept.rows)
    return DeviceIngestAnswer(
        accepted=effects[RowEffect.ACCEPTED],
        rejected=len(kept.problems),
        duplicates=effects[RowEffect.DUPLICATE],
        completed=effects[RowEffect.COMPLETED],
        conflicts=effects[RowEffect.CONFLICT],
        errors=list(kept.problems),
    )


def _does_not_fit(reading: DeviceReading) -> str | None:
    for quantity in ALL_QUANTITIES:
        value = getattr(reading, quantity.name)
        if value is not None:
            try:
                to_stored(quantity, value)
            except DoesNotFit as error:
                return str(error)
    return None


def _effect(reading: DeviceReading, kept: Sequence[int | None] | None) -> RowEffect:
    if kept is None:
        return RowEffect.ACCEPTED
    if _differs(reading, kept):
        return RowEffect.CONFLICT
    lacks = any(
        steps is None and getattr(reading, quantity.name) is not None
        for quantity, steps in zip(ALL_QUANTITIES, kept, strict=True)
    )
    return RowEffect.COMPLETED if lacks else RowEffect.DUPLICATE


async def indexes_of_others(stack: Stack, device_id: UUID, readings: Sequence[DeviceReading]) -> list[int]:
    """Return which of some readings (from 0) differ from what is stored for their time, in a value that both have."""
    async with stack.db.snapshot() as session:
        key = await measurements.key_of(session, device_id)
        if key is None:
            return []
        stored = await measurements.stored_at(session, key, [reading.time for reading in readings])
    return [
        index
        for index, reading in enumerate(readings)
        if (kept := stored.get(reading.time)) is not None and _differs(reading, kept)
    ]


def _differs(reading: DeviceReading, kept: Sequence[int | None]) -> bool:
    for quantity, steps in zip(ALL_QUANTITIES, kept, strict=True):
        sent = None if steps is None else getattr(reading, quantity.name)
        if sent is not None and not _is_stored_as(quantity, sent, steps):
            return True
    return False


def _is_stored_as(quantity: Quantity, sent: float, steps: int | None) -> bool:
    with suppress(DoesNotFit):
        return to_stored(quantity, sent) == steps
    return False


async def registers_around(
    stack: Stack, device_id: UUID, registers: Iterable[str], window: tuple[datetime, datetime]
) -> dict[str, list[Stood]]:
    """Return what some of a device's registers showed within `[first, last]`, just before and just after."""
    async with stack.db.snapshot() as session:
        key = await measurements.key_of(session, device_id)
        if key is None:
            return {register: [] for register in registers}
        # A register's step is the thousandth of a watt-hour.
        return {
            register: [
                Stood(at, steps)
                for at, steps in await measurements.register_around(session, key, register, window)
            ]
            for register in registers
        }


def _sound(batch: DecodedRows[DeviceReading], device_id: UUID, now: datetime) -> DecodedRows[DeviceReading]:
    times = [reading.time for reading in batch.rows]
    # Where the first and the last time can be true, every other can.
    if (
        times
        and not any(reading.device_id for reading in batch.rows)
        and not (reading_time_problem(min(times), now) or reading_time_problem(max(times), now))
        and not without_quantity(batch.rows)
    ):
        return batch

    def problem_of(reading: DeviceReading) -> str | None:
        if reading.device_id is not None and reading.device_id != device_id:
            return "deviceId: a device writes its own readings only"
        return reading_time_problem(reading.time, now) or (
            NO_QUANTITY if without_quantity((reading,)) else None
        )

    return batch.keep(problem_of)


def _clean_sources(readings: Sequence[DeviceReading]) -> None:
    """Take control characters out of what a board calls itself: no reading is refused for that."""
    unclean = {source for reading in readings if (source := reading.source) and text_problem(source)}
    if unclean:
        for reading in readings:
            if reading.source in unclean:
                reading.source = shown_text(reading.source)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Readings of one device to be stored, and what is written down in the transaction that stores any."""

    stack: Stack
    device: ingest.KnownDevice
    readings: Sequence[DeviceReading]
    write_down: WriteDown | None

    @property
    def is_few(self) -> bool:
        return len(self.readings) <= ingest.FEW


async def _store(batch: _Batch) -> ingest.StoredRows:
    stack, times = batch.stack, [reading.time for reading in batch.readings]
    await stack.storage.ensure_partitions(stack.db, spanning(times))
    await make_way(stack, times, lambda: (((batch.device.id,), at) for at in times))
    await ingest.number_sources(stack.db, stack.layout, batch.readings)
    if not batch.is_few and _collisions.expects(batch.device.id):
        return await _merge(batch, _MERGE_TRIES)
    try:
        return await _store_at_once(batch)
    except ingest.COLLISIONS:
        _collisions.note(batch.device.id)
    return await _merge(batch, _MERGE_TRIES)


async def _store_at_once(batch: _Batch) -> ingest.StoredRows:
    if batch.is_few:
        return await (_add_few(batch) if batch.write_down is None else _merge(batch, _MERGE_TRIES))
    async with batch.stack.db.direct_transaction() as connection:
        stored = await ingest.append_device_readings(connection, batch.device, batch.readings)
        if batch.write_down is not None:
            await batch.write_down(connection)
        return stored


async def _add_few(batch: _Batch) -> ingest.StoredRows:
    async with (
        batch.stack.db.direct.connection() as connection
    ):  # one statement, and so a transaction by itself
        few = await add_few(connection, batch.device.id, batch.readings)
    counts = {RowEffect.ACCEPTED: len(few.stored)}
    if few.left:
        left = replace(batch, readings=[batch.readings[index] for index in few.left])
        merged = await _merge(left, _MERGE_TRIES)
        counts = {**merged.counts, RowEffect.ACCEPTED: len(few.stored) + merged.accepted}
    return ingest.StoredRows(counts, few.refused)


async def _merge(batch: _Batch, tries: int) -> ingest.StoredRows:
    try:
        async with batch.stack.db.direct_transaction() as connection:
            stored = await ingest.merge_device_readings(connection, batch.device, batch.readings)
            if batch.write_down is not None and stored.has_changed:
                await batch.write_down(connection)
            return stored
    except ingest.COLLISIONS:  # a deadlock with somebody who appends is over by now
        if tries <= 1:
            raise
    return await _merge(batch, tries - 1)
