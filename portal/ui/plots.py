"""Drawings of charts as paths, ticks and images: pure, and the same for the page and for a file.

A path lies in a square of SIZE by SIZE that is stretched to wherever the chart is shown; lines keep their width.
"""

import struct
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil, floor, log10
from zoneinfo import ZoneInfo

from portal.core.values.time import local_midnight
from portal.ui import formats

SIZE = 1000
_FLAT = 0.05
_STEPS = (1, 2, 2.5, 5, 10)
_FEWEST_TICKS = 3

Point = tuple[float, float]
"""Where a value is, from 0 (the begin) to 1 (the end), and the value."""


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis of values: its ends, and where it has ticks."""

    bottom: float
    top: float
    ticks: tuple[float, ...]

    def up(self, value: float) -> float:
        """How far up a value is: 0 at the bottom, 1 at the top."""
        return (value - self.bottom) / (self.top - self.bottom)


def scale_of(values: Iterable[float], *, from_zero: bool = False, most: int = 4, least: float = 0.0) -> Scale:
    """An axis with round ends and at most some `most` steps that all values fit on, which shows `least` at least."""
    known = list(values) or [0.0]
    low, high = min(known), max(known)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low < least:
        low, high = (low + high - least) / 2, (low + high + least) / 2
    if high - low < 1e-9:
        room = max(abs(high) * _FLAT, 0.5)
        low, high = (low if from_zero and low == 0 else low - room), high + room
    step = _round_step((high - low) / most)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    ticks = tuple(round(number * step, 10) for number in range(first, last + 1))
    return Scale(ticks[0], ticks[-1], ticks)


def _round_step(least: float) -> float:
    power = 10.0 ** floor(log10(least))
    return next(power * step for step in _STEPS if power * step >= least * (1 - 1e-9))


def line_path(runs: Sequence[Sequence[Point]], scale: Scale) -> str:
    """The path of a line that is broken between runs; a run of one point is a dot."""
    return "".join(_run_path(run, scale) for run in runs if run)


def _run_path(run: Sequence[Point], scale: Scale) -> str:
    texts = [f"{_x(at)} {_y(value, scale)}" for at, value in run]
    return f"M{texts[0]}L{' '.join(texts[1:] or texts)}"


def band_path(lows: Sequence[Sequence[Point]], highs: Sequence[Sequence[Point]], scale: Scale) -> str:
    """The path around what lies between two lines that are broken at the same places."""
    pairs = [(low, high) for low, high in zip(lows, highs, strict=True) if len(low) > 1]
    around = [[*high, *reversed(low)] for low, high in pairs]
    return "".join(f"{_run_path(run, scale)}Z" for run in around)


def _x(at: float) -> str:
    return _short(at * SIZE)


def _y(value: float, scale: Scale) -> str:
    return _short((1 - scale.up(value)) * SIZE)


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


@dataclass(frozen=True, slots=True)
class TimeTick:
    """A word on the axis of time, and where it stands, from 0 to 1."""

    at: float
    text: str


_DAY = timedelta(days=1)
_HOUR_STEPS = (1 / 60, 5 / 60, 0.25, 0.5, 1, 3, 6)
_DAY_STEPS = (1, 2, 7, 14)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24)


def time_ticks(from_at: datetime, to_at: datetime, zone: ZoneInfo, most: int = 9) -> list[TimeTick]:
    """Words for the axis of time of `[from_at, to_at)`, at most some `most`: round times, days or months of a zone."""
    length = to_at - from_at
    for hours in _HOUR_STEPS:
        if length <= timedelta(hours=hours) * most:
            return _clock_ticks(from_at, to_at, zone, timedelta(hours=hours))
    first = from_at.astimezone(zone).date()
    days = [first + number * _DAY for number in range(length // _DAY + 2)]
    for step in _DAY_STEPS:
        if length <= step * _DAY * most:
            chosen = [day for day in days if day.toordinal() % step == (1 if step > 2 else 0) % step]
            return _day_ticks(chosen, from_at, to_at, zone, formats.day_of_month if step > 1 else _week_day)
    firsts = [day for day in days if day.day == 1]
    step = next((each for each in _MONTH_STEPS if len(firsts) <= each * most * 1.5), _MONTH_STEPS[-1])
    months = [day for day in firsts if (day.year * 12 + day.month - 1) % step == 0]
    return _day_ticks(
        months,
        from_at,
        to_at,
        zone,
        formats.month_short if step == 1 else _year if step >= 12 else _month_and_year,
    )


def _clock_ticks(from_at: datetime, to_at: datetime, zone: ZoneInfo, step: timedelta) -> list[TimeTick]:
    midnight = local_midnight(from_at.astimezone(zone).date(), zone)
    at = midnight + ceil((from_at - midnight) / step) * step
    found: list[TimeTick] = []
    while at < to_at:
        found.append(TimeTick((at - from_at) / (to_at - from_at), f"{at.astimezone(zone):%H:%M}"))
        at += step
    return found


def _day_ticks(
    days: Sequence[date], from_at: datetime, to_at: datetime, zone: ZoneInfo, words: Callable[[date], str]
) -> list[TimeTick]:
    placed = [(local_midnight(day, zone), day) for day in days]
    return [
        TimeTick((at - from_at) / (to_at - from_at), words(day))
        for at, day in placed
        if from_at <= at < to_at
    ]


def broken(
    points: Sequence[tuple[datetime, float | None]], step: timedelta
) -> list[list[tuple[datetime, float]]]:
    """Cut a line at what has no value, and where the next point is further away than `step`."""
    runs: list[list[tuple[datetime, float]]] = [[]]
    for at, value in points:
        if value is None or (runs[-1] and at - runs[-1][-1][0] > step):
            runs.append([])
        if value is not None:
            runs[-1].append((at, value))
    return [run for run in runs if run]


_PNG = b"\x89PNG\r\n\x1a\n"


def mask_url(columns: Sequence[Sequence[float]]) -> str:
    """A picture of columns of opacities (0 to 1, top first) as a data URL, a pixel each: a mask that a page colours."""
    height = len(columns[0])
    rows = [
        b"\x00" + b"".join(bytes((0, round(max(0.0, min(1.0, column[row])) * 255))) for column in columns)
        for row in range(height)
    ]
    head = struct.pack("!IIBBBBB", len(columns), height, 8, 4, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b"")]
    return "data:image/png;base64," + b64encode(_PNG + b"".join(_chunk(*part) for part in parts)).decode()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack("!I", len(content)) + kind + content + struct.pack("!I", zlib.crc32(kind + content))


def _week_day(on: date) -> str:
    return f"{formats.weekday_short(on)} {on.day}"


def _month_and_year(on: date) -> str:
    return f"{formats.month_short(on)} {on.year}"


def _year(on: date) -> str:
    return str(on.year)
