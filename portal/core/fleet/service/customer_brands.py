"""How customers' own portals are called and look: pushed by their stacks, worn by their pages here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.fleet.queries import customer_brands as queries
from portal.core.fleet.queries.customer_brands import CustomerLogo, WornBrand

if TYPE_CHECKING:
    from uuid import UUID

    from portal.core.stack import Stack

__all__ = ["CustomerLogo", "WornBrand"]


async def find_brand(stack: Stack, customer_id: UUID) -> WornBrand | None:
    """Return a customer's brand; None where its stack never pushed one."""
    async with stack.db.snapshot() as session:
        return await queries.find(session, customer_id)


async def find_logo(stack: Stack, customer_id: UUID) -> CustomerLogo | None:
    """Return a customer's logo, if it has one."""
    async with stack.db.snapshot() as session:
        return await queries.find_logo(session, customer_id)
