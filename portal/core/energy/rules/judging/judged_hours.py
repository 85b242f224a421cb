"""The energy of a judged register by UTC hour: what is billed, what lies in gaps, and which hours are covered."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from portal.core.energy.rules.judging.decisions import SwitchKind
from portal.core.energy.rules.judging.judgement import Judgement, Link
from portal.core.energy.rules.judging.prices import HOUR
from portal.core.energy.rules.judging.states import LinkKind


class JudgedHour(NamedTuple):
    """A register's energy in the UTC hour that starts at `hour` (microseconds since 1970), in milliwatt-hours.

    `allocated_milliwh` is billed. `unallocated_milliwh` is the energy of the gaps that end in this hour;
    `estimated_milliwh` is this hour's share of gaps' energy spread evenly over them, and stands in for
    `unallocated_milliwh` where estimates are asked for: over any window that holds a gap whole, the two sums are equal.
    `is_covered` tells whether some of the hour lies between two accepted readings that are no gap apart.
    `last_at` is the last accepted reading in it and `last_milliwh` what the register showed then, None without any.
    `is_unbroken` tells whether all readings in it are accepted, one at least, and go on with the accepted one before.
    `event_count` is how many steps that are no plain rise end in it.
    """

    hour: int
    allocated_milliwh: int
    unallocated_milliwh: int
    estimated_milliwh: int
    suspect_count: int
    is_covered: bool
    last_at: int | None = None
    last_milliwh: int | None = None
    is_unbroken: bool = False
    event_count: int = 0


@dataclass(slots=True)
class _Sums:
    allocated: int = 0
    unallocated: int = 0
    estimated: int = 0
    suspects: int = 0
    is_covered: bool = False
    last: int | None = None
    is_unbroken: bool = False
    events: int = 0


def judged_hours(judgement: Judgement, max_gap: int) -> list[JudgedHour]:
    """Return the hours that have energy, readings or cover, ascending.

    `max_gap` (microseconds) is the longest interval whose energy is allocated to its hours.
    """
    hours = _Hours(judgement, max_gap)
    for span in judgement.spans:
        hours.take_span(span.first, span.last)
    for link in judgement.links:
        hours.take_link(link)
    for span in judgement.suspects:
        hours.take_suspects(span.first, span.last)
    return hours.result()


class _Hours:
    """Adds up what lies between accepted readings, hour by hour and not reading by reading."""

    def __init__(self, judgement: Judgement, max_gap: int) -> None:
        self._times, self._registers, self._max_gap = judgement.times, judgement.registers, max_gap
        self._shown = judgement.shown
        self._sums: dict[int, _Sums] = defaultdict(_Sums)

    def take_span(self, first: int, last: int) -> None:
        """Add accepted readings of one run."""
        times = self._times
        gaps = [
            i
            for i, (since, at) in enumerate(pairwise(times[first : last + 1]), first)
            if at - since > self._max_gap
        ]
        begins = first
        for i in gaps:
            self._take_unbroken(begins, i)
            self._take_piece(
                times[i], times[i + 1], self._registers[i + 1] - self._registers[i], is_covered=True
            )
            begins = i + 1
        self._take_unbroken(begins, last)
        self._take_ends(first, last)

    def _take_ends(self, first: int, last: int) -> None:
        """Note the last reading of each hour of a run, and whether the hour has no other readings than those."""
        times, i = self._times, first
        while i <= last:
            end = times[i] // HOUR * HOUR + HOUR
            following = bisect_left(times, end, i, last + 1)
            sums = self._sums[end - HOUR]
            sums.last = following - 1
            is_whole = following <= last or following == len(times) or times[following] >= end
            sums.is_unbroken = first < i and is_whole
            i = following

    def _take_unbroken(self, first: int, last: int) -> None:
        times, registers, i = self._times, self._registers, first
        while i < last:
            hour = times[i] // HOUR * HOUR
            following = bisect_left(times, hour + HOUR, i, last + 1)
            sums = self._sums[hour]
            sums.allocated += registers[following - 1] - registers[i]
            sums.is_covered = sums.is_covered or following - 1 > i
            if following <= last:
                milliwh = registers[following] - registers[following - 1]
                self._take_piece(times[following - 1], times[following], milliwh, is_covered=True)
            i = following
        self._sums.setdefault(times[last] // HOUR * HOUR, _Sums())  # one that has nothing but a reading

    def take_link(self, link: Link) -> None:
        """Add what lies between two accepted readings that are no neighbours."""
        begins, ends = self._times[link.before], self._times[link.after]
        self._sums[ends // HOUR * HOUR].events += link.kind is not LinkKind.RISE
        is_covered = link.kind is not LinkKind.EXCHANGE
        if link.switched_at is None:
            self._take_piece(begins, ends, link.milliwh, is_covered=is_covered)
            return
        is_gap = ends - begins > self._max_gap
        is_covered = link.kind is not SwitchKind.EXCHANGE or link.milliwh > 0
        before, after = link.milliwh_before, link.milliwh - link.milliwh_before
        self._take_piece(begins, link.switched_at, before, is_covered=is_covered, is_gap=is_gap)
        self._take_piece(link.switched_at, ends, after, is_covered=is_covered, is_gap=is_gap)

    def _take_piece(
        self, begins: int, ends: int, milliwh: int, *, is_covered: bool, is_gap: bool = False
    ) -> None:
        if is_gap or ends - begins > self._max_gap:
            self._sums[ends // HOUR * HOUR].unallocated += milliwh
            for hour, part in _split(begins, ends, milliwh) if milliwh else ():
                self._sums[hour].estimated += part
            return
        for hour, part in _split(begins, ends, milliwh):
            sums = self._sums[hour]
            sums.allocated += part
            sums.is_covered = sums.is_covered or is_covered

    def take_suspects(self, first: int, last: int) -> None:
        """Count readings that are suspect."""
        for i in range(first, last + 1):
            self._sums[self._times[i] // HOUR * HOUR].suspects += 1

    def result(self) -> list[JudgedHour]:
        """Return what was added up."""
        return [self._hour(hour, sums) for hour, sums in sorted(self._sums.items())]

    def _hour(self, hour: int, sums: _Sums) -> JudgedHour:
        last_at = None if sums.last is None else self._times[sums.last]
        last_milliwh = None if sums.last is None else self._shown[sums.last]
        return JudgedHour(
            hour,
            sums.allocated,
            sums.unallocated,
            sums.estimated,
            sums.suspects,
            sums.is_covered,
            last_at,
            last_milliwh,
            sums.is_unbroken,
            sums.events,
        )


def _split(begins: int, ends: int, milliwh: int) -> Iterator[tuple[int, int]]:
    """Yield energy per UTC hour in proportion to time; the last part takes what rounding leaves.

    What ends on the hour lies wholly before it.
    """
    whole, left = ends - begins, milliwh
    hour = begins // HOUR * HOUR
    while hour + HOUR < ends:
        part = milliwh * (hour + HOUR - begins) // whole
        yield hour, part
        left, begins, hour = left - part, hour + HOUR, hour + HOUR
    yield hour, left
