"""When the meter is read: on the clock's round minutes, whatever else goes on."""

from node.clock import Clock

# A step back of at most so many periods is waited out; after a longer one it goes on at once.
_WAITED_OUT = 2


class Cadence:
    """One reading a period, at its beginning; the first of a boot at once."""

    def __init__(self, clock: Clock, period_s: int = 60) -> None:
        self._clock = clock
        self._period_ms = period_s * 1000
        self._done: int | None = None
        self._by_time = False

    def wait_ms(self) -> int:
        """Return how long it is until the next reading is due; 0: it is due now."""
        now_ms, slot = self._now()
        if self._done is None or slot > self._done or slot + _WAITED_OUT < self._done:
            return 0
        return (self._done + 1) * self._period_ms - now_ms

    def take(self) -> None:
        """Note that the reading that is due has been dealt with, whether the meter answered or not."""
        self._done = self._now()[1]

    def _now(self) -> "tuple[int, int]":
        now_ms = self._clock.best_ms()
        by_time = now_ms is not None
        if now_ms is None:
            now_ms = self._clock.uptime_ms()
        slot = now_ms // self._period_ms
        if by_time and not self._by_time and self._done is not None:
            # The time came to be known: the period that runs has had its reading by the counter.
            self._done = slot
        self._by_time = by_time
        return now_ms, slot
