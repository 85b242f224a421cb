"""Tariffs and their time-of-use periods: what a tariff is, whether it is sound, and which rate applies when.

Rates and charges are Decimal, per kWh and per month, without VAT. Periods are half-open in the municipality's
local time. How a tariff travels as JSON is in `tariff_wire`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import NamedTuple
from zoneinfo import available_timezones

MINUTES_PER_DAY = 1440
DAYS_PER_WEEK = 7
EVERY_DAY = 127
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_MINUTES_PER_WEEK = MINUTES_PER_DAY * DAYS_PER_WEEK
_LAST_MINUTE = MINUTES_PER_DAY - 1
# A price list has a handful of decimals. The bounds keep every figure within 15 significant digits, so that it
# survives JSON readers that go through floating point.
_MAX_CHARGE = Decimal(1_000_000_000)
_MAX_RATE = Decimal(1_000_000)
_MAX_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Period:
    """A time-of-use period `[start, end)`, local time, on the days of a bit mask (Monday = 1 ... Sunday = 64).

    An end of 00:00 or 23:59 is the end of the day; an end before the start wraps midnight, and the period then
    belongs to the day it starts on.
    """

    name: str
    days_of_week: int
    start: time
    end: time
    rate_per_kwh: Decimal


@dataclass(frozen=True, slots=True)
class Tariff:
    """A municipality's price list over an effective window of local dates, both ends inclusive.

    `effective_to` None is open-ended; `currency` None is the stack's own; `vat_rate` 0.15 is 15 %.
    `municipality` carries the name where the wire names the municipality instead of giving its id.
    """

    id: int | None
    municipality_id: int | None
    name: str
    effective_from: date
    effective_to: date | None
    default_rate_per_kwh: Decimal
    fixed_monthly_charge: Decimal
    vat_rate: Decimal
    is_active: bool
    currency: str | None
    periods: tuple[Period, ...]
    municipality: str | None = None


class Problem(NamedTuple):
    """One thing that is wrong: the JSON path of the field and words a clerk understands."""

    path: str
    message: str


class Rate(NamedTuple):
    """The price of a moment; `period_name` is None where the tariff's default rate applies."""

    rate_per_kwh: Decimal
    period_name: str | None


class _Span(NamedTuple):
    """Where a period lies in a week of minutes that starts on Monday 00:00."""

    start: int
    end: int
    period_index: int


def is_zone(name: str) -> bool:
    """Whether a name is a time zone of the IANA database, spelled as there."""
    return name in _zone_names()


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones() - {"Factory", "localtime"})


def active_tariff(tariffs: Iterable[Tariff], on: date) -> Tariff | None:
    """Return the active tariff with the latest `effective_from` whose window covers a local date, or None.

    Two of the same `effective_from` are told apart by the higher id, so that the answer never depends on order.
    """
    covering = [tariff for tariff in tariffs if tariff.is_active and _covers(tariff, on)]
    return max(covering, key=lambda tariff: (tariff.effective_from, tariff.id or 0), default=None)


def _covers(tariff: Tariff, on: date) -> bool:
    return tariff.effective_from <= on and (tariff.effective_to is None or on <= tariff.effective_to)


def rate_at(tariff: Tariff, local_dt: datetime) -> Rate:
    """Return the rate at a local wall-clock time (its tzinfo is not looked at; the tariff's window neither)."""
    weekday = local_dt.weekday()
    minute = local_dt.hour * 60 + local_dt.minute
    for period in tariff.periods:
        if _applies(period, weekday, minute):
            return Rate(period.rate_per_kwh, period.name)
    return Rate(tariff.default_rate_per_kwh, None)


def _applies(period: Period, weekday: int, minute: int) -> bool:
    start, end = period_minutes(period)
    if _has_day(period, weekday) and start <= minute < end:
        return True
    return _has_day(period, (weekday - 1) % DAYS_PER_WEEK) and minute < end - MINUTES_PER_DAY


def _has_day(period: Period, weekday: int) -> bool:
    return bool(period.days_of_week >> weekday & 1)


def period_minutes(period: Period) -> tuple[int, int]:
    """Return a period's start and end in minutes after its day's midnight; an end over 1440 wraps midnight."""
    start = period.start.hour * 60 + period.start.minute
    end = period.end.hour * 60 + period.end.minute
    if end in (0, _LAST_MINUTE):
        return start, MINUTES_PER_DAY
    return start, end if end > start else end + MINUTES_PER_DAY


def problems(tariff: Tariff, unread: Iterable[str] = ()) -> list[Problem]:
    """Return everything that is wrong with a tariff as a whole, with JSON paths; empty when it is sound.

    `unread` are paths whose values could not be read: nothing more is said of them.
    """
    silent = set(unread)
    found = [*_heading_problems(tariff)]
    for index, period in enumerate(tariff.periods):
        found.extend(_period_problems(period, f"periods[{index}]"))
    bad_paths = silent | {problem.path for problem in found}
    sound = [
        (index, period)
        for index, period in enumerate(tariff.periods)
        if not any(path.startswith(f"periods[{index}].") for path in bad_paths)
    ]
    return [*(problem for problem in found if problem.path not in silent), *_overlap_problems(sound)]


def _heading_problems(tariff: Tariff) -> Iterator[Problem]:
    if not tariff.name.strip():
        yield Problem("name", "the tariff needs a name")
    if tariff.effective_to is not None and tariff.effective_to < tariff.effective_from:
        yield Problem(
            "effectiveTo",
            f"the last day {tariff.effective_to} is before the first day {tariff.effective_from}",
        )
    yield from _amount_problems(tariff.default_rate_per_kwh, "defaultRatePerKwh", "the default rate")
    yield from _amount_problems(
        tariff.fixed_monthly_charge, "fixedMonthlyCharge", "the fixed monthly charge", below=_MAX_CHARGE
    )
    yield from _amount_problems(tariff.vat_rate, "vatRate", "the VAT rate")
    if 1 < tariff.vat_rate < _MAX_RATE:
        yield Problem(
            "vatRate", f"the VAT rate is a fraction from 0 to 1 (15 % is 0.15), not {tariff.vat_rate}"
        )
    if tariff.currency is not None and not _is_currency(tariff.currency):
        yield Problem(
            "currency", f"{tariff.currency!r} is not a currency code of three capital letters, like ZAR"
        )


def _is_currency(code: str) -> bool:
    return len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()


def _amount_problems(amount: Decimal, path: str, what: str, below: Decimal = _MAX_RATE) -> Iterator[Problem]:
    if not amount.is_finite():
        yield Problem(path, f"{what} must be a number, not {amount}")
    elif amount < 0:
        yield Problem(path, f"{what} must not be negative, but is {amount}")
    elif amount >= below:
        yield Problem(path, f"{what} must be below {below:,}, but is {amount}")
    elif amount != round(amount, _MAX_DECIMALS):
        yield Problem(path, f"{what} may have at most {_MAX_DECIMALS} decimals, but is {amount}")


def _period_problems(period: Period, path: str) -> Iterator[Problem]:
    label = f"period {period.name!r}" if period.name.strip() else "the period"
    if not period.name.strip():
        yield Problem(f"{path}.name", "the period needs a name")
    if not 1 <= period.days_of_week <= EVERY_DAY:
        yield Problem(
            f"{path}.daysOfWeek",
            f"{label} needs at least one day: add up Monday 1, Tuesday 2, Wednesday"
            " 4, Thursday 8, Friday 16, Saturday 32, Sunday 64 (1 to 127)",
        )
    if period.start == period.end and period.start != time(0):
        yield Problem(
            f"{path}.endTime",
            f"{label} starts and ends at {period.start:%H:%M}, so it has no length;"
            " the whole day is 00:00 to 00:00",
        )
    yield from _amount_problems(period.rate_per_kwh, f"{path}.ratePerKwh", f"the rate of {label}")


def _overlap_problems(periods: Sequence[tuple[int, Period]]) -> Iterator[Problem]:
    names = {index: period.name for index, period in periods}
    reported: set[tuple[int, int]] = set()
    for earlier, later in _overlapping_spans(periods):
        first, second = sorted((earlier.period_index, later.period_index))
        if (first, second) not in reported:
            reported.add((first, second))
            yield Problem(
                f"periods[{second}]",
                f"period {names[second]!r} overlaps period {names[first]!r} on {_weekday_and_time(later.start)}",
            )


def _overlapping_spans(periods: Sequence[tuple[int, Period]]) -> Iterator[tuple[_Span, _Span]]:
    spans = sorted(span for index, period in periods for span in _week_spans(index, period))
    for position, earlier in enumerate(spans):
        for later in spans[position + 1 :]:
            if later.start >= earlier.end:
                break
            yield earlier, later


def _week_spans(index: int, period: Period) -> Iterator[_Span]:
    start, end = period_minutes(period)
    for weekday in range(DAYS_PER_WEEK):
        if not _has_day(period, weekday):
            continue
        first, last = weekday * MINUTES_PER_DAY + start, weekday * MINUTES_PER_DAY + end
        yield _Span(first, min(last, _MINUTES_PER_WEEK), index)
        if last > _MINUTES_PER_WEEK:  # Sunday night reaches into Monday morning
            yield _Span(0, last - _MINUTES_PER_WEEK, index)


def _weekday_and_time(minute_of_week: int) -> str:
    weekday, minute = divmod(minute_of_week, MINUTES_PER_DAY)
    return f"{DAY_NAMES[weekday]} at {minute // 60:02}:{minute % 60:02}"
