"""Figures over all customers of the Admin, for those who watch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class FleetTotals:
    """Counts of customers, and what they last said that waits with them."""

    customers: int
    enabled: int
    pushing: int
    waiting: int
    oldest_at: datetime | None


@dataclass(frozen=True)
class CustomerFigures:
    """One customer, by code."""

    code: str
    last_seen_at: datetime | None
    waiting: int


async def fleet_totals(session: AsyncSession, pushed_since: datetime) -> FleetTotals:
    """Return the customers' figures, counted as pushing when they did so since."""
    row = (
        await session.execute(
            text(
                "SELECT count(*), count(*) FILTER (WHERE c.is_active), "
                "count(*) FILTER (WHERE c.is_active AND c.last_seen_at > :since), "
                "coalesce(sum(p.waiting_rows + p.refused_rows), 0)::bigint, min(p.oldest_at) "
                "FROM fleet.customers c LEFT JOIN fleet.push_reports p ON p.customer_id = c.id"
            ),
            {"since": pushed_since},
        )
    ).one()
    return FleetTotals(*row)


async def each_customer(session: AsyncSession) -> tuple[CustomerFigures, ...]:
    """Return every customer, by code."""
    rows = await session.execute(
        text(
            "SELECT c.code, c.last_seen_at, coalesce(p.waiting_rows + p.refused_rows, 0)::bigint "
            "FROM fleet.customers c LEFT JOIN fleet.push_reports p ON p.customer_id = c.id ORDER BY lower(c.code)"
        )
    )
    return tuple(CustomerFigures(*row) for row in rows)
