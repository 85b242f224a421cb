"""What the page of charts shows, made from what was measured. Pure: paths, words and numbers, ready to be drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from portal.client.dashboards.lines import LineRuns, LineSource, late_of, line_runs, times_of
from portal.client.dashboards.words import gaps_in_words, late_in_words, period_name, width_in_words
from portal.core.history.rules.buckets import TimeSpan, gaps_of
from portal.core.history.rules.charts import CHART_KINDS, ChartKind
from portal.core.history.service.charts import History
from portal.core.languages import tr
from portal.core.readings.rules.quantities import Quantity
from portal.ui import formats
from portal.ui.plots import Scale, band_path, line_path, scale_of, time_ticks

Shape = dict[str, Any]
"""A part of what the script of the charts draws."""

_TONES = ("1", "2", "3", "4")
_HEIGHTS = ("170px", "130px", "110px")
_DECIMALS = {"kW": 2, "kvar": 2, "kVA": 2, "V": 1, "A": 2, "Hz": 2, "%": 1, "": 3}
_TICK_DECIMALS = 6
# Less than this is no news: an axis that shows a hundredth of a volt makes noise look like events.
_LEAST_SPREAD = {"V": 4.0, "Hz": 0.1, "": 0.05, "%": 1.0}


@dataclass(frozen=True, slots=True)
class ChartsOf:
    """What was read for the charts of some kinds: by source, now and in the stretch of time before."""

    kinds: tuple[ChartKind, ...]
    sources: tuple[LineSource, ...]
    history: History
    before: tuple[tuple[LineSource, ...], TimeSpan] | None = None

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """The quantities in the order in which their values lie in a bucket."""
        return quantities_of(self.kinds)


def quantities_of(kinds: Sequence[ChartKind]) -> tuple[Quantity, ...]:
    """The quantities of some charts, each once."""
    return tuple(dict.fromkeys(quantity for kind in kinds for quantity in kind.quantities))


def kinds_named(keys: Sequence[str]) -> tuple[ChartKind, ...]:
    """The charts by their keys."""
    return tuple(CHART_KINDS[key] for key in keys)


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    tone: str
    runs: LineRuns


def build_charts(read: ChartsOf, zone: ZoneInfo, now: datetime, *, is_zoomed: bool) -> Shape:
    """All charts over their one axis of time, for the script that draws them."""
    span = read.history.span
    gaps, late = gaps_of(times_of(read.history), span, read.history.width, now), late_of(read.history)
    return {
        "charts": [chart for kind in read.kinds for chart in _charts_of(kind, read, zone)],
        "from": round(span.from_at.timestamp() * 1000),
        "to": round(span.to_at.timestamp() * 1000),
        "zone": str(zone),
        "days": read.history.width >= timedelta(days=1),
        "zoomed": is_zoomed,
        "ticks": [{"at": tick.at, "text": tick.text} for tick in time_ticks(span.from_at, span.to_at, zone)],
        "gaps": [_shares(gap, span) for gap in gaps],
        "late": [_shares(each, span) for each, _ in late],
        "gap_words": gaps_in_words(gaps, zone),
        "late_words": late_in_words(late, zone),
    }


def has_readings(read: ChartsOf) -> bool:
    """Tell whether there is anything to draw."""
    return any(each.buckets for each in read.history.meters)


def _shares(part: TimeSpan, span: TimeSpan) -> tuple[float, float]:
    first, last = ((at - span.from_at) / span.length for at in (part.from_at, part.to_at))
    return round(max(0.0, first), 5), round(min(1.0, last), 5)


def _charts_of(kind: ChartKind, read: ChartsOf, zone: ZoneInfo) -> list[Shape]:
    """One chart of a single quantity for all sources; of several quantities one for each."""
    if len(kind.lines) == 1:
        return [_chart(kind, kind.title, _compared(kind, read, zone), read)]
    is_one = len(read.sources) == 1
    return [
        _chart(
            replace(kind, key=f"{kind.key} {number}"),
            kind.title if is_one else f"{kind.title} \u00b7 {source.name}",
            _lines_by_quantity(kind, source, read),
            read,
        )
        for number, source in enumerate(read.sources)
    ]


def _can_draw(kind: ChartKind, source: LineSource) -> bool:
    return kind.is_added_up or len(source.histories) == 1


def _lines_by_quantity(kind: ChartKind, source: LineSource, read: ChartsOf) -> list[_Line]:
    if not _can_draw(kind, source):
        return []
    return [
        _Line(
            name,
            _TONES[number],
            line_runs(source, read.quantities.index(quantity), read.history.span, read.history.width),
        )
        for number, (name, quantity) in enumerate(kind.lines)
    ]


def _compared(kind: ChartKind, read: ChartsOf, zone: ZoneInfo) -> list[_Line]:
    """The lines of all sources, and before them those of the stretch of time they are compared with."""
    index = read.quantities.index(kind.lines[0][1])
    lines: list[_Line] = []
    is_one, period = len(read.sources) == 1, period_name(read.history.span, zone)
    if read.before is not None:
        sources, span = read.before
        was = period_name(span, zone)
        lines += [
            _Line(
                was if is_one else f"{source.name}, {was}",
                "was",
                line_runs(source, index, span, read.history.width),
            )
            for source in sources
            if _can_draw(kind, source)
        ]
    lines += [
        _Line(
            source.name if not is_one else period if read.before else kind.title,
            _TONES[number % len(_TONES)],
            line_runs(source, index, read.history.span, read.history.width),
        )
        for number, source in enumerate(read.sources)
        if _can_draw(kind, source)
    ]
    return lines


def _chart(kind: ChartKind, title: str, lines: list[_Line], read: ChartsOf) -> Shape:
    values = [value for line in lines for _, value in line.runs.points]
    values += [value for line in lines for run in (*line.runs.lows, *line.runs.highs) for _, value in run]
    scale = scale_of(values, from_zero=kind.begins_at_zero, least=_LEAST_SPREAD.get(kind.unit, 0.0))
    return {
        "key": kind.key,
        "title": title,
        "note": _note(lines, read, values),
        "unit": kind.unit,
        "decimals": _DECIMALS.get(kind.unit, 1),
        "marks": formats.marks(),
        "height": _HEIGHTS[0 if kind.key.startswith("power") and kind.unit else 1],
        "bottom": scale.bottom,
        "top": scale.top,
        "ticks": _value_ticks(scale, kind.unit),
        # What is now is drawn over what was before, and named before it.
        "lines": [_line(line, scale) for line in lines],
        "label": _label(title, kind.unit, values),
    }


def _note(lines: list[_Line], read: ChartsOf, values: list[float]) -> str:
    if not lines:
        return tr("not added up over meters: choose one")
    if not values:
        return tr("no readings")
    words = width_in_words(read.history.width)
    return tr("{words}, shaded from lowest to highest", words=words) if any(map(_is_shaded, lines)) else words


def _is_shaded(line: _Line) -> bool:
    """Whether there is anything between the lowest and the highest values of a line."""
    pairs = zip(line.runs.lows, line.runs.highs, strict=True)
    return any(low < high for lows, highs in pairs for (_, low), (_, high) in zip(lows, highs, strict=True))


def _value_ticks(scale: Scale, unit: str) -> list[Shape]:
    texts = [formats.short_number(value, _TICK_DECIMALS) for value in scale.ticks]
    texts[-1] = f"{texts[-1]} {unit}".strip()
    return [
        {"at": round(scale.up(value), 5), "text": text}
        for value, text in zip(scale.ticks, texts, strict=True)
    ]


def _line(line: _Line, scale: Scale) -> Shape:
    points = list(line.runs.points)
    return {
        "name": line.name,
        "tone": line.tone,
        "path": line_path(line.runs.runs, scale),
        "band": band_path(line.runs.lows, line.runs.highs, scale) if line.tone != "was" else "",
        "x": [round(at, 5) for at, _ in points],
        "v": [round(value, 4) for _, value in points],
        "reach": round(line.runs.reach, 5),
    }


def _label(title: str, unit: str, values: list[float]) -> str:
    if not values:
        return tr("{title}: no readings.", title=title)
    low, high = (formats.number(value, _DECIMALS.get(unit, 1)) for value in (min(values), max(values)))
    return (
        tr("{title}: from {low} to {high} {unit}", title=title, low=low, high=high, unit=unit).strip() + "."
    )
