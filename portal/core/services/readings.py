"""Readings as they come into a Client: from a device over HTTP, or from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.domain.time import reading_time_problem
from portal.core.domain.tokens import looks_like_token, token_hash
from portal.core.errors import Unauthenticated
from portal.core.queries import ingest
from portal.core.wire.batches import DeviceIngestAnswer
from portal.core.wire.decoding import DecodedRows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from portal.core.stack import Stack
    from portal.core.wire.readings import DeviceReading


async def authenticate_device(stack: Stack, token: str) -> ingest.KnownDevice:
    """Return the active device that a token belongs to. Raises `Unauthenticated` for any other token."""
    if looks_like_token(token):
        async with stack.db.transaction() as session:
            device = await ingest.device_by_token_hash(session, token_hash(token))
        if device is not None:
            return device
    message = "The device token is not known."
    raise Unauthenticated(message)


async def store_device_batch(
    stack: Stack, device_id: UUID, batch: DecodedRows[DeviceReading]
) -> DeviceIngestAnswer:
    """Store the good rows of a batch in one transaction; a replayed row is a duplicate and changes nothing.

    A row without `deviceId` is the device's own; a row of another device, or with an impossible time, is
    rejected by itself. Rows keep the order in which they were first sent: the stored one always wins.
    """
    now = stack.clock()

    def problem_of(reading: DeviceReading) -> str | None:
        if reading.device_id is not None and reading.device_id != device_id:
            return "deviceId: a device writes its own readings only"
        return reading_time_problem(reading.time, now)

    good = batch.keep(problem_of)
    stored = 0
    if good.rows:
        await stack.storage.ensure_partitions(stack.db, (reading.time for reading in good.rows))
        async with stack.db.transaction() as session:
            stored = await ingest.insert_device_readings(session, device_id, good.rows)
    return DeviceIngestAnswer(
        accepted=stored,
        rejected=len(good.problems),
        duplicates=len(good.rows) - stored,
        errors=list(good.problems),
    )


async def import_readings(
    stack: Stack, device_id: UUID, readings: Sequence[DeviceReading]
) -> DeviceIngestAnswer:
    """Store readings from a file as if the device had just sent them; `row` counts within `readings`."""
    return await store_device_batch(stack, device_id, DecodedRows(readings, range(len(readings)), ()))
