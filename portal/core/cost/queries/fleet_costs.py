"""The energy of a month of all customers, grouped by what it costs: one statement, the same over both engines."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.core.cost.queries.calendars import zone_named
from portal.core.cost.rules.fleet_costs import CustomerAsked, PricedEnergy
from portal.core.cost.rules.fleet_prices import FleetPrices, LocalMonth, fleet_prices
from portal.core.database.local_settings import local_settings
from portal.core.database.rows import rows_of
from portal.core.tariffs.queries import tariffs
from portal.core.values.time import HOUR, floor_hour

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

# An hour finds its price by its place in an array of its calendar: no join with hours, whose plan could flip. Only bulk
# meters are added up; that an hour is covered is asked of all.
_ENERGY = """
SELECT m.customer_id,
    (CAST(:numbers AS integer[]))[m.calendar * :hours
        + (extract(epoch FROM h.hour - CAST(:first AS timestamptz)) / 3600)::int + 1] AS number,
    coalesce(sum(h.allocated_milliwh) FILTER (WHERE m.is_bulk), 0)::bigint AS milliwh,
    coalesce(sum(h.unallocated_milliwh) FILTER (WHERE m.is_bulk), 0)::bigint AS unallocated_milliwh,
    count(*) FILTER (WHERE h.is_covered OR h.allocated_milliwh > 0) AS covered_hours
FROM fleet.hourly_energy h
JOIN (
    SELECT d.customer_id, d.id, d.kind = 'bulk' AS is_bulk, coalesce(t.calendar, CAST(:nowhere AS integer)) AS calendar
    FROM fleet.devices d
    JOIN fleet.sites s ON s.customer_id = d.customer_id AND s.id = d.site_id
    LEFT JOIN unnest(CAST(:customers AS uuid[]), CAST(:municipalities AS integer[]), CAST(:calendars AS integer[]))
        AS t (customer_id, municipality, calendar)
        ON t.customer_id = s.customer_id AND t.municipality = s.local_municipality_id
) m ON m.customer_id = h.customer_id AND m.id = h.device_id
WHERE h.hour >= :first AND h.hour < :last
GROUP BY 1, 2
"""
# As on a customer's own cost page: hours that are over, of active meters from their first hour on.
_ASKED = """
SELECT c.id AS customer_id, c.code, c.name, coalesce(sum(hours.asked), 0)::bigint AS asked_hours
FROM fleet.customers c
LEFT JOIN LATERAL (
    SELECT greatest(ceil(extract(epoch FROM :until - greatest(
        CAST(:first AS timestamptz), (SELECT e.hour FROM fleet.hourly_energy e
            WHERE e.customer_id = d.customer_id AND e.device_id = d.id ORDER BY e.hour LIMIT 1))) / 3600), 0) AS asked
    FROM fleet.devices d WHERE d.customer_id = c.id AND d.is_active AND d.kind <> 'virtual'
      AND EXISTS (SELECT FROM fleet.hourly_energy e WHERE e.customer_id = d.customer_id AND e.device_id = d.id)
) hours ON true
GROUP BY c.id, c.code, c.name ORDER BY lower(c.code)
"""
_PLANNER_HINTS = {"plan_cache_mode": "force_custom_plan", "jit": "off", "work_mem": "64MB"}


class _Grouped(NamedTuple):
    customer_id: UUID
    number: int
    milliwh: int
    unallocated_milliwh: int
    covered_hours: int


class _Asked(NamedTuple):
    customer_id: UUID
    code: str
    name: str
    asked_hours: int


class MonthOfFleet(NamedTuple):
    """The energy of a month by customer and price, and the customers."""

    customers: list[CustomerAsked]
    energy: list[PricedEnergy]


async def load_month(
    session: AsyncSession, month: LocalMonth, own_zone: ZoneInfo, now: datetime
) -> MonthOfFleet:
    """Return the energy of a month, by local days of each site; sites without a municipality are in `own_zone`."""
    of_fleet = await tariffs.load_of_fleet(session)
    zone_of = {m.time_zone_id: zone_named(m.time_zone_id) for its in of_fleet.values() for m in its}
    prices = fleet_prices(month, [own_zone, *(zone for zone in zone_of.values() if zone is not None)])
    nowhere = prices.calendar_of((), own_zone)
    rows: list[tuple[UUID, int, int]] = []
    for customer, municipalities in of_fleet.items():
        for each in municipalities:
            zone = zone_of[each.time_zone_id]
            calendar = prices.calendar_of(each.tariffs if zone else (), zone or own_zone)
            rows.append((customer, each.municipality_id, calendar))
    energy = await _energy(session, prices, nowhere, rows)
    uneven = {customer for customer, _, calendar in rows if calendar in prices.uneven}
    customers = await _asked(session, month.window(own_zone), now, uneven)
    return MonthOfFleet(customers, energy)


async def _energy(
    session: AsyncSession, prices: FleetPrices, nowhere: int, rows: list[tuple[UUID, int, int]]
) -> list[PricedEnergy]:
    given = {
        "numbers": prices.numbers,
        "hours": prices.hours,
        "first": prices.first_hour,
        "last": prices.first_hour + prices.hours * HOUR,
        "nowhere": nowhere,
        "customers": [customer for customer, _, _ in rows],
        "municipalities": [municipality for _, municipality, _ in rows],
        "calendars": [calendar for _, _, calendar in rows],
    }
    async with local_settings(session, _PLANNER_HINTS):
        found = await rows_of(session, _Grouped, _ENERGY, given)
    return [
        PricedEnergy(
            row.customer_id,
            prices.price(row.number),
            row.milliwh,
            row.unallocated_milliwh,
            row.covered_hours,
        )
        for row in found
        if row.number
    ]


async def _asked(
    session: AsyncSession, window: tuple[datetime, datetime], now: datetime, uneven: set[UUID]
) -> list[CustomerAsked]:
    from_at, to_at = floor_hour(window[0]), min(window[1], floor_hour(now))
    rows = await rows_of(session, _Asked, _ASKED, {"first": from_at, "until": max(to_at, from_at)})
    return [CustomerAsked(*row, row.customer_id not in uneven) for row in rows]
