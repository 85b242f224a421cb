"""Lines of charts made from what was measured: cut at gaps, of several meters one by one or added up."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.core.history.rules.buckets import TimeSpan, joined, usual_step
from portal.core.history.service.charts import History, MeterHistory
from portal.ui.plots import broken

_BREAK = 1.5


@dataclass(frozen=True, slots=True)
class LineSource:
    """What a line is of: a meter, or the meters of a site together."""

    name: str
    histories: tuple[MeterHistory, ...]


@dataclass(frozen=True, slots=True)
class LineRuns:
    """A line without its gaps: runs of values at the middle of their buckets, from 0 to 1 of the span.

    `lows` and `highs` are runs of extremes, empty where they are not known. `reach` is how far from a point its value
    holds.
    """

    runs: list[list[tuple[float, float]]]
    lows: list[list[tuple[float, float]]]
    highs: list[list[tuple[float, float]]]
    reach: float

    @property
    def points(self) -> Iterator[tuple[float, float]]:
        """All points, in order."""
        return (point for run in self.runs for point in run)


def line_runs(source: LineSource, index: int, span: TimeSpan, width: timedelta) -> LineRuns:
    """The line of one quantity, by its place among those that were asked for. Several meters are added up."""
    if len(source.histories) == 1:
        [history] = source.histories
        points = [(bucket.at, bucket.values[index]) for bucket in history.buckets]
        lows = [(bucket.at, bucket.lows[index]) for bucket in history.buckets]
        highs = [(bucket.at, bucket.highs[index]) for bucket in history.buckets]
    else:
        points, lows, highs = _added_up(source, index), [], []
    step = usual_step([at for at, value in points if value is not None], width)
    cut = [
        [[(_where(at, span, width), value) for at, value in run] for run in broken(each, step * _BREAK)]
        for each in (points, lows, highs)
    ]
    has_extremes = [len(run) for run in cut[1]] == [len(run) for run in cut[0]]
    return LineRuns(
        cut[0],
        cut[1] if has_extremes else [],
        cut[2] if has_extremes else [],
        reach=step / 2 / span.length * 1.01,
    )


def _added_up(source: LineSource, index: int) -> list[tuple[datetime, float | None]]:
    """The sum of several meters; there is none where one that measured in the span at all has no value."""
    values: dict[datetime, list[float]] = {}
    used = 0
    for history in source.histories:
        known = [
            (bucket.at, value) for bucket in history.buckets if (value := bucket.values[index]) is not None
        ]
        used += bool(known)
        for at, value in known:
            values.setdefault(at, []).append(value)
    return [(at, sum(values[at]) if len(values[at]) == used else None) for at in sorted(values)]


def _where(at: datetime, span: TimeSpan, width: timedelta) -> float:
    return max(0.0, min(1.0, (at + width / 2 - span.from_at) / span.length))


def times_of(history: History) -> list[datetime]:
    """When any of the meters measured anything, in order."""
    return sorted({bucket.at for each in history.meters for bucket in each.buckets})


def late_of(history: History) -> list[tuple[TimeSpan, datetime]]:
    """The stretches of readings that came late, and when the last of each came."""
    arrived = {
        TimeSpan(bucket.at, bucket.at + history.width): at
        for each in history.meters
        for bucket in each.buckets
        if (at := bucket.late_received_at) is not None
    }
    return [
        (span, max(at for own, at in arrived.items() if span.from_at <= own.from_at < span.to_at))
        for span in joined(list(arrived))
    ]
