"""Cost or energy per day, stacked by time of use."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

from portal.core.cost.rules.cost import CostReport, DayCost
from portal.features.cost.hues import hues_of, period_label, period_rank
from portal.ui import formats
from portal.ui.charts import Figure, bar_figure

_FEW_DAYS = 10
_FEWEST_SLOTS = 5


def day_figure(report: CostReport, measure: Literal["cost", "energy"]) -> Figure:
    """Bars per day, one part for each period; energy without a tariff is a part of energy only."""
    prefix = f"{formats.currency_symbol(report.currency)} " if measure == "cost" else ""
    unit = "" if measure == "cost" else "kWh"
    days = [line.date for line in report.days]
    names = sorted({line.name for day in report.days for line in day.periods}, key=period_rank)
    figure = _frame(days, prefix, unit)
    stacks = [(name, [_of(day, name, measure) for day in report.days]) for name in names]
    whole = [day.total if measure == "cost" else day.kwh for day in report.days]
    rest = [total - sum((values[n] for _, values in stacks), Decimal(0)) for n, total in enumerate(whole)]
    if names in ([], [None]) and not any(rest):
        return bar_figure(
            [day.isoformat() for day in days],
            [float(value) for value in whole],
            name=unit or "Cost",
            unit=unit,
            prefix=prefix,
            hover=[formats.week_day(day) for day in days],
        ) | {"layout": figure["layout"] | {"showlegend": False}}
    if any(rest):
        stacks.append(("No tariff", rest))
    hues = hues_of(name for name, _ in stacks)
    figure["data"] = [
        _bars(days, values, name, prefix, unit) | {"marker": {"color": hues[name]}} for name, values in stacks
    ]
    return figure


def _of(day: DayCost, name: str | None, measure: str) -> Decimal:
    line = next((line for line in day.periods if line.name == name), None)
    if line is None:
        return Decimal(0)
    return line.total if measure == "cost" else line.kwh


def _bars(
    days: Sequence[date], values: Sequence[Decimal], name: str | None, prefix: str, unit: str
) -> Figure:
    label = period_label(name)
    [trace] = bar_figure(
        [day.isoformat() for day in days],
        [float(value) for value in values],
        name=label,
        unit=unit,
        prefix=prefix,
        hover=[f"{formats.week_day(day)}, {label}" for day in days],
    )["data"]
    return trace


def _frame(days: Sequence[date], prefix: str, unit: str) -> Figure:
    figure = bar_figure([], [], name="", unit=unit, prefix=prefix, hover=[])
    figure["layout"] |= {"barmode": "stack", "showlegend": True, "legend": {"orientation": "h", "y": -0.2}}
    figure["layout"]["yaxis"] |= {"tickprefix": prefix, "ticksuffix": f" {unit}" if unit else ""}
    if len(days) <= _FEW_DAYS:
        _name_each_day(figure, days)
    return figure


def _name_each_day(figure: Figure, days: Sequence[date]) -> None:
    """Few bars: each gets its own name, and one or two of them stay in the middle and slim."""
    margin = 0.5 + max(0, _FEWEST_SLOTS - len(days)) / 2
    figure["layout"]["xaxis"] |= {
        "type": "category",
        "tickvals": [day.isoformat() for day in days],
        "ticktext": [_short_day(day, is_first=day == days[0]) for day in days],
        "range": [-margin, len(days) - 1 + margin],
    }


def _short_day(day: date, *, is_first: bool) -> str:
    month = f" {day:%b}" if is_first or day.day == 1 else ""
    return f"{day:%a}<br>{day.day}{month}"
