"""Two transactions that meet: the first has not committed yet when the second wants the same."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from sqlalchemy import text

from portal.core.stack import Stack

_WAITS = text(
    "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
_Found = TypeVar("_Found")


async def come_second(stack: Stack, first: str, second: Awaitable[_Found]) -> _Found:
    """Return what `second` comes to that had to wait for the statement `first` to be committed."""
    async with stack.db.transaction() as session:
        await session.execute(text(first))
        waiting = asyncio.ensure_future(second)
        await lock_waited_for(stack, waiting)
    return await waiting


async def lock_waited_for(stack: Stack, waiting: "asyncio.Future[_Found]") -> None:
    """Wait until something waits for a lock; an end that comes instead is a mistake."""
    async with asyncio.timeout(20):
        while not waiting.done():
            async with stack.db.transaction() as session:
                if await session.scalar(_WAITS):
                    return
            await asyncio.sleep(0.02)
    message = f"it waited for nothing, and came to {waiting.result()!r}"
    raise AssertionError(message)
