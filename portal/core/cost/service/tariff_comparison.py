"""What a tariff that is being edited would have cost, beside what was paid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from portal.core import energy
from portal.core.cost.queries.cost import CostScope, zone_named
from portal.core.cost.queries.cost_report import load_fixed, load_report
from portal.core.cost.rules.currencies import with_fixed
from portal.core.cost.rules.shown_cost import as_shown
from portal.core.errors import Conflict
from portal.core.tariffs.queries import tariffs as queries
from portal.core.tariffs.rules.tariff_input import assign_municipality, invalid_tariff, read_tariff
from portal.core.values.time import local_midnight
from portal.core.words import say

if TYPE_CHECKING:
    from portal.core.database.db import AsyncSession
    from portal.core.energy.rules.as_of import AsOf
    from portal.core.stack import Stack
    from portal.core.tariffs.queries.tariffs import MunicipalTariffs


@dataclass(frozen=True)
class PricedMonth:
    """What a month cost with VAT: its energy and its fixed charges, in whole cents."""

    currency: str
    energy: Decimal
    fixed: Decimal

    @property
    def total(self) -> Decimal:
        """Energy and fixed charges."""
        return self.energy + self.fixed


@dataclass(frozen=True)
class TariffComparison:
    """What a municipality's sites cost in a month, and what they would have cost under a draft."""

    from_at: datetime
    to_at: datetime
    kwh: Decimal
    actual: PricedMonth
    draft: PricedMonth
    as_of: AsOf
    time_zone: str


async def compare_last_month(stack: Stack, raw: object) -> TariffComparison:
    """Price the last whole local month of a municipality's sites under a draft, beside what it did cost.

    The draft (decoded JSON) holds for the whole month whatever its window. Raises `Invalid` with every problem,
    and `Conflict` where the month was priced in more than one currency.
    """
    draft = read_tariff(raw)
    async with energy.counted(stack) as counted:
        session = counted.session
        municipalities = await queries.load(session)
        assigned, problems = assign_municipality(
            draft, {municipality.name: municipality.municipality_id for municipality in municipalities}
        )
        if problems:
            raise invalid_tariff(problems)
        municipality = next(
            municipality
            for municipality in municipalities
            if municipality.municipality_id == assigned[0].municipality_id
        )
        zone = zone_named(municipality.time_zone_id) or ZoneInfo("UTC")
        first, last = _last_month(stack.clock(), zone)
        always = replace(
            assigned[0], id=None, effective_from=date(2000, 1, 1), effective_to=None, is_active=True
        )
        scope = CostScope(stack.layout, first, last, live=counted.live)
        _, actual = await _price_month(session, stack, scope, municipality)
        kwh, under_draft = await _price_month(session, stack, scope, replace(municipality, tariffs=(always,)))
        return TariffComparison(first, last, kwh, actual, under_draft, counted.as_of, str(zone))


async def _price_month(
    session: AsyncSession, stack: Stack, scope: CostScope, municipality: MunicipalTariffs
) -> tuple[Decimal, PricedMonth]:
    """Return the energy that one municipality's tariffs price, and what it costs; that of other sites has no price."""
    billing = stack.settings.billing
    max_gap = timedelta(minutes=billing.max_gap_minutes)
    report = await load_report(session, scope, billing.currency, max_gap, [municipality])
    shown = as_shown(with_fixed(report, await load_fixed(session, scope, billing.currency, [municipality])))
    if shown.others:
        names = " and ".join(part.currency for part in shown.parts)
        message = say(
            "That month was priced in {names}: money of two currencies is not compared with a draft's",
            names=names,
        )
        raise Conflict(message)
    return (
        sum((line.kwh for line in report.periods), Decimal(0)),
        PricedMonth(report.currency, shown.total, sum((each.total for each in shown.fixed), Decimal(0))),
    )


def _last_month(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    this = now.astimezone(zone).date().replace(day=1)
    before = (this - timedelta(days=1)).replace(day=1)
    return local_midnight(before, zone), local_midnight(this, zone)
