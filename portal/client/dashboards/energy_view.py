"""The bars of energy and the year of hours on the page of charts."""

from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from portal.core.history.rules.buckets import TimeSpan
from portal.core.history.service.energy import BarWidth, EnergyBar, EnergyBars
from portal.core.history.service.year import ENERGY, HOURS_OF_DAY, YearOfHours
from portal.core.languages import tr
from portal.core.values.money import MILLIWH_PER_KWH, kwh_from_milliwh
from portal.core.words import noted
from portal.features.cost.time_bars import TimeBar, ValueWords, draw_bars, legend_of, scale_for, share_of_span
from portal.ui import formats
from portal.ui.plots import mask_url
from portal.ui.plotted import Drawn

WIDTH_WORDS = {
    BarWidth.QUARTER: "15 min",
    BarWidth.HOUR: noted("Hour"),
    BarWidth.DAY: noted("Day"),
    BarWidth.MONTH: noted("Month"),
}
_LEAST_WIDTH = 0.01


def build_energy(found: EnergyBars, span: TimeSpan, zone: ZoneInfo, gaps: Sequence[TimeSpan]) -> Drawn:
    """The bars, what their hues mean, and what is known of no hour."""
    bars = [_time_bar(bar, found.width, zone) for bar in found.bars]
    scale = scale_for(bars)
    drawn = draw_bars(bars, span, zone, ValueWords(), scale)
    drawn["gaps"] = [
        _not_placed(bar, gap, span, scale.top)
        for bar in found.bars
        if bar.unallocated_milliwh
        for gap in gaps[-40:]
        if bar.at <= gap.to_at < bar.end_at
    ]
    unallocated = kwh_from_milliwh(sum(bar.unallocated_milliwh for bar in found.bars))
    return drawn | {
        "legend": legend_of(bars),
        "not_placed": tr("{unallocated} kWh in gaps, hours unknown", unallocated=formats.kwh(unallocated))
        if unallocated
        else "",
        "total": f"{formats.kwh(kwh_from_milliwh(sum(bar.milliwh for bar in found.bars)))} kWh",
    }


def _time_bar(bar: EnergyBar, width: BarWidth, zone: ZoneInfo) -> TimeBar:
    first, last = bar.at.astimezone(zone), bar.end_at.astimezone(zone)
    if width is BarWidth.MONTH:
        title = formats.month(first)
    elif width is BarWidth.DAY:
        title = f"{formats.week_day(first.date())} {first.year}"
    else:
        title = tr(
            "{date}, {first} to {last}",
            date=formats.week_day(first.date()),
            first=f"{first:%H:%M}",
            last=f"{last:%H:%M}",
        )
    key = f"{width} {first.date().isoformat()}" if width in (BarWidth.DAY, BarWidth.MONTH) else ""
    values = {name: milliwh / MILLIWH_PER_KWH for name, milliwh in bar.milliwh_of.items()}
    return TimeBar(bar.at, bar.end_at, values, title, key)


def _not_placed(bar: EnergyBar, gap: TimeSpan, span: TimeSpan, top: float) -> Drawn:
    """A block over the gap, as high as its energy would be if it was even."""
    first, last = share_of_span(gap.from_at, span), share_of_span(gap.to_at, span)
    share = max(gap.length / (bar.end_at - bar.at), 1.0)
    kwh = bar.unallocated_milliwh / MILLIWH_PER_KWH
    return {
        "x": first,
        "w": max(last - first, _LEAST_WIDTH),
        "h": round(min(1.0, kwh / share / top), 5),
        "words": tr("{kwh} kWh not placed", kwh=formats.number(kwh, 2)),
    }


def build_year(found: YearOfHours, measure: str) -> Drawn:
    """The year as pictures, a pixel an hour: one of values, one of where there are none."""
    top, unit = found.highest, "kWh" if measure == ENERGY else "kW"
    days = len(found.days)
    missing = found.hour_count - found.known_count
    last_day = found.first_day + timedelta(days=days - 1)
    return {
        "picture": mask_url([[max(0.0, value or 0.0) / (top or 1) for value in day] for day in found.days]),
        "gaps": mask_url(_gaps(found)),
        "days": days,
        "first": found.first_day.isoformat(),
        "months": _months(found.first_day, days),
        "highest": top,
        "unit": unit,
        "marks": formats.marks(),
        "hint": tr(
            "{first_day}; a column is a day, a row an hour.",
            first_day=formats.day_range(found.first_day, last_day),
        ),
        "scale": f"{formats.number(top, 1)} {unit}" + (tr(" in an hour") if measure == ENERGY else ""),
        "missing": tr(
            "No readings: {missing} of {hour_count} hours",
            missing=formats.number(missing, 0),
            hour_count=formats.number(found.hour_count, 0),
        )
        if missing
        else "",
    }


def _gaps(found: YearOfHours) -> list[list[float]]:
    """Where hours that have passed have no value."""
    left = found.hour_count
    columns: list[list[float]] = []
    for day in found.days:
        passed = max(0, min(HOURS_OF_DAY, left))
        columns.append([1.0 if value is None and hour < passed else 0.0 for hour, value in enumerate(day)])
        left -= HOURS_OF_DAY
    return columns


def _months(first_day: date, days: int) -> list[Drawn]:
    found: list[Drawn] = []
    for number in range(days):
        day = first_day + timedelta(days=number)
        if day.day == 1:
            found.append(
                {
                    "at": round(number / days, 5),
                    "text": formats.month_short(day),
                    "words": formats.month(day),
                    "day": day.isoformat(),
                }
            )
    return found
