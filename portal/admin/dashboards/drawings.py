"""Charts over the fleet as numbers and paths: lines of those that are compared, and a picture of pushes. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.core.fleet.service.fleet_charts import (
    HOURS_UP_TO_DAYS,
    PUSH_HOURS,
    EnergyPoint,
    FleetDay,
    PushHour,
)
from portal.core.history.rules.buckets import TimeSpan
from portal.core.languages import tr
from portal.core.words import noted
from portal.features.cost.time_bars import TimeBar, ValueWords, draw_bars, scale_for
from portal.ui import formats
from portal.ui.plots import Scale, broken, line_path, mask_url, scale_of, time_ticks
from portal.ui.plotted import NO_BARS, NO_CHARTS, Drawn

_TONES: Final = ("1", "2", "3", "4", "usual")
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_MEGA: Final = 1_000_000
_HEIGHT: Final = "220px"
_ENERGY: Final = noted("Energy")
_OF_ALL: Final[dict[str | None, str]] = {_ENERGY: "var(--accent-9)"}


class PushMap(TypedDict):
    """Who pushed when: a picture with a row for each customer, and one of refused batches over it; both are masks."""

    names: list[str]
    stored: str
    refused: str
    height: str
    times: list[dict[str, str]]


NO_MAP: Final[PushMap] = {"names": [], "stored": "", "refused": "", "height": "0px", "times": []}


def draw_lines(
    points: Sequence[EnergyPoint],
    names: Mapping[UUID, str],
    window: tuple[datetime, datetime],
    days: int,
    zone: ZoneInfo,
) -> Drawn:
    """Mean power by the hour, or energy by the day, of each that is compared; nothing where nobody is."""
    if not names:
        return NO_CHARTS
    is_hourly = days <= HOURS_UP_TO_DAYS
    width = _HOUR if is_hourly else _DAY
    span = TimeSpan(*window)
    series = {
        each: [(point.at, point.milliwh / _MEGA) for point in points if point.id == each] for each in names
    }
    scale = scale_of([value for line in series.values() for _, value in line], from_zero=True)
    unit, title, note = (
        ("kW", tr("Mean power"), tr("by the hour"))
        if is_hourly
        else ("kWh", tr("Energy a day"), tr("by the day"))
    )
    lines = [
        _line(names[each], _TONES[index % len(_TONES)], line, (span, width, scale))
        for index, (each, line) in enumerate(series.items())
    ]
    chart = _chart((title, note, unit), scale, lines)
    return dict(NO_CHARTS) | {
        "charts": [chart],
        "from": round(span.from_at.timestamp() * 1000),
        "to": round(span.to_at.timestamp() * 1000),
        "zone": zone.key,
        "days": not is_hourly,
        "ticks": [{"at": tick.at, "text": tick.text} for tick in time_ticks(span.from_at, span.to_at, zone)],
    }


def _chart(words: tuple[str, str, str], scale: Scale, lines: list[Drawn]) -> Drawn:
    title, note, unit = words
    return {
        "key": "energy",
        "title": title,
        "note": note,
        "unit": unit,
        "decimals": 1,
        "marks": formats.marks(),
        "height": _HEIGHT,
        "bottom": scale.bottom,
        "top": scale.top,
        "ticks": _value_ticks(scale, unit),
        "label": tr("{title} of {join}.", title=title, join=", ".join(line["name"] for line in lines)),
        "lines": lines,
    }


def _line(
    name: str, tone: str, points: Sequence[tuple[datetime, float]], on: tuple[TimeSpan, timedelta, Scale]
) -> Drawn:
    span, width, scale = on
    runs = [
        [((at + width / 2 - span.from_at) / span.length, value) for at, value in run]
        for run in broken(points, width * 1.5)
    ]
    flat = [point for run in runs for point in run]
    return {
        "name": name,
        "tone": tone,
        "path": line_path(runs, scale),
        "band": "",
        "x": [round(at, 5) for at, _ in flat],
        "v": [round(value, 4) for _, value in flat],
        "reach": round(width / 2 / span.length * 1.01, 5),
    }


def _value_ticks(scale: Scale, unit: str) -> list[dict[str, object]]:
    texts = [formats.short_number(value, 1) for value in scale.ticks]
    texts[-1] = f"{texts[-1]} {unit}"
    return [{"at": round(scale.up(at), 5), "text": text} for at, text in zip(scale.ticks, texts, strict=True)]


def draw_fleet_days(days: Sequence[FleetDay]) -> Drawn:
    """The energy of the fleet by UTC day, the last of which is still running."""
    if not days:
        return NO_BARS
    bars = [
        TimeBar(
            begin := datetime.combine(each.day, datetime.min.time(), UTC),
            begin + _DAY,
            {_ENERGY: each.milliwh / _MEGA},
            title=formats.week_day(each.day),
            is_running=each is days[-1],
        )
        for each in days
    ]
    span = TimeSpan(bars[0].at, bars[-1].end_at)
    return draw_bars(bars, span, ZoneInfo("UTC"), ValueWords("kWh", decimals=0), scale_for(bars), _OF_ALL)


def draw_pushes(
    pushes: Sequence[PushHour], names: Sequence[tuple[UUID, str]], now: datetime, zone: ZoneInfo
) -> PushMap:
    """The batches of customers, a row each, over the last 48 hours: the more of what is usual to it the darker."""
    if not names:
        return NO_MAP
    first = now.replace(minute=0, second=0, microsecond=0) - (PUSH_HOURS - 1) * _HOUR
    rows = {customer: index for index, (customer, _) in enumerate(names)}
    stored = [[0.0] * len(names) for _ in range(PUSH_HOURS)]
    refused = [[0.0] * len(names) for _ in range(PUSH_HOURS)]
    most = {customer: 1 for customer, _ in names}
    for each in pushes:
        most[each.customer_id] = max(most.get(each.customer_id, 1), each.batches)
    for each in pushes:
        column, row = (each.hour - first) // _HOUR, rows.get(each.customer_id)
        if row is not None and 0 <= column < PUSH_HOURS:
            landed = each.batches - each.refused_batches
            stored[column][row] = 0.15 + 0.85 * landed / most[each.customer_id] if landed else 0.0
            refused[column][row] = 1.0 if each.refused_batches else 0.0
    ticks = time_ticks(first, first + PUSH_HOURS * _HOUR, zone, most=9)
    return {
        "names": [name for _, name in names],
        "stored": f"url({mask_url(stored)})",
        "refused": f"url({mask_url(refused)})",
        "height": f"{len(names) * 22}px",
        "times": [{"at": f"{tick.at * 100:.2f}%", "text": tick.text} for tick in ticks],
    }
