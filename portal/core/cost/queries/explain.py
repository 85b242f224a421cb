"""One hour of one device, to be explained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from portal.core.cost.queries.cost_scope import given_of
from portal.core.database.rows import row_if_any, rows_of
from portal.core.energy.queries.split_intervals import DeviceHour
from portal.core.energy.rules.live import Amounts

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.cost.queries.cost import CostScope


_DEVICE_HOUR = """
SELECT d.name AS device_name, s.name AS site_name, s.{municipality_id} AS municipality_id,
       coalesce(h.allocated_milliwh, 0) AS allocated, coalesce(h.unallocated_milliwh, 0) AS unallocated,
       coalesce(h.estimated_milliwh, 0) AS estimated, coalesce(h.suspect_count, 0) AS suspects
FROM {devices} d
JOIN {sites} s ON {s.customer_id = d.customer_id AND} s.id = d.site_id
LEFT JOIN {hourly_energy} h ON {h.customer_id = d.customer_id AND} h.device_id = d.id AND h.hour = :hour
WHERE {d.customer_id = :customer_id AND} d.id = :device_id
"""
_HOURS = """
SELECT h.device_id, coalesce(s.{municipality_id}, 0) AS municipality, h.hour, h.allocated_milliwh,
       0::bigint AS estimated_milliwh
FROM {hourly_energy} h
JOIN {devices} d ON {d.customer_id = h.customer_id AND} d.id = h.device_id
JOIN {sites} s ON {s.customer_id = d.customer_id AND} s.id = d.site_id
WHERE {h.customer_id = :customer_id AND} h.device_id = :device_id
  AND h.hour >= :first AND h.hour < :last AND h.allocated_milliwh <> 0
ORDER BY h.hour
"""


class _HourOfDevice(NamedTuple):
    device_name: str
    site_name: str
    municipality_id: int | None
    allocated: int
    unallocated: int
    estimated: int
    suspects: int


class _PricedHour(NamedTuple):
    device_id: UUID
    municipality: int
    hour: datetime
    allocated_milliwh: int
    estimated_milliwh: int


@dataclass(frozen=True)
class ExplainedHour:
    """What is stored of an hour, and whose it is."""

    device_hour: DeviceHour
    device_name: str
    site_name: str
    municipality_id: int | None
    unallocated_milliwh: int
    estimated_milliwh: int
    suspect_count: int


async def find_device_hour(session: AsyncSession, scope: CostScope, device_id: UUID) -> ExplainedHour | None:
    """Return the scope's first hour of a device, zeros where there is nothing; None for a device that is not there."""
    hour = scope.from_at
    given = given_of(scope) | {"device_id": device_id, "hour": hour}
    row = await row_if_any(session, _HourOfDevice, scope.layout.sql(_DEVICE_HOUR), given)
    if row is None:
        return None
    live = scope.live.find(scope.key_of(device_id), hour)
    stored = Amounts(row.allocated, row.estimated, row.unallocated, row.suspects)
    amounts = stored if live is None else live.now
    device_hour = DeviceHour(device_id, row.municipality_id or 0, hour, amounts.allocated_milliwh, 0)
    device_hour.judged = scope.live.judgement_of(scope.key_of(device_id), hour)
    return ExplainedHour(
        device_hour,
        row.device_name,
        row.site_name,
        row.municipality_id,
        amounts.unallocated_milliwh,
        amounts.estimated_milliwh,
        amounts.suspect_count,
    )


async def find_hours(session: AsyncSession, scope: CostScope, device_id: UUID) -> list[DeviceHour]:
    """Return the hours of one device that have energy, in order."""
    given = given_of(scope) | {"device_id": device_id, "first": scope.from_at, "last": scope.to_at}
    rows = await rows_of(session, _PricedHour, scope.layout.sql(_HOURS), given)
    found = {row.hour: DeviceHour(*row) for row in rows}
    key = scope.key_of(device_id)
    changed = [each for each in scope.live.between(scope.from_at, scope.to_at) if each.key == key]
    its_municipality = await _municipality_of(session, scope, device_id) if changed else None
    for each in changed if its_municipality is not None else ():
        found[each.hour] = DeviceHour(
            device_id, its_municipality or 0, each.hour, each.now.allocated_milliwh, 0
        )
    for hour in found.values():
        hour.judged = scope.live.judgement_of(key, hour.hour)
    return sorted((hour for hour in found.values() if hour.allocated_milliwh), key=lambda hour: hour.hour)


async def _municipality_of(session: AsyncSession, scope: CostScope, device_id: UUID) -> int | None:
    explained = await find_device_hour(session, scope, device_id)
    return None if explained is None else explained.device_hour.municipality
