"""Batches as Client stacks push them to the Admin. The customer is always the one of the token."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from msgspec import structs

from portal.core import energy
from portal.core.database.db import driver_connection
from portal.core.database.layout import LAYOUTS
from portal.core.errors import AdminBehind, ClientBehind, Unauthenticated
from portal.core.exchange.batches import MAX_CURSOR_LENGTH, BatchAnswer, BatchType
from portal.core.exchange.limits import device_problem, municipality_problem, tariff_problem, to_tariff
from portal.core.exchange.rules.push_epoch import SyncStatus, behind_words, compare
from portal.core.fleet.queries import customer_brands, fleet_devices, fleet_epochs, fleet_push, refused_pushes
from portal.core.fleet.queries import fleet_batches as statements
from portal.core.fleet.queries import fleet_decisions as decisions
from portal.core.fleet.rules.device_names import Known, Named, Resolved, resolve
from portal.core.fleet.rules.refused_pushes import in_lines
from portal.core.readings.queries import ingest
from portal.core.readings.queries.wide_way import make_way
from portal.core.readings.rules.collisions import Collisions
from portal.core.readings.rules.same_instant import RowEffect
from portal.core.readings.wire import NO_QUANTITY, without_quantity
from portal.core.settings import RunMode
from portal.core.sites.wire import FormulaRow
from portal.core.values.texts import shown_text
from portal.core.values.time import reading_time_problem, spanning
from portal.core.values.tokens import token_hash

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    import asyncpg

    from portal.core.database.db import AsyncSession
    from portal.core.energy.wire import MeterDecisionRow
    from portal.core.exchange.rules.push_epoch import Position
    from portal.core.exchange.sync import SetRange
    from portal.core.fleet.queries.fleet_batches import KnownCustomer
    from portal.core.readings.decoding import DecodedRows
    from portal.core.readings.wire import FleetReading
    from portal.core.sites.wire import DeviceRow, MunicipalityRow, SiteRow
    from portal.core.stack import Stack
    from portal.core.tariffs.wire import TariffRow

    # Any: rows of the type that the heading names; who stores a kind of them knows which.
    AnyBatch = DecodedRows[Any]

_MERGE_TRIES = 3
_collisions = Collisions()
_MAX_TYPE_LENGTH = 20
_MAX_ERROR_LENGTH = 500


@dataclass(frozen=True, slots=True)
class BatchHeading:
    """What the request says about a batch beside its rows. `size_bytes` is the body's size after decompression.

    `full_set` names the part of a set the batch is all of, `position` how far the Client has come; a Client of an
    earlier release says neither.
    """

    batch_type: str
    cursor: str | None
    size_bytes: int
    full_set: SetRange | None = None
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class _Handling:
    """One batch being stored."""

    session: AsyncSession
    customer: KnownCustomer
    heading: BatchHeading


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """The answer to a batch, and of readings that were merged what they were to those stored."""

    answer: BatchAnswer
    effects: Mapping[RowEffect, int] = field(default_factory=dict[RowEffect, int])


async def authenticate_customer(stack: Stack, token: str) -> KnownCustomer:
    """Return the active customer of a current token, or of a previous one inside its grace window.

    Raises `Unauthenticated` for any other text. Every text costs the same: one hash and one index look-up.
    """
    async with stack.db.direct.connection() as connection:
        customer = await statements.customer_by_token_hash(connection, token_hash(token), stack.clock())
    if customer is None:
        message = "The customer token is not known."
        raise Unauthenticated(message)
    return customer


async def store_batch(
    stack: Stack, customer: KnownCustomer, heading: BatchHeading, batch: AnyBatch
) -> StoredBatch:
    """Store the good rows of a batch, the ingest event and the customer's last sign of life in one transaction.

    `heading.batch_type` must be a `BatchType`, and the rows of its type. Rows that refer to something this
    customer does not have are rejected one by one. Raises `ClientBehind` or `AdminBehind`, and changes nothing, where
    one of the two databases was set back (`portal.core.exchange.rules.push_epoch`).
    """
    now = stack.clock()
    if heading.batch_type == BatchType.MEASUREMENTS:
        return await _store_measurements(stack, customer, heading, *_sound(batch, now))
    async with stack.db.transaction() as session:
        await _admit(await driver_connection(session), customer, heading.position)
        handling = _Handling(session, customer, heading)
        kept = await _STORE[BatchType(heading.batch_type)](handling, batch)
        await _heed(handling, heading, batch)
        await statements.record_batch(session, customer.id, _handled(heading, kept))
        await statements.mark_seen(session, customer.id)
    return _stored(kept)


async def _admit(connection: asyncpg.Connection, customer: KnownCustomer, position: Position | None) -> None:
    """Refuse a batch of a Client that knows less than the Admin, or more, and remember how far it has come."""
    if position is None:
        return
    held = await fleet_epochs.held(connection, customer.id)
    match compare(position, held):
        case SyncStatus.CLIENT_BEHIND:
            raise ClientBehind(behind_words(customer.code))
        case SyncStatus.ADMIN_BEHIND:
            message = (
                f"The Admin's database was restored: of {customer.code} it holds batches up to {held.mark}."
            )
            raise AdminBehind(message, details={"mark": held.mark})
        case SyncStatus.IN_SYNC:
            await fleet_epochs.save(connection, customer.id, position)


async def _heed(handling: _Handling, heading: BatchHeading, batch: AnyBatch) -> None:
    """End what the Client no longer has."""
    # A row that could not be read may be any row of the set: then nothing can be said to be missing.
    if heading.full_set is not None and not batch.problems:
        present = [row.id for row in batch.rows]
        kind = BatchType(heading.batch_type)
        await fleet_push.end_missing(handling.session, handling.customer.id, kind, heading.full_set, present)


async def record_refusal(
    stack: Stack, customer: KnownCustomer, heading: BatchHeading, reason: str, status: int
) -> None:
    """Keep why a batch of a known customer was refused as a whole, for "why did this batch not land?"."""
    refused = statements.HandledBatch(
        batch_type=shown_text(heading.batch_type[:_MAX_TYPE_LENGTH]),
        batch_bytes=heading.size_bytes,
        client_hwm=_cut(heading.cursor, MAX_CURSOR_LENGTH),
        error=reason[:_MAX_ERROR_LENGTH],
        status=status,
    )
    async with stack.db.direct.connection() as connection:
        await statements.record_event(connection, customer.id, refused)
        await refused_pushes.save_refusal(connection, customer.id, refused)


async def _store_sites(handling: _Handling, batch: DecodedRows[SiteRow]) -> DecodedRows[SiteRow]:
    if batch.rows:
        await statements.upsert_sites(handling.session, handling.customer.id, batch.rows)
    return batch


async def _store_devices(handling: _Handling, batch: DecodedRows[DeviceRow]) -> DecodedRows[DeviceRow]:
    session, customer_id = handling.session, handling.customer.id
    sites = await statements.known_sites(session, customer_id, {row.site_id for row in batch.rows})
    kept = batch.keep(lambda row: device_problem(row) if row.site_id in sites else "siteId: unknown site")
    resolved = await _resolve(handling, batch)
    kept = kept.keep(lambda row: resolved.problems.get(row.id))
    if kept.rows:
        own = await fleet_devices.aliases(session, customer_id) | resolved.devices
        rows = [_under_own_ids(row, own) for row in kept.rows]
        numbers = await statements.numbers_for_new(session, customer_id, [row.id for row in rows])
        judged_anew = await statements.devices_of_other_power(session, customer_id, rows)
        await statements.upsert_devices(session, customer_id, rows, numbers)
        renamed = {row.id: resolved.renamed[row.id] for row in kept.rows if row.id in resolved.renamed}
        await fleet_devices.save_names(session, customer_id, [row.id for row in rows], renamed)
        meters = [(customer_id, device_id) for device_id in judged_anew]
        await energy.ask_for_passes(session, LAYOUTS[RunMode.ADMIN], meters)
        await energy.take_learned(session, LAYOUTS[RunMode.ADMIN], statements.learned_of(customer_id, rows))
    return kept


def _under_own_ids(row: DeviceRow, own: Mapping[UUID, UUID]) -> DeviceRow:
    """Return a row with the ids by which its device and those it refers to are known here."""
    found = structs.replace(row, id=own[row.id])
    if (parent := row.stands_below) is not None:
        found.parent_id = own.get(parent, parent)
    if (made_of := row.made_of) is not None:
        plus, minus = ([own.get(term, term) for term in terms] for terms in (made_of.plus, made_of.minus))
        found.formula = FormulaRow(plus=plus, minus=minus)
    return found


async def _resolve(handling: _Handling, batch: DecodedRows[DeviceRow]) -> Resolved:
    """Say which of the customer's devices each row is."""
    session, customer_id = handling.session, handling.customer.id
    rows = [Named(row.id, row.external_id) for row in batch.rows]
    named = await fleet_devices.named(session, customer_id, {row.external_id for row in rows})
    called = await fleet_devices.present_names(session, customer_id)
    ended = {device.id for device in named.values() if device.is_ended}
    span = handling.heading.full_set

    def is_gone(device: UUID) -> bool:
        # Where a row could not be read, it may be this device's. Without a range nothing can be said about renaming.
        is_all = span is None or (not batch.problems and span.covers(str(called.get(device, device))))
        return device in ended or is_all

    known = Known(
        await fleet_devices.known_ids(session, customer_id, [row.id for row in rows]),
        await fleet_devices.aliases(session, customer_id),
        {name: device.id for name, device in named.items()},
    )
    return resolve(rows, known, is_gone)


async def _store_municipalities(
    handling: _Handling, batch: DecodedRows[MunicipalityRow]
) -> DecodedRows[MunicipalityRow]:
    kept = batch.keep(municipality_problem)
    if kept.rows:
        await statements.upsert_municipalities(handling.session, handling.customer.id, kept.rows)
    return kept


async def _store_tariffs(handling: _Handling, batch: DecodedRows[TariffRow]) -> DecodedRows[TariffRow]:
    ids = {row.municipality_id for row in batch.rows}
    known = await statements.known_municipalities(handling.session, handling.customer.id, ids)
    kept = batch.keep(
        lambda row: (
            tariff_problem(row) if row.municipality_id in known else "municipalityId: unknown municipality"
        )
    )
    if kept.rows:
        tariffs = [to_tariff(row) for row in kept.rows]
        await statements.replace_tariffs(handling.session, handling.customer.id, tariffs)
    return kept


async def _store_events(
    handling: _Handling, batch: DecodedRows[MeterDecisionRow]
) -> DecodedRows[MeterDecisionRow]:
    """Keep decisions that were made at the Client, and have judged again what they are about.

    One may come before its device: it is kept, and holds for the readings that follow.
    """
    kept = batch.keep(decisions.row_problem)
    if kept.rows:
        await decisions.store(handling.session, handling.customer.id, kept.rows)
    return kept


async def _store_measurements(
    stack: Stack,
    customer: KnownCustomer,
    heading: BatchHeading,
    batch: DecodedRows[FleetReading],
    span: Sequence[datetime],
) -> StoredBatch:
    await stack.storage.ensure_partitions(stack.db, span)
    await ingest.number_sources(stack.db, stack.layout, batch.rows)
    if customer.has_aliases:
        await _use_own_ids(stack, customer, batch)
    await make_way(stack, span, lambda: (((customer.id, row.device_id), row.time) for row in batch.rows))
    keys = ingest.FleetKeys(customer.id, customer.number, stack.small_keys)
    if batch.rows and not _collisions.expects(customer.id):
        try:
            async with stack.db.direct_transaction() as connection:
                await _admit(connection, customer, heading.position)
                stored = await ingest.append_fleet_readings(connection, keys, batch.rows)
                kept = _kept(batch, stored)
                handled = _handled(heading, kept, _spread(kept, batch, span))
                await statements.record_and_mark(connection, customer.id, handled, _newest(kept, span))
        except ingest.COLLISIONS:
            _collisions.note(customer.id)
        else:
            return _stored(kept)
    return await _merge(stack, _Sent(customer, keys, heading, batch, span), _MERGE_TRIES)


@dataclass(frozen=True, slots=True)
class _Sent:
    """A batch of readings, whose it is, and what its times span."""

    customer: KnownCustomer
    keys: ingest.FleetKeys
    heading: BatchHeading
    batch: DecodedRows[FleetReading]
    span: Sequence[datetime]


async def _merge(stack: Stack, sent: _Sent, tries: int) -> StoredBatch:
    customer, heading = sent.customer, sent.heading
    try:
        async with stack.db.direct_transaction() as connection:
            await _admit(connection, customer, heading.position)
            stored = await ingest.merge_fleet_readings(connection, sent.keys, sent.batch.rows)
            kept = _kept(sent.batch, stored)
            handled = _handled(heading, kept, _spread(kept, sent.batch, sent.span))
            newest = _newest(kept, sent.span)
            await statements.record_and_mark(connection, customer.id, handled, newest)
        return _stored(kept, stored.counts)
    except ingest.COLLISIONS:  # a deadlock with somebody who appends
        if tries <= 1:
            raise
    return await _merge(stack, sent, tries - 1)


def _kept(batch: DecodedRows[FleetReading], stored: ingest.StoredRows) -> DecodedRows[FleetReading]:
    """Return the rows that were stored, or were already. What is known is known in the transaction that stores."""
    return batch.without(dict.fromkeys(stored.unknown, "deviceId: unknown device") | dict(stored.refused))


async def _use_own_ids(stack: Stack, customer: KnownCustomer, batch: DecodedRows[FleetReading]) -> None:
    """Put readings of devices that were added again under the ids those came with first."""
    async with stack.db.direct.connection() as connection:
        devices = await fleet_devices.aliases_of(connection, customer.id)
    for row in batch.rows:
        row.device_id = devices.get(row.device_id, row.device_id)


def _sound(
    batch: DecodedRows[FleetReading], now: datetime
) -> tuple[DecodedRows[FleetReading], Sequence[datetime]]:
    """Return the rows whose times can be true and that have a quantity which is known here.

    With these times' first and last (none of no rows).
    """
    span = _span(batch.rows)
    # Where the first and the last can be true, every other can.
    if not any(reading_time_problem(at, now) for at in span) and not without_quantity(batch.rows):
        return batch, span
    kept = batch.keep(lambda row: reading_time_problem(row.time, now) or _quantity_problem(row))
    return kept, _span(kept.rows)


def _quantity_problem(row: FleetReading) -> str | None:
    return NO_QUANTITY if without_quantity((row,)) else None


def _span(rows: Sequence[FleetReading]) -> Sequence[datetime]:
    return spanning([row.time for row in rows])


def _stored(kept: AnyBatch, effects: Mapping[RowEffect, int] | None = None) -> StoredBatch:
    answer = BatchAnswer(accepted=len(kept.rows), rejected=len(kept.problems), errors=list(kept.problems))
    return StoredBatch(answer, effects or {})


def _handled(
    heading: BatchHeading, kept: AnyBatch, time_spread: timedelta | None = None
) -> statements.HandledBatch:
    return statements.HandledBatch(
        batch_type=heading.batch_type,
        batch_bytes=heading.size_bytes,
        client_hwm=_cut(heading.cursor, MAX_CURSOR_LENGTH),
        rows_accepted=len(kept.rows),
        rows_rejected=len(kept.problems),
        time_spread=time_spread,
        problems=in_lines(kept.problems),
    )


_STORE: dict[BatchType, Callable[[_Handling, AnyBatch], Awaitable[AnyBatch]]] = {
    BatchType.SITES: _store_sites,
    BatchType.DEVICES: _store_devices,
    BatchType.MUNICIPALITIES: _store_municipalities,
    BatchType.TARIFFS: _store_tariffs,
    BatchType.EVENTS: _store_events,
    BatchType.BRAND: lambda each, batch: customer_brands.store(each.session, each.customer.id, batch),
}


def _spread(kept: AnyBatch, sent: AnyBatch, span: Sequence[datetime]) -> timedelta | None:
    """Return how far apart the times of the kept rows are, None of no rows; `span` is that of all that were sent."""
    times = span if len(kept.rows) == len(sent.rows) else _span(kept.rows)
    return max(times) - min(times) if times else None


def _newest(kept: AnyBatch, span: Sequence[datetime]) -> datetime | None:
    """Return the newest time of the kept rows; of no rows None. Near enough: that of all where some are not kept."""
    return max(span) if kept.rows and span else None


def _cut(text: str | None, length: int) -> str | None:
    """Return the beginning of a header as it may be shown: one may hold what no name may."""
    return None if text is None else shown_text(text[:length])
