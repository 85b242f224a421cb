"""Where a month is heading, in money: what it has cost, and what usual days will cost at the prices that will hold.

The same is done for months that are over, as it would have been done on the same day of them, and compared with what
they cost: that is the error of the forecast.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from portal.core.overview.rules.comparison import PricedSite
from portal.core.overview.rules.usual import coverage_of, hours_between, usual_day
from portal.core.values.time import HOUR, local_midnight

FULL = 0.99
"""A month of which this share of all hours of all sites is known is compared with, and measured by."""

MEASURED_MONTHS = 3
_LONGEST_MONTH = timedelta(days=31)
_DAY = timedelta(days=1)
_WEEK = 7


@dataclass(frozen=True)
class MeasuredMonth:
    """How far a forecast for a month that is over would have been from what it cost: 0.02 is 2 % too much."""

    month: date
    error: float


def month_bounds(month: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the begin of a local month (any day of it) and of the one after it."""
    first = month.replace(day=1)
    following = (first + _LONGEST_MONTH).replace(day=1)
    return local_midnight(first, zone), local_midnight(following, zone)


def months_before(month: date, count: int) -> list[date]:
    """Return the first days of the months before one, the latest first."""
    found = [month.replace(day=1)]
    for _ in range(count):
        found.append((found[-1] - _DAY).replace(day=1))
    return found[1:]


def still_to_come(
    sites: Sequence[PricedSite], now: datetime, until: datetime, zone: ZoneInfo
) -> tuple[Decimal, tuple[str, ...]]:
    """Return what the time from `now` to `until` will cost by what is usual, and the sites of which that is not known.

    The hour that goes on counts in part.
    """
    today = now.astimezone(zone).date()
    unknown: list[str] = []
    total = Decimal(0)
    for site in sites:
        usual = _usual_week(site, today, zone)
        if not usual:
            unknown.append(site.name)
            continue
        for hour, share in _hours_ahead(now, until):
            local = hour.astimezone(zone)
            milliwh = usual.get(local.weekday(), {}).get(local.hour, 0)
            total += site.cost_of(hour, milliwh) * share
    return total, tuple(unknown)


def _hours_ahead(now: datetime, until: datetime) -> Iterator[tuple[datetime, Decimal]]:
    for hour in hours_between(now, until):
        yield hour, Decimal((hour + HOUR - now) / HOUR if hour < now else 1)


def _usual_week(site: PricedSite, today: date, zone: ZoneInfo) -> Mapping[int, Mapping[int, int]]:
    """Return what is usual on each weekday; one that is not known is as the mean of those that are."""
    days = [today + number * _DAY for number in range(_WEEK)]
    known = {
        day.weekday(): usual for day in days if (usual := usual_day(site.known, day, today, zone)) is not None
    }
    if not known:
        return {}
    mean = {hour: sum(day[hour] for day in known.values()) // len(known) for hour in range(24)}
    return {weekday: known.get(weekday, mean) for weekday in range(_WEEK)}


def is_full(sites: Sequence[PricedSite], month: date, zone: ZoneInfo) -> bool:
    """Tell whether enough of a month is known."""
    hours = list(hours_between(*month_bounds(month, zone)))
    return coverage_of([site.known for site in sites], hours) >= FULL


def energy_cost(sites: Sequence[PricedSite], from_at: datetime, to_at: datetime) -> Decimal:
    """Return what the known hours of a time cost."""
    hours = list(hours_between(from_at, to_at))
    return sum(
        (site.cost_of(hour, site.known.milliwh.get(hour, 0)) for site in sites for hour in hours), Decimal(0)
    )


def measured_months(sites: Sequence[PricedSite], now: datetime, zone: ZoneInfo) -> tuple[MeasuredMonth, ...]:
    """Return the error of a forecast made as now in each of the last full months, the latest first."""
    local = now.astimezone(zone)
    found: list[MeasuredMonth] = []
    for month in months_before(local.date(), MEASURED_MONTHS):
        begin, end = month_bounds(month, zone)
        then = min(begin + (now - month_bounds(local.date(), zone)[0]), end - HOUR)
        if not is_full(sites, month, zone):
            continue
        to_come, unknown = still_to_come(sites, then, end, zone)
        actual = energy_cost(sites, begin, end)
        if unknown or actual <= 0:
            continue
        forecast = _part(sites, begin, then) + to_come
        found.append(MeasuredMonth(month, float(forecast / actual) - 1))
    return tuple(found)


def _part(sites: Sequence[PricedSite], from_at: datetime, to_at: datetime) -> Decimal:
    """Return what a time up to an instant within an hour cost: of that hour its share."""
    hours = list(hours_between(from_at, to_at))
    if not hours:
        return Decimal(0)
    last = hours[-1]
    share = Decimal((to_at - last) / HOUR)
    of_last = sum((site.cost_of(last, site.known.milliwh.get(last, 0)) for site in sites), Decimal(0))
    return energy_cost(sites, from_at, last) + of_last * share
