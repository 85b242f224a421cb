"""Sites with the hours of their energy that are known, and what a kWh costs there in each."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from portal.core.cost.queries.calendars import zone_named
from portal.core.cost.rules.fixed_charges import fixed_charges
from portal.core.cost.rules.hour_prices import hour_prices
from portal.core.cost.rules.rates import segments
from portal.core.overview.rules.comparison import PricedSite
from portal.core.overview.rules.usual import KnownHours
from portal.core.values.time import HOUR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID
    from zoneinfo import ZoneInfo

    from portal.core.cost.queries.energy_hours import EnergyHour
    from portal.core.cost.rules.hour_prices import HourPrice
    from portal.core.history.queries.meters import ChartedMeter
    from portal.core.tariffs.queries.tariffs import MunicipalTariffs

_LATELY = 7 * 24 * HOUR


@dataclass(frozen=True)
class Priced:
    """The sites that have meters, all energy of theirs by site and hour, and the tariffs each is charged by."""

    sites: tuple[PricedSite, ...]
    energy: Mapping[tuple[UUID, datetime], int]
    municipalities: tuple[MunicipalTariffs, ...]


def priced_sites(
    meters: Sequence[ChartedMeter],
    hours: Sequence[EnergyHour],
    municipalities: Sequence[MunicipalTariffs],
    window: tuple[datetime, datetime],
    own_zone: ZoneInfo,
) -> Priced:
    """Return the sites of some meters with their hours, and prices for a window.

    An hour of a site is known where the energy of as many of its meters is as there were at most in the last week.
    """
    by_site: dict[UUID, list[EnergyHour]] = {}
    for each in hours:
        by_site.setdefault(each.id, []).append(each)
    by_id = {each.municipality_id: each for each in municipalities}
    prices: dict[int | None, Mapping[datetime, HourPrice]] = {}
    sites: list[PricedSite] = []
    charged: list[MunicipalTariffs] = []
    for site_id, meter in {meter.site_id: meter for meter in meters}.items():
        municipality = by_id.get(meter.municipality_id) if meter.municipality_id is not None else None
        if meter.municipality_id not in prices:
            prices[meter.municipality_id] = _prices(municipality, window, own_zone)
        known = _known(by_site.get(site_id, ()))
        sites.append(PricedSite(site_id, meter.site_name, known, prices[meter.municipality_id]))
        charged += [municipality] if municipality is not None else []
    energy = {(each.id, each.hour): each.allocated_milliwh for each in hours}
    return Priced(tuple(sites), energy, tuple(charged))


def _known(hours: Sequence[EnergyHour]) -> KnownHours:
    if not hours:
        return KnownHours()
    since = hours[-1].hour - _LATELY
    wanted = max(each.meter_count for each in hours if each.hour >= since)
    return KnownHours({each.hour: each.allocated_milliwh for each in hours if each.meter_count >= wanted})


def _prices(
    municipality: MunicipalTariffs | None, window: tuple[datetime, datetime], own_zone: ZoneInfo
) -> Mapping[datetime, HourPrice]:
    zone = None if municipality is None else zone_named(municipality.time_zone_id)
    if municipality is None or zone is None:
        return {}
    return hour_prices(segments(municipality.tariffs, zone, *window, own_zone))


def fixed_of(priced: Priced, from_at: datetime, to_at: datetime) -> Decimal:
    """Return the fixed charges of all sites in a window, with VAT."""
    total = Decimal(0)
    for municipality in priced.municipalities:
        zone = zone_named(municipality.time_zone_id)
        for charge in () if zone is None else fixed_charges(municipality.tariffs, zone, from_at, to_at):
            total += charge.amount + charge.vat
    return total
