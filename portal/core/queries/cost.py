"""Billed energy of a window, grouped by what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import text

from portal.core.domain.cost import CostReport, DeviceRef, Quality, Usage, price
from portal.core.domain.rates import rate_slots
from portal.core.queries import tariffs

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.domain.rates import RateSlot


class MunicipalSlot(NamedTuple):
    """A slot of one municipality's rate calendar."""

    municipality_id: int
    slot: RateSlot


@dataclass(frozen=True)
class CostScope:
    """Whose energy: a customer's on the Admin, one site's or all on the Client."""

    from_at: datetime
    to_at: datetime
    customer_id: UUID | None = None
    site_id: UUID | None = None


@dataclass(frozen=True)
class WindowUsage:
    """The energy of a window by device, UTC day and rate slot, and what is doubtful about it."""

    usages: tuple[Usage, ...]
    devices: tuple[DeviceRef, ...]
    quality: Quality


# The calendar becomes one row an hour, so that hours meet their rate by equality (a hash join): a join by
# range compares every hour with every slot of the window.
_STATEMENT = """
WITH calendar AS (
    SELECT s.municipality_id, s.slot, hour
    FROM unnest(CAST(:municipalities AS integer[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
         WITH ORDINALITY AS s (municipality_id, start_at, end_at, slot),
         generate_series(s.start_at, s.end_at - interval '1 hour', interval '1 hour') AS hour
)
SELECT h.device_id, (h.hour AT TIME ZONE 'UTC')::date AS day, c.slot,
       sum({energy})::bigint AS milliwh,
       count(*) FILTER (WHERE {energy} > 0) AS buckets,
       sum({unallocated})::bigint AS unallocated,
       sum(h.estimated_milliwh)::bigint AS estimated,
       sum(h.suspect_count)::bigint AS suspects
FROM {schema}.hourly_energy h
JOIN {schema}.devices d ON d.id = h.device_id {same_customer_d}
JOIN {schema}.sites s ON s.id = d.site_id {same_customer_s}
LEFT JOIN calendar c ON c.municipality_id = s.{municipality} AND c.hour = h.hour
WHERE h.hour >= :from_at AND h.hour < :to_at {scope}
GROUP BY h.device_id, day, c.slot
"""
_DEVICES = """
SELECT d.id, d.name, s.name
FROM {schema}.devices d JOIN {schema}.sites s ON s.id = d.site_id {same_customer_s}
WHERE true {scope}
ORDER BY s.name, d.name, d.id
"""


async def load_report(
    session: AsyncSession, scope: CostScope, own_currency: str, *, estimate_gaps: bool = False
) -> CostReport:
    """Price the scope's energy by the tariffs of its own municipalities.

    Raises `domain.cost.MixedCurrencies` when those tariffs are in more than one currency.
    """
    tables = tariffs.CLIENT if scope.customer_id is None else tariffs.FLEET
    slots = [
        MunicipalSlot(place.municipality_id, slot)
        for place in await tariffs.load(session, tables, scope.customer_id)
        for slot in rate_slots(place.tariffs, ZoneInfo(place.time_zone_id), scope.from_at, scope.to_at)
    ]
    found = await load_usage(session, scope, slots, estimate_gaps=estimate_gaps)
    return price(
        found.usages,
        devices=found.devices,
        from_at=scope.from_at,
        to_at=scope.to_at,
        currency=own_currency,
        quality=found.quality,
    )


async def load_usage(
    session: AsyncSession, scope: CostScope, slots: list[MunicipalSlot], *, estimate_gaps: bool = False
) -> WindowUsage:
    """Return the billed energy of the hours that begin inside the window, by device, UTC day and slot.

    With `estimate_gaps` the energy of long gaps, spread evenly, is part of the usage.
    """
    names = _names(scope, estimate_gaps=estimate_gaps)
    where = {
        name: value
        for name, value in (("customer_id", scope.customer_id), ("site_id", scope.site_id))
        if value
    }
    devices = await session.execute(text(_DEVICES.format(**names)), where)
    rows = await session.execute(
        text(_STATEMENT.format(**names)),
        {
            **where,
            "from_at": scope.from_at,
            "to_at": scope.to_at,
            "municipalities": [entry.municipality_id for entry in slots],
            "starts": [entry.slot.start_at for entry in slots],
            "ends": [entry.slot.end_at for entry in slots],
        },
    )
    usages: list[Usage] = []
    unallocated = estimated = suspects = 0
    for row in rows:
        slot = None if row.slot is None else slots[int(row.slot) - 1].slot
        usages.append(Usage(row.device_id, row.day, slot, row.milliwh, row.buckets))
        unallocated += row.unallocated
        estimated += row.estimated
        suspects += row.suspects
    quality = Quality(unallocated, estimated if estimate_gaps else 0, suspects)
    return WindowUsage(tuple(usages), tuple(DeviceRef(*device) for device in devices), quality)


def _names(scope: CostScope, *, estimate_gaps: bool) -> dict[str, str]:
    fleet = scope.customer_id is not None
    conditions = "AND d.customer_id = :customer_id " if fleet else ""
    return {
        "schema": "fleet" if fleet else "monitoring",
        "municipality": "local_municipality_id" if fleet else "municipality_id",
        "same_customer_d": "AND d.customer_id = h.customer_id" if fleet else "",
        "same_customer_s": "AND s.customer_id = d.customer_id" if fleet else "",
        "scope": conditions + ("AND s.id = :site_id" if scope.site_id else ""),
        "energy": "(h.allocated_milliwh + h.estimated_milliwh)" if estimate_gaps else "h.allocated_milliwh",
        "unallocated": "0::bigint" if estimate_gaps else "h.unallocated_milliwh",
    }
