"""The meters that charts are offered of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import col

from portal.core.database.small_keys import SmallKey
from portal.core.sites.rules.meter_tree import DeviceKind
from portal.core.sites.tables import Device, Site
from portal.core.tariffs.tables import Municipality

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


class ChartedMeter(NamedTuple):
    """A meter, the site it stands at, and the site's municipality with its zone where it has one."""

    id: UUID
    name: str
    site_id: UUID
    site_name: str
    municipality_id: int | None
    time_zone_id: str | None
    customer: int
    meter: int
    is_bulk: bool

    @property
    def small_key(self) -> SmallKey:
        """By which numbers its readings are asked for."""
        return SmallKey(self.customer, self.meter)


_METERS = (
    select(
        col(Device.id),
        col(Device.name),
        col(Site.id),
        col(Site.name),
        col(Site.municipality_id),
        col(Municipality.time_zone_id),
        col(Device.customer),
        col(Device.meter),
        col(Device.kind) == DeviceKind.BULK,
    )
    .join(Site, col(Site.id) == col(Device.site_id))
    .outerjoin(Municipality, col(Municipality.id) == col(Site.municipality_id))
    .where(col(Device.kind) != DeviceKind.VIRTUAL)
    .order_by(col(Site.name), col(Device.name), col(Device.id))
)


async def charted_meters(session: AsyncSession) -> tuple[ChartedMeter, ...]:
    """Return every meter that measures, by site and name, also those no longer in use: what they measured stays."""
    rows = await session.execute(_METERS)
    return tuple(ChartedMeter(*row) for row in rows)


def zone_of(meters: Sequence[ChartedMeter], fallback: str) -> ZoneInfo:
    """Return the zone of the first meter's municipality, the fallback without one."""
    named = next((meter.time_zone_id for meter in meters if meter.time_zone_id), fallback)
    try:
        return ZoneInfo(named)
    except (KeyError, ValueError):
        return ZoneInfo(fallback)
