"""What a month cost all customers of an Admin, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from portal.core import energy
from portal.core.cost.queries.fleet_costs import load_month
from portal.core.cost.rules.fleet_costs import (
    CurrencyMonth,
    CustomerMonth,
    currency_totals,
    customer_months,
)
from portal.core.cost.rules.fleet_prices import LocalMonth
from portal.core.errors import Invalid
from portal.core.values.time import FIRST_YEAR, LAST_YEAR
from portal.core.words import noted

if TYPE_CHECKING:
    from datetime import date

    from portal.core.energy.rules.as_of import AsOf
    from portal.core.stack import Stack

__all__ = ["CurrencyMonth", "CustomerMonth", "FleetMonth"]


@dataclass(frozen=True)
class FleetMonth:
    """A month of local days of all customers, by code, with the totals of each currency; energy costs alone.

    `as_of` says how far the stored hours go that it is made of.
    """

    first: date
    customers: tuple[CustomerMonth, ...]
    totals: tuple[CurrencyMonth, ...]
    as_of: AsOf


async def fleet_month(stack: Stack, first: date) -> FleetMonth:
    """Price the energy of the month that begins with a local day. Raises `Invalid` for a day that begins none."""
    if first.day != 1 or not FIRST_YEAR <= first.year < LAST_YEAR:
        message = noted("A month is named by its first day, like 2026-05-01")
        raise Invalid(message)
    own_zone = ZoneInfo(stack.settings.application.time_zone)
    async with stack.db.reports, energy.stored(stack) as stored:
        found = await load_month(stored.session, LocalMonth(first), own_zone, stack.clock())
    months = customer_months(found.customers, found.energy, stack.settings.billing.currency)
    return FleetMonth(first, months, currency_totals(months), stored.as_of)
