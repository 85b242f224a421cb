"""Whether today is as usual: only what is known is compared, and only when there is enough of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.core.cost.rules.hour_prices import HourPrice
from portal.core.overview.rules.usual import KnownHours, hours_of_day, usual_day
from portal.core.values.money import kwh_from_milliwh
from portal.core.values.time import HOUR

_FEWEST_HOURS = 3
_LEAST_SHARE = 0.02
_NORMAL, _MUCH = 0.05, 0.15


class HowUsual(StrEnum):
    """What can be said of a day so far beside usual ones."""

    TOO_FEW = "too few days to compare"
    TOO_EARLY = "too early to compare"
    NORMAL = "normal"
    MORE = "a little more"
    LESS = "a little less"
    MUCH_MORE = "much more"
    MUCH_LESS = "much less"


@dataclass(frozen=True)
class PricedSite:
    """A site by its known hours and what a kWh costs there in each hour."""

    id: UUID
    name: str
    known: KnownHours
    prices: Mapping[datetime, HourPrice]

    def cost_of(self, hour: datetime, milliwh: int) -> Decimal:
        """Return what energy costs in an hour, with VAT; nothing where no tariff covers it."""
        price = self.prices.get(hour)
        return Decimal(0) if price is None else kwh_from_milliwh(milliwh) * price.per_kwh


@dataclass(frozen=True)
class Cause:
    """The hours of a site, `[from_at, to_at)`, in which most of a difference came about."""

    site_id: UUID
    site_name: str
    from_at: datetime
    to_at: datetime


@dataclass(frozen=True)
class BesideUsual:
    """A day so far beside usual ones with its weekday.

    `usual_milliwh` is what is usual in each hour of the day, of the sites that are compared in it: those whose hour is
    known, or to come. `left_out` are sites that are in no comparison, or not in all of it. Amounts are of the hours
    that are over, at their prices.
    """

    how: HowUsual
    usual_milliwh: Mapping[datetime, int]
    more_milliwh: int = 0
    more_cost: Decimal = Decimal(0)
    left_out: tuple[str, ...] = ()
    cause: Cause | None = None


def compare_day(sites: Sequence[PricedSite], day: date, now: datetime, zone: ZoneInfo) -> BesideUsual:
    """Compare a local day up to the last whole hour before `now` with what is usual on its weekday."""
    hours = hours_of_day(day, zone)
    over = [hour for hour in hours if hour + HOUR <= now]
    usual_of = {
        site.id: found for site in sites if (found := usual_day(site.known, day, day, zone)) is not None
    }
    compared = [site for site in sites if site.id in usual_of]
    usual: dict[datetime, int] = {}
    differences: dict[UUID, dict[datetime, int]] = {site.id: {} for site in compared}
    for hour in hours:
        for site in compared:
            its_usual = usual_of[site.id][hour.astimezone(zone).hour]
            actual = site.known.milliwh.get(hour)
            if hour + HOUR > now:
                usual[hour] = usual.get(hour, 0) + its_usual
            elif actual is not None:
                usual[hour] = usual.get(hour, 0) + its_usual
                differences[site.id][hour] = actual - its_usual
    left_out = tuple(site.name for site in sites if len(differences.get(site.id, ())) < len(over))
    if not compared:
        return BesideUsual(HowUsual.TOO_FEW, {}, left_out=left_out)
    return _judged(compared, usual, differences, over, left_out)


def _judged(
    sites: Sequence[PricedSite],
    usual: Mapping[datetime, int],
    differences: Mapping[UUID, Mapping[datetime, int]],
    over: Sequence[datetime],
    left_out: tuple[str, ...],
) -> BesideUsual:
    so_far = sum(usual.get(hour, 0) for hour in over)
    if len(over) < _FEWEST_HOURS or so_far < sum(usual.values()) * _LEAST_SHARE or not so_far:
        return BesideUsual(HowUsual.TOO_EARLY, usual, left_out=left_out)
    more = sum(sum(each.values()) for each in differences.values())
    cost = sum(
        (site.cost_of(hour, each) for site in sites for hour, each in differences[site.id].items()),
        Decimal(0),
    )
    how = _how(more / so_far)
    cause = None if how is HowUsual.NORMAL else _cause(sites, differences, sign=1 if more > 0 else -1)
    return BesideUsual(how, usual, more, cost, left_out, cause)


def _how(share: float) -> HowUsual:
    if abs(share) <= _NORMAL:
        return HowUsual.NORMAL
    if share > 0:
        return HowUsual.MUCH_MORE if share > _MUCH else HowUsual.MORE
    return HowUsual.MUCH_LESS if share < -_MUCH else HowUsual.LESS


def _cause(
    sites: Sequence[PricedSite], differences: Mapping[UUID, Mapping[datetime, int]], sign: int
) -> Cause | None:
    """Return the run of hours of one site whose differences add up to most."""
    best, cause = 0, None
    for site in sites:
        total, begin = 0, None
        for hour in sorted(differences[site.id]):
            if total <= 0:
                total, begin = 0, hour
            total += sign * differences[site.id][hour]
            if total > best and begin is not None:
                best, cause = total, Cause(site.id, site.name, begin, hour + HOUR)
    return cause
