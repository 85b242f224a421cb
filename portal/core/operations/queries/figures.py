"""Figures over all customers of the Admin, for those who watch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.core.database.rows import row_of, rows_of, value_of

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
    return await row_of(
        session,
        FleetTotals,
        "SELECT count(*) AS customers, count(*) FILTER (WHERE c.is_active) AS enabled, "
        "count(*) FILTER (WHERE c.is_active AND c.last_seen_at > :since) AS pushing, "
        "coalesce(sum(p.waiting_rows + p.refused_rows), 0)::bigint AS waiting, min(p.oldest_at) AS oldest_at "
        "FROM fleet.customers c LEFT JOIN fleet.push_reports p ON p.customer_id = c.id",
        {"since": pushed_since},
    )


async def each_customer(session: AsyncSession) -> tuple[CustomerFigures, ...]:
    """Return every customer, by code."""
    rows = await rows_of(
        session,
        CustomerFigures,
        "SELECT c.code, c.last_seen_at, coalesce(p.waiting_rows + p.refused_rows, 0)::bigint AS waiting "
        "FROM fleet.customers c LEFT JOIN fleet.push_reports p ON p.customer_id = c.id ORDER BY lower(c.code)",
    )
    return tuple(rows)


async def fleet_clocks_off(session: AsyncSession) -> int:
    """Return how many active devices of enabled customers have a clock that is wrong."""
    statement = (
        "SELECT count(*) FROM fleet.devices d JOIN fleet.customers c ON c.id = d.customer_id AND c.is_active "
        "WHERE d.is_active AND d.clock_skew_seconds IS NOT NULL"
    )
    return await value_of(session, int, statement) or 0
