"""Anchors: readings by which a stretch of a history can be judged again without the rest of it.

An anchor is an accepted reading inside a long enough run: whatever comes before it, the cheapest chain goes through it,
and what it goes on to depends on nothing before. Two things reach over it. A line that was left, at a switch or in a
glitch of several readings, may come back within 35 days; such lines are kept beside the anchors as `Rival`s. And bound,
resolution and decisions must be the same: where one changes, all it holds for is judged again.

What is kept of a judgement is an `Outline`. From it follows which readings a late one makes it necessary to look at
again (`stretch_of`), and where what is found then meets what was found before (`meeting`).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from portal.core.energy.rules.judging.judgement import Judgement, SuspectReason
from portal.core.energy.rules.judging.prices import DAY, FEW, HOUR, MANY, REMEMBERED, WOBBLE_LASTS
from portal.core.energy.rules.judging.states import AcceptedSpan, LinkKind

READINGS_BEFORE: Final = 12
READINGS_AFTER: Final = 8
VALUES: Final = FEW + 1
"""So many different values, or a day, must lie on each side too: a chain may leave out a few at the end of a run, and a
register that stands still is not known to be right until it has moved."""

_FOR_EVER: Final = 1 << 62
_NO_LINES = frozenset({SuspectReason.DECIDED, SuspectReason.NEGATIVE, SuspectReason.CONFLICT})


class Anchor(NamedTuple):
    """The instant of an anchor, and that of the first reading it takes to see that it is one."""

    at: int
    since: int


class Rival(NamedTuple):
    """A line that was left: its first and its last reading, by instant, and how many there are of it up to a few."""

    since: int
    until: int
    readings: int


class Outline(NamedTuple):
    """What is kept of a judgement, ascending: its anchors, the last one of each UTC day, and its rivals."""

    anchors: list[Anchor]
    rivals: list[Rival]

    @property
    def provisional_from(self) -> int | None:
        """From when on an answer is provisional (microseconds since 1970); None: all of it."""
        return self.anchors[-1].at if self.anchors else None


class JudgedStretch(NamedTuple):
    """Readings to be judged again: from `since` to `until`, each included; None is the beginning, or the end.

    What is found from the anchor at `from_at` on holds; None: from the beginning.
    """

    from_at: int | None
    since: int | None
    until: int | None


def outline_of(judgement: Judgement) -> Outline:
    """Return what is to be kept of a judgement."""
    anchors = (anchor for span in judgement.spans for anchor in _anchors_of(judgement, span))
    return Outline(_last_of_each_day(anchors), sorted(_rivals_of(judgement)))


def anchors_among(times: Sequence[int], shown: Sequence[int]) -> list[Anchor]:
    """Return the anchors (the last of each UTC day) of readings that are known to be accepted and of one run.

    For whoever keeps which hours are whole and no outline: a stretch begins at an anchor of the readings before it, and
    meets what was at one of those behind it.
    """
    run = Judgement(times, shown, shown)
    return list(_anchors_of(run, AcceptedSpan(0, len(times) - 1, LinkKind.RISE))) if times else []


def is_firm(judgement: Judgement) -> bool:
    """Tell whether readings that follow and rise within the limits are simply accepted, and nothing before changes.

    That is so where the last reading of all is accepted, and enough of its run is.
    """
    if not judgement.spans:
        return False
    last = judgement.spans[-1]
    return last.last == len(judgement.times) - 1 and last.last - last.first + 1 >= MANY


def run_since(judgement: Judgement, anchor_at: int | None) -> int | None:
    """Return the first reading (its instant) of the run at the end.

    None where there is none, and where the run has the anchor that is judged from: enough of it lies before.
    """
    if not judgement.spans:
        return None
    first_at = judgement.times[judgement.spans[-1].first]
    return None if anchor_at is not None and first_at <= anchor_at else first_at


def reach_of(rivals: Iterable[Rival], first: int, last: int) -> int:
    """Return before which instant a stretch begins where readings stamped `first` to `last` came or went."""
    # Noise is a matter of whole days, and a register that stood still is so for a day.
    day = first // DAY * DAY - WOBBLE_LASTS
    reached = [rival.since for rival in rivals if first - REMEMBERED <= rival.until and rival.since <= last]
    return min([day, *reached])


def stretch_of(outline: Outline, first: int, last: int, ahead: int | None) -> JudgedStretch:
    """Return what to judge again where readings stamped `first` to `last` came or went.

    It reaches `ahead` (microseconds) beyond the change; None: to the end. It begins at the last anchor before the
    change, or before every line that might come back because of it.
    """
    begins_before = reach_of(outline.rivals, first, last)
    n = bisect_left(outline.anchors, begins_before, key=lambda anchor: anchor.at) - 1
    until = None if ahead is None else last // DAY * DAY + DAY + ahead
    if n < 0:
        return JudgedStretch(None, None, until)
    anchor = outline.anchors[n]
    return JudgedStretch(anchor.at, anchor.since, until)


def meeting(outline: Outline, stretch: JudgedStretch, judgement: Judgement, last: int) -> int | None:
    """Return the anchor (its instant) from which on all stays as it was before readings up to `last` came.

    `judgement` is that of the stretch as it is now. None: it has to be judged farther ahead, to the end if need be.
    """
    now = outline_of(judgement)
    beyond = last // DAY * DAY + DAY
    changed = _within(outline.rivals, stretch.from_at, now) ^ _within(now.rivals, stretch.from_at, now)
    beyond = max([beyond, *(rival.until + REMEMBERED for rival in changed)])
    n = bisect_left(outline.anchors, beyond, key=lambda anchor: anchor.at)
    return next(
        (anchor.at for anchor in outline.anchors[n:] if _has_anchored_hour(judgement, anchor.at)), None
    )


def patched(outline: Outline, stretch: JudgedStretch, judgement: Judgement, meets_at: int | None) -> Outline:
    """Return the outline of a history of which a stretch was judged again, up to where it meets what was before."""
    now = outline_of(judgement)
    since = 0 if stretch.from_at is None else stretch.from_at
    until = _FOR_EVER if meets_at is None else meets_at
    anchors = [
        *(anchor for anchor in outline.anchors if anchor.at <= since),
        *(anchor for anchor in now.anchors if since < anchor.at < until),
        *(anchor for anchor in outline.anchors if anchor.at >= until),
    ]
    return Outline(
        _last_of_each_day(anchors),
        [
            *(rival for rival in outline.rivals if rival.since < since),
            *(rival for rival in now.rivals if since <= rival.since < until),
            *(rival for rival in outline.rivals if rival.since >= until),
        ],
    )


def _has_anchored_hour(judgement: Judgement, at: int) -> bool:
    """Tell whether a judgement has an anchor at an instant, and all of its hour before that in the same run."""
    times = judgement.times
    for i in range(bisect_left(times, at), bisect_right(times, at)):
        n = bisect_right(judgement.spans, i, key=lambda span: span.first) - 1
        anchored = _anchored(judgement, judgement.spans[n]) if n >= 0 else range(0)
        if i in anchored and times[anchored.start] <= at // HOUR * HOUR:
            return True
    return False


def _last_of_each_day(anchors: Iterable[Anchor]) -> list[Anchor]:
    return list({anchor.at // DAY: anchor for anchor in anchors}.values())


def _within(rivals: Sequence[Rival], since: int | None, now: Outline) -> set[Rival]:
    """Return the rivals from an anchor on, up to where a stretch is judged for good."""
    until = now.provisional_from
    return {
        rival
        for rival in rivals
        if (since is None or rival.since >= since) and until is not None and rival.until <= until
    }


def _anchors_of(judgement: Judgement, span: AcceptedSpan) -> Iterator[Anchor]:
    times, anchored = judgement.times, _anchored(judgement, span)
    i = anchored.start
    while i < anchored.stop:
        following = bisect_left(times, times[i] // DAY * DAY + DAY, i, anchored.stop)
        yield Anchor(times[following - 1], times[_needed_before(judgement, span, following - 1)])
        i = following


def _anchored(judgement: Judgement, span: AcceptedSpan) -> range:
    """Return the readings of a span that are anchors."""
    first = bisect_right(judgement.shown, 0, span.first, span.last + 1)
    begins = _far_enough_after(judgement, first, span.last)
    ends = _far_enough_before(judgement, span.last, first)
    return range(begins, max(begins, ends + 1))


def _far_enough_after(judgement: Judgement, first: int, last: int) -> int:
    """Return the first reading that has enough of its span before it, beyond `last` where none has."""
    times, shown = judgement.times, judgement.shown
    day_later, i = (
        bisect_left(times, times[first] + DAY, first, last + 1) if first <= last else last + 1,
        first,
    )
    for _ in range(VALUES - 1):
        i = bisect_right(shown, shown[i], i, last + 1) if i <= last else i
    return max(first + READINGS_BEFORE, min(i, day_later))


def _far_enough_before(judgement: Judgement, last: int, first: int) -> int:
    """Return the last reading that has enough of its span behind it, before `first` where none has."""
    return min(last - READINGS_AFTER, _values_before(judgement, last, first))


def _needed_before(judgement: Judgement, span: AcceptedSpan, i: int) -> int:
    """Return the last reading from which on there is enough before i, the span's first at least."""
    return max(span.first, min(i - READINGS_BEFORE, _values_before(judgement, i, span.first)))


def _values_before(judgement: Judgement, last: int, first: int) -> int:
    """Return the last reading from which on a span has enough values, or a day, to `last`; before `first`: none."""
    times, shown, i = judgement.times, judgement.shown, last
    if first > last:
        return first - 1
    day_before = bisect_right(times, times[last] - DAY, first, last + 1) - 1
    for _ in range(VALUES - 1):
        i = bisect_left(shown, shown[i], first, i + 1) - 1 if i >= first else i
    return max(i, day_before)


def _rivals_of(judgement: Judgement) -> Iterator[Rival]:
    """Yield the lines that were left: before a switch, and in suspects that may be a line of their own."""
    times = judgement.times
    for number, link in enumerate(judgement.links):
        if isinstance(link.kind, LinkKind) and link.kind is not LinkKind.RISE:
            span = judgement.spans[number]
            yield Rival(times[link.before], times[link.before], min(FEW, span.last - span.first + 1))
    group: list[int] = []
    for span in judgement.suspects:
        if span.reason in _NO_LINES:
            continue
        if group and span.first != group[1] + 1:
            yield from _rival(judgement, group)
            group = []
        group = [group[0] if group else span.first, span.last]
    if group:
        yield from _rival(judgement, group)


def _rival(judgement: Judgement, group: list[int]) -> Iterator[Rival]:
    first, last = group
    readings = sum(1 for i in range(first, last + 1) if judgement.shown[i] > 0)
    if readings >= FEW:
        yield Rival(judgement.times[first], judgement.times[last], readings)
