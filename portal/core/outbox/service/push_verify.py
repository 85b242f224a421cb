"""What this stack holds, to be compared with the Admin's, and what of it is pushed again; each is one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.exchange.queries import checksums
from portal.core.outbox.queries import push, push_verify
from portal.core.readings.queries import held_readings
from portal.core.values.time import LATEST_AHEAD

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from portal.core.exchange.sync import ReadingChecksums, ReconcileAnswer
    from portal.core.readings.queries.held_readings import ValueBeside
    from portal.core.readings.rules.quantities import Quantity
    from portal.core.readings.wire import FleetReading
    from portal.core.stack import Stack

# More than a device can have in a day.
_ALL = 100_000_000


async def reading_span(stack: Stack) -> tuple[datetime, datetime] | None:
    """Return the earliest and the latest reading time of this stack, None where there is no reading."""
    until = stack.clock() + LATEST_AHEAD
    async with stack.db.snapshot() as session:
        first, last = await held_readings.reading_span(session, stack.layout, None, until)
    return None if first is None or last is None else (first, last)


async def own_days(
    stack: Stack,
    window: tuple[datetime, datetime],
    quantities: Sequence[Quantity],
    *,
    is_asked_by_list: bool = True,
) -> ReconcileAnswer:
    """Return count and checksum of this stack's readings, per device and UTC day of a window."""
    async with stack.db.snapshot() as session:
        return await checksums.day_checksums(
            session, stack.layout, None, window, quantities, is_asked_by_list=is_asked_by_list
        )


async def own_readings(
    stack: Stack,
    device_id: UUID,
    window: tuple[datetime, datetime],
    quantities: Sequence[Quantity],
    *,
    is_asked_by_list: bool = True,
) -> ReadingChecksums:
    """Return time and checksum of this stack's readings of one device in a window."""
    async with stack.db.snapshot() as session:
        meter = stack.layout.key(device_id)
        return await checksums.reading_checksums(
            session, stack.layout, meter, window, quantities, is_asked_by_list=is_asked_by_list
        )


async def own_values(
    stack: Stack, device_id: UUID, window: tuple[datetime, datetime]
) -> Sequence[FleetReading]:
    """Return this stack's readings of one device in a window of a day or so, by time."""
    async with stack.db.snapshot() as session:
        meter = stack.layout.key(device_id)
        return await held_readings.readings_between(session, stack.layout, meter, window, _ALL)


async def own_conflicts(
    stack: Stack, device_id: UUID, window: tuple[datetime, datetime]
) -> Sequence[ValueBeside]:
    """Return the values beside this stack's readings of one device in a window of a day or so, by time."""
    async with stack.db.snapshot() as session:
        meter = stack.layout.key(device_id)
        return await held_readings.values_between(session, stack.layout, meter, window, _ALL)


async def queue_missing(
    stack: Stack, device_id: UUID, times: Sequence[datetime], *, repair: bool
) -> tuple[int, int]:
    """Have readings pushed again that the Admin lacks; returns how many wait anyway and how many were given up.

    The full sets go out again as well: an Admin that lost readings has older sites, devices and tariffs too.
    """
    async with stack.db.transaction() as session:
        await push.limit_waiting(session)
        waiting, given_up = await push_verify.queue_missing(session, device_id, times, repair=repair)
        if repair and len(times) > waiting + given_up:
            await push.forget_sets(session)
    return waiting, given_up
