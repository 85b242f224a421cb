"""The cheapest chain over a register's readings: which of them are believed.

A dynamic programme over runs. For each run it holds the cheapest way to have entered it at one of its first readings, and
the cheapest to leave it at one of its last; a link leaps over at most `RUNS_BACK` runs. Its states follow from the set
of readings alone, so that order, batches and repeats change nothing.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from portal.core.energy.rules.judging.leaps import Leaps
from portal.core.energy.rules.judging.limits import Limits, is_near_zero, is_small_fall
from portal.core.energy.rules.judging.prices import (
    EXCHANGE,
    FEW,
    FROM_NEAR_ZERO,
    LEFT_OUT,
    LONG_SILENCE,
    MANY,
    REMEMBERED,
    RESET,
    ROLLOVER,
    RUNS_BACK,
    STOOD_STILL,
    WOBBLE_LASTS,
)
from portal.core.energy.rules.judging.runs import Runs

NEAR = 3
_MARGIN = 50
_SOLID = 2 * MANY
_IMPOSSIBLE = 1 << 60


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


class Segment(NamedTuple):
    """Readings `first` to `last`, all accepted and all of one run, and how the chain comes to them."""

    first: int
    last: int
    kind: LinkKind


class _Entry(NamedTuple):
    """The chain enters a run at reading `index`, coming from `came` (None: it begins here).

    `base` is the last reading believed before: that of `came`, or an earlier one where the register stood still.
    `line` is how many readings the line has before this one. `price` and `doubts` are of all before this reading.
    """

    price: int
    doubts: int
    base: int
    index: int
    kind: LinkKind
    line: int
    came: "_Exit | None"

    def is_before(self, other: "_Entry | None") -> bool:
        """Tell whether this is the cheaper way; of equal ones that with fewer doubts, then from the later base."""
        if other is None:
            return True
        return (self.price, self.doubts, -self.base) < (other.price, other.doubts, -other.base)


class _Exit(NamedTuple):
    """The chain leaves a run behind reading `index`, which it entered at `entry`.

    `tail` is the price of what the run has behind it. `line` is how many readings the line has, up to `MANY`, and
    `shows_since` its first reading in the run with the value of `index`.
    """

    run: int
    index: int
    tail: int
    price: int
    doubts: int
    line: int
    shows_since: int
    entry: _Entry


class Chain:
    """The programme at work on the runs of one register. `forced` are the readings that a person has said to be true."""

    def __init__(self, runs: Runs, limits: Limits, forced: Sequence[int] = ()) -> None:
        self._runs, self._limits, self._forced = runs, limits, forced
        self._times, self._shown = runs.times, runs.shown
        self._leaps = Leaps(runs, limits)
        self._exits: list[list[_Exit]] = []
        self._open: list[list[_Exit]] = []  # of each run those from which the chain may still go on
        self._without = 0  # the least price of all that is behind, with nothing of what comes

    def cheapest(self) -> list[Segment]:
        """Return the accepted readings, ascending, in segments; there is at least one."""
        for run in range(len(self._runs)):
            exits = list(self._leave(run, self._enter(run)))
            self._forget(run)
            self._exits.append(exits)
            self._open.append(exits)
            left_out = self._without + LEFT_OUT * self._runs.weight[run]
            self._without = min([left_out, *(out.price + out.tail for out in exits)])
        return self._segments(self._cheapest_end())

    def _hides(self, after: int, before: int) -> bool:
        """Tell whether a reading between two is said to be true, so that it may not be left out."""
        forced = self._forced
        return bool(forced) and bisect_left(forced, before) > bisect_right(forced, after)

    def _forget(self, run: int) -> None:
        """Drop the exits whose line a long run takes up: nothing leaps over it from there."""
        if self._runs.weight[run] < _SOLID:
            return
        for before in range(max(0, run - RUNS_BACK), run):
            kept = [out for out in self._open[before] if not self._leaps.is_taken_up(out.index, run)]
            self._open[before] = kept

    # Entering a run

    def _enter(self, run: int) -> list[_Entry]:
        ways = self._runs.ways_in(run)
        found: dict[int, _Entry] = {}
        for i, dropped in ways:
            if not self._hides(-1, i):
                price = self._runs.until[run] + dropped
                _offer(found, _Entry(price, i, -1, i, LinkKind.RISE, 0, None))
        most = self._without + LEFT_OUT * min(self._runs.weight[run], RUNS_BACK) + _MARGIN
        for before in self._runs_before(run):
            is_far = run - before > NEAR
            least = LEFT_OUT * (run - before - 1)
            for out in self._open[before]:
                if not (is_far and out.tail) and out.price + least <= most:
                    self._link(out, run, ways[:1] if is_far else ways, found, out.price + least)
        return sorted(found.values(), key=lambda entry: entry.index)

    def _runs_before(self, run: int) -> Iterator[int]:
        """Yield the runs that a link may come from, the nearest first."""
        runs = self._runs
        for before in range(run - 1, max(-1, run - 1 - RUNS_BACK), -1):
            between = runs.until[run] - runs.until[before + 1]
            silence = self._times[runs.first[run]] - self._times[runs.last[before]]
            if between > 4 * LEFT_OUT and silence > REMEMBERED:
                return
            yield before

    def _link(
        self, out: _Exit, run: int, ways: list[tuple[int, int]], found: dict[int, _Entry], least: int
    ) -> None:
        """Offer what an exit leads to; no way from it has a price below `least`."""
        for i, dropped in ways:
            best = found.get(i)
            if best and least > best.price:
                continue
            if self._times[i] > self._times[out.index] and not self._hides(out.index, i):
                entry = self._rise(out, run, i, best) or self._switch(out, run, i, dropped)
                if entry:
                    _offer(found, entry)
        if (i := self._end_of_wobble(out, run)) is not None and not self._hides(out.index, i):
            best = found.get(i)
            entry = None if best and least > best.price else self._rise(out, run, i, best)
            if entry:
                _offer(found, entry)

    def _end_of_wobble(self, out: _Exit, run: int) -> int | None:
        """Return where a run that begins a little below the base is at the base again, if that is within a day."""
        a, z = self._runs.first[run], self._runs.last[run]
        base = self._shown[out.index]
        if not is_small_fall(base, self._shown[a]) or self._shown[z] < base:
            return None
        i = bisect_left(self._shown, base, a, z + 1)
        return i if self._times[i] - self._times[out.index] <= WOBBLE_LASTS else None

    def _rise(self, out: _Exit, run: int, i: int, best: _Entry | None) -> _Entry | None:
        """Return the entry of a register that only rose, or stood still and caught up; None where it cannot have."""
        x = out.index
        rise, span = self._shown[i] - self._shown[x], self._times[i] - self._times[x]
        if rise < 0:
            return None
        base, price = x, _silence(out, span)
        if not self._limits.within(rise, span):
            caught_up = self._stood_since(out, run, i)
            if caught_up is None:
                return None
            base, price = caught_up, price + STOOD_STILL
        most = best.price if best else _IMPOSSIBLE
        returning = self._runs.last[run] - i + 1 if span <= REMEMBERED and out.line >= FEW else -out.line
        leapt, undoubted = self._leaps.price(x, out.run, i, run, out.line + returning, most - out.price)
        price += leapt
        if self._shown[x] * 9 < rise and rise > self._limits.slack_milliwh:
            price += FROM_NEAR_ZERO
        doubts = out.doubts + i - base - 1 - undoubted
        return _Entry(out.price + price, doubts, base, i, LinkKind.RISE, out.line, out)

    def _stood_since(self, out: _Exit, run: int, i: int) -> int | None:
        """Return since which reading a register that has caught up stood still, at most a day; None where it did not."""
        x = out.index
        if i != self._runs.first[run] or x != i - 1:
            return None
        since = max(out.shows_since, bisect_left(self._times, self._times[i] - WOBBLE_LASTS, 0, x))
        rise, span = self._shown[i] - self._shown[x], self._times[i] - self._times[since]
        return since if since < x and self._limits.after_standing(rise, span) else None

    def _switch(self, out: _Exit, run: int, i: int, dropped: int) -> _Entry | None:
        """Return the entry of another line; everything between has its full price."""
        x, runs = out.index, self._runs
        fall, span = self._shown[x] - self._shown[i], self._times[i] - self._times[x]
        price = out.price + out.tail + runs.until[run] - runs.until[out.run + 1] + dropped
        price += _silence(out, span)
        doubts, width = out.doubts + i - x - 1, self._limits.width_milliwh
        if width and fall > 0 and self._limits.within(width - fall, span):
            return _Entry(price + ROLLOVER, doubts, x, i, LinkKind.ROLLOVER, out.line, out)
        if fall > 0 and is_near_zero(self._shown[x], self._shown[i]) and self._limits.within(self._shown[i], span):
            return _Entry(price + RESET, doubts, x, i, LinkKind.RESET, 0, out)
        if is_small_fall(self._shown[x], self._shown[i]) and not self._stays_below(x, run):
            return None
        return _Entry(price + EXCHANGE, doubts, x, i, LinkKind.EXCHANGE, 0, out)

    def _stays_below(self, x: int, run: int) -> bool:
        """Tell whether a run is below a base for longer than a wobble lasts."""
        a, z = self._runs.first[run], self._runs.last[run]
        day_later = self._times[x] + WOBBLE_LASTS
        if self._times[z] < day_later:
            return False
        within_day = bisect_right(self._times, day_later, a, z + 1) - 1
        return self._shown[max(a, within_day)] < self._shown[x]

    # Leaving a run, and the end

    def _leave(self, run: int, entries: list[_Entry]) -> Iterator[_Exit]:
        for x, tail in self._runs.ways_out(run):
            entry = _best(entry for entry in entries if entry.index <= x)
            if entry:
                readings = x - entry.index + 1 if self._shown[x] else 0
                since = bisect_left(self._shown, self._shown[x], entry.index, x + 1)
                line = min(MANY, entry.line + readings)
                yield _Exit(run, x, tail, entry.price, entry.doubts, line, since, entry)

    def _cheapest_end(self) -> _Exit:
        """Return where the chain ends. Of equal ends the later: a spike is not energy while nobody knows."""
        runs, count = self._runs, len(self._times)
        best: tuple[int, int, int] | None = None
        end: _Exit | None = None
        for run in range(len(runs) - 1, -1, -1):
            behind = runs.until[-1] - runs.until[run + 1]
            if best and behind > best[0]:
                break
            for out in self._exits[run]:
                order = (out.price + out.tail + behind, out.doubts + count - 1 - out.index, -out.index)
                if not self._hides(out.index, count) and (best is None or order < best):
                    best, end = order, out
        if end is None:
            raise AssertionError("a chain can end at any reading that is said to be true")
        return end

    def _segments(self, end: _Exit) -> list[Segment]:
        found: list[Segment] = []
        out: _Exit | None = end
        last = end.index
        while out:
            found.append(Segment(out.entry.index, last, out.entry.kind))
            out, last = out.entry.came, out.entry.base
        return found[::-1]


def _silence(out: _Exit, span: int) -> int:
    """Return the price of a long silence: a few readings before it, with no history, are a board's wrong year."""
    has_history = out.line >= FEW or out.index - out.entry.index + 1 >= FEW
    return LONG_SILENCE if span > REMEMBERED and not has_history else 0


def _offer(found: dict[int, _Entry], entry: _Entry) -> None:
    if entry.is_before(found.get(entry.index)):
        found[entry.index] = entry


def _best(entries: Iterator[_Entry]) -> _Entry | None:
    return min(entries, key=lambda entry: (entry.price, entry.doubts, -entry.index), default=None)
