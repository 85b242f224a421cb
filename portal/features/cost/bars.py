"""Cost or energy per day, stacked by time of use."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from portal.core.cost.rules.cost import CostReport, DayCost
from portal.core.history.rules.buckets import TimeSpan
from portal.core.history.service.energy import NO_TARIFF
from portal.core.languages import tr
from portal.features.cost.coverage_words import NO_READINGS
from portal.features.cost.fixed_days import fixed_by_day
from portal.features.cost.time_bars import FIXED_CHARGE, TimeBar, ValueWords, draw_bars, legend_of, scale_for
from portal.ui import formats
from portal.ui.plotted import NO_BARS, Drawn

_FEW_DAYS, _FEWEST_SLOTS, _MANY_DAYS = 10, 5, 62
_DAY, _UTC, _NONE = timedelta(days=1), ZoneInfo("UTC"), Decimal(0)


def day_figure(report: CostReport, measure: Literal["cost", "energy"]) -> Drawn:
    """Bars per day, one part for each period and one for fixed charges; energy without a tariff is in energy only.

    A day without readings is hatched: no bar would say that nothing was used.

    A day's bar opens the day. Where days lie on the axis is by their dates: whose days they are makes no difference.
    """
    days = [line.date for line in report.days]
    if not days:
        return dict(NO_BARS)
    is_cost = measure == "cost"
    symbol = formats.currency_symbol(report.currency)
    measured = ValueWords("", f"{symbol}\u00a0") if is_cost else ValueWords()
    unread = set(report.coverage.empty_days)
    fixed = fixed_by_day(report.fixed, days, report.currency) if is_cost else {}
    bars = [_bar(line, measure, sum(fixed.get(line.date, ()), _NONE)) for line in report.days]
    margin = max(0, _FEWEST_SLOTS - len(days)) * _DAY / 2
    span = TimeSpan(_at(days[0]) - margin, _at(days[-1]) + _DAY + margin)
    drawn = draw_bars(bars, span, _UTC, measured, scale_for(bars))
    empty = [
        shown
        for line, shown in zip(report.days, drawn["bars"], strict=True)
        if line.date in unread and not line.kwh
    ]
    for shown in empty:
        charged = shown["rows"] if shown["parts"] else []
        shown["rows"] = [{"label": tr(NO_READINGS).capitalize(), "hue": "", "value": ""}, *charged]
    return drawn | {
        "ticks": _ticks(days, span),
        "legend": legend_of(bars),
        "gaps": [
            {"x": shown["x"], "w": shown["w"], "h": 1, "words": tr(NO_READINGS).capitalize()}
            for shown in empty
        ],
        "gap_words": tr(NO_READINGS).capitalize() if empty else "",
    }


def _at(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)


def _bar(line: DayCost, measure: str, fixed: Decimal) -> TimeBar:
    parts = {part.name: part.total if measure == "cost" else part.kwh for part in line.periods}
    whole = line.total if measure == "cost" else line.kwh
    rest = whole - sum(parts.values(), Decimal(0))
    if rest:
        parts[NO_TARIFF] = rest
    if fixed:
        parts[FIXED_CHARGE] = fixed
    values = {name: float(value) for name, value in parts.items()}
    at = _at(line.date)
    return TimeBar(at, at + _DAY, values, formats.week_day(line.date), line.date.isoformat())


def _ticks(days: Sequence[date], span: TimeSpan) -> list[Drawn]:
    """Words in the middle of days: of each of a few, else of Mondays or of the first days of months."""
    if len(days) <= _FEW_DAYS:
        chosen = [(day, f"{formats.weekday_short(day)} {day.day}") for day in days]
    elif len(days) <= _MANY_DAYS:
        chosen = [(day, formats.day_of_month(day)) for day in days if day.weekday() == 0]
    else:
        chosen = [(day, formats.month_short(day)) for day in days if day.day == 1]
    return [
        {"at": round((_at(day) + _DAY / 2 - span.from_at) / span.length, 5), "text": text}
        for day, text in chosen
    ]
