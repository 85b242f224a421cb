"""Bars over time in the hues of their time-of-use periods, as the page draws them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from portal.core.history.rules.buckets import TimeSpan
from portal.core.history.service.energy import NO_TARIFF
from portal.core.languages import tr
from portal.core.words import noted
from portal.features.cost.hues import hues_of, period_label, period_rank
from portal.ui import formats, tokens
from portal.ui.plots import Scale, scale_of, time_ticks
from portal.ui.plotted import NO_BARS, Drawn

_SLIM = 0.12
FIXED_CHARGE: Final = noted("Fixed charge of the day")
"""Names the part of a bar that no energy is behind; it lies at the bottom."""
_OWN_HUES: Final = {NO_TARIFF: tokens.DEFAULT_RATE, FIXED_CHARGE: tokens.FIXED_CHARGE}


@dataclass(frozen=True)
class TimeBar:
    """A bar over `[at, end_at)`: what each period has of it, and what is said and opened by it."""

    at: datetime
    end_at: datetime
    value_of: dict[str | None, float] = field(default_factory=dict[str | None, float])
    title: str = ""
    key: str = ""
    is_running: bool = False

    @property
    def value(self) -> float:
        """All its parts together."""
        return sum(self.value_of.values())


@dataclass(frozen=True)
class ValueWords:
    """How values are worded: a unit behind them or a currency in front of them, and how many decimals."""

    unit: str = "kWh"
    prefix: str = ""
    decimals: int = 2

    def words(self, value: float) -> str:
        """A value with its unit."""
        return f"{self.prefix}{formats.number(value, self.decimals)} {self.unit}".strip()


def hues_shown(bars: Iterable[TimeBar]) -> dict[str | None, str]:
    """The hue of each period that any of the bars has, from the cheapest kind to the dearest."""
    names = {name for bar in bars for name, value in bar.value_of.items() if value}
    hues = hues_of(name for name in names if name not in _OWN_HUES) | _OWN_HUES
    return {
        name: hues[name] for name in sorted(names, key=lambda name: (name != FIXED_CHARGE, period_rank(name)))
    }


def legend_of(bars: Iterable[TimeBar]) -> list[dict[str, str]]:
    """What the hues mean; nothing where there is only one."""
    found = hues_shown(bars)
    return (
        [{"hue": hue, "label": period_label(name)} for name, hue in found.items()] if len(found) > 1 else []
    )


def scale_for(bars: Sequence[TimeBar], more: Iterable[float] = ()) -> Scale:
    """An axis from zero that the bars and further values fit on."""
    return scale_of([*(bar.value for bar in bars), *more], from_zero=True)


def draw_bars(
    bars: Sequence[TimeBar],
    span: TimeSpan,
    zone: ZoneInfo,
    measured: ValueWords,
    scale: Scale,
    hues: dict[str | None, str] | None = None,
) -> Drawn:
    """The bars over a span, with both axes; other marks are added by whoever has them.

    `hues`, from the bottom up, are of parts that are no periods of a tariff.
    """
    hues = hues_shown(bars) if hues is None else hues
    return dict(NO_BARS) | {
        "bars": [_bar(bar, span, hues, measured, scale) for bar in bars],
        "values": value_ticks(scale, measured),
        "ticks": [{"at": tick.at, "text": tick.text} for tick in time_ticks(span.from_at, span.to_at, zone)],
        "opens": any(bar.key for bar in bars),
    }


def value_ticks(scale: Scale, measured: ValueWords) -> list[Drawn]:
    """The words of an axis of values; the unit stands with the highest."""
    texts = [f"{measured.prefix}{formats.short_number(value, 3)}" for value in scale.ticks]
    texts[-1] = f"{texts[-1]} {measured.unit}".strip()
    return [
        {"at": round(scale.up(value), 5), "text": text}
        for value, text in zip(scale.ticks, texts, strict=True)
    ]


def share_of_span(at: datetime, span: TimeSpan) -> float:
    """Where an instant lies in a span, from 0 to 1."""
    return round(max(0.0, min(1.0, (at - span.from_at) / span.length)), 5)


def _bar(
    bar: TimeBar, span: TimeSpan, hues: dict[str | None, str], measured: ValueWords, scale: Scale
) -> Drawn:
    first, last = share_of_span(bar.at, span), share_of_span(bar.end_at, span)
    slim = (last - first) * _SLIM
    named = [(name, bar.value_of[name]) for name in hues if bar.value_of.get(name)]
    rows = [
        {"label": period_label(name), "hue": hues[name], "value": measured.words(value)}
        for name, value in reversed(named)
    ]
    if len(rows) != 1:
        rows.append({"label": tr("Total"), "hue": "", "value": measured.words(bar.value)})
    return {
        "x": round(first + slim, 5),
        "w": round(last - first - 2 * slim, 5),
        "room": round(slim, 5),
        "parts": _parts(named, hues, scale),
        "title": bar.title,
        "rows": rows,
        "key": bar.key,
        "pale": bar.is_running,
    }


def _parts(
    named: Sequence[tuple[str | None, float]], hues: dict[str | None, str], scale: Scale
) -> list[Drawn]:
    """The parts of a bar from the bottom up; what is fed in lies below zero."""
    parts: list[Drawn] = []
    up = down = 0.0
    for name, value in named:
        low, high = (up, up + value) if value > 0 else (down + value, down)
        up, down = (high, down) if value > 0 else (up, low)
        parts.append(
            {
                "y": round(scale.up(low), 5),
                "h": round(scale.up(high) - scale.up(low), 5),
                "hue": hues[name],
            }
        )
    return parts
