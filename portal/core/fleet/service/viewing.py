"""Looking at a customer's data as the customer does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.audit import queries as audit
from portal.core.errors import NotFound
from portal.core.fleet.queries import customers as queries
from portal.core.words import noted

if TYPE_CHECKING:
    from uuid import UUID

    from portal.core.stack import Stack


async def view_as(stack: Stack, customer_id: UUID) -> str:
    """Write down that somebody looks at a customer's data as the customer does; returns its code.

    The same again within the hour is not written down again. Raises `NotFound`.
    """
    async with stack.db.transaction() as session:
        code = await queries.find_code(session, customer_id)
        if code is None:
            message = noted("There is no such customer")
            raise NotFound(message)
        await audit.record_once(session, "customer.viewed", code, "read-only")
    return code
