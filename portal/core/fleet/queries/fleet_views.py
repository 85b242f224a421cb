"""What operators see of the fleet: figures over all customers, a customer's ingest events, its removal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, or_, select
from sqlmodel import col

from portal.core.database.rows import row_of, rows_of
from portal.core.energy.rules.as_of import UNKNOWN, AsOf
from portal.core.fleet.tables import IngestEvent
from portal.core.readings.queries.narrow_sql import figure_sql
from portal.core.readings.rules.quantities import QUANTITY_OF
from portal.core.values.money import kwh_from_milliwh

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from decimal import Decimal
    from uuid import UUID

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class FleetHour:
    """What arrived within an hour (UTC)."""

    hour: datetime
    batches: int
    refused_batches: int
    rows_accepted: int
    rows_rejected: int


@dataclass(frozen=True, slots=True)
class FleetFigures:
    """The fleet at a moment; `active_customers` pushed within the last hour, `power_kw` is of recent readings."""

    customers: int
    active_customers: int
    sites: int
    devices: int
    reporting_devices: int
    power_kw: float | None
    energy_today_kwh: Decimal
    hours: tuple[FleetHour, ...]
    energy_as_of: AsOf = UNKNOWN


@dataclass(frozen=True, slots=True)
class IngestEventLine:
    """One handled or refused batch.

    `status` is what it was answered, None of those before that was kept; `problems` are lines of its rejected rows.
    """

    id: UUID
    received_at: datetime
    batch_type: str
    rows_accepted: int
    rows_rejected: int
    batch_bytes: int
    client_hwm: str | None
    time_spread: timedelta | None
    error: str | None
    status: int | None = None
    problems: str | None = None


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events: before an instant (and id, where several came at once), of a type, only those with problems.

    `since` is the earliest instant, where there is one.
    """

    before: datetime | None = None
    batch_type: str | None = None
    only_problems: bool = False
    since: datetime | None = None


_FIGURES = """
SELECT (SELECT count(*) FROM fleet.customers) AS customers,
       (SELECT count(*) FROM fleet.customers WHERE is_active AND last_seen_at > :active_since) AS active_customers,
       (SELECT count(*) FROM fleet.sites) AS sites,
       (SELECT count(*) FROM fleet.devices WHERE kind <> 'virtual') AS devices,
       (SELECT coalesce(sum(e.allocated_milliwh), 0)::bigint FROM fleet.hourly_energy e
         JOIN fleet.devices d ON d.customer_id = e.customer_id AND d.id = e.device_id AND d.kind = 'bulk'
         WHERE e.hour >= :today) AS today_milliwh
"""

# One index look-up per device that is active, of an active customer.
_POWER = f"""
SELECT count(last.active_power_kw) AS devices,
       {figure_sql(QUANTITY_OF["active_power_kw"], "sum(last.active_power_kw) FILTER (WHERE d.kind = 'bulk')")} AS kw
FROM fleet.devices d
JOIN fleet.customers c ON c.id = d.customer_id AND c.is_active
CROSS JOIN LATERAL (
    SELECT r.active_power_kw FROM fleet.stored_readings r
    WHERE r.customer = d.customer AND r.meter = d.meter AND r.time > :recent AND r.time <= :until
    ORDER BY r.time DESC LIMIT 1
) AS last
WHERE d.is_active
"""

_HOURS = """
SELECT date_trunc('hour', e.received_at, 'UTC') AS hour, count(*) AS batches, count(e.error) AS refused_batches,
       sum(e.rows_accepted)::bigint AS rows_accepted, sum(e.rows_rejected)::bigint AS rows_rejected
FROM fleet.customers c
JOIN fleet.ingest_events e ON e.customer_id = c.id AND e.received_at >= :since
GROUP BY 1 ORDER BY 1
"""


class _Counts(NamedTuple):
    customers: int
    active_customers: int
    sites: int
    devices: int
    today_milliwh: int


class _Power(NamedTuple):
    devices: int
    kw: float | None


async def figures(session: AsyncSession, moments: dict[str, datetime]) -> FleetFigures:
    """Return the fleet's figures; `moments` are `until`, `today`, `active_since`, `recent` and `since`."""
    row = await row_of(session, _Counts, _FIGURES, _only(moments, "active_since", "today"))
    power = await row_of(session, _Power, _POWER, _only(moments, "recent", "until"))
    return FleetFigures(
        customers=row.customers,
        active_customers=row.active_customers,
        sites=row.sites,
        devices=row.devices,
        reporting_devices=power.devices,
        power_kw=power.kw,
        energy_today_kwh=kwh_from_milliwh(row.today_milliwh),
        hours=tuple(await rows_of(session, FleetHour, _HOURS, _only(moments, "since"))),
    )


def _only(moments: dict[str, datetime], *names: str) -> dict[str, datetime]:
    return {name: moments[name] for name in names}


async def events(
    session: AsyncSession, customer_id: UUID, wanted: EventFilter, limit: int
) -> tuple[IngestEventLine, ...]:
    """Return a customer's latest events, newest first."""
    line = select(
        col(IngestEvent.id),
        col(IngestEvent.received_at),
        col(IngestEvent.batch_type),
        col(IngestEvent.rows_accepted),
        col(IngestEvent.rows_rejected),
        col(IngestEvent.batch_bytes),
        col(IngestEvent.client_hwm),
        col(IngestEvent.time_spread),
        col(IngestEvent.error),
        col(IngestEvent.status),
        col(IngestEvent.problems),
    ).where(*_conditions(customer_id, wanted))
    newest_first = line.order_by(col(IngestEvent.received_at).desc(), col(IngestEvent.id)).limit(limit)
    return tuple(IngestEventLine(*row) for row in await session.execute(newest_first))


async def count_events(session: AsyncSession, customer_id: UUID, wanted: EventFilter) -> int:
    """Return how many events of a customer there are of a filter."""
    counted = select(func.count()).select_from(IngestEvent).where(*_conditions(customer_id, wanted))
    return await session.scalar(counted) or 0


def _conditions(customer_id: UUID, wanted: EventFilter) -> list[ColumnElement[bool]]:
    found = [col(IngestEvent.customer_id) == customer_id]
    if wanted.before is not None:
        found.append(col(IngestEvent.received_at) < wanted.before)
    if wanted.since is not None:
        found.append(col(IngestEvent.received_at) >= wanted.since)
    if wanted.batch_type is not None:
        found.append(col(IngestEvent.batch_type) == wanted.batch_type)
    if wanted.only_problems:
        found.append(or_(col(IngestEvent.rows_rejected) > 0, col(IngestEvent.error).is_not(None)))
    return found


@dataclass(frozen=True)
class IngestTotals:
    """What became of a customer's batches of one type; `rows_accepted` counts repeated rows as well."""

    batch_type: str
    batches: int
    refused_batches: int
    rows_accepted: int
    rows_rejected: int


async def totals_since(session: AsyncSession, customer_id: UUID, since: datetime) -> tuple[IngestTotals, ...]:
    """Return what became of a customer's batches since an instant, by type."""
    rows = await rows_of(
        session,
        IngestTotals,
        "SELECT batch_type, count(*) AS batches, count(error) AS refused_batches, "
        "sum(rows_accepted)::bigint AS rows_accepted, sum(rows_rejected)::bigint AS rows_rejected "
        "FROM fleet.ingest_events WHERE customer_id = :id AND received_at > :since "
        "GROUP BY batch_type ORDER BY batch_type",
        {"id": customer_id, "since": since},
    )
    return tuple(rows)
