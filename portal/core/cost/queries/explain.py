"""One hour of one device, to be explained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.energy.queries.cut_hours import DeviceHour
from portal.core.energy.rules.live import Amounts

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.cost.queries.cost import CostScope


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
    schema, customer_id, hour = scope.schema, scope.customer_id, scope.from_at
    fleet = customer_id is not None
    municipality = "local_municipality_id" if fleet else "municipality_id"
    customer = "AND {0}.customer_id = {1}.customer_id".format if fleet else "".format
    row = (
        await session.execute(
            text(
                f"SELECT d.name AS device_name, s.name AS site_name, s.{municipality} AS municipality_id, "
                f"coalesce(h.allocated_milliwh, 0) AS allocated, coalesce(h.unallocated_milliwh, 0) AS unallocated, "
                f"coalesce(h.estimated_milliwh, 0) AS estimated, coalesce(h.suspect_count, 0) AS suspects "
                f"FROM {schema}.devices d JOIN {schema}.sites s ON s.id = d.site_id {customer('s', 'd')} "
                f"LEFT JOIN {schema}.hourly_energy h ON h.device_id = d.id {customer('h', 'd')} AND h.hour = :hour "
                f"WHERE d.id = :device_id {'AND d.customer_id = :customer_id' if fleet else ''}"
            ),
            {"device_id": device_id, "hour": hour} | ({"customer_id": customer_id} if fleet else {}),
        )
    ).one_or_none()
    if row is None:
        return None
    live = scope.live.find(scope.key_of(device_id), hour)
    stored = Amounts(row.allocated, row.estimated, row.unallocated, row.suspects)
    amounts = stored if live is None else live.now
    device_hour = DeviceHour(device_id, row.municipality_id or 0, hour, amounts.allocated_milliwh, 0)
    device_hour.settled_before = scope.live.settled_before(scope.key_of(device_id), hour)
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
    fleet = scope.customer_id is not None
    municipality = "local_municipality_id" if fleet else "municipality_id"
    rows = await session.execute(
        text(
            f"SELECT h.device_id, coalesce(s.{municipality}, 0), h.hour, h.allocated_milliwh, 0::bigint "
            f"FROM {scope.schema}.hourly_energy h JOIN {scope.schema}.devices d ON d.id = h.device_id "
            f"{'AND d.customer_id = h.customer_id' if fleet else ''} "
            f"JOIN {scope.schema}.sites s ON s.id = d.site_id {'AND s.customer_id = d.customer_id' if fleet else ''} "
            f"WHERE h.device_id = :device_id AND h.hour >= :first AND h.hour < :last AND h.allocated_milliwh <> 0 "
            f"{'AND h.customer_id = :customer_id' if fleet else ''} ORDER BY h.hour"
        ),
        {"device_id": device_id, "first": scope.from_at, "last": scope.to_at}
        | ({"customer_id": scope.customer_id} if fleet else {}),
    )
    found = {row[2]: DeviceHour(*row) for row in rows}
    key = scope.key_of(device_id)
    changed = [each for each in scope.live.between(scope.from_at, scope.to_at) if each.key == key]
    place = await _place(session, scope, device_id) if changed else None
    for each in changed if place is not None else ():
        found[each.hour] = DeviceHour(device_id, place or 0, each.hour, each.now.allocated_milliwh, 0)
    for hour in found.values():
        hour.settled_before = scope.live.settled_before(key, hour.hour)
    return sorted((hour for hour in found.values() if hour.allocated_milliwh), key=lambda hour: hour.hour)


async def _place(session: AsyncSession, scope: CostScope, device_id: UUID) -> int | None:
    explained = await find_device_hour(session, scope, device_id)
    return None if explained is None else explained.device_hour.place
