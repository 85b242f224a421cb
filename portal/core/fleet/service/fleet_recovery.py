"""What the Admin gives back to a Client that lost it: pages of its own sets and readings, nothing else, read only."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from portal.core.energy.queries.decisions import decision_row, decisions_by_id
from portal.core.errors import Invalid
from portal.core.exchange.recovery import (
    ConflictPage,
    DecisionPage,
    DevicePage,
    HeldConflict,
    HeldDevice,
    HeldMunicipality,
    HeldSite,
    HeldTariff,
    MunicipalityPage,
    ReadingPage,
    RecoveryHead,
    RecoverySpan,
    SitePage,
    TariffPage,
)
from portal.core.fleet.queries import fleet_devices, fleet_epochs
from portal.core.fleet.queries import fleet_recovery as queries
from portal.core.readings.queries import held_readings
from portal.core.readings.rules.quantities import ALL_QUANTITIES
from portal.core.readings.rules.scaling import from_stored
from portal.core.values.time import LATEST_AHEAD
from portal.core.words import say

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from portal.core.database.db import AsyncSession
    from portal.core.database.layout import MeterKey
    from portal.core.fleet.queries.fleet_batches import KnownCustomer
    from portal.core.stack import Stack

MOST_ROWS = 1000
MOST_READINGS = 5000
LONGEST_WINDOW = timedelta(days=31)
_NEXT = timedelta(microseconds=1)


async def head(stack: Stack, customer: KnownCustomer) -> RecoveryHead:
    """Return how far a customer's push has come, and the highest numbers it used."""
    async with stack.db.snapshot() as session:
        held = await fleet_epochs.seen(session, customer.id)
        numbers = await queries.highest_numbers(session, customer.id)
        name = await queries.customer_name(session, customer.id)
    return RecoveryHead(
        code=customer.code,
        name=name,
        epoch=held.epoch,
        mark=held.mark,
        nonce=held.nonce,
        was_seen=held.was_seen,
        highest_municipality_id=numbers.municipality_id,
        highest_tariff_id=numbers.tariff_id,
    )


async def span(stack: Stack, customer: KnownCustomer) -> RecoverySpan:
    """Return the first and the last reading of a customer."""
    async with stack.db.snapshot() as session:
        until = stack.clock() + LATEST_AHEAD
        first, last = await held_readings.reading_span(session, stack.layout, customer.id, until)
    return RecoverySpan(first_at=first, last_at=last)


async def sites(stack: Stack, customer: KnownCustomer, after: UUID | None, limit: int) -> SitePage:
    """Return the sites behind an id. Raises `Invalid` for a limit that is not 1 to 1,000."""
    _check_limit(limit, MOST_ROWS)
    async with stack.db.snapshot() as session:
        rows = await queries.sites(session, customer.id, after, limit + 1)
    return SitePage(rows=list(rows[:limit]), next=_next_id(rows, limit))


async def devices(stack: Stack, customer: KnownCustomer, after: UUID | None, limit: int) -> DevicePage:
    """Return the devices behind an id. Raises `Invalid` for a limit that is not 1 to 1,000."""
    _check_limit(limit, MOST_ROWS)
    async with stack.db.snapshot() as session:
        rows = await queries.devices(session, customer.id, after, limit + 1)
    return DevicePage(rows=list(rows[:limit]), next=_next_id(rows, limit))


async def municipalities(stack: Stack, customer: KnownCustomer, after: int, limit: int) -> MunicipalityPage:
    """Return the municipalities behind a number. Raises `Invalid` for a limit that is not 1 to 1,000."""
    _check_limit(limit, MOST_ROWS)
    async with stack.db.snapshot() as session:
        rows = await queries.municipalities(session, customer.id, after, limit + 1)
    return MunicipalityPage(rows=list(rows[:limit]), next=_next_number(rows, limit))


async def tariffs(stack: Stack, customer: KnownCustomer, after: int, limit: int) -> TariffPage:
    """Return the tariffs behind a number. Raises `Invalid` for a limit that is not 1 to 1,000."""
    _check_limit(limit, MOST_ROWS)
    async with stack.db.snapshot() as session:
        rows = await queries.tariffs(session, customer.id, after, limit + 1)
    return TariffPage(rows=list(rows[:limit]), next=_next_number(rows, limit))


async def decisions(stack: Stack, customer: KnownCustomer, after: UUID | None, limit: int) -> DecisionPage:
    """Return the decisions behind an id. Raises `Invalid` for a limit that is not 1 to 1,000."""
    _check_limit(limit, MOST_ROWS)
    async with stack.db.snapshot() as session:
        found = await decisions_by_id(session, stack.layout, customer.id, after, limit + 1)
    rows = [decision_row(each) for each in found[:limit]]
    return DecisionPage(rows=rows, next=rows[-1].id if len(found) > limit else None)


async def readings(
    stack: Stack, customer: KnownCustomer, device_id: UUID, window: tuple[datetime, datetime], limit: int
) -> ReadingPage:
    """Return the readings of one device in [from, to), by time; none for a device of somebody else.

    Raises `Invalid` for a window that is empty or longer than 31 days, and a limit that is not 1 to 5,000.
    """
    _check_limit(limit, MOST_READINGS)
    _check_window(window)
    async with stack.db.snapshot() as session:
        meter = await _meter(stack, session, customer, device_id)
        rows = await held_readings.readings_between(session, stack.layout, meter, window, limit + 1)
    shown = rows[:limit]
    return ReadingPage(rows=shown, next=shown[-1].time + _NEXT if len(rows) > limit else None)


async def conflicts(
    stack: Stack, customer: KnownCustomer, device_id: UUID, window: tuple[datetime, datetime], limit: int
) -> ConflictPage:
    """Return the values beside the readings of one device in [from, to), by time, as `readings` does.

    A page goes on to the end of an instant, be that behind `limit`.
    """
    _check_limit(limit, MOST_READINGS)
    _check_window(window)
    async with stack.db.snapshot() as session:
        meter = await _meter(stack, session, customer, device_id)
        rows = await held_readings.values_between(session, stack.layout, meter, window, limit)
    named = [(row, ALL_QUANTITIES[row.quantity]) for row in rows if row.quantity < len(ALL_QUANTITIES)]
    return ConflictPage(
        rows=[
            HeldConflict(time=row.time, quantity=quantity.wire_name, value=from_stored(quantity, row.value))
            for row, quantity in named
        ],
        next=rows[-1].time + _NEXT if len(rows) >= limit else None,
    )


async def _meter(stack: Stack, session: AsyncSession, customer: KnownCustomer, device_id: UUID) -> MeterKey:
    """Return the key of a customer's device, by whatever its Client calls it."""
    own = (await fleet_devices.aliases(session, customer.id)).get(device_id, device_id)
    return stack.layout.key(own, customer.id)


def _check_window(window: tuple[datetime, datetime]) -> None:
    if not window[0] < window[1] <= window[0] + LONGEST_WINDOW:
        message = say("'to' must be after 'from', by at most {days} days.", days=LONGEST_WINDOW.days)
        raise Invalid(message)


def _check_limit(limit: int, most: int) -> None:
    if not 1 <= limit <= most:
        message = say("'limit' must be 1 to {most}", most=most)
        raise Invalid(message)


def _next_id(rows: tuple[HeldSite, ...] | tuple[HeldDevice, ...], limit: int) -> UUID | None:
    return rows[limit - 1].row.id if len(rows) > limit else None


def _next_number(rows: tuple[HeldMunicipality, ...] | tuple[HeldTariff, ...], limit: int) -> int | None:
    return rows[limit - 1].row.id if len(rows) > limit else None
