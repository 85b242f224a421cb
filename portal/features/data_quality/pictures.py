"""The picture of a register around an event, and the calendar of a device's month, as SVG that follows the theme."""

import itertools
from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

from portal.core.quality.rules.pictures import RegisterPicture, RegisterPoint
from portal.core.quality.service.quality_months import DayCoverage
from portal.core.values.money import kwh_from_milliwh
from portal.core.values.time import instant_of
from portal.features.data_quality.scales import Frame, Panel, panels_of, ticks
from portal.ui import formats

WIDE: Final = Frame(790, 240, 84, 784, 18, 206)
NARROW: Final = Frame(330, 252, 8, 322, 18, 214)
HATCHING: Final = (
    '<svg width="0" height="0" aria-hidden="true" style="position:absolute"><defs>'
    '<pattern id="ui-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path d="M0 0V6" class="ui-q-hatch"/></pattern></defs></svg>'
)
"""What pictures refer to: once on a page, and not in a picture that a phone hides."""
_MOST_NAMED: Final = 3
_CHARACTER: Final = 7
_LINE: Final = 13
_HOURS: Final = 24


def register_picture(picture: RegisterPicture, zone: str, frame: Frame, label: str) -> str:
    """Return the register: accepted readings as lines, suspects as crosses, and hatched where neither lies."""
    points = [*(p for run in picture.runs for p in run), *picture.suspects]
    if not picture.runs or len(points) < 2:
        return ""
    first, last = min(p.at for p in points), max(p.at for p in points)
    drawing = _Drawing(frame, panels_of(picture, frame), first, max(last, first + 1))
    parts = [
        *drawing.grid(),
        *drawing.gaps(picture.runs),
        *(drawing.line(run) for run in picture.runs),
        *drawing.ends(picture.runs, zone),
        *drawing.crosses(picture.suspects),
        *drawing.axis(zone),
    ]
    size = f'viewBox="0 0 {frame.width} {frame.height}"'
    return f'<svg class="ui-q-picture" {size} role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'


class _Spot(NamedTuple):
    """Where words begin, or end, in a picture."""

    x: float
    y: float
    is_end: bool


class _Drawing:
    """Where things are in a picture, and the SVG of them."""

    def __init__(self, frame: Frame, panels: Sequence[Panel], first: int, last: int) -> None:
        self._frame, self._panels, self._first, self._last = frame, panels, first, last
        self._written: list[tuple[float, float, float]] = []

    def x(self, at: int) -> float:
        share = (at - self._first) / (self._last - self._first)
        return round(self._frame.left + share * (self._frame.right - self._frame.left), 1)

    def y(self, milliwh: int) -> float:
        """Where a value is: in the panel that holds it, else at the nearest edge of one."""
        panel = min(self._panels, key=lambda each: max(each.least - milliwh, milliwh - each.most, 0))
        return panel.y(milliwh)

    def grid(self) -> list[str]:
        left, right = self._frame.left, self._frame.right
        edges = [y for panel in self._panels for y in (panel.top, panel.bottom)]
        parts = [f'<path class="ui-q-grid" d="M{left} {y}H{right}"/>' for y in edges]
        for above, below in zip(self._panels, self._panels[1:], strict=False):
            parts.append(
                f'<path class="ui-q-break" d="M{left} {above.bottom + 6}H{right}M{left} {below.top - 6}H{right}"/>'
            )
        if left > 40:
            for panel in self._panels:
                for value, y in ((panel.most, panel.top + 4), (panel.least, panel.bottom + 4)):
                    parts.append(f'<text class="ui-q-end" x="{left - 8}" y="{y}">{_kwh(value, 0)}</text>')
        return parts

    def gaps(self, runs: Sequence[Sequence[RegisterPoint]]) -> list[str]:
        top, height = self._frame.top, self._frame.bottom - self._frame.top
        return [
            f'<rect class="ui-q-gap" x="{self.x(one[-1].at)}" y="{top}" '
            f'width="{max(self.x(other[0].at) - self.x(one[-1].at), 1):.1f}" height="{height}"/>'
            for one, other in itertools.pairwise(runs)
        ]

    def line(self, run: Sequence[RegisterPoint]) -> str:
        path = "L".join(f"{self.x(p.at)} {self.y(p.milliwh)}" for p in run)
        step = max(1, len(run) // 12)
        dots = [*run[::step], run[-1]]
        marks = "".join(
            f'<circle class="ui-q-dot" cx="{self.x(p.at)}" cy="{self.y(p.milliwh)}" r="2.4"/>' for p in dots
        )
        return f'<path class="ui-q-line" d="M{path}"/>{marks}'

    def ends(self, runs: Sequence[Sequence[RegisterPoint]], zone: str) -> list[str]:
        """Say what the register showed last before the widest step, and first behind it."""
        if len(runs) < 2:
            return []
        steps = list(itertools.pairwise(runs))
        one, other = max(steps, key=lambda pair: abs(pair[1][0].milliwh - pair[0][-1].milliwh))
        last, first = one[-1], other[0]
        is_narrow = self._frame.left <= 40
        words = [_said(p, zone, lead, is_narrow) for p, lead in ((last, "last"), (first, "first"))]
        x, y = self.x(last.at), self.y(last.milliwh)
        other_x, other_y = self.x(first.at), self.y(first.milliwh)
        return [
            *self._written_at("ui-q-value", words[0], (_Spot(x - 5, max(y - 8, 12), True),), must=True),
            *self._written_at(
                "ui-q-value",
                words[1],
                (_Spot(other_x + 6, min(other_y + 16, self._frame.bottom - 4), False),),
                must=True,
            ),
        ]

    def _written_at(self, kind: str, words: str, spots: Sequence[_Spot], *, must: bool = False) -> list[str]:
        """Write at the first of the spots where nothing else is written; not at all where there is none."""
        width = len(words) * _CHARACTER
        for x, y, is_end in spots:
            left = x - width if is_end else x
            is_free = all(
                abs(y - at) > _LINE or left > its_right or left + width < its_left
                for its_left, its_right, at in self._written
            )
            is_within = self._frame.left <= left and left + width <= self._frame.right
            if must or (is_free and is_within):
                self._written.append((left, left + width, y))
                side = "ui-q-end " if is_end else ""
                return [f'<text class="{side}{kind}" x="{x}" y="{y}">{words}</text>']
        return []

    def crosses(self, suspects: Sequence[RegisterPoint]) -> list[str]:
        parts: list[str] = []
        named: set[int] = set()
        for point in suspects:
            x, y = self.x(point.at), self.y(point.milliwh)
            parts.append(
                f'<path class="ui-q-suspect" d="M{x - 4} {y - 4}l8 8m0-8l-8 8"><title>'
                f"{_kwh(point.milliwh, 1)} kWh</title></path>"
            )
            if point.milliwh not in named and len(named) < _MOST_NAMED:
                named.add(point.milliwh)
                beside = [_Spot(x - 8, y + 4, True), _Spot(x + 8, y + 4, False)]
                beside += [each._replace(y=each.y + by) for by in (_LINE + 2, -_LINE - 2) for each in beside]
                parts += self._written_at("ui-q-odd", _kwh(point.milliwh, 1), beside)
        return parts

    def axis(self, zone: str) -> list[str]:
        y = self._frame.bottom + 22
        return [
            f'<text class="ui-q-mid" x="{min(max(self.x(at), self._frame.left + 16), self._frame.right - 16)}" '
            f'y="{y}">{words}</text>'
            for at, words in ticks(self._first, self._last, zone)
        ]


def _said(point: RegisterPoint, zone: str, lead: str, is_narrow: bool) -> str:
    value = _kwh(point.milliwh, 1)
    return value if is_narrow else f"{lead} {_clock(point.at, zone)}, {value}"


def _clock(at: int, zone: str) -> str:
    return formats.near_time(instant_of(at), zone).split(", ")[1]


def _kwh(milliwh: int, decimals: int) -> str:
    return formats.number(kwh_from_milliwh(milliwh), decimals)


def coverage_picture(days: Sequence[DayCoverage], label: str) -> str:
    """Return a month: a column a day, its 24 hours downwards from midnight."""
    width = len(days) * _HOURS
    covered = "".join(_hours(n, day.covered & day.asked) for n, day in enumerate(days))
    missing = "".join(_hours(n, day.asked & ~day.covered) for n, day in enumerate(days))
    doubtful = "".join(_hours(n, day.suspects & day.asked) for n, day in enumerate(days))
    lines = "".join(f"M{n * _HOURS - 0.5} 0V{_HOURS}" for n in range(1, len(days)))
    return (
        f'<svg class="ui-q-month" viewBox="0 0 {width} {_HOURS}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label)}"><path class="ui-q-covered" d="{covered}"/>'
        f'<path class="ui-q-missing" d="{missing}"/><path class="ui-q-gap" d="{missing}"/>'
        f'<path class="ui-q-doubtful" d="{doubtful}"/><path class="ui-q-days" d="{lines}"/></svg>'
    )


def _hours(day: int, bits: int) -> str:
    """Return the rectangles of the hours of a day whose bits are set."""
    parts: list[str] = []
    at = 0
    while bits >> at:
        if not bits >> at & 1:
            at += 1
            continue
        end = at
        while bits >> end & 1:
            end += 1
        parts.append(f"M{day * _HOURS} {at}h{_HOURS}v{end - at}h-{_HOURS}z")
        at = end
    return "".join(parts)
