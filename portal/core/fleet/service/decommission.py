"""A customer leaves: its tokens are refused, and everything that is kept of it is deleted, in small transactions.

Each of them begins from what is there, so the work may be killed at any instant and goes on after the next start. What
remains is that a customer left, by a number: when, on whose word, how many rows that were, and whether everything was
handed out before.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from portal.core.audit import queries as audit
from portal.core.database.reading_locks import keep_writers_out
from portal.core.errors import Conflict, NotFound
from portal.core.fleet.queries import customer_changes as changes
from portal.core.fleet.queries import erasure
from portal.core.fleet.queries.erasure import Leaving
from portal.core.log import logger
from portal.core.outages import Outage
from portal.core.values.versions import require_version
from portal.core.words import noted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime
    from uuid import UUID

    from portal.core.database.db import AsyncSession
    from portal.core.database.parts import Part
    from portal.core.fleet.tables import Decommission
    from portal.core.stack import Stack

_UNKNOWN = noted("There is no such customer")
_LOOK_SECONDS = 5
_log = logger("fleet")


@dataclass(frozen=True)
class LeavingCustomer:
    """How far the deletion of a customer is; `customer_id` is None once nothing of it is left.

    `relations_to_shrink` still have to give back the space of what was deleted.
    """

    id: UUID
    number: int
    customer_id: UUID | None
    begun_at: datetime
    rows_deleted: int
    relations_to_shrink: int
    exported_at: datetime | None
    manifest_sha256: str | None
    deleted_at: datetime | None
    finished_at: datetime | None
    to_shrink: dict[str, int] = field(repr=False)


async def begin(
    stack: Stack,
    customer_id: UUID,
    confirmed_code: str,
    *,
    without_export: bool = False,
    expected: Collection[str] | None = None,
) -> LeavingCustomer:
    """Close a customer for good and have all of it deleted; there is no way back.

    `confirmed_code` is its code as a person typed it. Everything has to have been handed out since it last pushed,
    unless `without_export`. Raises `NotFound`, `Outdated`; `Conflict` for another code, without such an export, or
    where the customer is being deleted already.
    """
    async with stack.db.transaction() as session:
        await changes.keep_writers_out(session, customer_id)
        customer = await changes.lock(session, customer_id, for_removal=True)
        if customer is None:
            raise NotFound(_UNKNOWN)
        require_version(customer.version, expected)
        if confirmed_code.strip().lower() != customer.code.lower():
            raise Conflict("The code does not belong to this customer: nothing was deleted")
        if not without_export and not await erasure.is_handed_out(session, customer_id):
            message = noted(
                "Not everything of this customer was exported since it last pushed: export it first, "
                "or say that nobody needs it"
            )
            raise Conflict(message)
        number = await erasure.number_of(session, customer_id) or 0
        made = await erasure.begin(session, customer_id, number, stack.clock())
        if made is None:
            raise Conflict("This customer is being deleted already")
        await audit.record(session, "customer.decommission_begun", subject_of(number))
        found = await erasure.find(session, made)
        return _shown(found)


def subject_of(number: int) -> str:
    """Return by what the audit trail calls a customer that has left."""
    return f"customer {number}"


async def list_leaving(stack: Stack) -> tuple[LeavingCustomer, ...]:
    """Return customers that leave or have left, the latest first."""
    async with stack.db.snapshot() as session:
        return tuple(map(_shown, await erasure.listed(session)))


async def find_leaving(stack: Stack, customer_id: UUID) -> LeavingCustomer | None:
    """Return how far the deletion of a customer is; None where none was begun, or nothing of it is left."""
    async with stack.db.snapshot() as session:
        found = await erasure.find_of(session, customer_id)
        return None if found is None else _shown(found)


async def get_leaving(stack: Stack, decommission_id: UUID) -> LeavingCustomer:
    """Return how far a deletion is, by its own id. Raises `NotFound`."""
    async with stack.db.snapshot() as session:
        return _shown(await erasure.find(session, decommission_id))


async def finish(
    stack: Stack, decommission_id: UUID, on_progress: Callable[[LeavingCustomer], object] | None = None
) -> LeavingCustomer:
    """Do all that is left to do for a customer that leaves. May be killed at any instant, and called again.

    Where somebody holds a relation that has to give back space, that is left for the next call. Raises `NotFound`;
    `Conflict` where another process is at it.
    """
    state = await get_leaving(stack, decommission_id)
    while state.customer_id is not None:
        if not await _delete_pass(stack, Leaving(state.id, state.customer_id, state.number)):
            raise Conflict("Another process is deleting this customer just now")
        state = await get_leaving(stack, decommission_id)
        if on_progress is not None:
            on_progress(state)
    for name, count in state.to_shrink.items():
        if await stack.storage.shrink(stack.db, name, count):
            await _note_shrunk(stack, decommission_id, name)
            if on_progress is not None:
                on_progress(await get_leaving(stack, decommission_id))
    await _note_finished(stack, decommission_id)
    return await get_leaving(stack, decommission_id)


async def follow(stack: Stack) -> None:
    """Go on with every deletion that was begun, for as long as the process runs."""
    outage = Outage(_log, "Customers that leave are not deleted")
    while True:
        with outage.noted():
            for each in await _open(stack):
                try:
                    state = await finish(stack, each)
                except Conflict:  # another process is at it
                    continue
                if state.finished_at is not None:
                    _log.info("A customer has left", number=state.number, rows=state.rows_deleted)
        await asyncio.sleep(_LOOK_SECONDS)


async def _open(stack: Stack) -> tuple[UUID, ...]:
    async with stack.db.snapshot() as session:
        return tuple(each.id for each in await erasure.listed(session, only_open=True))


async def _delete_pass(stack: Stack, leaving: Leaving) -> bool:
    """Go once through all that may hold rows of a customer, and end it where nothing is left; False: somebody else."""
    async with stack.db.snapshot() as session:
        parts = [*await stack.storage.parts(session), *await erasure.holders(session)]
    for part in parts:
        while await _delete_some(stack, leaving, part):
            pass
    return await _end(stack, leaving)


async def _delete_some(stack: Stack, leaving: Leaving, part: Part) -> bool:
    async with stack.db.transaction() as session:
        return await erasure.be_the_one(session, leaving) and await erasure.delete_some(
            session, leaving, part
        )


async def _end(stack: Stack, leaving: Leaving) -> bool:
    """Delete the customer itself once nothing refers to it; what came meanwhile is for the next pass."""
    async with stack.db.transaction() as session:
        await erasure.keep_refresh_out(session)
        if not await erasure.be_the_one(session, leaving):
            return False
        await keep_writers_out(session, leaving.number)
        await changes.lock(session, leaving.customer_id, for_removal=True)
        if not await erasure.has_readings(session, leaving) and await _is_empty(session, leaving):
            code = await erasure.forget(session, leaving)
            await audit.redact(session, (code, leaving.customer_id), subject_of(leaving.number))
            await _write_down(session, leaving)
    return True


async def _is_empty(session: AsyncSession, leaving: Leaving) -> bool:
    """Delete what came into the tables since the pass; False where that was so much that it takes another one."""
    came = [await erasure.delete_some(session, leaving, part) for part in await erasure.holders(session)]
    left = [await erasure.delete_some(session, leaving, part) for part in await erasure.holders(session)]
    return not (any(came) and any(left))


async def _write_down(session: AsyncSession, leaving: Leaving) -> None:
    """Leave a record that says nothing about who the customer was, in the place of those that did."""
    found = await erasure.find(session, leaving.id)
    if found is None:
        raise NotFound(_UNKNOWN)
    handed_out = (
        "nothing was exported" if found.manifest_sha256 is None else f"export {found.manifest_sha256}"
    )
    detail = f"{found.rows_deleted} rows; {handed_out}"
    await audit.record_always(session, "customer.decommissioned", subject_of(leaving.number), detail)
    await erasure.note_deleted(session, leaving.id)


async def _note_shrunk(stack: Stack, decommission_id: UUID, name: str) -> None:
    async with stack.db.transaction() as session:
        await erasure.note_shrunk(session, decommission_id, name)


async def _note_finished(stack: Stack, decommission_id: UUID) -> None:
    async with stack.db.transaction() as session:
        await erasure.note_finished(session, decommission_id)


def _shown(row: Decommission | None) -> LeavingCustomer:
    if row is None:
        raise NotFound("There is no such deletion")
    return LeavingCustomer(
        id=row.id,
        number=row.number,
        customer_id=row.whose,
        begun_at=row.begun_at,
        rows_deleted=row.rows_deleted,
        relations_to_shrink=len(row.to_shrink),
        exported_at=row.exported_at,
        manifest_sha256=row.manifest_sha256,
        deleted_at=row.deleted_at,
        finished_at=row.finished_at,
        to_shrink=dict(row.to_shrink),
    )
