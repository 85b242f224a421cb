"""Background loops of pages: one of a kind in a tab at most, and none longer than the connection it was started on.

A handler that keeps a page up to date is started by the page, but any client of the websocket can call it too, as often
as it likes. So a new loop of a tab takes the place of the one before, and all end when their connection does.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass(frozen=True, eq=False)
class Loop:
    """A running loop: whose it is, of which kind, the connection it was started on, and whether it is over."""

    tab: str
    kind: str
    connection: str
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def pause(self, seconds: float) -> None:
        """Wait, but no longer than the loop may run."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.over.wait()


_RUNNING: set[Loop] = set()


@contextmanager
def begun(tab: str, kind: str, connection: str) -> Iterator[Loop]:
    """Run a loop in the place of the one of its kind that this tab had."""
    for loop in _RUNNING:
        if (loop.tab, loop.kind) == (tab, kind):
            loop.over.set()
    loop = Loop(tab, kind, connection)
    _RUNNING.add(loop)
    try:
        yield loop
    finally:
        _RUNNING.discard(loop)


def end_with(connection: str) -> None:
    """End every loop that was started on a connection."""
    for loop in _RUNNING:
        if loop.connection == connection:
            loop.over.set()


def count() -> int:
    """Return how many loops run in this process, those that are about to end included."""
    return len(_RUNNING)
