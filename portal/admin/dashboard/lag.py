"""The lag of the fleet over a day as lines over a scale of powers. Pure."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from math import log10
from typing import Final
from zoneinfo import ZoneInfo

from portal.core.fleet.service.fleet_dashboard import FleetMoment
from portal.core.languages import tr
from portal.core.words import noted
from portal.ui.line_plot import LinePlot, PlotLine, PlotTick
from portal.ui.plots import SIZE, Scale, broken, line_path, time_ticks

_LEAST: Final = 10
_LATE: Final = 3600
_TICKS: Final = (
    (10, "10 s"),
    (60, "1 min"),
    (600, "10 min"),
    (3600, "1 h"),
    (21_600, "6 h"),
    (86_400, noted("1 day")),
    (604_800, noted("1 week")),
    (2_592_000, noted("30 days")),
    (31_536_000, noted("1 year")),
)
_STEP: Final = timedelta(minutes=11)
_DAY: Final = timedelta(hours=24)


def draw_lag(moments: Sequence[FleetMoment], now: datetime, zone: str) -> LinePlot:
    """Half of the customers, 95 of 100, and the worst, over the last 24 hours; from when a customer is late as well."""
    most = max((each.worst_seconds or 0 for each in moments), default=0)
    top = next((seconds for seconds, _ in _TICKS if seconds >= max(most, _LATE)), _TICKS[-1][0])
    scale = Scale(log10(_LEAST), log10(top), ())
    lines: list[tuple[str, str, Callable[[FleetMoment], int | None]]] = [
        (tr("Half of the customers"), "1", lambda each: each.median_seconds),
        (tr("95 of 100"), "2", lambda each: each.p95_seconds),
        (tr("Worst"), "usual", lambda each: each.worst_seconds),
    ]
    drawn = [
        PlotLine(name=name, tone=tone, path=_path([(each.at, of(each)) for each in moments], scale, now))
        for name, tone, of in lines
    ]
    limit = _down(_LATE, scale)
    drawn.append(PlotLine(name=tr("Late from 1 hour"), tone="limit", path=f"M0 {limit}H{SIZE}"))
    return LinePlot(
        values=[
            PlotTick(
                at=f"{_down(seconds, scale) / SIZE * 100:.2f}%",
                text=tr(words),
                path=f"M0 {_down(seconds, scale)}H{SIZE}",
            )
            for seconds, words in _TICKS
            if seconds <= top
        ],
        times=[
            PlotTick(at=f"{tick.at * 100:.2f}%", text=tick.text, path="")
            for tick in time_ticks(now - _DAY, now, ZoneInfo(zone), most=5)
        ],
        lines=drawn if any(line["path"] for line in drawn[:-1]) else [],
    )


def _path(points: Sequence[tuple[datetime, int | None]], scale: Scale, now: datetime) -> str:
    known = [
        (at, None if seconds is None else log10(max(seconds, _LEAST)))
        for at, seconds in points
        if now - _DAY <= at <= now
    ]
    runs = [[((at - now) / _DAY + 1, value) for at, value in run] for run in broken(known, _STEP)]
    return line_path(runs, scale)


def _down(seconds: int, scale: Scale) -> float:
    return round((1 - scale.up(log10(seconds))) * SIZE, 1)
