"""Which readings of a register are drawn around an event."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from portal.core.energy.rules.judging import Judgement

_HOUR: Final = 3_600_000_000
_LEAST_AROUND: Final = 3 * _HOUR
_MOST_AROUND: Final = 72 * _HOUR
_FEWEST: Final = 8
_MOST_POINTS: Final = 120
_MOST_SUSPECTS: Final = 60


class RegisterPoint(NamedTuple):
    """A reading: its instant in microseconds since 1970 (UTC), and what the register showed in milliwatt-hours."""

    at: int
    milliwh: int


@dataclass(frozen=True, slots=True)
class RegisterPicture:
    """A register around an event: runs of accepted readings, the suspects between, and how many readings there are.

    Between two runs lies a gap, or a step that is no plain rise. What is too dense to be drawn is thinned out.
    """

    runs: tuple[tuple[RegisterPoint, ...], ...] = ()
    suspects: tuple[RegisterPoint, ...] = ()
    suspect_count: int = 0
    reading_count: int = 0


def picture_around(judgement: Judgement, first_at: int, last_at: int, max_gap: int) -> RegisterPicture:
    """Return the readings around what lies between two instants; a longer time than `max_gap` is a gap."""
    times, shown = judgement.times, judgement.shown
    around = min(max(2 * (last_at - first_at), _LEAST_AROUND), _MOST_AROUND)
    first = bisect_left(times, first_at - around)
    end = bisect_right(times, last_at + around)
    first = max(0, min(first, bisect_left(times, first_at) - _FEWEST))
    end = min(len(times), max(end, bisect_right(times, last_at) + _FEWEST))
    runs: list[list[RegisterPoint]] = []
    suspects: list[RegisterPoint] = []
    before = -1
    for i in range(first, end):
        point = RegisterPoint(times[i], shown[i])
        if not judgement.is_accepted(i):
            suspects.append(point)
            continue
        is_on = runs and _goes_on(judgement, before, i) and times[i] - times[before] <= max_gap
        if is_on:
            runs[-1].append(point)
        else:
            runs.append([point])
        before = i
    step = max(1, sum(map(len, runs)) // _MOST_POINTS)
    return RegisterPicture(
        tuple(_thinned(run, step) for run in runs),
        _thinned(suspects, max(1, len(suspects) // _MOST_SUSPECTS)),
        len(suspects),
        end - first,
    )


def _goes_on(judgement: Judgement, before: int, i: int) -> bool:
    """Tell whether an accepted reading only rose from the one before."""
    link = next((each for each in judgement.links if each.before == before and each.after == i), None)
    return link is None or link.kind.value == "rise"


def _thinned(points: Sequence[RegisterPoint], step: int) -> tuple[RegisterPoint, ...]:
    """Return every so many points, and the first and the last in any case."""
    kept = list(points[::step])
    if points and kept[-1] != points[-1]:
        kept.append(points[-1])
    return tuple(kept)
