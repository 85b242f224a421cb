"""Clocks: which kind of rate each hour of a week has, as price lists print it; and the periods that makes.

A week is a text of 168 signs, an hour each from Monday 00:00 on: `p` peak, `s` standard, `o` off-peak. A tariff whose
week can be said so is typed as a clock and a price for each sign, instead of period by period.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from itertools import groupby

from portal.core.tariffs.rules.period_kinds import PeriodKind, period_kind
from portal.core.tariffs.rules.tariffs import (
    DAYS_PER_WEEK,
    EVERY_DAY,
    DayKind,
    Period,
    Tariff,
    day_schedule,
    periods_of,
)
from portal.core.words import noted

HOURS_PER_DAY = 24
HOURS_PER_WEEK = HOURS_PER_DAY * DAYS_PER_WEEK
PEAK, STANDARD, OFF_PEAK = "p", "s", "o"
SIGNS = (PEAK, STANDARD, OFF_PEAK)
NAMES = {PEAK: noted("Peak"), STANDARD: noted("Standard"), OFF_PEAK: noted("Off-peak")}
_SIGN_OF = {
    PeriodKind.PEAK: PEAK,
    PeriodKind.STANDARD: STANDARD,
    PeriodKind.OFF_PEAK: OFF_PEAK,
}

Prices = Mapping[str, Decimal]
"""A rate per kWh for each sign that a week has."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock of price lists: the week in the low season, and in the high one."""

    key: str
    title: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class PricedWeek:
    """A week and what each sign of it costs."""

    week: str
    prices: Prices


def is_week(text: str) -> bool:
    """Whether a text is a week."""
    return len(text) == HOURS_PER_WEEK and set(text) <= set(SIGNS)


def week_of_days(weekday: str, saturday: str, sunday: str) -> str:
    """Return the week of three days of 24 signs."""
    return weekday * 5 + saturday + sunday


def day_of_hours(peak: Sequence[Sequence[int]], standard: Sequence[Sequence[int]]) -> str:
    """Return the 24 signs of a day with these half-open runs of hours; all others are off-peak."""
    day = [OFF_PEAK] * HOURS_PER_DAY
    for sign, runs in ((STANDARD, standard), (PEAK, peak)):
        for start, end in runs:
            day[start:end] = sign * (end - start)
    return "".join(day)


def periods_of_week(priced: PricedWeek) -> tuple[Period, ...]:
    """Return the periods that make up a whole week, days with the same hours together."""
    masks: dict[tuple[str, int, int], int] = {}
    for day in range(DAYS_PER_WEEK):
        for sign, start, end in runs_of_day(priced.week, day):
            masks[sign, start, end] = masks.get((sign, start, end), 0) | 1 << day
    ordered = sorted(masks.items(), key=lambda each: (SIGNS.index(each[0][0]), *each[0][1:], each[1]))
    return tuple(
        Period(NAMES[sign], mask, time(start), time(end % HOURS_PER_DAY), priced.prices[sign])
        for (sign, start, end), mask in ordered
    )


def runs_of_day(week: str, day: int) -> Iterator[tuple[str, int, int]]:
    """Yield the signs of a day with the hours they hold from and to."""
    at = 0
    for sign, run in groupby(week[day * HOURS_PER_DAY : (day + 1) * HOURS_PER_DAY]):
        length = len(list(run))
        yield sign, at, at + length
        at += length


def weeks_of(tariff: Tariff) -> tuple[PricedWeek, ...] | None:
    """Return the week outside the seasons and that of the one season there may be; None for a tariff of another form.

    That is one with more seasons, with periods of other names or for holidays alone, with hours that are divided, or
    with two rates of one kind in a week.
    """
    if len(tariff.seasons) > 1:
        return None
    weeks = [_week(tariff, index) for index in range(-1, len(tariff.seasons))]
    found = tuple(week for week in weeks if week is not None)
    return found if len(found) == len(weeks) else None


def _week(tariff: Tariff, season: int) -> PricedWeek | None:
    if any(period.days_of_week & ~EVERY_DAY for period in periods_of(tariff, season)):
        return None
    signs: list[str] = []
    prices: dict[str, Decimal] = {}
    at_other_times = _sign_of_default(tariff, season)
    for day in range(DAYS_PER_WEEK):
        kind = DayKind(season, 1 << day, season, 1 << (day - 1) % DAYS_PER_WEEK)
        for start, end, rate in day_schedule(tariff, kind):
            kind_of_rate = period_kind(rate.period_name)
            sign = at_other_times if kind_of_rate is PeriodKind.DEFAULT else _SIGN_OF.get(kind_of_rate)
            if sign is None or start % 60 or end % 60:
                return None
            if prices.setdefault(sign, rate.rate_per_kwh) != rate.rate_per_kwh:
                return None
            signs += sign * ((end - start) // 60)
    return PricedWeek("".join(signs), prices)


def _sign_of_default(tariff: Tariff, season: int) -> str | None:
    """Return what a default rate without a name is: off-peak, or standard where off-peak has another price."""
    rate = tariff.default_rate_per_kwh if season < 0 else tariff.seasons[season].default_rate_per_kwh
    taken = {
        _SIGN_OF.get(period_kind(period.name)): period.rate_per_kwh for period in periods_of(tariff, season)
    }
    return next((sign for sign in (OFF_PEAK, STANDARD) if taken.get(sign, rate) == rate), None)


@dataclass(frozen=True, slots=True)
class PaintedHours:
    """Hours of a week that are painted over its clock, on one day or several."""

    days: tuple[int, ...]
    start: int
    end: int
    was: str
    now: str


def exceptions(week: str, clock: str) -> tuple[PaintedHours, ...]:
    """Return what of a week is another than its clock says: runs of hours, those of several days together."""
    days_of: dict[tuple[int, int, str, str], list[int]] = {}
    for day in range(DAYS_PER_WEEK):
        first = day * HOURS_PER_DAY
        pairs = [(clock[first + hour], week[first + hour]) for hour in range(HOURS_PER_DAY)]
        at = 0
        for (was, now), run in groupby(pairs):
            length = len(list(run))
            if was != now:
                days_of.setdefault((at, at + length, was, now), []).append(day)
            at += length
    return tuple(
        PaintedHours(tuple(days), *key) for key, days in sorted(days_of.items(), key=lambda each: each[1])
    )


def painted(week: str, days: Sequence[int], hours: tuple[int, int], sign: str) -> str:
    """Return a week with half-open hours of some days in another sign."""
    start, end = max(0, hours[0]), min(HOURS_PER_DAY, hours[1])
    signs = list(week)
    for day in days:
        first = day * HOURS_PER_DAY
        signs[first + start : first + end] = sign * max(0, end - start)
    return "".join(signs)


def without(week: str, clock: str, exception: PaintedHours) -> str:
    """Return a week in which an exception is as its clock says again."""
    signs = list(week)
    for day in exception.days:
        hours = slice(day * HOURS_PER_DAY + exception.start, day * HOURS_PER_DAY + exception.end)
        signs[hours] = clock[hours]
    return "".join(signs)
