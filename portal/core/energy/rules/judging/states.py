"""The states of the chain, and what it is in the end."""

from enum import StrEnum
from typing import NamedTuple


class LinkKind(StrEnum):
    """What lies between two accepted readings."""

    RISE = "rise"
    """Energy: the difference."""
    RESET = "reset"
    """The register began again near zero: the energy is what it shows now."""
    ROLLOVER = "rollover"
    """The register was full and began again: the energy is the difference and its width."""
    EXCHANGE = "exchange"
    """Another register: the step is no energy."""


class AcceptedSpan(NamedTuple):
    """Readings `first` to `last`, all accepted and all of one run, and how the chain comes to them."""

    first: int
    last: int
    kind: LinkKind


class ChainEntry(NamedTuple):
    """The chain enters a run at `reading`, coming from `came` (None: it begins here).

    `base` is the last reading believed before: that of `came`, or an earlier one where the register stood still.
    `line` is how many readings the line has before this one. `price` and `doubts` are of all before this reading.
    """

    price: int
    doubts: int
    base: int
    reading: int
    kind: LinkKind
    line: int
    came: "ChainExit | None"

    def is_before(self, other: "ChainEntry | None") -> bool:
        """Tell whether this is the cheaper way; of equal ones that with fewer doubts, then from the later base."""
        if other is None:
            return True
        return (self.price, self.doubts, -self.base) < (other.price, other.doubts, -other.base)


class ChainExit(NamedTuple):
    """The chain leaves a run behind `reading`, which it entered at `entry`.

    `tail` is the price of what the run has behind it. `line` is how many readings the line has, up to `MANY`, and
    `shows_since` its first reading in the run with the value of `reading`.
    """

    run: int
    reading: int
    tail: int
    price: int
    doubts: int
    line: int
    shows_since: int
    entry: ChainEntry
