"""How the meters of a Client stand, for whatever watches them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from portal.core.alerts.rules.conditions import WindowFacts
from portal.core.database.rows import rows_of
from portal.core.readings.queries.narrow_sql import figure_sql
from portal.core.readings.rules.quantities import QUANTITY_OF

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncSession

_POWER, _FACTOR, _REGISTER = (
    QUANTITY_OF[name] for name in ("active_power_kw", "power_factor", "energy_imported_kwh")
)
# Weighted by power: what an idle minute says of a factor does not count.
_MEAN_FACTOR = (
    "CASE WHEN sum(abs(r.active_power_kw)) > 0"
    " THEN sum(abs(r.power_factor)::float8 * abs(r.active_power_kw)) / sum(abs(r.active_power_kw))"
    " FILTER (WHERE r.power_factor IS NOT NULL) ELSE avg(abs(r.power_factor)) END"
)
_WINDOWS = f"""
SELECT CAST(:minutes AS integer) AS minutes, d.id AS device_id, w.samples, w.first_at, w.last_at,
       w.mean_kw, w.power_factor, w.register_rise_kwh
FROM monitoring.devices d CROSS JOIN LATERAL (
    SELECT count(*) AS samples, min(r.time) AS first_at, max(r.time) AS last_at,
           {figure_sql(_POWER, "avg(r.active_power_kw)")} AS mean_kw,
           {figure_sql(_FACTOR, _MEAN_FACTOR)} AS power_factor,
           {figure_sql(_REGISTER, "max(r.energy_imported_kwh) - min(r.energy_imported_kwh)")} AS register_rise_kwh
    FROM monitoring.stored_readings r
    WHERE r.customer = d.customer AND r.meter = d.meter AND r.time > :from_at AND r.time <= :to_at
) w
WHERE d.is_active AND d.formula IS NULL AND w.samples > 0
"""


class _Window(NamedTuple):
    minutes: int
    device_id: UUID
    samples: int
    first_at: datetime
    last_at: datetime
    mean_kw: float | None
    power_factor: float | None
    register_rise_kwh: float | None


async def windows(
    session: AsyncSession, lengths: Collection[int], now: datetime
) -> dict[tuple[int, UUID], WindowFacts]:
    """Return the readings of each meter in the last so many minutes, of each length; none where there are none."""
    found: dict[tuple[int, UUID], WindowFacts] = {}
    for minutes in sorted(lengths):
        given = {"minutes": minutes, "from_at": now - timedelta(minutes=minutes), "to_at": now}
        for row in await rows_of(session, _Window, _WINDOWS, given):
            found[row.minutes, row.device_id] = WindowFacts(*row[2:])
    return found
