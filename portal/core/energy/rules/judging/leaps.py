"""What a rise leaps over, and whether that was the register at all.

A rise from one accepted reading to another, with readings between them that are not believed, says that a register went
on where it was and that something else spoke meanwhile: a glitch. The readings in between cost what they are, one by
one, unless the old line comes back: then the whole run was one glitch.
"""

from bisect import bisect_left
from collections.abc import Iterator

from portal.core.energy.rules.judging.limits import Limits, is_small_fall
from portal.core.energy.rules.judging.prices import (
    ANY_PRICE,
    FEW,
    IN_BETWEEN,
    LEFT_OUT,
    MANY,
    RUNS_BACK,
    WOBBLE_LASTS,
)
from portal.core.energy.rules.judging.runs import Runs

_STANDS_OUT = 4
_GOES_ON = 8
_LONG = LEFT_OUT * RUNS_BACK  # nothing that is worth it leaps over so much: an exchange is cheaper


class Leaps:
    """Prices what lies between two readings of one line."""

    __slots__ = ("_limits", "_runs", "_shown", "_times")

    def __init__(self, runs: Runs, limits: Limits) -> None:
        self._runs, self._limits = runs, limits
        self._times, self._shown = runs.times, runs.shown

    def price(self, x: int, from_run: int, i: int, to_run: int, line: int, most: int) -> tuple[int, int]:
        """Return what the readings cost that a rise from x, of a run, to i, of a later one, leaps over.

        That is their price, and how many of them are no doubts at all: zeros, and a wobble of a count or two. `line`
        is how many readings the line has with those from i on, as far as they can speak for its return.
        """
        total, undoubted = 0, 0
        for a, z, weight in self._leapt(x, from_run, i, to_run):
            is_tiny = self._is_tiny_fall(x, a)
            if self._is_unopposed(x, a, z, i):
                total += LEFT_OUT * weight + IN_BETWEEN
            elif line >= _enough(weight, is_tiny=is_tiny) and self._is_glitch(x, a, z, i):
                total += LEFT_OUT
                undoubted += z - a + 1 if is_tiny or self._shown[z] == 0 else 0
            else:
                total += LEFT_OUT * weight
            if total > _LONG or total > most:
                return ANY_PRICE, 0
        return total, undoubted

    def is_taken_up(self, x: int, run: int) -> bool:
        """Tell whether a run goes on with the line of x, or passes it by itself: it is no glitch of that line."""
        a, z = self._runs.first[run], self._runs.last[run]
        return self._shown[a] < self._shown[x] <= self._shown[z] or self._joins(x, a, z)

    def _is_tiny_fall(self, x: int, a: int) -> bool:
        return 0 < self._shown[x] - self._shown[a] <= self._limits.slack_milliwh

    def _leapt(self, x: int, from_run: int, i: int, to_run: int) -> Iterator[tuple[int, int, int]]:
        """Yield what is leapt over: the first and the last reading of each part, and what it weighs."""
        runs = self._runs
        for run in range(from_run + 1, to_run):
            yield runs.first[run], runs.last[run], runs.weight[run]
        if i > runs.first[to_run]:
            yield runs.first[to_run], i - 1, runs.weigh(runs.first[to_run], i - 1)
        if x < runs.last[from_run]:
            yield x + 1, runs.last[from_run], runs.weigh(x + 1, runs.last[from_run])

    def _is_unopposed(self, x: int, a: int, z: int, i: int) -> bool:
        """Tell whether the readings a to z rise between those around them: only the rate can speak against them."""
        times, shown = self._times, self._shown
        return (
            shown[x] <= shown[a]
            and shown[z] <= shown[i]
            and times[x] < times[a]
            and times[z] < times[i]
            and shown[a - 1] <= shown[a]
            and shown[z] <= shown[z + 1]
        )

    def _is_glitch(self, x: int, a: int, z: int, i: int) -> bool:
        """Tell whether the old line, last at x, comes back at i, so that the readings a to z were none of it."""
        base, begins, ends = self._shown[x], self._shown[a], self._shown[z]
        if begins < base <= ends:  # it passed the old line by itself
            return False
        if ends >= base:
            is_back = self._is_nearer_the_old(base, self._shown[i], ends)
            if is_back and self._is_plateau(x, a, z, i):
                return True
        elif is_small_fall(base, begins):
            is_back = self._times[z] - self._times[x] <= WOBBLE_LASTS and self._is_wobble(x, a, z, i)
        else:
            is_back = self._is_jump_out_of(x, a, z, i)
        return is_back and not self._joins(x, a, z)

    def _is_wobble(self, x: int, a: int, z: int, i: int) -> bool:
        """Tell whether a run a little below the base came back by a jump; one that climbs speaks for itself."""
        came_back, climbed = self._shown[i] - self._shown[z], self._shown[z] - self._shown[a]
        return self._is_tiny_fall(x, a) or came_back >= climbed

    @staticmethod
    def _is_nearer_the_old(base: int, back: int, above: int) -> bool:
        """Tell whether a fall from a run above the base ends nearer to the base than to the run."""
        return back < above and back - base <= above - back

    def _is_plateau(self, x: int, a: int, z: int, i: int) -> bool:
        """Tell whether a run stands out of the line: up by a jump, down again to where the line goes on.

        It may have risen to where it is, but not by chance to fall back to just there. Less than a day of it: a meter
        that was set back to what it kept yesterday has risen by itself.
        """
        base, begins, ends, back = (self._shown[n] for n in (x, a, z, i))
        is_short = self._times[z] - self._times[x] <= WOBBLE_LASTS
        return (
            is_short
            and begins - base >= _STANDS_OUT * (ends - begins)
            and (back - base) * _GOES_ON <= ends - back
        )

    def _is_jump_out_of(self, x: int, a: int, z: int, i: int) -> bool:
        """Tell whether a run far below the base stood still, or cannot have risen to where the old line goes on."""
        base, ends, back = self._shown[x], self._shown[z], self._shown[i]
        if self._shown[a] == ends:
            return True
        if back - ends > self._limits.most(self._times[i] - self._times[z]):
            return True
        says_little = not self._limits.is_load_known or z - a + 1 < FEW
        return says_little and (back - base) * 2 <= back - ends

    def _joins(self, x: int, a: int, z: int) -> bool:
        """Tell whether the run soon has readings that the old line may have risen to: it is the same line."""
        base, since = self._shown[x], self._times[x]
        j = bisect_left(self._shown, base, a, z + 1)
        if j - a > MANY:
            return False
        soon = FEW if j == a else MANY
        return any(
            self._shown[h] - base <= self._limits.most(self._times[h] - since)
            for h in range(j, min(j + soon, z + 1))
        )


def _enough(weight: int, *, is_tiny: bool) -> int:
    """Return how many readings the line must have that leaps over a run, for the run to be a glitch.

    That is as many as the run has, or `MANY`; a line has at least `FEW`. A wobble of a count or two needs no proof, but
    one reading is none either.
    """
    return 2 if is_tiny else min(MANY, max(FEW, weight))
