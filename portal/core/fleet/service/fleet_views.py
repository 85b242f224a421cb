"""What operators see of the fleet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.core import energy
from portal.core.errors import Invalid, NotFound
from portal.core.fleet.queries import customers as customer_queries
from portal.core.fleet.queries import fleet_views as queries
from portal.core.fleet.queries.fleet_views import (
    EventFilter,
    FleetFigures,
    FleetHour,
    IngestEventLine,
    IngestTotals,
)
from portal.core.fleet.queries.local_midnights import LocalMidnights
from portal.core.tariffs.queries import tariffs as tariff_queries
from portal.core.values.money import kwh_from_milliwh
from portal.core.values.time import present_until
from portal.core.words import noted, say

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from portal.core.fleet.queries.customers import CustomerLine, CustomerSite
    from portal.core.stack import Stack
    from portal.core.tariffs.queries.tariffs import MunicipalTariffs

__all__ = ["EventFilter", "FleetFigures", "FleetHour", "IngestEventLine", "IngestTotals"]

ACTIVE_WITHIN = timedelta(hours=1)
RECENT_WITHIN = timedelta(minutes=15)
MAX_EVENTS = 1000
_DAY = timedelta(hours=24)
_NOBODY = noted("There is no such customer")


@dataclass(frozen=True)
class CustomerDetail:
    """A customer with its sites, devices and tariffs, and what it pushed in the last 24 hours, by type."""

    line: CustomerLine
    sites: tuple[CustomerSite, ...]
    tariffs: tuple[MunicipalTariffs, ...]
    last_day: tuple[IngestTotals, ...]


@dataclass(frozen=True)
class EventPage:
    """Events, newest first; `next_before` is where the next page begins, None after the last."""

    events: tuple[IngestEventLine, ...]
    next_before: datetime | None


async def fleet_overview(stack: Stack) -> FleetFigures:
    """Return the fleet's figures: energy since 00:00 UTC, power of the last 15 minutes, hours of the last 24."""
    now = stack.clock()
    hour = now.replace(minute=0, second=0, microsecond=0)
    moments = {
        "until": present_until(now),
        "today": hour.replace(hour=0),
        "active_since": now - ACTIVE_WITHIN,
        "recent": now - RECENT_WITHIN,
        "since": hour - timedelta(hours=23),
    }
    async with energy.counted(stack) as counted:
        found = await queries.figures(counted.session, moments)
        live = await customer_queries.live_of_bulk_meters(counted, moments["today"])
    changes = sum(each.change.allocated_milliwh for each in live)
    kwh = found.energy_today_kwh + kwh_from_milliwh(changes)
    return replace(found, energy_today_kwh=kwh, energy_as_of=counted.as_of)


async def customer_detail(stack: Stack, customer_id: UUID) -> CustomerDetail:
    """Return a customer with its sites, devices and tariffs. Raises `NotFound`."""
    now = stack.clock()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    async with energy.counted(stack, customer_id) as counted:
        session = counted.session
        line = await customer_queries.find_line(session, customer_id, today)
        if line is None:
            raise NotFound(_NOBODY)
        utc = LocalMidnights(today, {}, today + _DAY)
        sites = await customer_queries.list_sites(session, customer_id, utc, present_until(now))
        tariffs = await tariff_queries.load(session, customer_id)
        last_day = await queries.totals_since(session, customer_id, now - _DAY)
        [line] = await customer_queries.with_live_energy([line], counted, today)
    sites = customer_queries.sites_with_live_energy(sites, counted, utc)
    return CustomerDetail(line, sites, tariffs, last_day)


async def ingest_events(stack: Stack, customer_id: UUID, wanted: EventFilter, limit: int = 100) -> EventPage:
    """Return a customer's ingest events, newest first. Raises `NotFound`, and `Invalid` for a limit out of range."""
    if not 1 <= limit <= MAX_EVENTS:
        message = say("'limit' must be 1 to {max_events}", max_events=MAX_EVENTS)
        raise Invalid(message)
    async with stack.db.snapshot() as session:
        if not await customer_queries.is_known(session, customer_id):
            raise NotFound(_NOBODY)
        found = await queries.events(session, customer_id, wanted, limit + 1)
    if len(found) <= limit:
        return EventPage(found, None)
    # The next page begins before the last instant of this one: events of one instant stay together where they fit.
    shown = [event for event in found[:limit] if event.received_at != found[limit].received_at] or found[
        :limit
    ]
    return EventPage(tuple(shown), shown[-1].received_at)
