"""What a device's posts say of its board's clock is kept, and told to it and to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.log import logger
from portal.core.sites.queries import board_clocks as queries
from portal.core.sites.rules.board_clocks import after_post

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from portal.core.readings.decoding import DecodedRows
    from portal.core.readings.queries.ingest import KnownDevice
    from portal.core.readings.wire import DeviceReading
    from portal.core.stack import Stack

_log = logger("ingest")


async def hear(
    stack: Stack, device: KnownDevice, batch: DecodedRows[DeviceReading], now: datetime
) -> timedelta | None:
    """Note what a post that arrived at `now` (aware UTC) says of its board's clock, also where its rows were refused.

    Returns how far that is ahead (negative: behind), None where nothing is wrong with it for certain. A post of a clock
    that is right, as it was, costs no statement.
    """
    newest_at = max((reading.time for reading in batch.rows), default=None)
    before = device.clock
    clock = before if newest_at is None else after_post(before, newest_at, now)
    if clock is not before:
        async with stack.db.transaction() as session:
            await queries.store_clock(session, device.id, clock)
        if clock.skew != before.skew:
            _log.warning(
                "A board's clock was found right again" if clock.skew is None else "A board's clock is wrong",
                device=device.external_id,
                ahead_seconds=None if clock.skew is None else round(clock.skew.total_seconds()),
            )
    return clock.skew
