"""How a chain goes on from a reading it believes: by a rise, or to another line."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from portal.core.energy.rules.judging.leaps import Leaps
from portal.core.energy.rules.judging.limits import Limits, is_near_zero, is_small_fall
from portal.core.energy.rules.judging.prices import (
    EXCHANGE,
    FEW,
    FROM_NEAR_ZERO,
    REMEMBERED,
    RESET,
    ROLLOVER,
    STOOD_STILL,
    WOBBLE_LASTS,
    ZERO_AGAIN,
)
from portal.core.energy.rules.judging.runs import Runs
from portal.core.energy.rules.judging.silences import Silences
from portal.core.energy.rules.judging.states import ChainEntry, ChainExit, LinkKind

_UNHEARD_OF = 10_000  # for what only a person's word makes possible


class Forced:
    """The readings that a person has said to be true, by index, ascending: none of them may be left out."""

    __slots__ = ("_indexes",)

    def __init__(self, indexes: Sequence[int]) -> None:
        self._indexes = indexes

    def __bool__(self) -> bool:
        return bool(self._indexes)

    def hides(self, after: int, before: int) -> bool:
        """Tell whether one lies between two readings, both excluded."""
        indexes = self._indexes
        return bool(indexes) and bisect_left(indexes, before) > bisect_right(indexes, after)


class Links:
    """What may lie between a reading at which the chain leaves a run and one at which it enters a later one."""

    __slots__ = ("_forced", "_leaps", "_limits", "_runs", "_shown", "_silences", "_times")

    def __init__(self, runs: Runs, limits: Limits, leaps: Leaps, forced: Forced) -> None:
        self._runs, self._limits, self._leaps, self._forced = runs, limits, leaps, forced
        self._times, self._shown = runs.times, runs.shown
        self._silences = Silences(runs.times)

    def end_of_wobble(self, out: ChainExit, run: int) -> int | None:
        """Return where a run that begins a little below the base is at the base again, if that is within a day."""
        a, z = self._runs.first[run], self._runs.last[run]
        base = self._shown[out.reading]
        if not is_small_fall(base, self._shown[a]) or self._shown[z] < base:
            return None
        i = bisect_left(self._shown, base, a, z + 1)
        return i if self._times[i] - self._times[out.reading] <= WOBBLE_LASTS else None

    def rise(self, out: ChainExit, run: int, i: int, most: int) -> ChainEntry | None:
        """Return the entry of a register that only rose, or stood still and caught up; None where it cannot have.

        What is dearer than `most` is not worked out: it has any price above that.
        """
        x = out.reading
        rise, span = self._shown[i] - self._shown[x], self._times[i] - self._times[x]
        if rise < 0:
            return None
        base, price = x, self._silences.price(out, i)
        if not self._limits.within(rise, span):
            caught_up = self._stood_since(out, run, i)
            if caught_up is None:
                return None
            base, price = caught_up, price + STOOD_STILL
        # A line that comes back must have been one, and counts with what it shows then.
        returning = self._runs.last[run] - i + 1 if out.line >= FEW else 0
        line = out.line + returning if span <= REMEMBERED else 0
        leapt, undoubted = self._leaps.price(x, out.run, i, run, line, most - out.price)
        price += leapt
        if self._shown[x] == self._shown[i] == 0 and leapt:
            price += ZERO_AGAIN
        if self._shown[x] * 9 < rise and rise > self._limits.slack_milliwh:
            price += FROM_NEAR_ZERO
        doubts = out.doubts + i - base - 1 - undoubted
        return ChainEntry(out.price + price, doubts, base, i, LinkKind.RISE, out.line, out)

    def _stood_since(self, out: ChainExit, run: int, i: int) -> int | None:
        """Return since which reading a register that has caught up stood still, at most a day; None: it did not."""
        x = out.reading
        if i != self._runs.first[run] or x != i - 1:
            return None
        since = max(out.shows_since, bisect_left(self._times, self._times[i] - WOBBLE_LASTS, 0, x))
        rise, span = self._shown[i] - self._shown[x], self._times[i] - self._times[since]
        if since >= x or self._forced.hides(since, i):
            return None
        return since if self._limits.after_standstill(rise, span) else None

    def switch(self, out: ChainExit, run: int, i: int, dropped: int) -> ChainEntry | None:
        """Return the entry of another line; everything between has its full price."""
        x, runs = out.reading, self._runs
        fall, span = self._shown[x] - self._shown[i], self._times[i] - self._times[x]
        price = out.price + out.tail + runs.until[run] - runs.until[out.run + 1] + dropped
        price += self._silences.price(out, i)
        doubts, width = out.doubts + i - x - 1, self._limits.width_milliwh
        if width and fall > 0 and self._limits.within(width - fall, span):
            return ChainEntry(price + ROLLOVER, doubts, x, i, LinkKind.ROLLOVER, out.line, out)
        if (
            fall > 0
            and is_near_zero(self._shown[x], self._shown[i])
            and self._limits.within(self._shown[i], span)
        ):
            return ChainEntry(price + RESET, doubts, x, i, LinkKind.RESET, 0, out)
        if is_small_fall(self._shown[x], self._shown[i]) and not self._stays_below(x, run):
            if not self._forced:
                return None
            price += _UNHEARD_OF
        return ChainEntry(price + EXCHANGE, doubts, x, i, LinkKind.EXCHANGE, 0, out)

    def _stays_below(self, x: int, run: int) -> bool:
        """Tell whether a run is below a base for longer than a wobble lasts."""
        a, z = self._runs.first[run], self._runs.last[run]
        day_later = self._times[x] + WOBBLE_LASTS
        if self._times[z] < day_later:
            return False
        within_day = bisect_right(self._times, day_later, a, z + 1) - 1
        return self._shown[max(a, within_day)] < self._shown[x]
