"""How many lines somebody may bring about in the log: what anybody can cause, nobody causes without limit."""

from __future__ import annotations

from enum import Enum
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Grant(Enum):
    """Whether there is a line, and whether it is the last one for a while."""

    YES = "yes"
    LAST = "last"
    NO = "no"


class Budget:
    """So many lines in a window for one origin, and so many for all together, which bounds its memory as well."""

    def __init__(
        self, each: int, together: int, seconds: float = 60, clock: Callable[[], float] = monotonic
    ) -> None:
        self._each, self._together, self._seconds, self._clock = each, together, seconds, clock
        self._began = clock()
        self._taken: dict[str, int] = {}
        self._total = 0

    def take(self, origin: str) -> Grant:
        """Take a line for somebody: an address, a kind of event."""
        now = self._clock()
        if now - self._began >= self._seconds:
            self._began, self._total = now, 0
            self._taken.clear()
        taken = self._taken.get(origin, 0)
        if taken >= self._each or self._total >= self._together:
            return Grant.NO
        self._taken[origin] = taken + 1
        self._total += 1
        return Grant.LAST if taken + 1 == self._each or self._total == self._together else Grant.YES
