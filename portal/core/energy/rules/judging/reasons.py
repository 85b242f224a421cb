"""Why each reading that the chain leaves out is suspect."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from portal.core.energy.rules.judging.judgement import SuspectReason, SuspectSpan
from portal.core.energy.rules.judging.limits import is_small_fall
from portal.core.energy.rules.judging.states import AcceptedSpan


def suspects_of(
    times: Sequence[int],
    shown: Sequence[int],
    spans: Sequence[AcceptedSpan],
    known: Mapping[int, SuspectReason],
) -> list[SuspectSpan]:
    """Return the readings before, between and behind the accepted spans; `known` are reasons that need no look."""
    found: list[SuspectSpan] = []
    before: int | None = None
    for span in (*spans, None):
        first = 0 if before is None else before + 1
        after = None if span is None else span.first
        left_out = range(first, len(times) if after is None else after)
        found += _joined((i, known.get(i) or _reason(times, shown, before, i, after)) for i in left_out)
        before = before if span is None else span.last
    return found


def _joined(reasons: Iterator[tuple[int, SuspectReason]]) -> Iterator[SuspectSpan]:
    for reason, group in groupby(reasons, key=itemgetter(1)):
        indexes = [i for i, _ in group]
        yield SuspectSpan(indexes[0], indexes[-1], reason)


def _reason(
    times: Sequence[int], shown: Sequence[int], before: int | None, i: int, after: int | None
) -> SuspectReason:
    if any(j is not None and times[j] == times[i] for j in (before, after)):
        return SuspectReason.CONFLICT
    if shown[i] == 0 and (before is None or shown[before] > 0):
        return SuspectReason.ZERO
    if before is None:
        return SuspectReason.NO_HISTORY
    if shown[i] == shown[before]:
        return SuspectReason.STOOD_STILL
    if shown[i] < shown[before]:
        return SuspectReason.WOBBLE if is_small_fall(shown[before], shown[i]) else SuspectReason.FALL
    is_undone = after is not None and shown[after] < shown[i]
    return SuspectReason.SPIKE if is_undone else SuspectReason.TOO_FAST
