"""What needs no judging: readings a person has decided about, and those that no register can show."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import sub
from typing import Final

from portal.core.energy.rules.judging.decisions import DeclaredReadings
from portal.core.energy.rules.judging.judgement import SuspectReason
from portal.core.energy.rules.judging.prices import DAY
from portal.core.energy.rules.judging.states import AcceptedSpan, LinkKind

MOST_FALLS_A_DAY: Final = 500
"""A register that falls more often than this on a UTC day says nothing on it: a net counter, or a broken line."""

_FALLS_OF_NO_REGISTER = 20


@dataclass(frozen=True, slots=True)
class Sifted:
    """The readings that are to be judged, and the others with the reason; all by their index.

    `kept` is None where nothing is left out. `forced` are readings a person has said to be true, by their index in
    `kept`, at most one of an instant.
    """

    kept: list[int] | None
    taken_out: dict[int, SuspectReason]
    forced: list[int]

    def take(self, values: Sequence[int]) -> Sequence[int]:
        """Return the values of the readings that are to be judged."""
        return values if self.kept is None else [values[i] for i in self.kept]

    def put_back(self, spans: list[AcceptedSpan]) -> list[AcceptedSpan]:
        """Return spans of the judged readings as spans of all readings."""
        if self.kept is None:
            return spans
        return [part for span in spans for part in self._parts(span, self.kept)]

    def _parts(self, span: AcceptedSpan, kept: list[int]) -> Iterator[AcceptedSpan]:
        first, kind = span.first, span.kind
        for i in range(span.first, span.last):
            if kept[i + 1] != kept[i] + 1:
                yield AcceptedSpan(kept[first], kept[i], kind)
                first, kind = i + 1, LinkKind.RISE
        yield AcceptedSpan(kept[first], kept[span.last], kind)


def sift(times: Sequence[int], shown: Sequence[int], declared: Sequence[DeclaredReadings]) -> Sifted:
    """Take out what needs no judging of readings that ascend by (time, value)."""
    are_true = _decided(times, shown, declared)
    taken_out = {i: SuspectReason.DECIDED for i, is_true in are_true.items() if not is_true}
    taken_out |= dict.fromkeys(_negative(shown), SuspectReason.NEGATIVE)
    for i in _noise(times, shown):
        if not are_true.get(i):
            taken_out.setdefault(i, SuspectReason.NOISE)
    true = _one_of_an_instant(times, (i for i, is_true in are_true.items() if is_true and i not in taken_out))
    if not taken_out:
        return Sifted(None, {}, true)
    kept = [i for i in range(len(times)) if i not in taken_out]
    return Sifted(kept, taken_out, [bisect_left(kept, i) for i in true])


def speaking(readings: Sequence[tuple[int, int]]) -> int:
    """Return how many readings (ascending) show something that a register can: neither zero nor a day of noise."""
    times, shown = [at for at, _ in readings], [value for _, value in readings]
    return sum(1 for value in sift(times, shown, ()).take(shown) if value)


def is_no_register(shown: Sequence[int], least_falls: int = 3) -> bool:
    """Tell whether values in the order of their time fall in more than one step of twenty, and so often at least.

    That is the energy of intervals, or a net counter that runs both ways: neither can be judged as a register.
    """
    falls = sum(1 for rise in map(sub, shown[1:], shown) if rise < 0)
    return falls >= least_falls and falls * _FALLS_OF_NO_REGISTER > len(shown) - 1


def _decided(
    times: Sequence[int], shown: Sequence[int], declared: Sequence[DeclaredReadings]
) -> dict[int, bool]:
    """Return which readings are true or not by decision; the later decision holds."""
    return {
        i: each.are_true
        for each in declared
        for i in range(bisect_left(times, each.from_at), bisect_right(times, each.to_at))
        if each.cover(times[i], shown[i])
    }


def _negative(shown: Sequence[int]) -> list[int]:
    return [i for i, value in enumerate(shown) if value < 0] if shown and min(shown) < 0 else []


def _noise(times: Sequence[int], shown: Sequence[int]) -> Iterator[int]:
    """Yield the readings of days on which the register falls too often."""
    falls = [i for i, rise in enumerate(map(sub, shown[1:], shown), 1) if rise < 0]
    if len(falls) <= MOST_FALLS_A_DAY:
        return
    for day, count in Counter(times[i] // DAY for i in falls).items():
        if count > MOST_FALLS_A_DAY:
            yield from range(bisect_left(times, day * DAY), bisect_left(times, (day + 1) * DAY))


def _one_of_an_instant(times: Sequence[int], indexes: Iterator[int]) -> list[int]:
    """Return indexes, ascending, without those of an instant that has a later one: two cannot both be true."""
    return sorted({times[i]: i for i in sorted(indexes)}.values())
