"""Runs: neighbours that agree with each other, so that whether they are believed is one question.

A real history is nearly all one run. What follows here looks at runs, of which a faulty history has a few dozen, and
not at readings, of which it has half a million.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from operator import sub

from portal.core.energy.rules.judging.limits import Limits
from portal.core.energy.rules.judging.prices import FEW, LEFT_OUT, REMEMBERED, WOBBLE_LASTS

_WATT_MICROSECONDS_PER_MILLIWH = 3_600_000


class Runs:
    """The runs of a register's readings, which ascend by (time, value).

    Run r is readings `first[r]` to `last[r]`. `weight[r]` is how many readings it counts for: a row of zeros for one.
    `until[r]` is the price of leaving out all runs before r.
    """

    __slots__ = ("first", "last", "shown", "times", "until", "weight")

    def __init__(self, times: Sequence[int], shown: Sequence[int], limits: Limits) -> None:
        self.times, self.shown = times, shown
        cuts = _with_overhangs(times, shown, _cuts(times, shown, limits), limits.slack_milliwh)
        self.first = [0, *cuts]
        self.last = [*(cut - 1 for cut in cuts), len(times) - 1]
        self.weight = [self.weigh(*ends) for ends in zip(self.first, self.last, strict=True)]
        self.until = [0, *accumulate(LEFT_OUT * weight for weight in self.weight)]

    def __len__(self) -> int:
        return len(self.first)

    def weigh(self, a: int, z: int) -> int:
        """Return how many readings the readings a to z, all of one run, count for: those that show 0 for one."""
        zeros = bisect_right(self.shown, 0, a, z + 1) - a
        return z - a + 1 - max(0, zeros - 1)

    def ways_in(self, run: int) -> list[tuple[int, int]]:
        """Return readings at which a chain may enter a run, and the price of what it leaves out before each.

        A run may begin with a few readings of another line that agree by chance. Readings that repeat a value cost as
        much as one, or as many as they are where only one or two are left out.
        """
        a, z = self.first[run], self.last[run]
        found: dict[int, int] = {}
        i, price = a, 0
        for _ in range(FEW):
            if i > z:
                break
            following = bisect_right(self.shown, self.shown[i], i, z + 1)
            found.setdefault(i, price)
            for more in range(i + 1, min(i + FEW, following)):
                found.setdefault(more, price + LEFT_OUT * (more - i))
            i, price = following, price + LEFT_OUT
        return list(found.items())

    def ways_out(self, run: int) -> list[tuple[int, int]]:
        """Return readings at which a chain may leave a run, and the price of what it leaves out behind each."""
        a, z = self.first[run], self.last[run]
        found: dict[int, int] = {}
        i, price = z, 0
        for _ in range(FEW):
            if i < a:
                break
            before = bisect_left(self.shown, self.shown[i], a, i + 1) - 1
            found.setdefault(i, price)
            for fewer in range(i - 1, max(i - FEW, before), -1):
                found.setdefault(fewer, price + LEFT_OUT * (i - fewer))
            i, price = before, price + LEFT_OUT
        return list(found.items())


def _cuts(times: Sequence[int], shown: Sequence[int], limits: Limits) -> list[int]:
    """Return where a run ends and the next begins.

    That is at a fall, a rise above the bound, a second value for an instant, a leap from under a tenth, and a very long
    silence. Two looks, since it is asked for every reading of a year: what a glance lets through is looked at closely.
    """
    spans = list(map(sub, times[1:], times))
    rises = list(map(sub, shown[1:], shown))
    watts, slack, unit = limits.watts, limits.slack_milliwh, _WATT_MICROSECONDS_PER_MILLIWH
    return [
        i
        for i, (rise, span, before) in enumerate(zip(rises, spans, shown, strict=False), 1)
        if (rise and (rise < 0 or before * 9 < rise or (rise - slack) * unit > watts * span))
        or not 0 < span <= REMEMBERED
    ]


def _with_overhangs(times: Sequence[int], shown: Sequence[int], cuts: Sequence[int], slack: int) -> list[int]:
    """Return cuts with those where a run passed what the next one begins with, further down, less than a day before.

    What hangs over may be a spike of some readings that rose within the bound: the fall behind it undoes it. A fall of
    a count or two is a wobble, and undoes nothing.
    """
    found: list[int] = []
    first = 0
    for cut in cuts:
        if shown[cut - 1] - shown[cut] > slack:
            overhang = bisect_right(shown, shown[cut], first, cut)
            if overhang > first and times[cut] - times[overhang] <= WOBBLE_LASTS:
                found.append(overhang)
        found.append(cut)
        first = cut
    return found
