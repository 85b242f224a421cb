"""The push as a running task: one per stack, on its own connections, ended within a second."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from portal.core.database.db import Database
from portal.core.errors import Misconfigured
from portal.core.log import logger
from portal.core.outages import Outage
from portal.core.outbox.service import push as service
from portal.core.settings import RunMode
from portal.push.client import PushClient
from portal.push.lock import PushLock
from portal.push.recover import Progress, RecoverReport, recover, silent
from portal.push.reports import TickReport
from portal.push.tick import Tick
from portal.push.verify import VerifyReport, verify

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine
    from datetime import datetime

    import httpx

    from portal.core.settings import FleetIngest
    from portal.core.stack import Stack

_FOLLOW_SECONDS = 2.0
_REOPEN_SECONDS = 5.0
_GOODBYE_SECONDS = 0.4
_LOOP_PATIENCE_SECONDS = 600.0
_ONCE_PATIENCE_SECONDS = 30.0
_HEARTBEAT_SECONDS = 5.0
# Every batch says whether one of the two databases was set back; a stack that has nothing to send asks.
_ASK_EVERY_SECONDS = 3600.0
# Longer than the server's own limit on a statement of the push, which ends it in order.
_STATEMENT_SECONDS = 75.0
# A request takes two minutes at most.
_LONGEST_STEP_SECONDS = 300.0

_log = logger("push")

__all__ = [
    "RecoverReport",
    "TickReport",
    "VerifyReport",
    "recover_once",
    "run",
    "tick_once",
    "verify_once",
]


async def tick_once(stack: Stack, *, transport: httpx.AsyncBaseTransport | None = None) -> TickReport:
    """Push once, now: waits and stops of earlier failures are ignored, since a person asked for it.

    Raises `Misconfigured` where this stack does not push, `Conflict` while a tick of a running stack
    goes on for half a minute.
    """
    _check_pushes(stack)
    async with (
        _own_pool(stack) as own,
        PushLock(own.db) as lock,
        PushClient(_fleet(own), transport) as client,
        lock.turn(_ONCE_PATIENCE_SECONDS),
    ):
        # Also of a set that has nothing to send any more; what is still refused stops again.
        await service.clear_stops(own)
        return await Tick(own, client, is_forced=True, asks=True).run()


async def verify_once(
    stack: Stack,
    *,
    from_at: datetime | None = None,
    to_at: datetime | None = None,
    repair: bool = True,
    transport: httpx.AsyncBaseTransport | None = None,
) -> VerifyReport:
    """Compare this stack's readings with the Admin's and have the missing ones pushed; see `verify`.

    Raises `Misconfigured` where this stack does not push. Needs no lock: what it queues, the push sends.
    """
    _check_pushes(stack)
    async with _own_pool(stack) as own, PushClient(_fleet(own), transport) as client:
        return await verify(own, client, from_at=from_at, to_at=to_at, repair=repair)


async def recover_once(
    stack: Stack,
    *,
    dry_run: bool = False,
    adopt: bool = False,
    progress: Progress = silent,
    transport: httpx.AsyncBaseTransport | None = None,
) -> RecoverReport:
    """Fetch what the Admin holds and this stack does not, then push once; see `recover`.

    Raises `Misconfigured` where this stack does not push, `PortalError` where the Admin cannot be asked. Without
    `adopt`, `Conflict` where the Admin's customer has nothing in common with this stack. May be ended at any moment and
    run again.
    """
    _check_pushes(stack)
    async with _own_pool(stack) as own, PushClient(_fleet(own), transport) as client:
        report = await recover(own, client, dry_run=dry_run, adopt=adopt, progress=progress)
        if not dry_run:
            async with PushLock(own.db) as lock, lock.turn(_ONCE_PATIENCE_SECONDS):
                await service.clear_stops(own)
                report.pushed = await Tick(own, client, is_forced=True, asks=True).run()
    return report


async def run(stack: Stack, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
    """Push every `FleetIngest__IntervalSeconds` until cancelled; wait while another process does it.

    Returns at once where this stack does not push. Ends within a second of a cancellation even when
    the database does not answer.
    """
    if stack.settings.run_mode is not RunMode.CLIENT or not stack.settings.fleet_ingest.enabled:
        return
    outage = Outage(_log, "The push has no database and starts over")
    while True:
        await _apart(_lead(stack, transport, outage))
        await asyncio.sleep(_REOPEN_SECONDS)


async def _apart(work: Coroutine[Any, Any, None]) -> None:
    """Run the work as a task of its own, so that a cancellation need not wait for its clean-up for long."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait({task}, timeout=_GOODBYE_SECONDS)
        raise


async def _lead(stack: Stack, transport: httpx.AsyncBaseTransport | None, outage: Outage) -> None:
    """Wait for the leader's lock, then tick; returns when the database is lost."""
    # The task must outlive a database that restarts.
    with outage.noted():
        async with _own_pool(stack) as own, PushLock(own.db) as lock:
            while not await lock.try_to_lead():  # noqa: ASYNC110 - the leader is another process
                await asyncio.sleep(_FOLLOW_SECONDS)
            await service.clear_stops(own)
            async with PushClient(_fleet(own), transport) as client:
                await _tick_for_ever(own, lock, client, outage)


async def _tick_for_ever(own: Stack, lock: PushLock, client: PushClient, outage: Outage) -> None:
    asked_at: float | None = None
    while True:
        await lock.check()
        now = asyncio.get_running_loop().time()
        asks = asked_at is None or now - asked_at > _ASK_EVERY_SECONDS
        async with lock.turn(_LOOP_PATIENCE_SECONDS):
            await _watched(Tick(own, client, asks=asks), lock)
        outage.over()
        asked_at = now if asks else asked_at
        await asyncio.sleep(_fleet(own).interval_seconds)


async def _watched(tick: Tick, lock: PushLock) -> None:
    """Run a tick, and abandon it when the database says nothing any more or the tick itself stands still.

    A server that vanished without a word would otherwise hold the push up until the machine's own patience
    with a connection ends, which is hours.
    """
    work = asyncio.create_task(tick.run())
    try:
        while not (await asyncio.wait({work}, timeout=_HEARTBEAT_SECONDS))[0]:
            await lock.check()
            if tick.idle_seconds > _LONGEST_STEP_SECONDS:
                message = f"a tick stood still for {_LONGEST_STEP_SECONDS} seconds"
                raise TimeoutError(message)
        work.result()
    finally:
        if not work.done():
            work.cancel()
            await asyncio.wait({work}, timeout=_GOODBYE_SECONDS)


def _fleet(stack: Stack) -> FleetIngest:
    return stack.settings.fleet_ingest


def _check_pushes(stack: Stack) -> None:
    fleet = _fleet(stack)
    if stack.settings.run_mode is not RunMode.CLIENT:
        message = "Only a Client stack pushes: RunMode is Admin."
        raise Misconfigured(message)
    if not fleet.enabled:
        message = "Nothing leaves this stack: FleetIngest__Enabled is not true."
        raise Misconfigured(message)
    if not fleet.url or not fleet.token.get_secret_value():
        message = "Nothing to push to: set FleetIngest__Url and FleetIngest__Token."
        raise Misconfigured(message)


@asynccontextmanager
async def _own_pool(stack: Stack) -> AsyncIterator[Stack]:
    """Open the push's own connections: a query of it that hangs takes none from pages and ingest."""
    database = Database(
        stack.db.dsn, application_name="portal-push", pool_size=2, statement_seconds=_STATEMENT_SECONDS
    )
    try:
        yield replace(stack, db=database)
    finally:
        try:
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await database.dispose()
        except TimeoutError:
            _log.warning("The push's connections did not close in time")
