"""What a customer's stack says about its push, and what the Admin tells it to compare its readings with."""

from __future__ import annotations

from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import structs

from portal.core.errors import Invalid
from portal.core.exchange.queries.checksums import day_checksums, known_quantities, reading_checksums
from portal.core.fleet.queries import fleet_devices, fleet_push
from portal.core.words import say

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from uuid import UUID

    from portal.core.exchange.sync import PushReport, ReadingChecksums, ReconcileAnswer
    from portal.core.stack import Stack

NOBODY: Mapping[UUID, int] = MappingProxyType({})
LONGEST_DAYS_WINDOW = timedelta(days=31)
LONGEST_READINGS_WINDOW = timedelta(days=1)


async def note_report(
    stack: Stack, customer_id: UUID, report: PushReport, silent: Mapping[UUID, int] = NOBODY
) -> None:
    """Keep what a Client said about its backlog beside its last batch.

    `silent` are its devices whose boards say nothing, with the minutes for which each keeps its readings.
    """
    async with stack.db.direct.connection() as connection:
        await fleet_push.save_report(connection, customer_id, report, silent)


async def held_days(
    stack: Stack, customer_id: UUID, window: tuple[datetime, datetime], names: Collection[str] = ()
) -> ReconcileAnswer:
    """Return count and checksum per device and UTC day of the window; devices by the ids the Client gives them now.

    Checksums cover those of the quantities of these JSON names that are known.
    Raises `Invalid` for a window that is empty or longer than 31 days.
    """
    _check(*window, LONGEST_DAYS_WINDOW)
    async with stack.db.snapshot() as session:
        called = await fleet_devices.present_names(session, customer_id)
        held = await day_checksums(
            session,
            stack.layout,
            customer_id,
            window,
            known_quantities(names),
            is_asked_by_list=bool(names),
        )
    days = [structs.replace(day, device_id=called.get(day.device_id, day.device_id)) for day in held.days]
    return structs.replace(held, days=days)


async def held_readings(
    stack: Stack,
    customer_id: UUID,
    device_id: UUID,
    window: tuple[datetime, datetime],
    names: Collection[str] = (),
) -> ReadingChecksums:
    """Return time and checksum of each reading of a device in the window; none for a device of somebody else.

    Checksums as those of days. Raises `Invalid` for a window that is empty or longer than a day.
    """
    _check(*window, LONGEST_READINGS_WINDOW)
    async with stack.db.snapshot() as session:
        own = (await fleet_devices.aliases(session, customer_id)).get(device_id, device_id)
        meter = stack.layout.key(own, customer_id)
        return await reading_checksums(
            session, stack.layout, meter, window, known_quantities(names), is_asked_by_list=bool(names)
        )


def _check(from_at: datetime, to_at: datetime, longest: timedelta) -> None:
    if not from_at < to_at <= from_at + longest:
        raise Invalid(say("'to' must be after 'from', by at most {days} days.", days=longest.days))
