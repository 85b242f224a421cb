"""What is brief goes before what is long, within one process.

A batch of thousands of readings keeps the event loop, the processor and the database busy for a tenth of a second.
It is handed on in pieces, and between two of them gives way to whatever is done in a moment.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

# What takes longer is not brief, such as a request whose body trickles in.
_BRIEF_SECONDS = 0.05
# A batch is late by at most so much for each of its pieces, however much brief work there is.
_LONGEST_WAIT_SECONDS = 0.01
_TICK_SECONDS = 0.001

_ends: dict[object, float] = {}
"""Until when each piece of brief work under way counts as such."""


@contextmanager
def brief() -> Generator[None, None, None]:
    """Mark what is done in a moment: long work waits for it."""
    mark = object()
    _ends[mark] = monotonic() + _BRIEF_SECONDS
    try:
        yield
    finally:
        del _ends[mark]


async def give_way() -> None:
    """Let others run; where brief work is under way, let it end first."""
    await asyncio.sleep(0)
    end = monotonic() + _LONGEST_WAIT_SECONDS
    # Polled: an event belongs to one loop, and brief work also ends by growing old.
    while _ends and any(until > monotonic() for until in _ends.values()) and monotonic() < end:  # noqa: ASYNC110
        await asyncio.sleep(_TICK_SECONDS)
