"""Readings of a new line that came after a person had decided where it begins: it begins with the first of them."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from portal.core.energy.rules.judging.decisions import DeclaredSwitch, Era, SwitchKind
from portal.core.energy.rules.judging.limits import Limits

_USUAL_COUNT_MILLIWH: Final = 100_000


def with_late_lines(times: Sequence[int], shown: Sequence[int], found: Sequence[Era]) -> list[Era]:
    """Return eras that begin where their line begins, by all readings there are (ascending in time).

    A switch is confirmed between the last reading of the old line that was known and the first of the new one. A board
    that was away sends what lies between them later. Each of these tells by itself whose it is, so that a stretch of
    a history comes to the same. Eras whose readings are multiplied anew, or judged by other facts, stay as they are.
    """
    eras = list(found)
    for n in range(1, len(eras)):
        begins = eras[n].begins
        if begins is None or eras[n].scale != eras[n - 1].scale or eras[n].facts != eras[n - 1].facts:
            continue
        at = _first_of_line(times, shown, begins, Limits(eras[n].facts, _count(eras[n])))
        if at < begins.at:
            eras[n] = eras[n]._replace(begins=replace(begins, at=at))
            eras[n - 1] = eras[n - 1]._replace(until=at)
    return eras


def _count(era: Era) -> int:
    return era.facts.count_milliwh or _USUAL_COUNT_MILLIWH


def _first_of_line(times: Sequence[int], shown: Sequence[int], switch: DeclaredSwitch, limits: Limits) -> int:
    """Return when the new line begins: its first reading behind the last one of the old line."""
    old_at, old, new = switch.old_at, switch.old_milliwh, switch.new_milliwh
    if old_at is None or old is None or new is None or switch.kind is SwitchKind.CONTINUES:
        return switch.at
    first = switch.at
    for i in range(bisect_left(times, switch.at) - 1, bisect_right(times, old_at) - 1, -1):
        if limits.within(shown[i] - old, times[i] - old_at):
            break
        if limits.within(new - shown[i], switch.at - times[i]):
            first = times[i]
    return first
