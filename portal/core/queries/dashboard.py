"""What the Client's dashboard shows of the present."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import text

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


class SitePresent(NamedTuple):
    """A site's devices, their summed latest power (kW, None without fresh readings) and last reading."""

    id: UUID
    name: str
    municipality: str | None
    time_zone_id: str | None
    device_count: int
    power_kw: float | None
    last_reading_at: datetime | None


class PowerBucket(NamedTuple):
    """Mean power of all devices together in one bucket of time."""

    at: datetime
    kw: float


_SITES = """
SELECT s.id, s.name, m.name AS municipality, m.time_zone_id, count(d.id) AS device_count,
       sum(r.active_power_kw) FILTER (WHERE r.time > :fresh_after) AS power_kw, max(r.time) AS last_reading_at
FROM monitoring.sites s
LEFT JOIN app.municipalities m ON m.id = s.municipality_id
LEFT JOIN monitoring.devices d ON d.site_id = s.id AND d.is_active
LEFT JOIN LATERAL (
    SELECT time, active_power_kw FROM monitoring.power_measurements p
    WHERE p.device_id = d.id ORDER BY time DESC LIMIT 1
) r ON true
WHERE s.is_active
GROUP BY s.id, s.name, m.name, m.time_zone_id
ORDER BY s.name
"""
# A device's mean in a bucket first, then the sum over devices: a device that posts more often must not weigh more.
_POWER = """
SELECT bucket, sum(kw) FROM (
    SELECT date_bin(CAST(:width AS interval), time, TIMESTAMPTZ 'epoch') AS bucket, device_id,
        avg(active_power_kw) AS kw
    FROM monitoring.power_measurements
    WHERE time >= :start_at AND time < :end_at AND active_power_kw IS NOT NULL
    GROUP BY bucket, device_id
) per_device GROUP BY bucket ORDER BY bucket
"""
_ENERGY = """
SELECT d.site_id, sum(h.allocated_milliwh)::bigint
FROM monitoring.hourly_energy h JOIN monitoring.devices d ON d.id = h.device_id
WHERE h.hour >= :start_at AND h.hour < :end_at GROUP BY d.site_id
"""


async def sites_at_present(session: AsyncSession, fresh_after: datetime) -> tuple[SitePresent, ...]:
    """Return every active site; a device counts into its site's power while its last reading is fresh."""
    rows = await session.execute(text(_SITES), {"fresh_after": fresh_after})
    return tuple(SitePresent(*row) for row in rows)


async def power_buckets(
    session: AsyncSession, start_at: datetime, end_at: datetime, width_minutes: int
) -> tuple[PowerBucket, ...]:
    """Return the total power per bucket of a window; a bucket without any reading is left out."""
    given = {"start_at": start_at, "end_at": end_at, "width": timedelta(minutes=width_minutes)}
    rows = await session.execute(text(_POWER), given)
    return tuple(PowerBucket(*row) for row in rows)


async def energy_by_site(session: AsyncSession, start_at: datetime, end_at: datetime) -> dict[UUID, int]:
    """Return the billed energy (milliwatt-hours) of the hours that begin in a window, per site."""
    rows = await session.execute(text(_ENERGY), {"start_at": start_at, "end_at": end_at})
    return {row[0]: row[1] for row in rows}
