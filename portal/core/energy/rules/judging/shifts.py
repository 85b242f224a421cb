"""Rows that a wrong clock stamped: by how much, as the register itself says."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final

from portal.core.energy.rules.judging.judgement import Judgement, SuspectSpan
from portal.core.energy.rules.judging.prices import HOUR
from portal.core.energy.rules.judging.states import LinkKind

_LEAST_SHIFT: Final = HOUR // 2
_SAME_SHIFT: Final = 10  # the shifts of rows that were stamped by one wrong clock differ by less than a tenth


class Shifts:
    """Finds when the accepted readings of a judgement showed what suspect ones show."""

    def __init__(self, judgement: Judgement) -> None:
        self._times, self._shown, self._spans = judgement.times, judgement.shown, judgement.spans
        # The spans at which another line begins: within a line the register only rises.
        self._lines = [0] + [
            number for number, link in enumerate(judgement.links, 1) if link.kind is not LinkKind.RISE
        ]
        self._lines.append(len(self._spans))

    def of(self, suspects: Sequence[SuspectSpan]) -> int | None:
        """Return by how much (microseconds) readings are stamped too late, less than zero: too early.

        None where they do not tell: fewer than two different values, or no time by which all of them are shifted.
        """
        indexes = [i for span in suspects for i in (span.first, span.last)]
        stamped = {self._shown[i]: self._times[i] for i in indexes}
        if len(stamped) < 2:
            return None
        shown = [(at, self._shown_at(value, at)) for value, at in stamped.items()]
        shifts = [at - then for at, then in shown if then is not None]
        if len(shifts) < len(stamped):
            return None
        least, most = min(shifts), max(shifts)
        middle = (least + most) // 2
        is_one = (most - least) * _SAME_SHIFT < abs(middle)
        return middle if is_one and abs(middle) >= _LEAST_SHIFT else None

    def _shown_at(self, value: int, stamped: int) -> int | None:
        """Return when the line around an instant came by a value, None where it did not."""
        number = bisect_right(self._spans, stamped, key=lambda span: self._times[span.first]) - 1
        line = bisect_right(self._lines, max(0, number)) - 1
        first, end = self._lines[line], self._lines[line + 1]
        if first >= end or value < self._shown[self._spans[first].first]:
            return None
        n = bisect_left(self._spans, value, first, end, key=lambda span: self._shown[span.last])
        if n == end:
            return None
        span = self._spans[n]
        return self._times[bisect_left(self._shown, value, span.first, span.last)]
