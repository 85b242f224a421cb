"""The energy of many customers in a window, from stored sums of days, and of hours at its ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from portal.core.database.rows import rows_of
from portal.core.fleet.rules.energy_windows import EnergyWindow, bounds, parts_of
from portal.core.values.money import kwh_from_milliwh

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.fleet.queries.local_midnights import LocalMidnights

# Each stored sum is read once for all zones, and counts where it lies in the window of its site's zone. Of bulk meters,
# each of which is looked up once: there are many sums of one.
METER_SUMS = """
(
    WITH meter AS MATERIALIZED (
        SELECT d.customer_id, d.id, d.site_id,
            w.head, w.head_end, w.head_sign, w.day, w.day_end, w.tail, w.tail_end, w.tail_sign
        FROM fleet.devices d
        JOIN fleet.sites s ON s.customer_id = d.customer_id AND s.id = d.site_id
        LEFT JOIN fleet.municipalities m ON m.customer_id = s.customer_id AND m.id = s.local_municipality_id
        JOIN unnest(
            CAST(:zones AS text[]), CAST(:heads AS timestamptz[]), CAST(:head_ends AS timestamptz[]),
            CAST(:head_signs AS integer[]), CAST(:days AS date[]), CAST(:day_ends AS date[]),
            CAST(:tails AS timestamptz[]), CAST(:tail_ends AS timestamptz[]), CAST(:tail_signs AS integer[])
        ) AS w (zone, head, head_end, head_sign, day, day_end, tail, tail_end, tail_sign)
          ON w.zone = CASE WHEN m.time_zone_id = ANY(CAST(:zones AS text[])) THEN m.time_zone_id ELSE '' END
        WHERE d.kind = 'bulk'
    )
    SELECT meter.customer_id, meter.site_id, sum(
        x.milliwh * CASE x.part WHEN 1 THEN meter.head_sign WHEN 2 THEN 1 ELSE meter.tail_sign END
    )::bigint AS milliwh
    FROM (
        SELECT 1 AS part, h.customer_id, h.device_id, h.hour, NULL::date AS day, h.allocated_milliwh AS milliwh
        FROM fleet.hourly_energy h WHERE h.hour >= :least_head AND h.hour < :most_head
        UNION ALL
        SELECT 2, e.customer_id, e.device_id, NULL, e.day, e.allocated_milliwh
        FROM fleet.daily_energy e WHERE e.day >= :least_day AND e.day < :most_day
        UNION ALL
        SELECT 3, h.customer_id, h.device_id, h.hour, NULL, h.allocated_milliwh
        FROM fleet.hourly_energy h WHERE h.hour >= :least_tail AND h.hour < :most_tail
    ) x
    JOIN meter ON meter.customer_id = x.customer_id AND meter.id = x.device_id
    WHERE CASE x.part WHEN 1 THEN x.hour >= meter.head AND x.hour < meter.head_end
                      WHEN 2 THEN x.day >= meter.day AND x.day < meter.day_end
                      ELSE x.hour >= meter.tail AND x.hour < meter.tail_end END
    GROUP BY meter.customer_id, meter.site_id
)
"""
_OF_SITES = f"SELECT sums.customer_id, sums.site_id, sums.milliwh FROM {METER_SUMS} sums"


class SiteEnergy(NamedTuple):
    """What the bulk meters of a site used in a window, in milliwatt-hours."""

    customer_id: UUID
    site_id: UUID
    milliwh: int


def given_windows(windows: Sequence[EnergyWindow]) -> dict[str, object]:
    """Return the parameters of `METER_SUMS`; one of the windows is of no zone, for all sites whose zone has none."""
    parts = [parts_of(window) for window in windows]
    return bounds(parts) | {
        "zones": [each.zone or "" for each in parts],
        "heads": [each.head_from for each in parts],
        "head_ends": [each.head_to for each in parts],
        "head_signs": [each.head_sign for each in parts],
        "days": [each.first_day for each in parts],
        "day_ends": [each.end_day for each in parts],
        "tails": [each.tail_from for each in parts],
        "tail_ends": [each.tail_to for each in parts],
        "tail_signs": [each.tail_sign for each in parts],
    }


def today_windows(midnights: LocalMidnights) -> list[EnergyWindow]:
    """Return today's windows, of every zone and of none."""
    end = midnights.utc_end
    zones = [EnergyWindow(zone, at, end) for zone, at in midnights.in_zone.items()]
    return [EnergyWindow(None, midnights.own, end), *zones]


async def energy_of_sites(session: AsyncSession, windows: Sequence[EnergyWindow]) -> tuple[SiteEnergy, ...]:
    """Return what every site used in its zone's window; one without any is left out."""
    return tuple(await rows_of(session, SiteEnergy, _OF_SITES, given_windows(windows)))


def total_kwh(sites: Sequence[SiteEnergy]) -> Decimal:
    """Return what sites used together, in kWh."""
    return kwh_from_milliwh(sum(site.milliwh for site in sites))
