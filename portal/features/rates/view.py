"""Tariffs as texts, and the week of rates of each season as a heat map."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TypedDict
from zoneinfo import ZoneInfo

from portal.core.languages import number_text, tr
from portal.core.tariffs.queries.tariffs import MunicipalTariffs
from portal.core.tariffs.rules.tariff_problems import uncovered_days
from portal.core.tariffs.rules.tariffs import (
    DAY_NAMES,
    HOLIDAY_BIT,
    DayKind,
    Period,
    Rate,
    ScheduledRate,
    Tariff,
    active_tariff,
    day_schedule,
    periods_of,
)
from portal.core.values.time import is_zone
from portal.features.cost.hues import hues_of, period_label, period_rank
from portal.ui import formats

Hues = dict[str | None, str]


class PeriodRow(TypedDict):
    """A line of the table of periods."""

    season: str
    name: str
    hue: str
    days: str
    times: str
    rate: str


class HeatCell(TypedDict):
    """An hour of a heat map."""

    hue: str
    title: str


class HeatRate(TypedDict):
    """A rate of a heat map: what its colour means."""

    hue: str
    label: str


class HeatRow(TypedDict):
    """A day of a heat map."""

    day: str
    cells: list[HeatCell]


@dataclass
class HeatMap:
    """The rates of a week: seven days, and holidays of their own kind where there are any."""

    title: str = ""
    rows: list[HeatRow] = field(default_factory=list)
    rates: list[HeatRate] = field(default_factory=list)


class TariffFact(TypedDict):
    """A figure of a tariff and what it is."""

    label: str
    value: str


@dataclass
class TariffCard:
    """Everything that is shown of a tariff."""

    id: int = 0
    name: str = ""
    municipality: str = ""
    state: str = ""
    tone: str = "neutral"
    window: str = ""
    facts: list[TariffFact] = field(default_factory=list)
    periods: list[PeriodRow] = field(default_factory=list)
    holidays: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    maps: list[HeatMap] = field(default_factory=list)


def build_cards(municipalities: Sequence[MunicipalTariffs], currency: str, now: datetime) -> list[TariffCard]:
    """A card per tariff, by municipality and first day; `now` is an aware instant."""
    return [
        replace(build_card(tariff, municipality.name, currency), state=state, tone=tone)
        for municipality in municipalities
        for tariff in municipality.tariffs
        for state, tone in [_state(tariff, municipality, now)]
    ]


def _state(tariff: Tariff, municipality: MunicipalTariffs, now: datetime) -> tuple[str, str]:
    """Whether a tariff prices anything today, by its municipality's own day; and the tone of its badge."""
    zone = municipality.time_zone_id
    today = now.astimezone(ZoneInfo(zone if is_zone(zone) else "UTC")).date()
    if not tariff.is_active:
        return tr("Draft"), "neutral"
    if today < tariff.effective_from:
        return tr("Starts {effective_from}", effective_from=formats.day(tariff.effective_from)), "neutral"
    if tariff.effective_to is not None and tariff.effective_to < today:
        return tr("Ended {effective_to}", effective_to=formats.day(tariff.effective_to)), "neutral"
    holding = active_tariff(municipality.tariffs, today)
    if holding is not None and holding is not tariff:
        return tr("Replaced {effective_from}", effective_from=formats.day(holding.effective_from)), "neutral"
    return tr("In force"), "ok"


def build_card(tariff: Tariff, municipality: str, own_currency: str) -> TariffCard:
    """A tariff in texts, without its state."""
    currency = tariff.currency or own_currency
    symbol = formats.currency_symbol(currency)
    hues = _hues(tariff)
    seasons = [("", tariff.periods), *((season.name, season.periods) for season in tariff.seasons)]
    return TariffCard(
        id=tariff.id or 0,
        name=tariff.name,
        municipality=municipality,
        window=_window(tariff.effective_from, tariff.effective_to),
        facts=_facts(tariff, currency),
        periods=[
            _period(period, name, symbol, hues[period.name])
            for name, periods in seasons
            for period in periods
        ],
        holidays=[
            tr(
                "{on_date}: {name}, as {day_type}",
                on_date=formats.day(each.on_date),
                name=each.name,
                day_type=each.day_type,
            )
            for each in tariff.holidays
        ],
        left_out=list(tariff.charges_left_out),
        maps=heat_maps(tariff, symbol),
    )


def _facts(tariff: Tariff, currency: str) -> list[TariffFact]:
    at_other_times = tr(
        "{symbol} {rate} per kWh at all other times",
        symbol=formats.currency_symbol(currency),
        rate=number_text(plain(tariff.default_rate_per_kwh)),
    )
    charge = tr("{charge} a month", charge=formats.money(tariff.fixed_monthly_charge, currency))
    return [
        {"label": period_label(tariff.default_name), "value": at_other_times},
        {"label": tr("Fixed charge"), "value": charge},
        {"label": tr("VAT"), "value": f"{percent(tariff.vat_rate)}\u00a0%"},
    ]


def gaps_in_words(municipalities: Sequence[MunicipalTariffs]) -> list[str]:
    """What energy has no price for: zones that are no longer known, and days that no tariff covers, a line each."""
    lines: list[str] = []
    for municipality in municipalities:
        if not is_zone(municipality.time_zone_id):
            lines.append(
                tr(
                    "{name}: the time zone {time_zone_id} is not known any more, so none of its rates "
                    "hold. Choose another zone for it.",
                    name=municipality.name,
                    time_zone_id=municipality.time_zone_id,
                )
            )
        for gap in uncovered_days(municipality.tariffs):
            days = (
                tr("{first} and later", first=formats.day(gap.first))
                if gap.last is None
                else formats.day_range(gap.first, gap.last)
            )
            lines.append(
                tr(
                    "{name}: no active tariff covers {days}. Energy then has no price.",
                    name=municipality.name,
                    days=days,
                )
            )
    return lines


def _window(first: date, last: date | None) -> str:
    return tr("from {first}", first=formats.day(first)) if last is None else formats.day_range(first, last)


def _hues(tariff: Tariff) -> Hues:
    periods = [*tariff.periods, *(period for season in tariff.seasons for period in season.periods)]
    return hues_of([None, tariff.default_name, *(period.name for period in periods)])


def _period(period: Period, season: str, symbol: str, hue: str) -> PeriodRow:
    on_holidays = tr(" + holidays") if period.days_of_week & HOLIDAY_BIT else ""
    return {
        "season": season,
        "name": period.name,
        "hue": hue,
        "days": formats.week_mask(period.days_of_week) + on_holidays,
        "times": f"{period.start_time:%H:%M}\u2013{period.end_time:%H:%M}",
        "rate": f"{symbol} {number_text(plain(period.rate_per_kwh))}",
    }


def heat_maps(tariff: Tariff, symbol: str) -> list[HeatMap]:
    """The week of rates outside the seasons, and within each."""
    rest = tr("Outside the seasons") if tariff.seasons else tr("All year")
    names = [(-1, rest), *((index, season.name) for index, season in enumerate(tariff.seasons))]
    hues = _hues(tariff)
    return [_heat_map(name, _schedules(tariff, index), hues, symbol) for index, name in names]


def _schedules(tariff: Tariff, season: int) -> list[tuple[str, Sequence[ScheduledRate]]]:
    """The days of a week in a season with their rates, and holidays where they have rates of their own."""
    days = [(name, 1 << index, 1 << (index - 1) % 7) for index, name in enumerate(DAY_NAMES)]
    if any(period.days_of_week & HOLIDAY_BIT for period in periods_of(tariff, season)):
        days.append((tr("Holiday"), HOLIDAY_BIT, 0))
    return [(name, day_schedule(tariff, DayKind(season, bit, season, before))) for name, bit, before in days]


def _heat_map(
    title: str, schedules: Sequence[tuple[str, Sequence[ScheduledRate]]], hues: Hues, symbol: str
) -> HeatMap:
    rows: list[HeatRow] = [
        {"day": day[:3], "cells": [_heat_cell(day, hour, schedule, hues, symbol) for hour in range(24)]}
        for day, schedule in schedules
    ]
    rates = {scheduled.rate for _, schedule in schedules for scheduled in schedule}
    ordered = sorted(rates, key=lambda rate: (*period_rank(rate.period_name), rate.rate_per_kwh))
    legend: list[HeatRate] = [
        {"hue": hues[rate.period_name], "label": _words(rate, symbol)} for rate in reversed(ordered)
    ]
    return HeatMap(title, rows, legend)


def _heat_cell(day: str, hour: int, schedule: Sequence[ScheduledRate], hues: Hues, symbol: str) -> HeatCell:
    """An hour; where a rate changes within it, its colours share it minute by minute."""
    first, last = hour * 60, hour * 60 + 60
    spans = [
        (max(start, first) - first, min(end, last) - first, rate)
        for start, end, rate in schedule
        if start < last and end > first
    ]
    words = ", ".join(
        f"{_words(rate, symbol)}"
        if start == 0
        else tr(
            "from {hour}:{start} {rate}", hour=f"{hour:02}", start=f"{start:02}", rate=_words(rate, symbol)
        )
        for start, _, rate in spans
    )
    stripes = ", ".join(
        f"{hues[rate.period_name]} {start / 0.6:.1f}% {end / 0.6:.1f}%" for start, end, rate in spans
    )
    hue = hues[spans[0][2].period_name] if len(spans) == 1 else f"linear-gradient(90deg, {stripes})"
    return {
        "hue": hue,
        "title": tr(
            "{day} {hour}:00 to {hour_2}:00: {words}",
            day=day,
            hour=f"{hour:02}",
            hour_2=f"{hour + 1:02}",
            words=words,
        ),
    }


def _words(rate: Rate, symbol: str) -> str:
    return f"{period_label(rate.period_name)} {symbol}\u00a0{plain(rate.rate_per_kwh)}"


def percent(share: Decimal) -> str:
    """A share as a percentage, with no zeros after it."""
    return f"{(share * 100).normalize() + 0:f}"


def plain(value: Decimal) -> str:
    """A rate with all its digits, two decimals at least."""
    text = f"{value.normalize() + 0:f}"
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}"
