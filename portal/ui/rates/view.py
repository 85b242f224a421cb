"""Tariffs as texts, and the week of rates of each season as a heat map."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypedDict

from portal.core.domain.tariff_problems import uncovered_days
from portal.core.domain.tariffs import (
    DAY_NAMES,
    HOLIDAY_BIT,
    DayKind,
    Period,
    Rate,
    Tariff,
    day_plan,
    periods_of,
)
from portal.core.queries.tariffs import MunicipalTariffs
from portal.ui import formats
from portal.ui.cost.hues import hue, period_kind, period_label


class PeriodRow(TypedDict):
    """A line of the table of periods."""

    season: str
    name: str
    kind: str
    days: str
    times: str
    rate: str


class HeatCell(TypedDict):
    """An hour of a heat map."""

    hue: str
    title: str


class HeatRow(TypedDict):
    """A day of a heat map."""

    day: str
    cells: list[HeatCell]


@dataclass
class HeatMap:
    """The rates of a week: seven days, and holidays of their own kind where there are any."""

    title: str = ""
    rows: list[HeatRow] = field(default_factory=list)


@dataclass
class TariffCard:
    """Everything that is shown of a tariff."""

    id: int = 0
    name: str = ""
    municipality: str = ""
    is_active: bool = False
    window: str = ""
    default_rate: str = ""
    fixed: str = ""
    vat: str = ""
    periods: list[PeriodRow] = field(default_factory=list)
    holidays: list[str] = field(default_factory=list)
    maps: list[HeatMap] = field(default_factory=list)


def build_cards(places: Sequence[MunicipalTariffs], currency: str) -> list[TariffCard]:
    """A card per tariff, by municipality and first day."""
    return [build_card(tariff, place.name, currency) for place in places for tariff in place.tariffs]


def build_card(tariff: Tariff, municipality: str, own_currency: str) -> TariffCard:
    """A tariff in texts."""
    currency = tariff.currency or own_currency
    symbol = formats.currency_symbol(currency)
    seasons = [("", tariff.periods), *((season.name, season.periods) for season in tariff.seasons)]
    return TariffCard(
        id=tariff.id or 0,
        name=tariff.name,
        municipality=municipality,
        is_active=tariff.is_active,
        window=_window(tariff.effective_from, tariff.effective_to),
        default_rate=f"{symbol} {plain(tariff.default_rate_per_kwh)} per kWh",
        fixed=f"{formats.money(tariff.fixed_monthly_charge, currency)} a month",
        vat=f"{plain(tariff.vat_rate * 100)} %",
        periods=[_period(period, name, symbol) for name, periods in seasons for period in periods],
        holidays=[f"{formats.day(each.on)}: {each.name}, as {each.day_type}" for each in tariff.holidays],
        maps=heat_maps(tariff, symbol),
    )


def uncovered_in_words(places: Sequence[MunicipalTariffs]) -> list[str]:
    """The days that no tariff covers, a line for each run of them."""
    lines: list[str] = []
    for place in places:
        for gap in uncovered_days(place.tariffs):
            days = (
                f"after {formats.day(gap.first)}"
                if gap.last is None
                else formats.day_range(gap.first, gap.last)
            )
            lines.append(f"{place.name}: no active tariff covers {days}. Energy then has no price.")
    return lines


def _window(first: date, last: date | None) -> str:
    return f"from {formats.day(first)}" if last is None else formats.day_range(first, last)


def _period(period: Period, season: str, symbol: str) -> PeriodRow:
    on_holidays = " + holidays" if period.days_of_week & HOLIDAY_BIT else ""
    return {
        "season": season or "All year",
        "name": period.name,
        "kind": period_kind(period.name),
        "days": formats.week_mask(period.days_of_week) + on_holidays,
        "times": f"{period.start:%H:%M}\u2013{period.end:%H:%M}",
        "rate": f"{symbol} {plain(period.rate_per_kwh)}",
    }


def heat_maps(tariff: Tariff, symbol: str) -> list[HeatMap]:
    """The week of rates outside the seasons, and within each."""
    rest = "Outside the seasons" if tariff.seasons else "All year"
    names = [(-1, rest), *((place, season.name) for place, season in enumerate(tariff.seasons))]
    return [HeatMap(name, _heat_rows(tariff, place, symbol)) for place, name in names]


def _heat_rows(tariff: Tariff, season: int, symbol: str) -> list[HeatRow]:
    rows: list[HeatRow] = []
    days = [(name, 1 << place, 1 << (place - 1) % 7) for place, name in enumerate(DAY_NAMES)]
    if any(period.days_of_week & HOLIDAY_BIT for period in periods_of(tariff, season)):
        days.append(("Holiday", HOLIDAY_BIT, 0))
    for name, bit, before in days:
        plan = day_plan(tariff, DayKind(season, bit, season, before))
        cells = [
            _heat_cell(
                name,
                hour,
                [rate for start, end, rate in plan if start < hour * 60 + 60 and end > hour * 60],
                symbol,
            )
            for hour in range(24)
        ]
        rows.append({"day": name[:3], "cells": cells})
    return rows


def _heat_cell(day: str, hour: int, rates: Sequence[Rate], symbol: str) -> HeatCell:
    words = " then ".join(
        f"{period_label(rate.period_name)}, {symbol} {plain(rate.rate_per_kwh)}" for rate in rates
    )
    colours = [
        hue(rate.period_name) if period_kind(rate.period_name) else "var(--ui-line-strong)" for rate in rates
    ]
    share = 100 / len(colours)
    stripes = ", ".join(
        f"{colour} {n * share:.0f}% {(n + 1) * share:.0f}%" for n, colour in enumerate(colours)
    )
    background = colours[0] if len(colours) == 1 else f"linear-gradient(90deg, {stripes})"
    return {"hue": background, "title": f"{day} {hour:02}:00 to {hour + 1:02}:00: {words}"}


def plain(value: Decimal) -> str:
    """A rate with all its digits, two decimals at least."""
    text = f"{value.normalize() + 0:f}"
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}"
