"""A moment in which every stored reading is counted, for whoever answers about energy or money.

An answer does not wait for a refresh, which waits for others. What is stored is exact, what is queued is computed with
the answer by the same rule. Only where that is too much does an answer wait for a refresh, and not for long; then it
leaves out what still waits, and says how far it goes. It does not wait for a long recompute pass. The refresh that it
has run may work at one for a moment; to its end a pass comes by the refreshes behind ingest, or by the command that
asked for it.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from portal.core import outages
from portal.core.energy.queries import live
from portal.core.energy.rules.as_of import AsOf
from portal.core.energy.service import max_gap_of, refresh
from portal.core.log import logger
from portal.core.outages import Outage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from datetime import datetime
    from uuid import UUID

    from portal.core.database.db import AsyncSession
    from portal.core.energy.rules.live import LiveHours
    from portal.core.stack import Stack

_PATIENCE_SECONDS = 0.2
_outage = Outage(logger("energy"), "Hours are not brought up to date for an answer")


class Counted(NamedTuple):
    """A moment of the database, what has to be added to the energy stored in it, and how far that goes."""

    session: AsyncSession
    live: LiveHours
    as_of: AsOf


class _Look(NamedTuple):
    """A moment, whether a refresh may have more counted soon, and whether what is queued took too long to compute."""

    counted: Counted
    is_worth_waiting: bool
    is_out_of_time: bool


@asynccontextmanager
async def counted(stack: Stack, customer_id: UUID | None = None) -> AsyncGenerator[Counted, None]:
    """Open a read-only moment in which a customer's readings are counted, or those of all. Raises `Unavailable`."""
    async with AsyncExitStack() as opened:
        look = await _look(opened, stack, customer_id)
        patience = _patience(stack)
        if look.is_worth_waiting and patience > 0:
            await opened.aclose()
            await _wait_for_refresh(stack, patience)
            look_again = _look_at_stored if look.is_out_of_time else _look
            look = await look_again(opened, stack, customer_id)
        yield look.counted


@asynccontextmanager
async def stored(stack: Stack, customer_id: UUID | None = None) -> AsyncGenerator[Counted, None]:
    """Open a read-only moment as it is stored, without what waits: for lists, which must not wait either.

    Its `as_of` says how far that goes.
    """
    async with AsyncExitStack() as opened:
        yield (await _look_at_stored(opened, stack, customer_id)).counted


def _patience(stack: Stack) -> float:
    """Return how long to wait for a refresh, in seconds: what others have waited for the one under way counts."""
    began = stack.shared.running_since(refresh)
    return _PATIENCE_SECONDS - (0 if began is None else monotonic() - began)


async def _look(opened: AsyncExitStack, stack: Stack, customer_id: UUID | None) -> _Look:
    """Open a moment, and compute what is queued in it if that does not take too long."""
    now = stack.clock()
    session = await opened.enter_async_context(stack.db.snapshot())
    try:
        found = await live.compute(session, stack.layout, max_gap_of(stack), customer_id)
    except Exception as error:
        if not outages.is_out_of_time(error):
            raise
        await opened.aclose()
        return await _look_at_stored(opened, stack, customer_id)
    return _Look(_counted(session, found, now), found.is_worth_waiting, is_out_of_time=False)


async def _look_at_stored(opened: AsyncExitStack, stack: Stack, customer_id: UUID | None) -> _Look:
    """Open a moment, and leave out what is queued in it."""
    now = stack.clock()
    session = await opened.enter_async_context(stack.db.snapshot())
    found = await live.nothing(session, stack.layout, customer_id)
    return _Look(_counted(session, found, now), found.is_worth_waiting, is_out_of_time=True)


def _counted(session: AsyncSession, found: live.Live, now: datetime) -> Counted:
    since = found.waiting_since
    as_of = AsOf(now) if since is None else AsOf(min(since, now), is_complete=False)
    return Counted(session, found.hours, as_of)


async def _wait_for_refresh(stack: Stack, seconds: float) -> None:
    """Have one refresh run in this process, and wait for it a moment; it goes on when nobody waits any more."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stack.shared.answer(
                refresh, lambda: _refresh(stack), since=0, keep_seconds=0, is_for_all=True
            )


async def _refresh(stack: Stack) -> None:
    # Noted here and not where it is waited for: it may fail when nobody waits any more.
    with _outage.noted():
        await refresh(stack, pass_seconds=_PATIENCE_SECONDS)
