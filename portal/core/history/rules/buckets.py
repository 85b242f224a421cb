"""How wide the buckets of a chart are: as many as a picture shows, whatever the span."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from portal.core.values.time import HOUR, floor_hour

MOST_BUCKETS = 750
"""A month has that many hours; wider than that no page draws a chart."""

_DAY = timedelta(days=1)
_WIDTHS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30),
    HOUR,
    3 * HOUR,
    6 * HOUR,
    _DAY,
    7 * _DAY,
)
# What is missing from a row of readings that comes so regularly was not measured.
_MISSED = 1.5
LATE = timedelta(minutes=30)
"""A reading that came in later than this after it was taken is marked as late."""


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A stretch of time `[from_at, to_at)` in aware instants."""

    from_at: datetime
    to_at: datetime

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.to_at - self.from_at

    def earlier(self, by: timedelta) -> "TimeSpan":
        """Return the span that lies before this one by a duration."""
        return TimeSpan(self.from_at - by, self.to_at - by)


def width_of(span: TimeSpan) -> timedelta:
    """Return the narrowest width that cuts a span into at most MOST_BUCKETS; of long spans weeks, however many."""
    return next((width for width in _WIDTHS if span.length <= width * MOST_BUCKETS), _WIDTHS[-1])


def is_of_hours(width: timedelta) -> bool:
    """Tell whether buckets of a width are told from hours that are kept; narrower ones are from readings."""
    return width >= HOUR


def whole_span(span: TimeSpan, width: timedelta) -> TimeSpan:
    """Return a span widened to whole hours where its buckets are made of hours."""
    if not is_of_hours(width):
        return span
    end = floor_hour(span.to_at)
    return TimeSpan(floor_hour(span.from_at), end if end == span.to_at else end + HOUR)


def usual_step(times: Sequence[datetime], width: timedelta) -> timedelta:
    """Return how far apart buckets that hold readings usually begin: the median, and never less than their width."""
    steps = sorted(later - earlier for earlier, later in pairwise(times))
    return max(width, steps[len(steps) // 2]) if steps else width


def gaps_of(times: Sequence[datetime], span: TimeSpan, width: timedelta, until: datetime) -> list[TimeSpan]:
    """Return where buckets that begin at `times` leave a span without readings, up to `until` where it goes on.

    A meter that reports seldom has no gap for that: how far apart its buckets usually are is taken from themselves.
    """
    end = min(span.to_at, until)
    if not times:
        return [TimeSpan(span.from_at, end)] if span.from_at < end else []
    step = usual_step(times, width)
    found: list[TimeSpan] = []
    if times[0] - span.from_at > step * _MISSED:
        found.append(TimeSpan(span.from_at, times[0]))
    found += [
        TimeSpan(earlier + step, later)
        for earlier, later in pairwise(times)
        if later - earlier > step * _MISSED
    ]
    if end - times[-1] > step * (1 + _MISSED):
        found.append(TimeSpan(times[-1] + step, end))
    return found


def joined(spans: Sequence[TimeSpan]) -> list[TimeSpan]:
    """Return spans in order, those that touch or overlap made one."""
    found: list[TimeSpan] = []
    for span in sorted(spans, key=lambda each: each.from_at):
        if found and span.from_at <= found[-1].to_at:
            found[-1] = TimeSpan(found[-1].from_at, max(found[-1].to_at, span.to_at))
        else:
            found.append(span)
    return found
