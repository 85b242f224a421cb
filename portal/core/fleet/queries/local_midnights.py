"""When today began where the sites of customers are: their energy of today counts from there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import col

from portal.core.tariffs.tables import FleetMunicipality
from portal.core.values.time import floor_day, is_zone, local_midnight

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

_DAY = timedelta(days=1)


class LocalMidnights(NamedTuple):
    """The UTC instant at which today began in each zone of a municipality, and in the stack's own.

    `utc_end` is the next UTC midnight: hours that have not begun have no energy, and so today may go on until then.
    """

    own: datetime
    in_zone: dict[str, datetime]
    utc_end: datetime

    def of(self, zone: str | None) -> datetime:
        """Return when today began in a zone; in the stack's own where it is none, or not known any more."""
        return self.own if zone is None else self.in_zone.get(zone, self.own)

    @property
    def earliest(self) -> datetime:
        """The first of them."""
        return min((self.own, *self.in_zone.values()))

    def given(self) -> dict[str, object]:
        """Return the parameters of `TODAY_OF_METERS`."""
        return {
            "own_midnight": self.own,
            "zones": list(self.in_zone),
            "midnights": list(self.in_zone.values()),
        }


async def local_midnights(session: AsyncSession, now: datetime, own_zone: str) -> LocalMidnights:
    """Return when today began, at an aware instant; sites without a municipality are in `own_zone`."""
    used = select(col(FleetMunicipality.time_zone_id)).distinct()
    zones = [zone for zone in await session.scalars(used) if is_zone(zone)]
    in_zone = {zone: _midnight(now, zone) for zone in zones}
    return LocalMidnights(_midnight(now, own_zone), in_zone, floor_day(now) + _DAY)


def _midnight(now: datetime, zone: str) -> datetime:
    local = ZoneInfo(zone)
    return local_midnight(now.astimezone(local).date(), local)


# Meter by meter by the key of its hours: no index leads to all hours of a time. Whole hours alone: where the clock is
# half an hour beside UTC's, today begins with the first whole one.
TODAY_OF_METERS = """
FROM fleet.devices d
JOIN fleet.sites s ON s.customer_id = d.customer_id AND s.id = d.site_id
LEFT JOIN fleet.municipalities m ON m.customer_id = s.customer_id AND m.id = s.local_municipality_id
LEFT JOIN unnest(CAST(:zones AS text[]), CAST(:midnights AS timestamptz[])) AS z (zone, at) ON z.zone = m.time_zone_id
CROSS JOIN LATERAL (
    SELECT sum(h.allocated_milliwh) AS milliwh FROM fleet.hourly_energy h
    WHERE h.customer_id = d.customer_id AND h.device_id = d.id
      AND h.hour >= coalesce(z.at, CAST(:own_midnight AS timestamptz))
) AS today
"""
