"""What charts over the fleet are drawn from: energy of some customers or sites over time, of all by day, and pushes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from portal.core.database.rows import rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession


class EnergyPoint(NamedTuple):
    """What a customer, or a site, used from an instant on, over the width of a bucket: bulk meters alone."""

    id: UUID
    at: datetime
    milliwh: int


class FleetDay(NamedTuple):
    """What the whole fleet used on a UTC day."""

    day: date
    milliwh: int


class PushHour(NamedTuple):
    """The batches of a customer within an hour."""

    customer_id: UUID
    hour: datetime
    batches: int
    refused_batches: int


class NamedSite(NamedTuple):
    """A site of a customer."""

    site_id: UUID
    name: str


# Meter by meter by the key of its hours.
_OF_CUSTOMERS = """
SELECT d.customer_id AS id, date_trunc('{width}', h.hour, CAST(:zone AS text)) AS at,
       sum(h.allocated_milliwh)::bigint AS milliwh
FROM fleet.devices d
JOIN fleet.hourly_energy h ON h.customer_id = d.customer_id AND h.device_id = d.id
  AND h.hour >= :from_at AND h.hour < :to_at
WHERE d.customer_id = ANY(CAST(:ids AS uuid[])) AND d.kind = 'bulk'
GROUP BY 1, 2 ORDER BY 1, 2
"""
_OF_SITES = """
SELECT d.site_id AS id, date_trunc('{width}', h.hour, CAST(:zone AS text)) AS at,
       sum(h.allocated_milliwh)::bigint AS milliwh
FROM fleet.devices d
JOIN fleet.hourly_energy h ON h.customer_id = d.customer_id AND h.device_id = d.id
  AND h.hour >= :from_at AND h.hour < :to_at
WHERE d.customer_id = :customer_id AND d.site_id = ANY(CAST(:ids AS uuid[])) AND d.kind = 'bulk'
GROUP BY 1, 2 ORDER BY 1, 2
"""
_DAYS = """
SELECT e.day, sum(e.allocated_milliwh)::bigint AS milliwh
FROM fleet.daily_energy e JOIN fleet.devices d ON d.customer_id = e.customer_id AND d.id = e.device_id
WHERE e.day >= :first AND e.day <= :last AND d.kind = 'bulk'
GROUP BY e.day ORDER BY e.day
"""
_PUSHES = """
SELECT e.customer_id, date_trunc('hour', e.received_at, 'UTC') AS hour, count(*) AS batches,
       count(e.error) AS refused_batches
FROM fleet.ingest_events e
WHERE e.customer_id = ANY(CAST(:ids AS uuid[])) AND e.received_at >= :since
GROUP BY 1, 2
"""
_SITES = "SELECT s.id AS site_id, s.name FROM fleet.sites s WHERE s.customer_id = :customer_id ORDER BY s.name, s.id"


async def points(
    session: AsyncSession,
    ids: Sequence[UUID],
    window: tuple[datetime, datetime],
    zone: str,
    *,
    by_day: bool,
    customer_id: UUID | None = None,
) -> list[EnergyPoint]:
    """Return energy of customers, or of sites of one customer, by hours or by days of a zone."""
    width = "day" if by_day else "hour"
    statement = (_OF_CUSTOMERS if customer_id is None else _OF_SITES).format(width=width)
    given: dict[str, object] = {"ids": list(ids), "zone": zone, "from_at": window[0], "to_at": window[1]}
    if customer_id is not None:
        given["customer_id"] = customer_id
    return await rows_of(session, EnergyPoint, statement, given)


async def fleet_days(session: AsyncSession, first: date, last: date) -> list[FleetDay]:
    """Return what the fleet used on each UTC day, both included."""
    return await rows_of(session, FleetDay, _DAYS, {"first": first, "last": last})


async def push_hours(session: AsyncSession, ids: Sequence[UUID], since: datetime) -> list[PushHour]:
    """Return the batches of customers by the hour since an instant."""
    return await rows_of(session, PushHour, _PUSHES, {"ids": list(ids), "since": since})


async def sites_of(session: AsyncSession, customer_id: UUID) -> list[NamedSite]:
    """Return a customer's sites by name."""
    return await rows_of(session, NamedSite, _SITES, {"customer_id": customer_id})
