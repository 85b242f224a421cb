"""A moment in which every stored reading is counted, for whoever answers about energy or money.

An answer does not wait for a refresh, which waits for others. What is stored is exact, what is queued is computed with
the answer by the same rule. Only where that is too much does an answer wait for a refresh, and not for long; then it
leaves out what still waits, and says how far it goes. A long recompute pass it neither waits for nor works at: that is
for the refreshes behind ingest, or for the command that asked for it.
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


@asynccontextmanager
async def counted(stack: Stack, customer_id: UUID | None = None) -> AsyncGenerator[Counted, None]:
    """Open a read-only moment in which a customer's readings are counted, or those of all. Raises `Unavailable`."""
    async with AsyncExitStack() as opened:
        found, is_worth_waiting = await _look(opened, stack, customer_id)
        patience = _patience(stack)
        if is_worth_waiting and patience > 0:
            await opened.aclose()
            await _wait_for_refresh(stack, patience)
            found, _ = await _look(opened, stack, customer_id)
        yield found


def _patience(stack: Stack) -> float:
    """Return how long to wait for a refresh, in seconds: what others have waited for the one under way counts."""
    began = stack.shared.running_since(refresh)
    return _PATIENCE_SECONDS - (0 if began is None else monotonic() - began)


async def _look(opened: AsyncExitStack, stack: Stack, customer_id: UUID | None) -> tuple[Counted, bool]:
    """Open a moment; returns it, and whether a refresh may have more counted soon."""
    now = stack.clock()
    session = await opened.enter_async_context(stack.db.snapshot())
    try:
        found = await live.compute(session, stack.layout, max_gap_of(stack), customer_id)
    except Exception as error:
        if not outages.is_out_of_time(error):
            raise
        await opened.aclose()
        session = await opened.enter_async_context(stack.db.snapshot())
        found = await live.nothing(session, stack.layout, customer_id)
    since = found.waiting_since
    as_of = AsOf(now) if since is None else AsOf(min(since, now), is_complete=False)
    return Counted(session, found.hours, as_of), found.is_worth_waiting


async def _wait_for_refresh(stack: Stack, seconds: float) -> None:
    """Have one refresh run in this process, and wait for it a moment; it goes on when nobody waits any more."""
    with _outage.noted(), suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stack.shared.answer(
                refresh, lambda: refresh(stack, pass_seconds=_PATIENCE_SECONDS), since=0, keep_seconds=0
            )
