"""A tariff while it is being edited: texts as typed, and the way to and from the shape that is stored."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from portal.client.rates.fields import (
    CODE,
    DAY,
    KEY,
    NUMBER,
    OPTIONAL_DAY,
    OPTIONAL_TEXT,
    PERCENT,
    TIME,
    box,
    flag,
    one_of,
    sent,
    shown,
    words_of,
)
from portal.core.errors import Invalid
from portal.core.languages import tr
from portal.core.tariffs.rules.tariffs import EVERY_DAY, HOLIDAY_BIT, Holiday, Period, Season, Tariff
from portal.core.words import noted

ALL_YEAR = ""
ROWS, GRID = "rows", "grid"
WHOLE, HUNDREDTH = "r", "c"
DAYS = ("M", "T", "W", "T", "F", "S", "S", "H")
_EIGHT = range(8)
_STATE = flag(("active", noted("Active")), ("draft", noted("Draft, prices nothing")))
_DAY_TYPES = one_of(
    ("sunday", noted("acts as Sunday")),
    ("saturday", noted("acts as Saturday")),
    ("holiday", noted("its own kind")),
)


@dataclass
class PeriodDraft:
    """A period; `season` is a season's key or empty, `days` the seven days and the holidays."""

    name: str = box(
        "", noted("Name of the period"), of="name", words="name", title=noted("Name"), width="140px"
    )
    season: str = ALL_YEAR
    days: list[bool] = field(default_factory=lambda: [True] * 5 + [False] * 3)
    start: str = box("07:00", noted("From"), of="start_time", kind=TIME, words="from", width="128px")
    end: str = box("09:00", noted("Until"), of="end_time", kind=TIME, words="until", width="128px")
    rate: str = box(
        "0.00", noted("Rate per kWh"), of="rate_per_kwh", kind=NUMBER, words="rate", width="100px"
    )


@dataclass
class SeasonDraft:
    """A season; months and days of the month have two digits.

    By its key its periods know it, whatever it is called meanwhile. A release before had none, and wrote the name.
    """

    name: str = box("", noted("Name of the season"), of="name", words="name", width="160px")
    first_month: str = "06"
    first_day: str = "01"
    last_month: str = "08"
    last_day: str = "31"
    rate: str = box(
        "0.00",
        noted("Default rate per kWh"),
        of="default_rate_per_kwh",
        kind=NUMBER,
        words=noted("default rate"),
        width="100px",
    )
    key: str = field(default="", repr=False)


@dataclass
class HolidayDraft:
    """A public holiday."""

    on: str = box("", noted("Date"), of="on_date", kind=DAY, words="date", width="150px")
    name: str = box("", noted("Name of the holiday"), of="name", words="name", width="220px")
    day_type: str = box(
        "sunday", noted("What the day is priced as"), of="day_type", kind=_DAY_TYPES, width="160px"
    )


NEW_ROWS = {"periods": PeriodDraft, "seasons": SeasonDraft, "holidays": HolidayDraft}


@dataclass
class Draft:
    """The form of a tariff; `base` is the fingerprint of the stored tariff it began with, if any.

    In the layout "grid" the periods are those of a week and a price for each of its signs (`grid`); in "rows", as
    earlier releases had it, each is a row. `unit` is what prices are typed in: "c" a hundredth of the currency, or "r".
    `answered` are marks of the questions that somebody said yes to.
    """

    id: str = ""
    municipality_id: str = box("", noted("Municipality"), of="municipality_id", kind=KEY)
    name: str = box("", noted("Name"), of="name", words="name")
    first: str = box("", noted("First day"), of="effective_from", kind=DAY)
    last: str = box(
        "", noted("Last day (empty: open)"), of="effective_to", kind=OPTIONAL_DAY, words=noted("Last day")
    )
    rate: str = box(
        "0.00",
        noted("Default rate per kWh"),
        of="default_rate_per_kwh",
        kind=NUMBER,
        words=noted("default rate"),
    )
    default_name: str = box(
        "",
        noted("Name of the default rate"),
        of="default_name",
        kind=OPTIONAL_TEXT,
        words=noted("name of the default rate"),
    )
    fixed: str = box(
        "0.00",
        noted("Fixed charge a month"),
        of="fixed_monthly_charge",
        kind=NUMBER,
        words=noted("Fixed charge"),
    )
    vat_percent: str = box("15", noted("VAT, %"), of="vat_rate", kind=PERCENT, words=noted("VAT"))
    currency: str = box(
        "", noted("Currency (empty: this portal's)"), of="currency", kind=CODE, words=noted("Currency")
    )
    is_active: str = box("active", noted("State"), of="is_active", kind=_STATE)
    not_included: str = box(
        "",
        noted("Not included (charges, with ; between them)"),
        of="not_included",
        kind=OPTIONAL_TEXT,
        words=noted("not included"),
    )
    note: str = ""
    base: str = ""
    layout: str = field(default=ROWS, repr=False)
    unit: str = field(default=WHOLE, repr=False)
    clock: str = field(default="", repr=False)
    low_week: str = field(default="", repr=False)
    high_week: str = field(default="", repr=False)
    low_peak: str = field(default="", repr=False)
    low_standard: str = field(default="", repr=False)
    low_off_peak: str = field(default="", repr=False)
    high_peak: str = field(default="", repr=False)
    high_standard: str = field(default="", repr=False)
    high_off_peak: str = field(default="", repr=False)
    answered: str = field(default="", repr=False)
    seasons: list[SeasonDraft] = field(default_factory=list)
    periods: list[PeriodDraft] = field(default_factory=list)
    holidays: list[HolidayDraft] = field(default_factory=list)


WORDS = {
    "municipality": noted("Municipality"),
    "daysOfWeek": "days",
    "firstDay": noted("first day"),
    "lastDay": noted("last day"),
    **words_of(HolidayDraft, Holiday),
    **words_of(PeriodDraft, Period),
    **words_of(SeasonDraft, Season),
    **words_of(Draft, Tariff),
}
"""What a problem calls the fields, by their JSON names."""


def draft_of(tariff: Tariff, note: str = "") -> Draft:
    """The form filled in from a tariff."""
    seasons = keyed([_season(season) for season in tariff.seasons])
    periods = [period_draft(period, ALL_YEAR) for period in tariff.periods]
    for season, draft in zip(tariff.seasons, seasons, strict=True):
        periods += [period_draft(period, draft.key) for period in season.periods]
    return Draft(
        **shown(Draft, tariff),
        id=KEY.show(tariff.id),
        note=note,
        seasons=seasons,
        periods=periods,
        holidays=[holiday_draft(holiday) for holiday in tariff.holidays],
    )


def keyed(seasons: Sequence[SeasonDraft]) -> list[SeasonDraft]:
    """The seasons, each with a key of its own: by its name where it has none yet."""
    taken = {season.key for season in seasons}
    numbers = count(2)
    found: list[SeasonDraft] = []
    for season in seasons:
        key = season.key or season.name
        while not key or (key in taken and not season.key):
            key = f"{season.name} ({next(numbers)})".strip()
        taken.add(key)
        found.append(replace(season, key=key))
    return found


def fingerprint(draft: Draft) -> str:
    """A mark of what is stored, to see later whether it is still the same.

    Earlier releases had the state as true or false, and nothing that is not included. The mark is as they made it:
    drafts outlive an upgrade.
    """
    state = f"is_active={draft.is_active!r}", f"is_active={draft.is_active == 'active'}"
    marked = repr(replace(draft, base="", note="")).replace(*state)
    for added in ("default_name", "not_included"):
        marked = marked.replace(f", {added}=''", "")
    return hashlib.sha256(marked.encode()).hexdigest()[:32]


def period_draft(period: Period, season: str) -> PeriodDraft:
    """A row of the form for a period."""
    days = [bool(period.days_of_week >> bit & 1) for bit in _EIGHT]
    return PeriodDraft(**shown(PeriodDraft, period), season=season, days=days)


def _season(season: Season) -> SeasonDraft:
    (first_month, first_day), (last_month, last_day) = (
        [f"{part:02}" for part in day] for day in (season.first_day, season.last_day)
    )
    return SeasonDraft(
        **shown(SeasonDraft, season),
        first_month=first_month,
        first_day=first_day,
        last_month=last_month,
        last_day=last_day,
    )


def holiday_draft(holiday: Holiday) -> HolidayDraft:
    """A row of the form for a holiday."""
    return HolidayDraft(**shown(HolidayDraft, holiday))


def to_wire(draft: Draft) -> dict[str, Any]:
    """The form in the shape that is checked and stored; what cannot be read is refused there, with its path.

    Raises `Invalid` where a period's season is none of the form.
    """
    _refuse_strays(draft)
    return {
        "id": KEY.read(draft.id),
        **sent(draft, Tariff),
        **_periods(periods_in(draft, ALL_YEAR)),
        "seasons": [
            sent(season, Season)
            | {
                "firstDay": f"{season.first_month}-{season.first_day}",
                "lastDay": f"{season.last_month}-{season.last_day}",
            }
            | _periods(periods_in(draft, season.key))
            for season in draft.seasons
        ],
        "holidays": [sent(holiday, Holiday) for holiday in draft.holidays],
    }


def periods_in(draft: Draft, season: str) -> list[PeriodDraft]:
    """The periods of a season, by its key, or of the whole year."""
    return [period for period in draft.periods if period.season == season]


def _refuse_strays(draft: Draft) -> None:
    keys = {ALL_YEAR, *(season.key for season in draft.seasons)}
    strays = [number for number, period in enumerate(draft.periods, 1) if period.season not in keys]
    if strays:
        words = tr("its season is not here any more: choose one")
        problems = [
            {"path": "", "message": tr("Period {number}: {words}", number=number, words=words)}
            for number in strays
        ]
        raise Invalid(problems[0]["message"], details={"problems": problems})


def _periods(periods: Sequence[PeriodDraft]) -> dict[str, Any]:
    weekly = [period for period in periods if listed_as(period) == "periods"]
    only_holidays = [period for period in periods if listed_as(period) == "holidayPeriods"]
    return {
        "periods": [
            sent(period, Period)
            | {"daysOfWeek": _mask(period) & EVERY_DAY, "onHolidays": bool(_mask(period) & HOLIDAY_BIT)}
            for period in weekly
        ],
        "holidayPeriods": [sent(period, Period) for period in only_holidays],
    }


def listed_as(period: PeriodDraft) -> str:
    """Which list of the wire a period goes to: those for holidays alone have one of their own."""
    return "holidayPeriods" if _mask(period) == HOLIDAY_BIT else "periods"


def _mask(period: PeriodDraft) -> int:
    return sum(1 << bit for bit in _EIGHT if period.days[bit])
