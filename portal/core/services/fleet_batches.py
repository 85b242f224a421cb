"""Batches as Client stacks push them to the Admin. The customer is always the one of the token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.core.domain.time import reading_time_problem
from portal.core.domain.tokens import looks_like_token, token_hash
from portal.core.errors import Unauthenticated
from portal.core.queries import fleet_batches as statements
from portal.core.queries.ingest import insert_fleet_readings
from portal.core.wire.batches import MAX_CURSOR_LENGTH, BatchAnswer, BatchType
from portal.core.wire.limits import device_problem, municipality_problem, tariff_problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime, timedelta

    from portal.core.db import AsyncSession
    from portal.core.queries.fleet_batches import KnownCustomer
    from portal.core.stack import Stack
    from portal.core.wire.decoding import DecodedRows

_MAX_TYPE_LENGTH = 20
_MAX_ERROR_LENGTH = 500


@dataclass(frozen=True, slots=True)
class BatchHeading:
    """What the request says about a batch beside its rows. `size_bytes` is the body's size after decompression."""

    batch_type: str
    cursor: str | None
    size_bytes: int


@dataclass(frozen=True, slots=True)
class _Handling:
    """One batch being stored."""

    session: AsyncSession
    customer: KnownCustomer
    now: datetime


async def authenticate_customer(stack: Stack, token: str) -> KnownCustomer:
    """Return the active customer of a current token, or of a previous one inside its grace window.

    Raises `Unauthenticated` for any other token.
    """
    if looks_like_token(token):
        async with stack.db.transaction() as session:
            customer = await statements.customer_by_token_hash(session, token_hash(token), stack.clock())
        if customer is not None:
            return customer
    message = "The customer token is not known."
    raise Unauthenticated(message)


async def store_batch(
    stack: Stack, customer: KnownCustomer, heading: BatchHeading, batch: DecodedRows[Any]
) -> BatchAnswer:
    """Store the good rows of a batch, the ingest event and the customer's last sign of life in one transaction.

    `heading.batch_type` must be a `BatchType`, and the rows of its type. Rows that refer to something this
    customer does not have are rejected one by one.
    """
    now = stack.clock()
    if heading.batch_type == BatchType.MEASUREMENTS:
        times = (row.time for row in batch.rows if reading_time_problem(row.time, now) is None)
        await stack.storage.ensure_partitions(stack.db, times)
    async with stack.db.transaction() as session:
        handling = _Handling(session, customer, now)
        kept = await _STORE[BatchType(heading.batch_type)](handling, batch)
        handled = statements.HandledBatch(
            batch_type=heading.batch_type,
            batch_bytes=heading.size_bytes,
            client_hwm=_cut(heading.cursor, MAX_CURSOR_LENGTH),
            rows_accepted=len(kept.rows),
            rows_rejected=len(kept.problems),
            time_spread=_time_spread(heading.batch_type, kept),
        )
        await statements.record_batch(session, customer.id, handled)
        await statements.mark_seen(session, customer.id)
    return BatchAnswer(accepted=len(kept.rows), rejected=len(kept.problems), errors=list(kept.problems))


async def record_refusal(stack: Stack, customer: KnownCustomer, heading: BatchHeading, reason: str) -> None:
    """Keep why a batch of a known customer was refused as a whole, for "why did this batch not land?"."""
    refused = statements.HandledBatch(
        batch_type=heading.batch_type[:_MAX_TYPE_LENGTH],
        batch_bytes=heading.size_bytes,
        client_hwm=_cut(heading.cursor, MAX_CURSOR_LENGTH),
        error=reason[:_MAX_ERROR_LENGTH],
    )
    async with stack.db.transaction() as session:
        await statements.record_batch(session, customer.id, refused)


async def _store_sites(handling: _Handling, batch: DecodedRows[Any]) -> DecodedRows[Any]:
    if batch.rows:
        await statements.upsert_sites(handling.session, handling.customer.id, batch.rows)
    return batch


async def _store_devices(handling: _Handling, batch: DecodedRows[Any]) -> DecodedRows[Any]:
    site_ids = {row.site_id for row in batch.rows}
    sites = await statements.known_sites(handling.session, handling.customer.id, site_ids)
    kept = batch.keep(lambda row: device_problem(row) if row.site_id in sites else "siteId: unknown site")
    if kept.rows:
        await statements.upsert_devices(handling.session, handling.customer.id, kept.rows)
    return kept


async def _store_municipalities(handling: _Handling, batch: DecodedRows[Any]) -> DecodedRows[Any]:
    kept = batch.keep(municipality_problem)
    if kept.rows:
        await statements.upsert_municipalities(handling.session, handling.customer.id, kept.rows)
    return kept


async def _store_tariffs(handling: _Handling, batch: DecodedRows[Any]) -> DecodedRows[Any]:
    ids = {row.municipality_id for row in batch.rows}
    known = await statements.known_municipalities(handling.session, handling.customer.id, ids)
    kept = batch.keep(
        lambda row: (
            tariff_problem(row) if row.municipality_id in known else "municipalityId: unknown municipality"
        )
    )
    if kept.rows:
        await statements.replace_tariffs(handling.session, handling.customer.id, kept.rows)
    return kept


async def _store_measurements(handling: _Handling, batch: DecodedRows[Any]) -> DecodedRows[Any]:
    # Looked up before the insert: a device that vanishes in between fails the batch by its foreign key and
    # the Client repeats it, while a look-up afterwards could call a row accepted that was never stored.
    ids = {row.device_id for row in batch.rows}
    known = await statements.known_devices(handling.session, handling.customer.id, ids)
    now = handling.now
    kept = batch.keep(
        lambda row: (
            reading_time_problem(row.time, now) if row.device_id in known else "deviceId: unknown device"
        )
    )
    if kept.rows:
        await insert_fleet_readings(handling.session, handling.customer.id, kept.rows)
    return kept


_STORE: dict[BatchType, Callable[[_Handling, DecodedRows[Any]], Awaitable[DecodedRows[Any]]]] = {
    BatchType.SITES: _store_sites,
    BatchType.DEVICES: _store_devices,
    BatchType.MUNICIPALITIES: _store_municipalities,
    BatchType.TARIFFS: _store_tariffs,
    BatchType.MEASUREMENTS: _store_measurements,
}


def _time_spread(batch_type: str, batch: DecodedRows[Any]) -> timedelta | None:
    """Return the span of the batch's reading times, None where its rows have none."""
    if batch_type != BatchType.MEASUREMENTS or not batch.rows:
        return None
    times = [row.time for row in batch.rows]
    return max(times) - min(times)


def _cut(text: str | None, length: int) -> str | None:
    return None if text is None else text[:length]
