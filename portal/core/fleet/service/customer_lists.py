"""Pages of the list of customers, and customers as they are now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.core import energy
from portal.core.energy.rules.as_of import UNKNOWN, AsOf
from portal.core.errors import NotFound
from portal.core.fleet.queries import customer_list as queries
from portal.core.fleet.queries.customer_list import CustomerCounts, ListedCustomer
from portal.core.fleet.queries.local_midnights import local_midnights
from portal.core.fleet.rules.customer_lists import ACTIVE_WITHIN, CustomersAsked
from portal.core.words import noted

if TYPE_CHECKING:
    from uuid import UUID

    from portal.core.stack import Stack

__all__ = ["CustomerCounts", "CustomerPage", "ListedCustomer"]


@dataclass(frozen=True)
class CustomerPage:
    """A page of the list, how many customers match its search by filter, and how far the energy in it goes."""

    customers: tuple[ListedCustomer, ...]
    counts: CustomerCounts
    energy_as_of: AsOf = UNKNOWN


async def page_of_list(stack: Stack, asked: CustomersAsked) -> CustomerPage:
    """Return a page of customers, and how many match by filter."""
    moments = _moments(stack)
    async with energy.stored(stack) as stored:
        session = stored.session
        midnights = await local_midnights(session, stack.clock(), stack.settings.application.time_zone)
        counts = await queries.counts(session, asked, moments)
        ids = await queries.ids_of_page(session, asked, moments, midnights)
        found = await queries.customers_of(session, ids, moments, midnights)
    return CustomerPage(found, counts, stored.as_of)


async def customers_now(stack: Stack, ids: tuple[UUID, ...]) -> tuple[ListedCustomer, ...]:
    """Return customers as they are now, in the order of their ids; those that are gone are left out."""
    async with stack.db.snapshot() as session:
        midnights = await local_midnights(session, stack.clock(), stack.settings.application.time_zone)
        return await queries.customers_of(session, ids, _moments(stack), midnights)


async def customer_now(stack: Stack, customer_id: UUID) -> ListedCustomer:
    """Return a customer as it is now. Raises `NotFound`."""
    found = await customers_now(stack, (customer_id,))
    if not found:
        message = noted("There is no such customer")
        raise NotFound(message)
    return found[0]


def _moments(stack: Stack) -> dict[str, object]:
    now = stack.clock()
    return {"now": now, "active_since": now - ACTIVE_WITHIN}
