"""A day hour by hour beside what is usual, and what is known of the month it is in."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.core.overview.rules.comparison import BesideUsual, PricedSite
from portal.core.overview.rules.forecast import MeasuredMonth
from portal.core.overview.rules.usual import hours_of_day, usual_day
from portal.core.values.time import HOUR

NOT_PRICED = "No tariff"
"""Stands for the period of an hour that no tariff covers."""


@dataclass(frozen=True)
class HourOfDay:
    """An hour of a day: its energy by period, what that cost with VAT, and the periods that sites are in.

    Energy is in milliwatt-hours; None is the default rate. `usual_milliwh` is None where nothing is usual,
    `missing_sites` how many sites' energy of the hour is not known though it is over.
    """

    at: datetime
    milliwh_of: Mapping[str | None, int]
    cost: Decimal
    periods: tuple[str | None, ...]
    usual_milliwh: int | None
    missing_sites: int


@dataclass(frozen=True)
class SiteDay:
    """A site's energy of a day by period, in milliwatt-hours, and what is usual in the same hours.

    `usual_milliwh` is None where nothing is. Of `over_hours` of the day, `known_hours` are known.
    """

    id: UUID
    name: str
    milliwh_of: Mapping[str | None, int]
    usual_milliwh: int | None
    over_hours: int
    known_hours: int


@dataclass(frozen=True)
class Peak:
    """The highest quarter of an hour of a day: the mean power of all meters together from `at` on."""

    at: datetime
    kw: float


@dataclass(frozen=True)
class MonthOutlook:
    """What a month will cost beside what it has cost, in money with VAT.

    `compared` is the nearest month before it that is fully known, and what its energy and its fixed charges cost.
    `measured` says how far forecasts made on this day of the months before would have been off. `unknown` are sites of
    which nothing is usual yet, so that nothing of theirs is to come.
    """

    month: date
    to_come: Decimal
    fixed: Decimal
    fixed_so_far: Decimal
    compared: tuple[date, Decimal] | None
    measured: tuple[MeasuredMonth, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class ClientOutlook:
    """A day and the month of today; times are of `zone`.

    `comparison` is of the day, `today_comparison` of today, whose part of the fixed charges is `fixed_today`.
    """

    day: date
    today: date
    zone: ZoneInfo
    hours: tuple[HourOfDay, ...]
    sites: tuple[SiteDay, ...]
    comparison: BesideUsual
    today_comparison: BesideUsual
    peak: Peak | None
    month: MonthOutlook
    fixed_today: Decimal


def hours_with_usual(
    sites: Sequence[PricedSite],
    energy: Mapping[tuple[UUID, datetime], int],
    comparison: BesideUsual,
    shown: tuple[date, datetime, ZoneInfo],
) -> tuple[HourOfDay, ...]:
    """Return the hours of a local day, up to an instant, in a zone (`shown`); `energy` is all that is stored."""
    day, until, zone = shown
    return tuple(_hour(sites, energy, comparison, hour, until) for hour in hours_of_day(day, zone))


def _hour(
    sites: Sequence[PricedSite],
    energy: Mapping[tuple[UUID, datetime], int],
    comparison: BesideUsual,
    hour: datetime,
    until: datetime,
) -> HourOfDay:
    milliwh_of: dict[str | None, int] = defaultdict(int)
    cost = Decimal(0)
    for site in sites:
        if milliwh := energy.get((site.id, hour), 0):
            milliwh_of[period_of(site, hour)] += milliwh
            cost += site.cost_of(hour, milliwh)
    is_over = hour + HOUR <= until
    missing = sum(hour not in site.known.milliwh for site in sites) if is_over else 0
    periods = tuple(dict.fromkeys(period_of(site, hour) for site in sites))
    return HourOfDay(hour, dict(milliwh_of), cost, periods, comparison.usual_milliwh.get(hour), missing)


def period_of(site: PricedSite, hour: datetime) -> str | None:
    """Return the period that most of an hour lies in at a site: None is the default rate."""
    price = site.prices.get(hour)
    return price.period_name if price is not None and price.is_priced else NOT_PRICED


def days_of_sites(
    sites: Sequence[PricedSite],
    energy: Mapping[tuple[UUID, datetime], int],
    shown: tuple[date, datetime, ZoneInfo],
) -> tuple[SiteDay, ...]:
    """Return each site's part of a local day up to an instant; what is usual is of the hours that are known."""
    day, until, zone = shown
    hours = hours_of_day(day, zone)
    over = [hour for hour in hours if hour + HOUR <= until]
    found: list[SiteDay] = []
    for site in sites:
        milliwh_of: dict[str | None, int] = defaultdict(int)
        for hour in hours:
            if milliwh := energy.get((site.id, hour), 0):
                milliwh_of[period_of(site, hour)] += milliwh
        known = [hour for hour in over if hour in site.known.milliwh]
        usual = usual_day(site.known, day, day, zone)
        its_usual = None if usual is None else sum(usual[hour.astimezone(zone).hour] for hour in known)
        found.append(SiteDay(site.id, site.name, dict(milliwh_of), its_usual, len(over), len(known)))
    return tuple(found)
