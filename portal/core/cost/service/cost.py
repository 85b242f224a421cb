"""What a window's energy costs, in either run mode."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from portal.core import energy
from portal.core.cost.queries import cost_report as reports
from portal.core.cost.queries.cost import CostScope, zone_named
from portal.core.cost.queries.cost_scope import AsItStood
from portal.core.cost.queries.coverage import load_coverage
from portal.core.cost.queries.data_quality import load_data_quality
from portal.core.cost.rules import cost as domain
from portal.core.cost.rules.cost import CostReport
from portal.core.cost.rules.currencies import with_fixed
from portal.core.energy.queries.journal import JournalAsked, as_it_stood
from portal.core.errors import Invalid, NotFound
from portal.core.fleet.queries import customers as customer_queries
from portal.core.words import noted, say

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from portal.core.database.db import AsyncSession
    from portal.core.stack import Stack

__all__ = ["AsItStood", "CostReport"]

GAPS = ("report", "estimate")
DAYS = ("utc", "local")
_UTC = ZoneInfo("UTC")
_CLOCK_CHANGE = timedelta(hours=2)


@dataclass(frozen=True)
class CostOptions:
    """How a cost question is answered.

    `gaps` is "report" or "estimate". `days` is "utc", or "local" for the days of the zone that `local_zone` returns.
    """

    gaps: str = "report"
    days: str = "utc"
    stood: AsItStood | None = None


async def fleet_cost(
    stack: Stack,
    customer_id: UUID,
    from_at: datetime,
    to_at: datetime,
    gaps: str = "report",
    days: str = "utc",
    stood: AsItStood | None = None,
) -> CostReport:
    """Price a customer's energy of `[from_at, to_at)` (aware instants).

    Amounts are exact and unrounded; fixed charges are not in them. `gaps` and `days` are as in `CostOptions`.
    Raises `Invalid` with the reason for a bad window or option, `NotFound` for an unknown customer. What its tariffs
    price in other currencies is in `others`. `as_of` says how far the answer goes.
    """
    scope = _scope(stack, from_at, to_at, CostOptions(gaps, days, stood))
    async with stack.db.reports, energy.counted(stack, customer_id) as counted:
        if not await customer_queries.is_known(counted.session, customer_id):
            message = noted("There is no such customer")
            raise NotFound(message)
        return await _report(stack, counted, replace(scope, customer_id=customer_id))


async def client_cost(
    stack: Stack,
    from_at: datetime,
    to_at: datetime,
    site_id: UUID | None = None,
    gaps: str = "report",
    days: str = "utc",
    stood: AsItStood | None = None,
) -> CostReport:
    """Price a Client's own energy, of one site or all; otherwise as `fleet_cost`.

    `fixed` holds the fixed charges of each site for the local days that begin in the window.
    """
    scope = replace(_scope(stack, from_at, to_at, CostOptions(gaps, days, stood)), site_id=site_id)
    async with stack.db.reports, energy.counted(stack) as counted:
        report = await _report(stack, counted, scope)
        return with_fixed(
            report, await reports.load_fixed(counted.session, scope, stack.settings.billing.currency)
        )


async def local_zone(stack: Stack, customer_id: UUID | None = None, site_id: UUID | None = None) -> str:
    """Return the IANA zone whose days a report by local days is about: that of a site, or of all that there are.

    Where they are in several, or none is known, it is the stack's own.
    """
    async with stack.db.snapshot() as session:
        return await _local_zone(session, stack, customer_id, site_id)


async def _local_zone(
    session: AsyncSession, stack: Stack, customer_id: UUID | None, site_id: UUID | None
) -> str:
    zones = await reports.zones_in_use(session, stack.layout, customer_id, site_id)
    known = {name for name in zones if zone_named(name) is not None}
    return known.pop() if len(known) == 1 else stack.settings.application.time_zone


def _scope(stack: Stack, from_at: datetime, to_at: datetime, options: CostOptions) -> CostScope:
    try:
        domain.check_window(from_at, to_at, slack=_CLOCK_CHANGE if options.days == "local" else timedelta(0))
    except domain.WindowInvalid as error:
        raise Invalid(str(error)) from None
    for name, given, known in (("gaps", options.gaps, GAPS), ("days", options.days, DAYS)):
        if given not in known:
            message = say("'{name}' is one of {known}", name=name, known=", ".join(known))
            raise Invalid(message)
    return CostScope(
        stack.layout,
        from_at,
        to_at,
        estimate_gaps=options.gaps == "estimate",
        day_zone=_UTC if options.days == "utc" else None,
        own_zone=ZoneInfo(stack.settings.application.time_zone),
        stood=options.stood,
    )


async def _report(stack: Stack, counted: energy.Counted, scope: CostScope) -> CostReport:
    billing = stack.settings.billing
    max_gap = timedelta(minutes=billing.max_gap_minutes)
    zone = scope.day_zone or ZoneInfo(
        await _local_zone(counted.session, stack, scope.customer_id, scope.site_id)
    )
    live, as_of = counted.live, counted.as_of
    if scope.stood is not None:
        live = await as_it_stood(counted.session, scope.layout, _journal_asked(scope, scope.stood), live)
        as_of = replace(as_of, at=min(as_of.at, scope.stood.at))
    scope = replace(scope, live=live, day_zone=zone)
    report = await reports.load_report(counted.session, scope, billing.currency, max_gap)
    quality = await load_data_quality(counted.session, scope)
    coverage = await load_coverage(counted.session, scope, zone.key, stack.clock())
    return replace(report, as_of=as_of, zone=zone.key, data_quality=quality, coverage=coverage)


def _journal_asked(scope: CostScope, stood: AsItStood) -> JournalAsked:
    return JournalAsked(scope.from_at, scope.to_at, stood.at, scope.customer_id, looked_at=stood.looked_at)
