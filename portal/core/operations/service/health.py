"""Whether the stack can do its work."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from portal.core import energy
from portal.core.log import logger
from portal.core.operations.queries import restore_proofs, writing
from portal.core.outages import Outage
from portal.core.outbox.queries import push_epoch

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from portal.core.energy.energy_proof import EnergyProof
    from portal.core.operations.queries.restore_proofs import RestoreProofs
    from portal.core.stack import Stack

_log = logger("health")
_not_ready = Outage(_log, "The database cannot be used")
_figures_missing = Outage(_log, "The figures of the database are not there")
_PATIENCE_SECONDS = 2
_Found = TypeVar("_Found")
_asking: set[asyncio.Task[object]] = set()


@dataclass(frozen=True)
class StackHealth:
    """How many hours of meters wait to be refreshed, and how many meters are recomputed; the last proofs, if any.

    `is_behind`: a Client's push is stopped, since the Admin holds more than it ever sent; None at the Admin.
    """

    hours_to_refresh: int
    meters_to_recompute: int
    proof: EnergyProof | None
    is_behind: bool | None = None
    restores: RestoreProofs | None = None


async def status(stack: Stack) -> StackHealth | None:
    """Return what the database knows that is worth watching; None where it does not answer within two seconds."""
    with _figures_missing.noted():
        return await _within_patience(_status(stack))
    return None


async def is_ready(stack: Stack) -> bool:
    """Whether the database answers through the pool within two seconds, and takes changes.

    A server that was out of disk is asked for a little of it, until it has some.
    """
    with _not_ready.noted():
        await _within_patience(_require_writable(stack))
        return True
    return False


async def _status(stack: Stack) -> StackHealth:
    layout = stack.layout
    async with stack.db.snapshot() as session:
        waiting = await energy.count_queued(session, layout)
        proof = await energy.energy_proof.latest_in(session, layout)
        epoch = None if layout.has_customers else await push_epoch.load(session)
        passes = await energy.count_passes(session, layout)
        is_behind = None if epoch is None else epoch.behind_since is not None
        return StackHealth(waiting, passes, proof, is_behind, await restore_proofs.found(session))


async def _require_writable(stack: Stack) -> None:
    async with stack.db.transaction() as session:
        await writing.require_writable(session)
        if stack.db.is_full:
            await writing.require_room(session)
    stack.db.is_full = False


async def _within_patience(asking: Coroutine[Any, Any, _Found]) -> _Found:
    """Return an answer, or raise `TimeoutError`: a connection that says nothing is given up behind our back."""
    task = asyncio.create_task(asking)
    _asking.add(task)
    task.add_done_callback(_put_away)
    try:
        if not (await asyncio.wait({task}, timeout=_PATIENCE_SECONDS))[0]:
            raise TimeoutError
        return task.result()
    finally:
        task.cancel()


def _put_away(task: asyncio.Task[object]) -> None:
    _asking.discard(task)
    if not task.cancelled():
        task.exception()  # looked at, or nobody waits for it any more
