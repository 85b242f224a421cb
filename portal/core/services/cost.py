"""What a window's energy costs, in either run mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.domain import cost as domain
from portal.core.domain.cost import CostReport
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.queries import cost as queries
from portal.core.queries import customers as customer_queries
from portal.core.queries.cost import CostScope

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from portal.core.db import AsyncSession
    from portal.core.stack import Stack

GAPS = ("report", "estimate")


async def fleet_cost(
    stack: Stack, customer_id: UUID, from_at: datetime, to_at: datetime, gaps: str = "report"
) -> CostReport:
    """Price a customer's energy of `[from_at, to_at)` (aware instants; an hour counts where it begins).

    Amounts are exact and unrounded; fixed monthly charges are not in them. Raises `Invalid` with the
    reason for a bad window or `gaps`, `NotFound` for an unknown customer, `Conflict` when its tariffs
    are in more than one currency.
    """
    _check(from_at, to_at, gaps)
    await stack.storage.refresh(stack.db)
    async with stack.db.snapshot() as session:
        if await customer_queries.find_line(session, customer_id, from_at) is None:
            message = "There is no such customer"
            raise NotFound(message)
        return await _report(session, stack, CostScope(from_at, to_at, customer_id=customer_id), gaps)


async def client_cost(
    stack: Stack, from_at: datetime, to_at: datetime, site_id: UUID | None = None, gaps: str = "report"
) -> CostReport:
    """Price a Client's own energy, of one site or all; otherwise as `fleet_cost`."""
    _check(from_at, to_at, gaps)
    await stack.storage.refresh(stack.db)
    async with stack.db.snapshot() as session:
        return await _report(session, stack, CostScope(from_at, to_at, site_id=site_id), gaps)


def _check(from_at: datetime, to_at: datetime, gaps: str) -> None:
    try:
        domain.check_window(from_at, to_at)
    except domain.WindowInvalid as error:
        raise Invalid(str(error)) from None
    if gaps not in GAPS:
        message = f"'gaps' is one of {', '.join(GAPS)}"
        raise Invalid(message)


async def _report(session: AsyncSession, stack: Stack, scope: CostScope, gaps: str) -> CostReport:
    try:
        return await queries.load_report(
            session, scope, stack.settings.billing.currency, estimate_gaps=gaps == "estimate"
        )
    except domain.MixedCurrencies as error:
        raise Conflict(str(error)) from None
