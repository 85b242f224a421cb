"""Tariffs: time-of-use periods, seasons and public holidays, and which rate applies when.

Rates and charges are Decimal, per kWh and per month, without VAT. Periods are half-open in the municipality's
local time. Whether a tariff is sound is asked of `tariff_problems`; how it travels as JSON is in `tariff_wire`.

`Tariff`, `Season`, `Period` and `Holiday` are the one shape of a tariff: a field is named as its column is, and in JSON
the same in camel case; what else there is to say of it stands beside it. One that is added has a default: it is
written only where it has another value, so that a peer that does not know it reads what it always did.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, NamedTuple

from portal.core.tariffs.rules.tariff_fields import AboutField, per_kwh, per_month
from portal.core.words import noted

MINUTES_PER_DAY = 1440
DAYS_PER_WEEK = 7
EVERY_DAY = 127
HOLIDAY_BIT = 128
"""The bit that a period carries when it applies on holidays that are a day type of their own."""
ANY_DAY = EVERY_DAY | HOLIDAY_BIT
LONGEST_PERIOD_NAME = 100
LONGEST_NOT_INCLUDED = 1000
DAY_NAMES = (
    noted("Monday"),
    noted("Tuesday"),
    noted("Wednesday"),
    noted("Thursday"),
    noted("Friday"),
    noted("Saturday"),
    noted("Sunday"),
)

_LAST_MINUTE = MINUTES_PER_DAY - 1


class DayType(StrEnum):
    """What a public holiday is priced as."""

    SATURDAY = "saturday"
    SUNDAY = "sunday"
    HOLIDAY = "holiday"


_BIT_OF_TYPE = {DayType.SATURDAY: 32, DayType.SUNDAY: 64, DayType.HOLIDAY: HOLIDAY_BIT}


@dataclass(frozen=True, slots=True)
class Period:
    """A time-of-use period `[start, end)`, local time, on the days of a bit mask (Monday = 1 ... Sunday = 64).

    128 in the mask means the holidays of the day type "holiday". An end of 00:00 or 23:59 is the end of the day; an
    end before the start wraps midnight, and the period then belongs to the day it starts on.
    """

    name: str
    days_of_week: Annotated[int, AboutField(wire=None)]
    start_time: time
    end_time: time
    rate_per_kwh: Annotated[Decimal, per_kwh("rate")]


class MonthDay(NamedTuple):
    """A day of any year; 29 February stands for the end of February in the years that lack it."""

    month: int
    day: int

    def __str__(self) -> str:
        return f"{self.month:02}-{self.day:02}"


@dataclass(frozen=True, slots=True)
class Season:
    """Days of the year, both ends included and possibly over the new year, with periods and a default of their own."""

    name: str
    first_day: MonthDay
    last_day: MonthDay
    default_rate_per_kwh: Annotated[Decimal, per_kwh("default rate")]
    periods: tuple[Period, ...] = ()

    def covers(self, on: date) -> bool:
        """Whether a local date lies in the season."""
        day = MonthDay(on.month, on.day)
        if self.first_day <= self.last_day:
            return self.first_day <= day <= self.last_day
        return day >= self.first_day or day <= self.last_day


@dataclass(frozen=True, slots=True)
class Holiday:
    """A local date that is priced as another kind of day."""

    on_date: Annotated[date, AboutField(wire="date")]
    name: Annotated[str, AboutField(if_missing="Public holiday")]
    day_type: DayType


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """A municipality's price list over an effective window of local dates, both ends inclusive.

    `effective_to` None is open-ended; `currency` None is the stack's own; `vat_rate` 0.15 is 15 %.
    `default_name` is what the default rate is called, as a period that holds at all other times would be.
    `not_included` names the charges of the price list that are not priced here, with "; " between them.
    `municipality` carries the name where the wire names the municipality instead of giving its id.
    The tariff's own default rate and periods hold on the days that no season covers.
    """

    id: int | None = None
    municipality_id: int | None = None
    municipality: Annotated[str | None, AboutField(is_stored=False)] = None
    name: str
    effective_from: Annotated[date, AboutField("from")]
    effective_to: Annotated[date | None, AboutField("to")]
    default_rate_per_kwh: Annotated[Decimal, per_kwh("default rate")]
    fixed_monthly_charge: Annotated[Decimal, per_month("fixed monthly charge", if_missing=Decimal(0))]
    vat_rate: Annotated[Decimal, AboutField("VAT", is_share=True)]
    currency: Annotated[str | None, AboutField("currency")] = None
    default_name: Annotated[str | None, AboutField("name of the default rate")] = None
    not_included: Annotated[str | None, AboutField("not included")] = None
    is_active: Annotated[bool, AboutField("active", if_missing=True)]
    periods: tuple[Period, ...] = ()
    seasons: tuple[Season, ...] = ()
    holidays: tuple[Holiday, ...] = ()

    @property
    def charges_left_out(self) -> tuple[str, ...]:
        """The charges of the price list that are not priced, one by one."""
        return tuple(each.strip() for each in (self.not_included or "").split(";") if each.strip())

    def season_on(self, on: date) -> Season | None:
        """Return the season of a local date, None on the days that have none."""
        return next((season for season in self.seasons if season.covers(on)), None)

    def holiday_on(self, on: date) -> Holiday | None:
        """Return the holiday of a local date."""
        return next((holiday for holiday in self.holidays if holiday.on_date == on), None)


class Problem(NamedTuple):
    """One thing that is wrong: the JSON path of the field and words a clerk understands."""

    path: str
    message: str


class Rate(NamedTuple):
    """The price of a moment; `period_name` is None where the default rate applies and has no name."""

    rate_per_kwh: Decimal
    period_name: str | None


class ScheduledRate(NamedTuple):
    """A rate over the minutes `[start, end)` of a local day."""

    start: int
    end: int
    rate: Rate


class DayKind(NamedTuple):
    """All that the schedule of a day depends on: the season and day bit of the day and of the one before.

    A season is given by its index in the tariff, -1 for the days without one.
    """

    season: int
    day_bit: int
    season_before: int
    day_bit_before: int


def active_tariff(tariffs: Iterable[Tariff], on: date) -> Tariff | None:
    """Return the active tariff with the latest `effective_from` whose window covers a local date, or None.

    Two of the same `effective_from` are told apart by the higher id, so that the answer never depends on order.
    """
    covering = [tariff for tariff in tariffs if tariff.is_active and covers(tariff, on)]
    return max(covering, key=lambda tariff: (tariff.effective_from, tariff.id or 0), default=None)


def covers(tariff: Tariff, on: date) -> bool:
    """Whether a tariff's window holds a local date."""
    return tariff.effective_from <= on and (tariff.effective_to is None or on <= tariff.effective_to)


def day_kind(tariff: Tariff, on: date) -> DayKind:
    """Return what kind of day a local date is under a tariff."""
    before = on - timedelta(days=1) if on > date.min else on
    return DayKind(
        _season_index(tariff, on),
        _day_bit(tariff, on),
        _season_index(tariff, before),
        _day_bit(tariff, before),
    )


def _season_index(tariff: Tariff, on: date) -> int:
    return next((index for index, season in enumerate(tariff.seasons) if season.covers(on)), -1)


def _day_bit(tariff: Tariff, on: date) -> int:
    holiday = tariff.holiday_on(on)
    return 1 << on.weekday() if holiday is None else _BIT_OF_TYPE[holiday.day_type]


def day_schedule(tariff: Tariff, kind: DayKind) -> tuple[ScheduledRate, ...]:
    """Return the rates of a kind of day, from its first to its last minute and without gaps.

    What starts on the day itself goes before what reaches over midnight into it: the two can only meet where the
    kind of day changes between them, at the edge of a season or around a holiday.
    """
    spans = [*_spans_today(tariff, kind), *_spans_from_before(tariff, kind)]
    edges = sorted({0, MINUTES_PER_DAY, *(edge for span in spans for edge in span[:2])})
    default = Rate(_default_rate(tariff, kind.season), tariff.default_name)
    scheduled: list[ScheduledRate] = []
    for start, end in pairwise(edges):
        rate = next((span.rate for span in spans if span.start <= start < span.end), default)
        if scheduled and scheduled[-1].rate == rate:
            start = scheduled.pop().start  # noqa: PLW2901 - the run of one rate goes on
        scheduled.append(ScheduledRate(start, end, rate))
    return tuple(scheduled)


def _spans_today(tariff: Tariff, kind: DayKind) -> Iterator[ScheduledRate]:
    for period in periods_of(tariff, kind.season):
        if period.days_of_week & kind.day_bit:
            start, end = period_minutes(period)
            yield ScheduledRate(start, min(end, MINUTES_PER_DAY), Rate(period.rate_per_kwh, period.name))


def _spans_from_before(tariff: Tariff, kind: DayKind) -> Iterator[ScheduledRate]:
    for period in periods_of(tariff, kind.season_before):
        _, end = period_minutes(period)
        if period.days_of_week & kind.day_bit_before and end > MINUTES_PER_DAY:
            yield ScheduledRate(0, end - MINUTES_PER_DAY, Rate(period.rate_per_kwh, period.name))


def periods_of(tariff: Tariff, season: int) -> tuple[Period, ...]:
    """Return the periods of a season by its index in the tariff; -1 is the rest of the year."""
    return tariff.periods if season < 0 else tariff.seasons[season].periods


def _default_rate(tariff: Tariff, season: int) -> Decimal:
    return tariff.default_rate_per_kwh if season < 0 else tariff.seasons[season].default_rate_per_kwh


def period_minutes(period: Period) -> tuple[int, int]:
    """Return a period's start and end in minutes after its day's midnight; an end over 1440 wraps midnight."""
    start = period.start_time.hour * 60 + period.start_time.minute
    end = period.end_time.hour * 60 + period.end_time.minute
    if end in (0, _LAST_MINUTE):
        return start, MINUTES_PER_DAY
    return start, end if end > start else end + MINUTES_PER_DAY
