"""When a refresh runs: soon after readings were stored, and where hours wait that nobody takes."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from portal.core.energy.service import queue_head, refresh
from portal.core.log import logger
from portal.core.outages import Outage

if TYPE_CHECKING:
    from portal.core.stack import Stack

_log = logger("rollups")
_PAUSE_SECONDS = 0.5
# Under a stream of readings the refresh gets a twentieth of the time, and more only where it would fall behind: the
# views show dirty hours anyway, and many batches refreshed together take half the time of each by itself.
_PAUSE_FACTOR = 19
_LONGEST_PAUSE_SECONDS = 10
_LOOK_SECONDS = 3
# A process that ends leaves a long recompute pass to the others, or to its next start.
_LAST_SECONDS = 2


class Trigger:
    """Refreshes energy and figures after readings were stored, without delaying the answer.

    Calls that come while a refresh runs are answered by one more refresh. A lost call does no harm: `follow` takes
    what waits, and whoever reads energy or cost counts it.
    """

    def __init__(self) -> None:
        self._wanted = False
        self._task: asyncio.Task[None] | None = None
        self._is_draining = asyncio.Event()
        self._ends_at = inf
        self._outage = Outage(_log, "The rollups are not refreshed")

    def __call__(self, stack: Stack) -> None:
        """Ask for a refresh soon."""
        self._wanted = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(stack))

    async def follow(self, stack: Stack) -> None:
        """Have refreshed what nobody takes, until cancelled: what a restore, an upgrade or an ended process left.

        Of several processes each looks. What is the same twice in a row no other process is at, and where two begin
        at once, the second waits and finds nothing.
        """
        outage, before = Outage(_log, "The queue of hours is not looked at"), None
        while True:
            with outage.noted():
                head = await queue_head(stack)
                if head is not None and head == before:
                    self(stack)
                before = head
            await asyncio.sleep(_LOOK_SECONDS)

    async def drain(self) -> None:
        """Wait until the queue is up to date, and for recompute passes a moment."""
        self._is_draining.set()
        self._ends_at = monotonic() + _LAST_SECONDS
        if self._task is not None:
            await self._task
        self._is_draining.clear()
        self._ends_at = inf

    async def _run(self, stack: Stack) -> None:
        while self._wanted:
            self._wanted = False
            began = monotonic()
            with self._outage.noted():
                await refresh(stack, is_ending=lambda: monotonic() > self._ends_at)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_draining.wait(), _pause(monotonic() - began))


def _pause(took: float) -> float:
    return min(max(_PAUSE_SECONDS, _PAUSE_FACTOR * took), _LONGEST_PAUSE_SECONDS)
