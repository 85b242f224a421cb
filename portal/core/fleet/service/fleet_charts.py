"""Charts over the fleet: who uses most, how that went over time, and who pushed when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from portal.core import energy
from portal.core.errors import Invalid, NotFound
from portal.core.fleet.queries import customers as customer_queries
from portal.core.fleet.queries import fleet_charts as queries
from portal.core.fleet.queries.fleet_charts import EnergyPoint, FleetDay, PushHour
from portal.core.fleet.queries.fleet_energy import energy_of_sites
from portal.core.fleet.queries.local_midnights import local_midnights
from portal.core.fleet.rules.energy_windows import EnergyWindow
from portal.core.fleet.rules.fleet_ranks import RankLine, ranked
from portal.core.values.time import local_midnight
from portal.core.words import noted, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from portal.core.database.db import AsyncSession
    from portal.core.energy.rules.as_of import AsOf
    from portal.core.fleet.queries.fleet_energy import SiteEnergy
    from portal.core.stack import Stack

__all__ = ["EnergyPoint", "FleetDay", "FleetRank", "PushHour", "RankLine"]

MOST_DAYS = 92
MOST_COMPARED = 5
HOURS_UP_TO_DAYS = 8
PUSH_HOURS = 48
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class FleetRank:
    """Customers, or the sites of one, by what they used in so many local days.

    One day is today, beside yesterday up to this time; more are whole days before today, beside as many before them.
    `name` is the customer whose sites they are.
    """

    lines: tuple[RankLine, ...]
    days: int
    as_of: AsOf
    name: str = ""


async def fleet_rank(stack: Stack, days: int, customer_id: UUID | None = None) -> FleetRank:
    """Rank customers, or a customer's sites, by their energy of local days. Raises `Invalid` and `NotFound`."""
    if not 1 <= days <= MOST_DAYS:
        message = say("'days' must be 1 to {most_days}", most_days=MOST_DAYS)
        raise Invalid(message)
    async with energy.stored(stack) as stored:
        session = stored.session
        now, before = await _both(stack, session, days)
        if customer_id is None:
            names = {each.id: (each.name, each.code) for each in await customer_queries.names(session)}
            sums = [[(each.customer_id, each.milliwh) for each in sites] for sites in (now, before)]
            return FleetRank(ranked(names, *sums), days, stored.as_of)
        name = await customer_queries.find_name(session, customer_id)
        if name is None:
            message = noted("There is no such customer")
            raise NotFound(message)
        named = {each.site_id: (each.name, "") for each in await queries.sites_of(session, customer_id)}
        sums = [
            [(each.site_id, each.milliwh) for each in sites if each.customer_id == customer_id]
            for sites in (now, before)
        ]
        return FleetRank(ranked(named, *sums), days, stored.as_of, name)


async def _both(
    stack: Stack, session: AsyncSession, days: int
) -> tuple[tuple[SiteEnergy, ...], tuple[SiteEnergy, ...]]:
    """Return the energy of sites today and yesterday up to this time, or in whole days up to today and before them."""
    now = stack.clock()
    midnights = await local_midnights(session, now, stack.settings.application.time_zone)
    zones = [(None, midnights.own), *midnights.in_zone.items()]
    if days == 1:
        present = [EnergyWindow(zone, at, midnights.utc_end) for zone, at in zones]
        past = [EnergyWindow(zone, at - _DAY, now - _DAY) for zone, at in zones]
    else:
        length = days * _DAY
        present = [EnergyWindow(zone, at - length, at) for zone, at in zones]
        past = [EnergyWindow(zone, at - 2 * length, at - length) for zone, at in zones]
    return await energy_of_sites(session, present), await energy_of_sites(session, past)


async def energy_over_time(
    stack: Stack, ids: Sequence[UUID], days: int, customer_id: UUID | None = None
) -> list[EnergyPoint]:
    """Return the energy of a few customers, or of a few sites of one, in so many days of the stack's own zone.

    By hours up to eight days, else by days. Raises `Invalid` for too many of either.
    """
    if len(ids) > MOST_COMPARED or not 1 <= days <= MOST_DAYS:
        message = say(
            "At most {most_compared} are compared, over at most {most_days} days",
            most_compared=MOST_COMPARED,
            most_days=MOST_DAYS,
        )
        raise Invalid(message)
    zone = stack.settings.application.time_zone
    window = span_of(stack.clock(), days, zone)
    async with stack.db.snapshot() as session:
        return await queries.points(
            session, ids, window, zone, by_day=days > HOURS_UP_TO_DAYS, customer_id=customer_id
        )


def span_of(now: datetime, days: int, zone: str) -> tuple[datetime, datetime]:
    """Return the UTC instants `[from, to)` of so many local days, today among them."""
    local = ZoneInfo(zone)
    today = now.astimezone(local).date()
    return local_midnight(today - (days - 1) * _DAY, local), local_midnight(today + _DAY, local)


async def fleet_days(stack: Stack, days: int) -> list[FleetDay]:
    """Return what the fleet used on each of so many UTC days, today among them."""
    today = stack.clock().astimezone(UTC).date()
    async with stack.db.snapshot() as session:
        return await queries.fleet_days(session, today - (min(days, MOST_DAYS) - 1) * _DAY, today)


async def pushes_of(stack: Stack, ids: tuple[UUID, ...]) -> list[PushHour]:
    """Return the batches of customers by the hour, of the last 48 hours."""
    since = stack.clock().replace(minute=0, second=0, microsecond=0) - (PUSH_HOURS - 1) * timedelta(hours=1)
    async with stack.db.snapshot() as session:
        return await queries.push_hours(session, ids, since)
