"""Runs many simulated boards in one process: one thread reads all meters, a few send for all boards.

A board has a thread for each. Here a step of either says how long it has nothing to do, and whoever is due next gets
the next turn: a hundred boards need no two hundred threads.
"""

import heapq
from collections.abc import Callable, Sequence
from itertools import count
from threading import Condition, Thread
from typing import Self

from portal.core.log import logger
from portal.simulator.board import SimulatedNode
from portal.simulator.hardware import SimulatedTime

_SENDERS = 4
_NEXT_LOOK_MS, _NEXT_LOOK_S = 60_000, 0.5
_FAILED_MS = 10_000
_log = logger("simulator")

Step = Callable[[], int]


class RunningNodes:
    """Inside its `with` the boards run."""

    def __init__(self, nodes: Sequence[SimulatedNode], time: SimulatedTime) -> None:
        """`time` is the one that all the boards live in."""
        self.nodes = nodes
        self._time = time
        self._is_over = False
        self._change = Condition()
        self._threads: list[Thread] = []

    def __enter__(self) -> Self:
        """Start the threads."""
        self._start(_Turns([node.sample for node in self.nodes]), 1)
        self._start(_Turns([node.upload for node in self.nodes]), _SENDERS)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop them. A request that is under way is not waited for: what it carries is on the flash."""
        with self._change:
            self._is_over = True
            self._change.notify_all()
        for thread in self._threads:
            thread.join(_NEXT_LOOK_S)

    def _start(self, turns: "_Turns", threads: int) -> None:
        for _ in range(threads):
            thread = Thread(target=self._go_on, args=(turns,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def _go_on(self, turns: "_Turns") -> None:
        while (step := self._next(turns)) is not None:
            try:
                wait_ms = step()
            except Exception:  # noqa: BLE001 - a board's own failure, whatever it is
                # A board whose program fails is started anew by its watchdog; the others go on.
                _log.exception("A simulated board failed")
                wait_ms = _FAILED_MS
            with self._change:
                turns.put(step, self._time.elapsed_ms() + wait_ms)
                self._change.notify_all()

    def _next(self, turns: "_Turns") -> Step | None:
        """Wait for whoever is due next; None when all of it is over."""
        with self._change:
            while not self._is_over:
                step, wait_ms = turns.next(self._time.elapsed_ms())
                if step is not None:
                    return step
                self._change.wait(min(_NEXT_LOOK_S, wait_ms / 1000 / self._time.speedup))
        return None


class _Turns:
    """Who is due when, the earliest first."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._order = count()
        self._due = [(0, next(self._order), step) for step in steps]

    def next(self, now_ms: int) -> tuple[Step | None, int]:
        """Return whoever is due, and else how many milliseconds it is until somebody is."""
        if not self._due:
            return None, _NEXT_LOOK_MS
        due_ms = self._due[0][0]
        return (heapq.heappop(self._due)[2], 0) if due_ms <= now_ms else (None, due_ms - now_ms)

    def put(self, step: Step, due_ms: int) -> None:
        """Give somebody the next turn at a time."""
        heapq.heappush(self._due, (due_ms, next(self._order), step))
