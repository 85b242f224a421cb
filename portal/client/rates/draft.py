"""A tariff while it is being edited: texts as typed, and the way to and from the shape that is stored."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from portal.core.tariffs.rules.tariffs import EVERY_DAY, HOLIDAY_BIT, Holiday, Period, Season, Tariff
from portal.features.rates.view import percent, plain

ALL_YEAR = ""
DAYS = ("M", "T", "W", "T", "F", "S", "S", "H")
_EIGHT = range(8)
# A number of more digits than this is no id, and is refused where it is read.
_MOST_DIGITS = 12


@dataclass
class PeriodDraft:
    """A period; `season` is a season's name or empty, `days` the seven days and the holidays."""

    name: str = ""
    season: str = ALL_YEAR
    days: list[bool] = field(default_factory=lambda: [True] * 5 + [False] * 3)
    start: str = "07:00"
    end: str = "09:00"
    rate: str = "0.00"


@dataclass
class SeasonDraft:
    """A season; months and days of the month have two digits."""

    name: str = ""
    first_month: str = "06"
    first_day: str = "01"
    last_month: str = "08"
    last_day: str = "31"
    rate: str = "0.00"


@dataclass
class HolidayDraft:
    """A public holiday."""

    on: str = ""
    name: str = ""
    day_type: str = "sunday"


NEW_ROWS = {"periods": PeriodDraft, "seasons": SeasonDraft, "holidays": HolidayDraft}


@dataclass
class Draft:
    """The form of a tariff; `base` is the fingerprint of the stored tariff it began with, if any."""

    id: str = ""
    municipality_id: str = ""
    name: str = ""
    first: str = ""
    last: str = ""
    rate: str = "0.00"
    fixed: str = "0.00"
    vat_percent: str = "15"
    currency: str = ""
    is_active: bool = True
    note: str = ""
    base: str = ""
    seasons: list[SeasonDraft] = field(default_factory=list)
    periods: list[PeriodDraft] = field(default_factory=list)
    holidays: list[HolidayDraft] = field(default_factory=list)


def draft_of(tariff: Tariff, note: str = "") -> Draft:
    """The form filled in from a tariff."""
    periods = [_period(period, ALL_YEAR) for period in tariff.periods]
    periods += [_period(period, season.name) for season in tariff.seasons for period in season.periods]
    return Draft(
        id="" if tariff.id is None else str(tariff.id),
        municipality_id="" if tariff.municipality_id is None else str(tariff.municipality_id),
        name=tariff.name,
        first=tariff.effective_from.isoformat(),
        last="" if tariff.effective_to is None else tariff.effective_to.isoformat(),
        rate=plain(tariff.default_rate_per_kwh),
        fixed=plain(tariff.fixed_monthly_charge),
        vat_percent=percent(tariff.vat_rate),
        currency=tariff.currency or "",
        is_active=tariff.is_active,
        note=note,
        seasons=[_season(season) for season in tariff.seasons],
        periods=periods,
        holidays=[holiday_draft(holiday) for holiday in tariff.holidays],
    )


def fingerprint(draft: Draft) -> str:
    """A mark of what is stored, to see later whether it is still the same."""
    return hashlib.sha256(repr(replace(draft, base="", note="")).encode()).hexdigest()[:32]


def _period(period: Period, season: str) -> PeriodDraft:
    days = [bool(period.days_of_week >> bit & 1) for bit in _EIGHT]
    start, end = f"{period.start_time:%H:%M}", f"{period.end_time:%H:%M}"
    return PeriodDraft(period.name, season, days, start, end, plain(period.rate_per_kwh))


def _season(season: Season) -> SeasonDraft:
    (first_month, first_day), (last_month, last_day) = (
        [f"{part:02}" for part in day] for day in (season.first_day, season.last_day)
    )
    rate = plain(season.default_rate_per_kwh)
    return SeasonDraft(season.name, first_month, first_day, last_month, last_day, rate)


def holiday_draft(holiday: Holiday) -> HolidayDraft:
    """A row of the form for a holiday."""
    return HolidayDraft(holiday.on_date.isoformat(), holiday.name, holiday.day_type.value)


def to_wire(draft: Draft) -> dict[str, Any]:
    """The form in the shape that is checked and stored; what cannot be read is refused there, with its path."""
    return {
        **({"id": int(draft.id[:_MOST_DIGITS])} if draft.id.isdecimal() else {}),
        "municipalityId": int(draft.municipality_id[:_MOST_DIGITS])
        if draft.municipality_id.isdecimal()
        else None,
        "name": draft.name,
        "effectiveFrom": draft.first,
        "effectiveTo": draft.last or None,
        "defaultRatePerKwh": _number(draft.rate),
        "fixedMonthlyCharge": _number(draft.fixed),
        "vatRate": _percent(draft.vat_percent),
        "currency": draft.currency.strip().upper() or None,
        "isActive": draft.is_active,
        **_periods([period for period in draft.periods if period.season == ALL_YEAR]),
        "seasons": [
            {
                "name": season.name,
                "firstDay": f"{season.first_month}-{season.first_day}",
                "lastDay": f"{season.last_month}-{season.last_day}",
                "defaultRatePerKwh": _number(season.rate),
                **_periods([period for period in draft.periods if period.season == season.name]),
            }
            for season in draft.seasons
        ],
        "holidays": [
            {"date": each.on, "name": each.name, "dayType": each.day_type} for each in draft.holidays
        ],
    }


def _periods(periods: Sequence[PeriodDraft]) -> dict[str, Any]:
    weekly = [period for period in periods if listed_as(period) == "periods"]
    only_holidays = [period for period in periods if listed_as(period) == "holidayPeriods"]
    return {
        "periods": [
            _times(period)
            | {"daysOfWeek": _mask(period) & EVERY_DAY, "onHolidays": bool(_mask(period) & HOLIDAY_BIT)}
            for period in weekly
        ],
        "holidayPeriods": [_times(period) for period in only_holidays],
    }


def listed_as(period: PeriodDraft) -> str:
    """Which list of the wire a period goes to: those for holidays alone have one of their own."""
    return "holidayPeriods" if _mask(period) == HOLIDAY_BIT else "periods"


def _mask(period: PeriodDraft) -> int:
    return sum(1 << bit for bit in _EIGHT if period.days[bit])


def _times(period: PeriodDraft) -> dict[str, Any]:
    return {
        "name": period.name,
        "startTime": period.start,
        "endTime": period.end,
        "ratePerKwh": _number(period.rate),
    }


def _number(text: str) -> str:
    return text.strip().replace(",", ".").replace(" ", "")


def _percent(text: str) -> str:
    clean = _number(text)
    # Two digits to the right are a hundredth, without ever going through a float.
    return f"{clean}e-2" if clean else clean


def with_value(draft: Draft, part: str, index: int, values: Mapping[str, Any]) -> Draft:
    """The form with some values of one row changed; a season that is renamed takes its periods along."""
    rows = list(getattr(draft, part))
    if not 0 <= index < len(rows):
        return draft
    before = rows[index]
    rows[index] = replace(before, **values)
    changed = replace(draft, **{part: rows})
    if part == "seasons" and "name" in values:
        changed.periods = [
            replace(period, season=values["name"]) if period.season == before.name != "" else period
            for period in draft.periods
        ]
    return changed


def without(draft: Draft, part: str, index: int) -> Draft:
    """The form without one row; the periods of a removed season go with it."""
    rows = list(getattr(draft, part))
    if not 0 <= index < len(rows):
        return draft
    gone = rows.pop(index)
    left = replace(draft, **{part: rows})
    if isinstance(gone, SeasonDraft):
        left.periods = [period for period in left.periods if period.season != gone.name]
    return left


def with_new(draft: Draft, part: str) -> Draft:
    """The form with one more row."""
    return replace(draft, **{part: [*getattr(draft, part), NEW_ROWS[part]()]})


def with_day_toggled(draft: Draft, index: int, day: int) -> Draft:
    """The form with one day of a period switched."""
    if not (0 <= index < len(draft.periods) and day in _EIGHT):
        return draft
    days = [not on if place == day else on for place, on in enumerate(draft.periods[index].days)]
    return with_value(draft, "periods", index, {"days": days})
