"""Customers of the Admin stack: registration, tokens, what the list and the detail show."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.core import energy
from portal.core.audit import queries as audit
from portal.core.errors import Conflict, HasHistory, Invalid, NotFound
from portal.core.fleet.queries import customer_changes as changes
from portal.core.fleet.queries import customers as queries
from portal.core.fleet.queries import erasure
from portal.core.fleet.queries.customers import CustomerDevice, CustomerLine, CustomerSite, PushBacklog
from portal.core.fleet.queries.local_midnights import local_midnights
from portal.core.values.pages import EVERYTHING, Asked, Page, page_of
from portal.core.values.texts import LONGEST_NAME, sound_name
from portal.core.values.time import present_until
from portal.core.values.tokens import new_token, token_hash
from portal.core.values.versions import require_version
from portal.core.words import noted, say

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from uuid import UUID

    from portal.core.database.db import AsyncSession
    from portal.core.fleet.queries.customer_changes import LockedCustomer
    from portal.core.stack import Stack

__all__ = ["CustomerDevice", "CustomerLine", "CustomerSite", "IssuedToken", "PushBacklog"]

DEFAULT_GRACE_HOURS = 24
MAX_GRACE_HOURS = 24 * 30
# Lower-cased it names a compose project and a host, so it is made of what both allow.
CODE_PATTERN = r"^[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?\Z"
_CODE = re.compile(CODE_PATTERN)
_UNKNOWN = noted("There is no such customer")


@dataclass(frozen=True)
class IssuedToken:
    """A customer's new token, shown once."""

    id: UUID
    code: str
    name: str
    token: str


async def list_customers(stack: Stack) -> tuple[CustomerLine, ...]:
    """Return every customer by code; energies count since 00:00 UTC."""
    async with energy.counted(stack) as counted:
        lines = await queries.list_lines(counted.session, _today(stack))
        return await queries.with_live_energy(lines, counted, _today(stack))


async def page_of_customers(stack: Stack, asked: Asked = EVERYTHING) -> Page[CustomerLine]:
    """Return a page of customers by code; energies count since 00:00 UTC."""
    async with energy.counted(stack) as counted:
        lines = await queries.list_lines(counted.session, _today(stack), asked)
        found = await queries.with_live_energy(lines, counted, _today(stack))
    return page_of(found, asked, lambda line: line.key)


async def get_customer(stack: Stack, customer_id: UUID) -> CustomerLine:
    """Return one customer. Raises `NotFound`."""
    async with energy.counted(stack, customer_id) as counted:
        found = await queries.find_line(counted.session, customer_id, _today(stack))
        if found is None:
            raise NotFound(_UNKNOWN)
        [line] = await queries.with_live_energy((found,), counted, _today(stack))
    return line


async def list_customer_sites(stack: Stack, customer_id: UUID) -> tuple[CustomerSite, ...]:
    """Return a customer's sites with their devices; energies count since midnight where each site is."""
    now, zone = stack.clock(), stack.settings.application.time_zone
    async with energy.counted(stack, customer_id) as counted:
        midnights = await local_midnights(counted.session, now, zone)
        sites = await queries.list_sites(counted.session, customer_id, midnights, present_until(now))
        return queries.sites_with_live_energy(sites, counted, midnights)


async def find_customer_id(stack: Stack, code: str) -> UUID:
    """Return the id of the customer with a code, whatever its case. Raises `NotFound`."""
    async with stack.db.snapshot() as session:
        found = await queries.find_id(session, code)
    if found is None:
        message = say("There is no customer with code {code}", code=f"{code!r}")
        raise NotFound(message)
    return found


async def register(stack: Stack, code: str, name: str) -> IssuedToken:
    """Add a customer and issue its token. Raises `Invalid` for a poor code or name, `Conflict` for a taken code."""
    code, name = code.strip(), sound_name("A customer's name", name, LONGEST_NAME)
    if not _CODE.fullmatch(code):
        message = noted(
            "A customer code has 1 to 50 letters, digits and hyphens, and begins and ends with a "
            "letter or digit"
        )
        raise Invalid(message)
    token = new_token()
    async with stack.db.transaction() as session:
        customer_id = await changes.insert(session, code, name, token_hash(token), stack.clock())
        if customer_id is None:
            message = say("There is a customer with code {code} already", code=f"{code!r}")
            raise Conflict(message)
        await audit.record(session, "customer.registered", code, name)
    return IssuedToken(customer_id, code, name, token)


async def rotate(
    stack: Stack,
    customer_id: UUID,
    grace_hours: float = DEFAULT_GRACE_HOURS,
    expected: Collection[str] | None = None,
) -> IssuedToken:
    """Issue a new token; the present one stays valid for `grace_hours` (0 ends it at once).

    At most one previous token is ever honoured. `expected` are the versions of the customer that this is meant for,
    None for any. Raises `Invalid` for a window out of range, `NotFound`, `Outdated`.
    """
    if not 0 <= grace_hours <= MAX_GRACE_HOURS:
        message = say("The grace window is 0 to {max_grace_hours} hours", max_grace_hours=MAX_GRACE_HOURS)
        raise Invalid(message)
    now, token = stack.clock(), new_token()
    until = now + timedelta(hours=grace_hours) if grace_hours else None
    async with stack.db.transaction() as session:
        customer = await _lock(session, customer_id, expected)
        await changes.rotate(session, customer_id, token_hash(token), now, until)
        detail = f"old token valid for {grace_hours:g} hours"
        await audit.record(session, "customer.token_rotated", customer.code, detail)
    return IssuedToken(customer_id, customer.code, customer.name, token)


async def set_active(
    stack: Stack,
    customer_id: UUID,
    is_active: bool,  # noqa: FBT001 - reads well at the call
    expected: Collection[str] | None = None,
) -> None:
    """Open or close a customer: a closed one's tokens, both, are refused.

    `expected` are the versions this is meant for, None for any. Raises `NotFound`, `Outdated`.
    """
    async with stack.db.transaction() as session:
        customer = await _lock(session, customer_id, expected)
        if customer.is_active != is_active:
            await changes.set_active(session, customer_id, is_active=is_active)
            action = "customer.enabled" if is_active else "customer.disabled"
            await audit.record(session, action, customer.code)


async def remove_customer(stack: Stack, customer_id: UUID, expected: Collection[str] | None = None) -> None:
    """Delete a customer without readings, of one of the `expected` versions (None: any), for ever.

    Raises `NotFound`; `Outdated`; `HasHistory` where there are readings: such a customer is decommissioned.
    """
    async with stack.db.transaction() as session:
        await changes.keep_writers_out(session, customer_id)
        customer = await _lock(session, customer_id, expected, for_removal=True)
        if await changes.has_readings(session, customer_id):
            message = noted(
                "The customer has readings. Disable it to keep them, or decommission it: export "
                "everything, then have all of it deleted"
            )
            raise HasHistory(message)
        await changes.remove(session, customer_id)
        await audit.record(session, "customer.deleted", customer.code, f"name: {customer.name}")


async def _lock(
    session: AsyncSession, customer_id: UUID, expected: Collection[str] | None, *, for_removal: bool = False
) -> LockedCustomer:
    found = await changes.lock(session, customer_id, for_removal=for_removal)
    if found is None:
        raise NotFound(_UNKNOWN)
    require_version(found.version, expected)
    if await erasure.is_leaving(session, customer_id):
        raise Conflict("This customer is being deleted: nothing of it can be changed any more")
    return found


def _today(stack: Stack) -> datetime:
    return stack.clock().replace(hour=0, minute=0, second=0, microsecond=0)
