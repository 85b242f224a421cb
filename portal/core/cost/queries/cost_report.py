"""The cost report of a window, from stored energy and stored tariffs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from portal.core.cost.queries.cost import CostScope, load_daily, load_usage, make_calendar, zone_named
from portal.core.cost.rules.cost import (
    ChargesLeftOut,
    CostReport,
    DailyCosts,
    FixedCost,
    price_days,
)
from portal.core.cost.rules.currencies import price_in_each
from portal.core.cost.rules.fixed_charges import FixedCharge, fixed_charges
from portal.core.database.rows import rows_of, values_of
from portal.core.tariffs.queries import tariffs
from portal.core.values.money import exact_decimals

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, timedelta
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.cost.queries.cost import Calendar
    from portal.core.database.layout import Layout
    from portal.core.tariffs.queries.tariffs import MunicipalTariffs


_ZONES = """
SELECT DISTINCT m.time_zone_id FROM {municipalities} m
JOIN {sites} s ON {s.customer_id = m.customer_id AND} s.{municipality_id} = m.id {of_site}
{WHERE m.customer_id = :customer_id}
"""


async def load_report(
    session: AsyncSession,
    scope: CostScope,
    own_currency: str,
    max_gap: timedelta,
    municipalities: Sequence[MunicipalTariffs] | None = None,
) -> CostReport:
    """Price the scope's energy by the tariffs of its own municipalities, or by `municipalities` where given."""
    if municipalities is None:
        municipalities = await load_municipalities(session, scope)
    calendar = make_calendar(municipalities, scope)
    found = await load_usage(session, scope, calendar, max_gap)
    days = {usage.day for usage in found.by_day} | _days_of(calendar, found.municipalities)
    report = price_in_each(
        found.by_day,
        found.by_device,
        days=sorted(days),
        devices=found.devices,
        window=(scope.from_at, scope.to_at),
        currency=own_currency,
        quality=found.quality,
    )
    left_out = tuple(_left_out(calendar, municipalities, found.municipalities))
    return replace(report, unknown_zones=calendar.unknown_zones, left_out=left_out)


def _left_out(
    calendar: Calendar, municipalities: Sequence[MunicipalTariffs], used: frozenset[int]
) -> Iterator[ChargesLeftOut]:
    """Yield what the tariffs that hold in the window, where there are devices, do not price."""
    prices = {
        (key, segment.price.tariff_id)
        for key, segment in [
            *calendar.whole,
            *((key, part) for key, hour in calendar.split for part in hour.segments),
        ]
        if segment.price is not None and key in used
    }
    for municipality in municipalities:
        for tariff in municipality.tariffs:
            charges = tariff.charges_left_out
            if charges and (municipality.municipality_id, tariff.id) in prices:
                yield ChargesLeftOut(tariff.name, municipality.name, charges)


async def load_daily_costs(
    session: AsyncSession, scope: CostScope, own_currency: str, max_gap: timedelta
) -> DailyCosts | None:
    """Price the scope's energy by day alone, by the tariffs of its own municipalities; None where it has no device.

    Raises `MixedCurrencies` when those tariffs are in more than one currency.
    """
    calendar = make_calendar(await load_municipalities(session, scope), scope)
    found = await load_daily(session, scope, calendar, max_gap)
    if not found.device_count:
        return None
    days = {usage.day for usage in found.by_day} | _days_of(calendar, found.municipalities)
    return price_days(found.by_day, days=sorted(days), currency=own_currency)


def _days_of(calendar: Calendar, used: frozenset[int]) -> set[date]:
    """Return the days of the window where there are devices: a municipality elsewhere may begin a day more."""
    everywhere = [
        *((municipality, run.day) for municipality, run in calendar.whole),
        *((municipality, part.day) for municipality, hour in calendar.split for part in hour.segments),
    ]
    return {day for municipality, day in everywhere if not used or municipality in used}


async def load_municipalities(session: AsyncSession, scope: CostScope) -> tuple[MunicipalTariffs, ...]:
    """Return the municipalities and tariffs that price a scope."""
    return await tariffs.load(session, scope.customer_id)


async def zones_in_use(
    session: AsyncSession, layout: Layout, customer_id: UUID | None, site_id: UUID | None = None
) -> set[str]:
    """Return the time zones of the municipalities that have sites, or of one site's."""
    statement = layout.sql(_ZONES, of_site="AND s.id = :site_id" if site_id else "")
    given = {"customer_id": customer_id, "site_id": site_id}
    return set(await values_of(session, str, statement, given))


async def load_fixed(
    session: AsyncSession,
    scope: CostScope,
    own_currency: str,
    municipalities: Sequence[MunicipalTariffs] | None = None,
) -> list[tuple[str, FixedCost]]:
    """Return the fixed charges of a Client's sites for the local days that begin in the window, with their currencies.

    A site with a device is charged, by the tariffs of its own municipality, or by `municipalities` where given.
    """
    found: list[tuple[str, FixedCost]] = []
    sites = await _metered_sites(session, scope)
    for municipality in await tariffs.load(session) if municipalities is None else municipalities:
        zone = zone_named(municipality.time_zone_id)
        its_sites = [
            name for municipality_id, name in sites if municipality_id == municipality.municipality_id
        ]
        if zone is None or not its_sites:
            continue
        names = {tariff.id: tariff.name for tariff in municipality.tariffs}
        for charge in fixed_charges(municipality.tariffs, zone, scope.from_at, scope.to_at):
            if charge.amount:
                code, name = charge.currency or own_currency, names[charge.tariff_id]
                found.extend((code, _fixed_cost(charge, site, name)) for site in its_sites)
    return sorted(found, key=lambda each: (each[1].first_day, each[1].site_name))


def _fixed_cost(charge: FixedCharge, site: str, tariff: str) -> FixedCost:
    with exact_decimals():
        total = charge.amount + charge.vat
    return FixedCost(charge.first_day, charge.last_day, site, tariff, charge.amount, charge.vat, total)


class _MeteredSite(NamedTuple):
    municipality_id: int
    name: str


async def _metered_sites(session: AsyncSession, scope: CostScope) -> list[_MeteredSite]:
    only = "AND s.id = :site_id" if scope.site_id else ""
    return await rows_of(
        session,
        _MeteredSite,
        f"SELECT s.municipality_id, s.name FROM monitoring.sites s WHERE s.municipality_id IS NOT NULL "
        f"AND EXISTS (SELECT 1 FROM monitoring.devices d WHERE d.site_id = s.id) {only} ORDER BY s.name",
        {"site_id": scope.site_id} if scope.site_id else {},
    )
