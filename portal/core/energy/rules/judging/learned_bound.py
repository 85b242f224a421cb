"""The bound on power, learned from the register where nobody has given the rated power."""

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from portal.core.energy.rules.judging.limits import UNKNOWN_WATTS
from portal.core.energy.rules.judging.prices import HOUR

RUNGS_WATTS: Final = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000, 100_000_000)
"""What a learned bound may be. Lower rungs would flicker, and would lose what a home's charger takes once a week."""

_HOURS_TO_LEARN = 48
_ABOVE_MEAN = 8
_ABOVE_MEAN_AT_LEAST = 2


class LearnedBound(NamedTuple):
    """A rung (W), and the instant of the reading by which it was learned (microseconds since 1970)."""

    at: int
    watts: int


def learned_bounds(times: Sequence[int], shown: Sequence[int]) -> list[LearnedBound]:
    """Return the rungs a register's readings (ascending in time) teach, each with its moment; the last one holds.

    The load is judged by the hour: of the means that are energy the highest twentieth and three more teach nothing, as
    they may be glitches; the next, eight times, is the bound, up to the next rung. Above 1,000 kW twice suffices. It
    never falls, and there is none before 48 hours have energy.
    """
    found: list[LearnedBound] = []
    bound, seen = 0, list[int]()
    for at, watts in _hour_means(times, shown):
        insort(seen, watts)
        if len(seen) < _HOURS_TO_LEARN:
            continue
        top = seen[-4 - len(seen) // 20]
        bound = max(bound, min(_ABOVE_MEAN * top, UNKNOWN_WATTS), _ABOVE_MEAN_AT_LEAST * top)
        rung = next((rung for rung in RUNGS_WATTS if rung >= bound), RUNGS_WATTS[-1])
        if bound and (not found or rung > found[-1].watts):
            found.append(LearnedBound(at, rung))
    return found


def learned_watts(times: Sequence[int], shown: Sequence[int]) -> int | None:
    """Return the bound (W) that a register's readings teach, None where they are too few."""
    bounds = learned_bounds(times, shown)
    return bounds[-1].watts if bounds else None


def _hour_means(times: Sequence[int], shown: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the mean power (W) from the last reading of an hour to the last of the next, where it rose."""
    i, before = 0, -1
    while i < len(times):
        following = bisect_left(times, (times[i] // HOUR + 1) * HOUR, i)
        last = following - 1
        if before >= 0 and 0 < times[last] - times[before] <= 2 * HOUR and shown[last] > shown[before]:
            milliwh, span = shown[last] - shown[before], times[last] - times[before]
            yield times[last], milliwh * HOUR // (1_000 * span)
        before, i = last, following
