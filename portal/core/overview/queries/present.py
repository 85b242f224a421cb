"""What the Client's dashboard shows of the present."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from portal.core.database.rows import rows_of
from portal.core.readings.queries.narrow_sql import figure_sql
from portal.core.readings.rules.quantities import QUANTITY_OF
from portal.core.sites.queries.board_clocks import ClockOff
from portal.core.sites.rules.meter_tree import DeviceKind
from portal.core.sites.tables import Device

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.energy import Counted


class SitePresent(NamedTuple):
    """A site's devices, their bulk meters' summed latest power (kW, None without fresh readings) and last reading.

    The three lists are of those devices whose clocks are wrong, by name.
    """

    id: UUID
    name: str
    municipality: str | None
    time_zone_id: str | None
    device_count: int
    power_kw: float | None
    last_reading_at: datetime | None
    off_names: list[str]
    off_external_ids: list[str]
    off_skews: list[timedelta]

    @property
    def clocks_off(self) -> tuple[ClockOff, ...]:
        """The devices whose clocks are wrong, by name."""
        off = zip(self.off_names, self.off_external_ids, self.off_skews, strict=True)
        return tuple(ClockOff(self.id, *each) for each in off)


class PowerBucket(NamedTuple):
    """Mean power of all bulk meters together in one bucket of time."""

    at: datetime
    kw: float


def _off(column: str) -> str:
    """Return the list of a column of the devices whose clocks are wrong, by name."""
    ordered = f"array_agg({column} ORDER BY d.name, d.external_id) FILTER (WHERE k.device_id IS NOT NULL)"
    return f"coalesce({ordered}, '{{}}') AS off_{column.partition('.')[2]}s"


_ACTIVE_POWER = QUANTITY_OF["active_power_kw"]
_FRESH = "sum(r.active_power_kw) FILTER (WHERE r.time > :fresh_after AND d.kind = 'bulk')"
_SITES = f"""
SELECT s.id, s.name, m.name AS municipality, m.time_zone_id, count(d.id) AS device_count,
       {figure_sql(_ACTIVE_POWER, _FRESH)} AS power_kw,
       max(r.time) AS last_reading_at, {", ".join(map(_off, ("d.name", "d.external_id", "k.skew")))}
FROM monitoring.sites s
LEFT JOIN app.municipalities m ON m.id = s.municipality_id
LEFT JOIN monitoring.devices d ON d.site_id = s.id AND d.is_active AND d.kind <> 'virtual'
LEFT JOIN monitoring.board_clocks k ON k.device_id = d.id AND k.skew IS NOT NULL
LEFT JOIN LATERAL (
    SELECT p.time, p.active_power_kw
    FROM monitoring.last_stored(d.customer, d.meter, CAST(:until AS timestamptz)) p
) r ON true
WHERE s.is_active
GROUP BY s.id, s.name, m.name, m.time_zone_id
ORDER BY s.name
"""
# A device's mean in a bucket first, then the sum over devices: a device that posts more often must not weigh more.
# Device by device by its key: no index leads to all readings of a time.
_POWER = f"""
SELECT mean.bucket AS at, {figure_sql(_ACTIVE_POWER, "sum(mean.steps)")} AS kw
FROM monitoring.devices d
CROSS JOIN LATERAL (
    SELECT date_bin(CAST(:width AS interval), r.time, TIMESTAMPTZ 'epoch') AS bucket, avg(r.active_power_kw) AS steps
    FROM monitoring.stored_readings r
    WHERE r.customer = d.customer AND r.meter = d.meter AND r.time >= :start_at AND r.time < :end_at
      AND r.active_power_kw IS NOT NULL
    GROUP BY bucket
) AS mean
WHERE d.kind = 'bulk'
GROUP BY mean.bucket ORDER BY mean.bucket
"""
# All windows are read at once: they lie in each other, or side by side.
_ENERGY = """
SELECT d.site_id, ARRAY[{sums}] AS milliwh
FROM monitoring.hourly_energy h JOIN monitoring.devices d ON d.id = h.device_id AND d.kind = 'bulk'
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
    bulk = select(col(Device.id), col(Device.site_id)).where(col(Device.kind) == DeviceKind.BULK)
    rows = await session.execute(bulk)
    return dict(rows.all())
