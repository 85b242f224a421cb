"""Tariffs made from others: from a preset's figures, and a copy for the next year."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from portal.core.tariffs.rules.clocks import (
    OFF_PEAK,
    SIGNS,
    Clock,
    PricedWeek,
    day_of_hours,
    periods_of_week,
    week_of_days,
)
from portal.core.tariffs.rules.tariff_fields import raised
from portal.core.tariffs.rules.tariffs import (
    LONGEST_NOT_INCLUDED,
    DayType,
    Holiday,
    MonthDay,
    Period,
    Season,
    Tariff,
)
from portal.core.values.money import round_unit

_HIGH = (MonthDay(6, 1), MonthDay(8, 31))
_OBSERVED = " (observed)"
_SUNDAY = 6


@dataclass(frozen=True, slots=True)
class Preset:
    """Figures to start from; `source` and `confidence` say where they come from. Never official."""

    provider: str
    source: str
    confidence: str
    tariff: Tariff

    @property
    def year(self) -> str:
        """The rate year, like 2026/27."""
        return f"{self.tariff.effective_from.year}/{(self.tariff.effective_from.year + 1) % 100:02}"


# Any: a file of our own, of which a test reads every preset; a value that is none of its field's raises here.
def presets_from(raw: Mapping[str, Any], calendar: Mapping[date, str]) -> tuple[Preset, ...]:
    """Return the presets of a decoded figures file: clocks by name, and tariffs with three rates per season.

    `calendar` has the public holidays of the file's country by date, in all years of its tariffs. Those that the price
    lists name have the day type printed there; later ones that of their name.
    """
    printed = {date.fromisoformat(on): DayType(kind) for on, kind in raw["holidays"].items()}
    later = day_types(raw, {on: name for on, name in calendar.items() if on > max(printed)})
    holidays = tuple(
        Holiday(on, calendar.get(on, "Public holiday"), kind)
        for on, kind in sorted((printed | later).items())
    )
    return tuple(
        Preset(item["provider"], item["source"], item["confidence"], _preset_tariff(raw, item, holidays))
        for item in raw["tariffs"]
    )


# Any: as above
def day_types(raw: Mapping[str, Any], calendar: Mapping[date, str]) -> dict[date, DayType]:
    """Return what public holidays act as by the price lists of a figures file; one they do not name is as usual.

    A holiday on a Sunday acts as one, whatever its name; the Monday after it, observed, as the day it stands for.
    """
    kinds = {name: DayType(kind) for name, kind in raw["holidayDayTypes"].items()}
    found = {on: kinds.get(name.removesuffix(_OBSERVED)) for on, name in calendar.items()}
    return {
        on: DayType.SUNDAY if on.weekday() == _SUNDAY else kind
        for on, kind in found.items()
        if kind is not None
    }


# Any: as above
def _preset_tariff(raw: Mapping[str, Any], item: Mapping[str, Any], holidays: Sequence[Holiday]) -> Tariff:
    clock = next(each for each in clocks_from(raw) if each.key == item["clock"])
    high, low = (
        PricedWeek(week, dict(zip(SIGNS, map(Decimal, item["ratesPerKwh"][season]), strict=True)))
        for season, week in (("high", clock.high), ("low", clock.low))
    )
    first, last = date.fromisoformat(item["effectiveFrom"]), date.fromisoformat(item["effectiveTo"])
    return Tariff(
        name=item["name"],
        effective_from=first,
        effective_to=last,
        default_rate_per_kwh=low.prices[OFF_PEAK],
        fixed_monthly_charge=Decimal(item["fixedMonthlyCharge"]),
        vat_rate=Decimal(raw["vatRate"]),
        is_active=False,
        currency=raw["currency"],
        periods=periods_of_week(low),
        seasons=(Season("High season", *_HIGH, high.prices[OFF_PEAK], periods_of_week(high)),),
        holidays=tuple(holiday for holiday in holidays if first <= holiday.on_date <= last),
        not_included="; ".join(item.get("notIncluded", ())) or None,
    )


# Any: as above
def clocks_from(raw: Mapping[str, Any]) -> tuple[Clock, ...]:
    """Return the clocks of a decoded figures file."""
    return tuple(
        Clock(key, each["title"], *(_clock_week(each, season) for season in ("low", "high")))
        for key, each in raw["clocks"].items()
    )


# Any: as above
def _clock_week(clock: Mapping[str, Any], season: str) -> str:
    days = (clock[day][season] for day in ("weekday", "saturday", "sunday"))
    return week_of_days(*(day_of_hours(day["peak"], day["standard"]) for day in days))


def next_year(tariff: Tariff, percent: Decimal) -> Tariff:
    """Return a copy for the year after, as an inactive draft, all rates and charges raised by a percentage.

    As price lists are printed, rates have four decimals and charges two, or as many as they had where that is more.
    Holidays are not carried over: they fall on other dates. Of what is not included the year of its figures is said.
    """

    def prices(part: Tariff | Season | Period) -> dict[str, Decimal]:
        return raised(part, lambda amount, decimals: _raised(amount, percent, decimals))

    def periods(given: Sequence[Period]) -> tuple[Period, ...]:
        return tuple(replace(period, **prices(period)) for period in given)

    return replace(
        tariff,
        **prices(tariff),
        id=None,
        effective_from=_year_on(tariff.effective_from),
        effective_to=None if tariff.effective_to is None else _year_on(tariff.effective_to),
        is_active=False,
        not_included=_dated(tariff),
        periods=periods(tariff.periods),
        seasons=tuple(
            replace(season, **prices(season), periods=periods(season.periods)) for season in tariff.seasons
        ),
        holidays=(),
    )


def _dated(tariff: Tariff) -> str | None:
    """Return what is not included, with the year that its figures are of: they do not go up with the prices."""
    year = f" ({tariff.effective_from.year})"
    charges = (each if each.endswith(")") else each + year for each in tariff.charges_left_out)
    return "; ".join(charges)[:LONGEST_NOT_INCLUDED] or None


def _raised(amount: Decimal, percent: Decimal, decimals: int) -> Decimal:
    exponent = amount.normalize().as_tuple().exponent
    had = -exponent if isinstance(exponent, int) else 0
    unit = Decimal(1).scaleb(-max(decimals, had))
    return round_unit(amount * (1 + percent / 100), unit).normalize() + 0


def _year_on(on: date) -> date:
    try:
        return on.replace(year=on.year + 1)
    except ValueError:  # 29 February
        return date(on.year + 1, 2, 28)
