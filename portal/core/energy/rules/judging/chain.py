"""The cheapest chain over a register's readings: which of them are believed.

A dynamic programme over runs. For each run it holds the cheapest way to have entered it at one of its first readings,
and the cheapest to leave it at one of its last; a link leaps over at most `RUNS_BACK` runs. Its states follow from
the set of readings alone, so that order, batches and repeats change nothing.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from portal.core.energy.rules.judging.leaps import Leaps
from portal.core.energy.rules.judging.limits import Limits
from portal.core.energy.rules.judging.links import Forced, Links
from portal.core.energy.rules.judging.prices import ANY_PRICE, LEFT_OUT, MANY, REMEMBERED, RUNS_BACK
from portal.core.energy.rules.judging.runs import Runs
from portal.core.energy.rules.judging.states import AcceptedSpan, ChainEntry, ChainExit, LinkKind

_NEAR = (
    3  # so many runs back every way out and in is tried, farther ones by their last and first reading only
)
_SOLID = 2 * MANY
_NO_BETTER = 50  # on top of what a run weighs: dearer ways into it are beaten by leaving it out


class Chain:
    """The programme at work on the runs of one register.

    `forced` are readings that a person has said to be true. `begins_by` is the last reading at which the chain may
    begin: where what is judged is the end of a longer history, the beginning of that end is not to be given up.
    """

    def __init__(
        self, runs: Runs, limits: Limits, forced: Sequence[int] = (), begins_by: int | None = None
    ) -> None:
        self._runs, self._forced = runs, Forced(forced)
        self._begins_by = len(runs.times) if begins_by is None else begins_by
        self._times, self._shown = runs.times, runs.shown
        self._leaps = Leaps(runs, limits)
        self._links = Links(runs, limits, self._leaps, self._forced)
        self._exits: list[list[ChainExit]] = []
        self._open: dict[int, list[ChainExit]] = {}  # of each run those from which the chain may still go on
        self._without = 0  # the least price of all that is behind, with nothing of what comes

    def cheapest(self) -> list[AcceptedSpan]:
        """Return the accepted readings, ascending, in spans; there is at least one."""
        for run in range(len(self._runs)):
            exits = list(self._leave(run, self._enter(run)))
            self._forget(run)
            self._exits.append(exits)
            self._open[run] = exits
            left_out = self._without + LEFT_OUT * self._runs.weight[run]
            self._without = min([left_out, *(out.price + out.tail for out in exits)])
            if self._forced:
                self._without = ANY_PRICE
        return self._spans(self._cheapest_end())

    def _forget(self, run: int) -> None:
        """Drop exits too far back, and those whose line a long run takes up: nothing leaps over it from there."""
        self._open.pop(run - RUNS_BACK, None)
        if self._runs.weight[run] < _SOLID:
            return
        for before, exits in list(self._open.items()):
            kept = [out for out in exits if not self._leaps.is_taken_up(out.reading, run)]
            if kept:
                self._open[before] = kept
            else:
                del self._open[before]

    # Entering a run

    def _enter(self, run: int) -> list[ChainEntry]:
        ways = self._runs.ways_in(run)
        found: dict[int, ChainEntry] = {}
        for i, dropped in ways:
            if i <= self._begins_by and not self._forced.hides(-1, i):
                price = self._runs.until[run] + dropped
                _offer(found, ChainEntry(price, i, -1, i, LinkKind.RISE, 0, None))
        most = self._without + LEFT_OUT * min(self._runs.weight[run], RUNS_BACK) + _NO_BETTER
        for before in self._runs_before(run):
            is_far = run - before > _NEAR
            least = LEFT_OUT * (run - before - 1)
            for out in self._open[before]:
                # What it leaves behind of its run costs a reading at least.
                price = out.price + least + (LEFT_OUT if out.tail else 0)
                if not (is_far and out.tail) and price <= most:
                    self._link(out, run, ways[:1] if is_far else ways, found, price)
        return sorted(found.values(), key=lambda entry: entry.reading)

    def _runs_before(self, run: int) -> Iterator[int]:
        """Yield the runs that a link may come from, the nearest first."""
        runs = self._runs
        for before in reversed(self._open):
            between = runs.until[run] - runs.until[before + 1]
            silence = self._times[runs.first[run]] - self._times[runs.last[before]]
            if between > 4 * LEFT_OUT and silence > REMEMBERED:
                return
            yield before

    def _link(
        self, out: ChainExit, run: int, ways: list[tuple[int, int]], found: dict[int, ChainEntry], least: int
    ) -> None:
        """Offer what an exit leads to; no way from it has a price below `least`.

        Whatever leaves the run behind a reading came in by the cheapest way before it: a dearer one leads nowhere.
        """
        most = ANY_PRICE
        for i, dropped in ways:
            best = found.get(i)
            most = min(most, best.price) if best else most
            if least + (LEFT_OUT if dropped else 0) > most:
                continue
            if self._times[i] > self._times[out.reading] and not self._forced.hides(out.reading, i):
                entry = self._links.rise(out, run, i, most) or self._links.switch(out, run, i, dropped)
                if entry:
                    _offer(found, entry)
                    most = min(most, entry.price)
        if (i := self._links.end_of_wobble(out, run)) is not None and not self._forced.hides(out.reading, i):
            most = min((entry.price for entry in found.values() if entry.reading <= i), default=ANY_PRICE)
            if least <= most and (entry := self._links.rise(out, run, i, most)):
                _offer(found, entry)

    # Leaving a run, and the end

    def _leave(self, run: int, entries: list[ChainEntry]) -> Iterator[ChainExit]:
        for x, tail in self._runs.ways_out(run):
            entry = _best(entry for entry in entries if entry.reading <= x)
            if entry:
                readings = x - entry.reading + 1 if self._shown[x] else 0
                since = bisect_left(self._shown, self._shown[x], entry.reading, x + 1)
                line = min(MANY, entry.line + readings)
                yield ChainExit(run, x, tail, entry.price, entry.doubts, line, since, entry)

    def _cheapest_end(self) -> ChainExit:
        """Return where the chain ends. Of equal ends the later: a spike is not energy while nobody knows."""
        runs, count = self._runs, len(self._times)
        best: tuple[int, int, int] | None = None
        end: ChainExit | None = None
        for run in range(len(runs) - 1, -1, -1):
            behind = runs.until[-1] - runs.until[run + 1]
            if best and behind > best[0]:
                break
            for out in self._exits[run]:
                order = (out.price + out.tail + behind, out.doubts + count - 1 - out.reading, -out.reading)
                if not self._forced.hides(out.reading, count) and (best is None or order < best):
                    best, end = order, out
        if end is None:
            raise AssertionError("a chain can end at any reading that is said to be true")
        return end

    def _spans(self, end: ChainExit) -> list[AcceptedSpan]:
        found: list[AcceptedSpan] = []
        out: ChainExit | None = end
        last = end.reading
        while out:
            found.append(AcceptedSpan(out.entry.reading, last, out.entry.kind))
            out, last = out.entry.came, out.entry.base
        return found[::-1]


def _offer(found: dict[int, ChainEntry], entry: ChainEntry) -> None:
    if entry.is_before(found.get(entry.reading)):
        found[entry.reading] = entry


def _best(entries: Iterator[ChainEntry]) -> ChainEntry | None:
    return min(entries, key=lambda entry: (entry.price, entry.doubts, -entry.reading), default=None)
