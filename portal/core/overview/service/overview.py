"""The Client's dashboard: the present at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.core import energy
from portal.core.cost.queries import cost_report
from portal.core.cost.queries.cost import CostScope, zone_named
from portal.core.cost.rules.cost import MixedCurrencies
from portal.core.overview.queries import present as queries
from portal.core.values.money import kwh_from_milliwh
from portal.core.values.time import HOUR, floor_hour, local_midnight, present_until

if TYPE_CHECKING:
    from portal.core.cost.rules.cost import DayCost
    from portal.core.energy.rules.as_of import AsOf
    from portal.core.overview.queries.present import SitePresent
    from portal.core.sites.queries.board_clocks import ClockOff
    from portal.core.stack import Stack

STALE_AFTER = timedelta(minutes=30)


@dataclass(frozen=True)
class SiteLine:
    """A site at present; its energy counts from local midnight. `clocks_off` are its meters with a wrong clock."""

    id: UUID
    name: str
    municipality: str | None
    time_zone: str
    device_count: int
    power_kw: float | None
    energy_today_kwh: Decimal
    last_reading_at: datetime | None
    is_stale: bool
    clocks_off: tuple[ClockOff, ...] = ()


@dataclass(frozen=True)
class ClientOverview:
    """The dashboard's live figures; costs are with VAT, None without any tariff."""

    power_kw: float | None
    power_at: datetime | None
    energy_today_kwh: Decimal
    energy_month_kwh: Decimal
    cost_today: Decimal | None
    cost_month: Decimal | None
    currency: str
    time_zone: str
    sites: tuple[SiteLine, ...]
    as_of: AsOf


async def client_overview(stack: Stack) -> ClientOverview:
    """Return the dashboard as of now, in the sites' zone (the stack's own where they differ)."""
    now = stack.clock().astimezone(UTC)
    async with energy.counted(stack) as counted:
        present = await queries.sites_at_present(counted.session, now - STALE_AFTER, present_until(now))
        zone_id = _common_zone(present, stack.settings.application.time_zone)
        today, month = _starts(now, ZoneInfo(zone_id))
        [energy_today] = await queries.energy_by_site(counted, [(today, now)])
        month_so_far = await _month(stack, counted, month, now, ZoneInfo(zone_id))
    powers = [site.power_kw for site in present if site.power_kw is not None]
    return ClientOverview(
        power_kw=sum(powers) if powers else None,
        power_at=max((site.last_reading_at for site in present if site.last_reading_at), default=None),
        energy_today_kwh=kwh_from_milliwh(sum(energy_today.values())),
        energy_month_kwh=month_so_far.kwh,
        cost_today=month_so_far.cost_of_last_day,
        cost_month=month_so_far.cost,
        currency=month_so_far.currency,
        time_zone=zone_id,
        sites=tuple(_site_line(site, energy_today.get(site.id, 0), now, zone_id) for site in present),
        as_of=counted.as_of,
    )


def _common_zone(sites: tuple[SitePresent, ...], fallback: str) -> str:
    zones = {_known(site.time_zone_id, fallback) for site in sites if site.time_zone_id}
    return zones.pop() if len(zones) == 1 else fallback


def _known(zone_id: str | None, fallback: str) -> str:
    """Return a zone, or the fallback: one that has left the tz database has no local time."""
    return fallback if zone_id is None or zone_named(zone_id) is None else zone_id


def _starts(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return local midnight of today and of the month's first day, as UTC instants."""
    day = now.astimezone(zone).date()
    return local_midnight(day, zone), local_midnight(day.replace(day=1), zone)


class _Month(NamedTuple):
    """A month up to now: its energy, and what that and the last day's cost with VAT.

    A cost is None where nothing has a price, and both are where the currencies differ.
    """

    kwh: Decimal
    currency: str
    cost: Decimal | None = None
    cost_of_last_day: Decimal | None = None


async def _month(
    stack: Stack, counted: energy.Counted, month: datetime, now: datetime, zone: ZoneInfo
) -> _Month:
    own_currency = stack.settings.billing.currency
    max_gap = timedelta(minutes=stack.settings.billing.max_gap_minutes)
    # Up to the end of the hour: what has not happened yet costs nothing, and whole hours are quick to read.
    scope = CostScope(stack.layout, month, floor_hour(now) + HOUR, day_zone=zone, live=counted.live)
    try:
        costs = await cost_report.load_daily_costs(counted.session, scope, own_currency, max_gap)
    except MixedCurrencies:
        [energy_of_sites] = await queries.energy_by_site(counted, [(month, now)])
        return _Month(kwh_from_milliwh(sum(energy_of_sites.values())), own_currency)
    if costs is None:
        return _Month(Decimal(0), own_currency)
    if not (costs.total > 0 or costs.is_priced):
        return _Month(costs.total_kwh, costs.currency)
    today = next((day for day in costs.days if day.date == now.astimezone(zone).date()), None)
    return _Month(costs.total_kwh, costs.currency, costs.total, None if today is None else _priced(today))


def _priced(day: DayCost) -> Decimal | None:
    has_tariff = day.kwh == sum(period.kwh for period in day.periods)
    return day.total if day.total > 0 or has_tariff else None


def _site_line(site: SitePresent, milliwh: int, now: datetime, zone_id: str) -> SiteLine:
    stale = site.last_reading_at is None or now - site.last_reading_at > STALE_AFTER
    return SiteLine(
        site.id,
        site.name,
        site.municipality,
        _known(site.time_zone_id, zone_id),
        site.device_count,
        site.power_kw,
        kwh_from_milliwh(milliwh),
        site.last_reading_at,
        stale,
        site.clocks_off,
    )
