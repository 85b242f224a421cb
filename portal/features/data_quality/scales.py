"""Scales of the picture of a register: one, or two with a break between them where the lines are far apart."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from portal.core.quality.rules.pictures import RegisterPicture, RegisterPoint
from portal.core.values.time import instant_of
from portal.ui import formats

# Lines whose ends are farther apart than this many times what they span would be two flat strokes on one scale.
_FAR_APART: Final = 2
_TICKS_HOURS: Final = (1, 2, 3, 6, 12, 24, 48, 96)
_MOST_TICKS: Final = 5
_HOUR: Final = 3_600_000_000


class Panel(NamedTuple):
    """A part of the picture, from `top` to `bottom` in pixels, for values from `least` to `most`."""

    top: float
    bottom: float
    least: int
    most: int

    def y(self, milliwh: int) -> float:
        """Where a value is; one outside is at the edge."""
        share = (min(max(milliwh, self.least), self.most) - self.least) / max(self.most - self.least, 1)
        return round(self.bottom - share * (self.bottom - self.top), 1)


@dataclass(frozen=True)
class Frame:
    """The size of a picture in pixels, and where in it values and times are drawn."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int


def panels_of(picture: RegisterPicture, frame: Frame) -> list[Panel]:
    """Return the scales, from above: two where the lines before and behind a step are far apart."""
    groups = _groups(picture.runs)
    ranges = sorted(((min(p.milliwh for p in g), max(p.milliwh for p in g)) for g in groups), reverse=True)
    if len(ranges) == 1:
        return [Panel(frame.top, frame.bottom, *_roomy(*ranges[0]))]
    middle, half = (frame.top + frame.bottom) / 2, 10
    upper, lower = ranges
    return [
        Panel(frame.top, middle - half, *_roomy(*upper)),
        Panel(middle + half, frame.bottom, *_roomy(*lower)),
    ]


def _groups(runs: Sequence[Sequence[RegisterPoint]]) -> list[list[RegisterPoint]]:
    """Return all points together, or those before and behind the step that sets them apart."""
    every = [point for run in runs for point in run]
    jumps = [
        (abs(later[0].milliwh - earlier[-1].milliwh), n)
        for n, (earlier, later) in enumerate(itertools.pairwise(runs), 1)
    ]
    if not jumps:
        return [every]
    jump, cut = max(jumps)
    parts = [[p for run in some for p in run] for some in (runs[:cut], runs[cut:])]
    spans = [max(p.milliwh for p in part) - min(p.milliwh for p in part) for part in parts]
    return parts if jump > _FAR_APART * sum(spans) else [every]


def _roomy(least: int, most: int) -> tuple[int, int]:
    room = max((most - least) // 10, 50_000)
    return max(0, least - room), most + room


def ticks(first: int, last: int, zone: str) -> list[tuple[int, str]]:
    """Return instants on the axis and what they are called: whole local hours, or days where it is long."""
    span = (last - first) / _HOUR
    step = next((each for each in _TICKS_HOURS if span / each <= _MOST_TICKS), _TICKS_HOURS[-1])
    here = ZoneInfo(zone)
    at = instant_of(first).astimezone(here).replace(minute=0, second=0, microsecond=0)
    found: list[tuple[int, str]] = []
    while (micros := _micros(at)) <= last:
        if micros >= first and _is_on(at, step):
            found.append((micros, formats.day_of_month(at) if at.hour == 0 else f"{at:%H:%M}"))
        at += timedelta(hours=1)
    return found


def _is_on(at: datetime, step: int) -> bool:
    return at.hour % step == 0 if step < 24 else at.hour == 0 and at.toordinal() % (step // 24) == 0


def _micros(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)
