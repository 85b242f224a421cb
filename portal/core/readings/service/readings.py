"""Readings as they come into a Client: from a device over HTTP, or from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.audit import queries as audit
from portal.core.energy.rules.registers import register_milliwh
from portal.core.errors import Unauthenticated
from portal.core.readings.decoding import DecodedRows
from portal.core.readings.queries import ingest, measurements
from portal.core.readings.rules.collisions import Collisions
from portal.core.readings.rules.readings import QUANTITIES
from portal.core.readings.rules.register_joins import Stood
from portal.core.readings.wire import NO_QUANTITY, DeviceIngestAnswer, without_quantity
from portal.core.values.texts import shown_text, text_problem
from portal.core.values.time import reading_time_problem, spanning
from portal.core.values.tokens import token_hash

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from portal.core.readings.wire import DeviceReading
    from portal.core.stack import Stack

    WriteDown = Callable[[asyncpg.Connection], Awaitable[None]]

_MERGE_TRIES = 3
_collisions = Collisions()


async def authenticate_device(stack: Stack, token: str) -> ingest.KnownDevice:
    """Return the active device that a token belongs to. Raises `Unauthenticated` for any other text.

    Every text costs the same: one hash and one index look-up.
    """
    async with stack.db.direct.connection() as connection:
        device = await ingest.device_by_token_hash(connection, token_hash(token))
    if device is None:
        message = "The device token is not known."
        raise Unauthenticated(message)
    return device


async def store_device_batch(
    stack: Stack, device_id: UUID, batch: DecodedRows[DeviceReading]
) -> DeviceIngestAnswer:
    """Store the good rows of a batch in one transaction; a replayed row is a duplicate and changes nothing.

    A row without `deviceId` is the device's own; a row of another device, with an impossible time or without any
    quantity is rejected by itself. Rows keep the order in which they were first sent: the stored one always wins.
    """
    return await _take(stack, device_id, batch, None)


async def _take(
    stack: Stack, device_id: UUID, batch: DecodedRows[DeviceReading], write_down: WriteDown | None
) -> DeviceIngestAnswer:
    good = _sound(batch, device_id, stack.clock())
    _clean_sources(good.rows)
    stored = await _store(stack, device_id, good.rows, write_down) if good.rows else 0
    return DeviceIngestAnswer(
        accepted=stored,
        rejected=len(good.problems),
        duplicates=len(good.rows) - stored,
        errors=list(good.problems),
    )


async def import_readings(
    stack: Stack, device_id: UUID, readings: Sequence[DeviceReading], file: str = ""
) -> DeviceIngestAnswer:
    """Store readings from a file (its name) as if the device had just sent them; `row` counts within `readings`.

    The trail has one row for a file and a device within the hour, however many calls it takes.
    """

    async def write_down(connection: asyncpg.Connection) -> None:
        device = await ingest.external_id_of(connection, device_id)
        await audit.record_once_over(connection, "data.imported", device, file)

    batch = DecodedRows(readings, range(len(readings)), ())
    return await _take(stack, device_id, batch, write_down)


async def indexes_of_others(stack: Stack, device_id: UUID, readings: Sequence[DeviceReading]) -> list[int]:
    """Return which of some readings (from 0) are not what is stored for their time, in a value that they have."""
    async with stack.db.snapshot() as session:
        stored = await measurements.readings_at(session, device_id, [reading.time for reading in readings])
    nothing = (None,) * len(QUANTITIES)
    return [
        index
        for index, reading in enumerate(readings)
        if any(
            (sent := getattr(reading, quantity)) is not None and sent != kept
            for quantity, kept in zip(QUANTITIES, stored.get(reading.time, nothing), strict=True)
        )
    ]


async def registers_around(
    stack: Stack, device_id: UUID, first_at: datetime, last_at: datetime
) -> dict[str, list[Stood]]:
    """Return what a device's two registers showed within `[first_at, last_at]`, just before and just after."""
    async with stack.db.snapshot() as session:
        found = await measurements.registers_around(session, device_id, first_at, last_at)
    return {
        quantity: [Stood(at, register_milliwh(kwh)) for at, kwh in readings]
        for quantity, readings in found.items()
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


async def _store(
    stack: Stack, device_id: UUID, readings: Sequence[DeviceReading], write_down: WriteDown | None
) -> int:
    await stack.storage.ensure_partitions(stack.db, spanning([reading.time for reading in readings]))
    if len(readings) > ingest.FEW and _collisions.expects(device_id):
        return await _merge(stack, device_id, readings, write_down, _MERGE_TRIES)
    try:
        return await _store_at_once(stack, device_id, readings, write_down)
    except ingest.COLLISIONS:
        _collisions.note(device_id)
    return await _merge(stack, device_id, readings, write_down, _MERGE_TRIES)


async def _store_at_once(
    stack: Stack, device_id: UUID, readings: Sequence[DeviceReading], write_down: WriteDown | None
) -> int:
    if len(readings) > ingest.FEW:
        async with stack.db.direct_transaction() as connection:
            await ingest.append_device_readings(connection, device_id, readings)
            if write_down is not None:
                await write_down(connection)
        return len(readings)
    if write_down is not None:
        return await _merge(stack, device_id, readings, write_down, _MERGE_TRIES)
    async with stack.db.direct.connection() as connection:  # one statement, and so a transaction by itself
        return await ingest.merge_device_readings(connection, device_id, readings)


async def _merge(
    stack: Stack,
    device_id: UUID,
    readings: Sequence[DeviceReading],
    write_down: WriteDown | None,
    tries: int,
) -> int:
    try:
        async with stack.db.direct_transaction() as connection:
            stored = await ingest.merge_device_readings(connection, device_id, readings)
            if stored and write_down is not None:
                await write_down(connection)
            return stored
    except ingest.COLLISIONS:
        # A deadlock with somebody who appends is over by now; a device that was just deleted stays gone.
        if tries <= 1:
            raise
    return await _merge(stack, device_id, readings, write_down, tries - 1)
