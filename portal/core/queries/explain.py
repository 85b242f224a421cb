"""One hour of one device, to be explained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.queries.cut_hours import DeviceHour

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.queries.cost import CostScope


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


async def find_device_hour(
    session: AsyncSession, schema: str, customer_id: UUID | None, device_id: UUID, hour: datetime
) -> ExplainedHour | None:
    """Return an hour of a device, with zeros where nothing is stored of it; None for a device that is not there."""
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
    return ExplainedHour(
        DeviceHour(device_id, row.municipality_id or 0, hour, row.allocated, 0),
        row.device_name,
        row.site_name,
        row.municipality_id,
        row.unallocated,
        row.estimated,
        row.suspects,
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
    return [DeviceHour(*row) for row in rows]
