"""Energy by the hour, of some meters of a Client or of its sites, as it is counted now."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from portal.core.database.rows import rows_of
from portal.core.energy.rules.live import NOTHING
from portal.core.sites.rules.meter_tree import DeviceKind
from portal.core.sites.tables import Device

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from portal.core.energy import Counted


class EnergyHour(NamedTuple):
    """What a meter, or the meters of a site, used in the UTC hour that begins at `hour`.

    `unallocated_milliwh` is of gaps that end in it; `meter_count` says how many meters' energy of the hour is known.
    """

    id: UUID
    hour: datetime
    allocated_milliwh: int
    unallocated_milliwh: int
    meter_count: int


_OF_METERS = """
SELECT h.device_id AS id, h.hour, h.allocated_milliwh, h.unallocated_milliwh, 1::bigint AS meter_count
FROM monitoring.hourly_energy h
WHERE h.device_id = ANY(CAST(:devices AS uuid[])) AND h.hour >= :from_at AND h.hour < :to_at
"""
_OF_SITES = """
SELECT d.site_id AS id, h.hour, sum(h.allocated_milliwh)::bigint AS allocated_milliwh,
       sum(h.unallocated_milliwh)::bigint AS unallocated_milliwh, count(*) AS meter_count
FROM monitoring.hourly_energy h JOIN monitoring.devices d ON d.id = h.device_id AND d.kind = 'bulk'
WHERE h.device_id = ANY(CAST(:devices AS uuid[])) AND h.hour >= :from_at AND h.hour < :to_at
GROUP BY d.site_id, h.hour
"""


async def meter_hours(
    counted: Counted, devices: Sequence[UUID], from_at: datetime, to_at: datetime
) -> list[EnergyHour]:
    """Return the hours of each of some meters in `[from_at, to_at)`, in order of time."""
    given = {"devices": list(devices), "from_at": from_at, "to_at": to_at}
    stored = await rows_of(counted.session, EnergyHour, _OF_METERS, given)
    return _as_counted(stored, counted, {device: device for device in devices}, (from_at, to_at))


async def site_hours(
    counted: Counted, devices: Sequence[UUID], from_at: datetime, to_at: datetime
) -> list[EnergyHour]:
    """Return the hours of the sites of some meters in `[from_at, to_at)`, bulk meters added up, in order of time."""
    given = {"devices": list(devices), "from_at": from_at, "to_at": to_at}
    stored = await rows_of(counted.session, EnergyHour, _OF_SITES, given)
    rows = await counted.session.execute(
        select(col(Device.id), col(Device.site_id)).where(
            col(Device.id).in_(list(devices)), col(Device.kind) == DeviceKind.BULK
        )
    )
    return _as_counted(stored, counted, dict(rows.all()), (from_at, to_at))


def _as_counted(
    stored: Sequence[EnergyHour],
    counted: Counted,
    owner_of: Mapping[UUID, UUID],
    window: tuple[datetime, datetime],
) -> list[EnergyHour]:
    """Add what is computed beside what is stored; `owner_of` a meter is what its energy is added to."""
    hours = {(each.id, each.hour): each for each in stored}
    meters: dict[UUID, int] = defaultdict(int)
    for owner in owner_of.values():
        meters[owner] += 1
    for each in counted.live.between(*window):
        owner = owner_of.get(each.key[-1])
        if owner is None:
            continue
        was = hours.get((owner, each.hour), EnergyHour(owner, each.hour, 0, 0, 0))
        is_new = each.stored == NOTHING
        hours[owner, each.hour] = EnergyHour(
            owner,
            each.hour,
            was.allocated_milliwh + each.change.allocated_milliwh,
            was.unallocated_milliwh + each.change.unallocated_milliwh,
            min(meters[owner], was.meter_count + is_new),
        )
    return sorted(hours.values(), key=lambda each: (each.hour, each.id))
