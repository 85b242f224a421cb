"""One hardware watchdog, fed only while everybody who has to works: reading the meter, and sending."""

from node.clock import Clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.ports import Board


class Feeder:
    """What one part of the node says that it is alive with."""

    def __init__(self, name: str, limit_ms: int, clock: Clock) -> None:
        self.name = name
        self._limit_ms = limit_ms
        self._clock = clock
        self._last_ms = clock.uptime_ms()

    def feed(self) -> None:
        """Say so."""
        self._last_ms = self._clock.uptime_ms()

    def is_hungry(self) -> bool:
        """Return whether nothing was heard for too long."""
        return self._clock.uptime_ms() - self._last_ms > self._limit_ms


class Watchdog:
    """A part that hangs, or gives itself up, has the board reset."""

    def __init__(self, clock: Clock, board: "Board") -> None:
        self._clock = clock
        self._board = board
        self._feeders: list[Feeder] = []

    def feeder(self, name: str, limit_ms: int) -> Feeder:
        """Return a feeder that has to feed at least so often."""
        feeder = Feeder(name, limit_ms, self._clock)
        self._feeders.append(feeder)
        return feeder

    def hungry(self) -> "list[str]":
        """Return who has not fed in time."""
        return [feeder.name for feeder in self._feeders if feeder.is_hungry()]

    def check(self) -> None:
        """Feed the hardware, unless somebody is hungry."""
        if not self.hungry():
            self._board.feed()
