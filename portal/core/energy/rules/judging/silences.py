"""What a long silence says of the readings before it: few of them, and no history, are a board's wrong year.

That holds where the register is read more often than the silence lasts. One that is read by the quarter, or once a
year, has nothing but silences, and each of its readings is as good as the next.
"""

from collections.abc import Sequence

from portal.core.energy.rules.judging.prices import FEW, LONG_SILENCE, REMEMBERED
from portal.core.energy.rules.judging.states import ChainExit


class Silences:
    """The long silences between readings at `times`, which ascend."""

    __slots__ = ("_times",)

    def __init__(self, times: Sequence[int]) -> None:
        self._times = times

    def price(self, out: ChainExit, i: int) -> int:
        """Return the price of a silence, if it is a long one, from where a chain leaves a run up to reading i."""
        if self._times[i] - self._times[out.reading] <= REMEMBERED:
            return 0
        has_history = out.line >= FEW or out.reading - out.entry.reading + 1 >= FEW
        return 0 if has_history or self._is_read_seldom(out.reading, i) else LONG_SILENCE

    def _is_read_seldom(self, x: int, i: int) -> bool:
        """Tell whether there are few readings again on the far side of a silence, and another silence around both."""
        begins, _ = self._ends(x)
        first, ends = self._ends(i)
        return ends - first + 1 < FEW and (begins > 0 or ends + 1 < len(self._times))

    def _ends(self, i: int) -> tuple[int, int]:
        """Return the first and the last reading around i without a long silence, no more than make a line."""
        times, first, last = self._times, i, i
        while last - first + 1 < FEW and first > 0 and times[first] - times[first - 1] <= REMEMBERED:
            first -= 1
        while (
            last - first + 1 < FEW and last + 1 < len(times) and times[last + 1] - times[last] <= REMEMBERED
        ):
            last += 1
        return first, last
