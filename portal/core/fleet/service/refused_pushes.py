"""Pushes that were refused before anybody knew whose they are, and whose they turn out to be."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from portal.core.database.db import driver_connection
from portal.core.exchange.batches import MAX_CURSOR_LENGTH, known_type
from portal.core.fleet.queries import refused_pushes as queries
from portal.core.fleet.queries.fleet_batches import HandledBatch, record_event
from portal.core.fleet.rules.refused_pushes import UNAUTHENTICATED, RefusedPush, counted
from portal.core.values.texts import shown_text
from portal.core.values.time import iso_utc

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from portal.core.database.db import AsyncSession
    from portal.core.fleet.tables import UnknownPush
    from portal.core.stack import Stack

# A Client that goes on with a dead token is one line a minute of a list, not one a second.
_AGAIN_AFTER = timedelta(minutes=1)
_UNKNOWN_SHOWN = 20


async def keep_refused(stack: Stack, pushes: Sequence[RefusedPush]) -> None:
    """Keep pushes with tokens that open nothing, oldest first.

    A token that a customer had before, or that of a customer which is disabled, makes it that customer's: there it is
    an ingest event, at most one a minute. Of the others a bounded list is kept.
    """
    found = counted(pushes)
    async with stack.db.transaction() as session:
        hashes = {push.token_hash for push, _ in found.values() if push.token_hash}
        had = await queries.had_tokens(session, hashes, stack.clock()) if hashes else {}
        for push, times in found.values():
            if push.token_hash in had:
                await _keep_of_customer(session, push, times, *had[push.token_hash])
            else:
                await queries.save_unknown(session, _as_kept(push), times)
        await queries.forget_old_unknown(session)


async def unknown_pushes(stack: Stack) -> tuple[UnknownPush, ...]:
    """Return the last pushes with tokens that nobody has or had, newest first."""
    async with stack.db.snapshot() as session:
        return await queries.unknown_pushes(session, _UNKNOWN_SHOWN)


async def _keep_of_customer(
    session: AsyncSession, push: RefusedPush, times: int, customer_id: UUID, ended_at: datetime | None
) -> None:
    reason = (
        "the customer is disabled"
        if ended_at is None
        else f"an old token, ended {iso_utc(ended_at.replace(microsecond=0))}"
    )
    batch = HandledBatch(
        batch_type=_as_kept(push).batch_type,
        batch_bytes=push.body_bytes,
        client_hwm=None if push.cursor is None else shown_text(push.cursor[:MAX_CURSOR_LENGTH]),
        error=reason if not push.token_last4 else f"{reason} (ends {shown_text(push.token_last4)})",
        status=UNAUTHENTICATED,
    )
    key = customer_id, batch.batch_type
    is_told = await queries.was_refused_within(session, *key, _AGAIN_AFTER)
    connection = await driver_connection(session)
    if not is_told:
        await record_event(connection, customer_id, batch)
    token_last4 = shown_text(push.token_last4)
    await queries.save_refusal(connection, customer_id, batch, times=times, token_last4=token_last4)


def _as_kept(push: RefusedPush) -> RefusedPush:
    """Return a push with texts that may be shown: a header may hold what no name may."""
    return RefusedPush(
        batch_type=known_type(push.batch_type),
        token_hash=push.token_hash,
        token_length=push.token_length,
        token_last4=shown_text(push.token_last4)[:4],
        address=push.address,
    )
