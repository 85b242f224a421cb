"""What the Client's dashboard shows of the present."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from portal.core.database.rows import rows_of
from portal.core.sites.tables import Device

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.energy import Counted


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
    WHERE p.device_id = d.id AND p.time <= :until ORDER BY time DESC LIMIT 1
) r ON true
WHERE s.is_active
GROUP BY s.id, s.name, m.name, m.time_zone_id
ORDER BY s.name
"""
# A device's mean in a bucket first, then the sum over devices: a device that posts more often must not weigh more.
_POWER = """
SELECT bucket AS at, sum(kw) AS kw FROM (
    SELECT date_bin(CAST(:width AS interval), time, TIMESTAMPTZ 'epoch') AS bucket, device_id,
        avg(active_power_kw) AS kw
    FROM monitoring.power_measurements
    WHERE time >= :start_at AND time < :end_at AND active_power_kw IS NOT NULL
    GROUP BY bucket, device_id
) per_device GROUP BY bucket ORDER BY bucket
"""
# All windows are read at once: they lie in each other, or side by side.
_ENERGY = """
SELECT d.site_id, ARRAY[{sums}] AS milliwh
FROM monitoring.hourly_energy h JOIN monitoring.devices d ON d.id = h.device_id
WHERE h.hour >= :first AND h.hour < :last GROUP BY d.site_id
"""
_SUM = (
    "coalesce(sum(h.allocated_milliwh) FILTER (WHERE h.hour >= :start_{0} AND h.hour < :end_{0}), 0)::bigint"
)


async def sites_at_present(
    session: AsyncSession, fresh_after: datetime, until: datetime
) -> tuple[SitePresent, ...]:
    """Return every active site; a device counts into its site's power while its last reading is fresh.

    A reading after `until` is nobody's last one.
    """
    given = {"fresh_after": fresh_after, "until": until}
    return tuple(await rows_of(session, SitePresent, _SITES, given))


async def power_buckets(
    session: AsyncSession, start_at: datetime, end_at: datetime, width_minutes: int
) -> tuple[PowerBucket, ...]:
    """Return the total power per bucket of a window; a bucket without any reading is left out."""
    given = {"start_at": start_at, "end_at": end_at, "width": timedelta(minutes=width_minutes)}
    return tuple(await rows_of(session, PowerBucket, _POWER, given))


class _SiteEnergy(NamedTuple):
    """What a site has used in each of the windows."""

    site_id: UUID
    milliwh: list[int]


async def energy_by_site(
    counted: Counted, windows: Sequence[tuple[datetime, datetime]]
) -> list[dict[UUID, int]]:
    """Return the billed energy (milliwatt-hours) of the hours that begin in each window, per site."""
    given: dict[str, datetime] = {
        "first": min(start for start, _ in windows),
        "last": max(end for _, end in windows),
    }
    for index, (start_at, end_at) in enumerate(windows):
        given |= {f"start_{index}": start_at, f"end_{index}": end_at}
    sums = ", ".join(_SUM.format(index) for index in range(len(windows)))
    found: list[dict[UUID, int]] = [{} for _ in windows]
    for site_id, energies in await rows_of(counted.session, _SiteEnergy, _ENERGY.format(sums=sums), given):
        for energy, milliwh in zip(found, energies, strict=True):
            energy[site_id] = milliwh
    sites = await _site_of_devices(counted.session) if counted.live else {}
    for energy, window in zip(found, windows, strict=True):
        for each in counted.live.between(*window):
            if (site_id := sites.get(each.key[-1])) is not None:
                energy[site_id] = energy.get(site_id, 0) + each.change.allocated_milliwh
    return found


async def _site_of_devices(session: AsyncSession) -> dict[UUID, UUID]:
    rows = await session.execute(select(col(Device.id), col(Device.site_id)))
    return dict(rows.all())
