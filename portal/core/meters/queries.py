"""What the meters of a Client measure at present."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from portal.core.database.rows import rows_of
from portal.core.energy import FOR_EVER
from portal.core.readings.queries.narrow_sql import figure_sql
from portal.core.readings.rules.quantities import QUANTITY_OF

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.energy import Counted

_POWER = f"""
SELECT d.id AS device_id, {figure_sql(QUANTITY_OF["active_power_kw"], "r.active_power_kw")} AS power_kw
FROM monitoring.devices d
CROSS JOIN LATERAL monitoring.last_stored(d.customer, d.meter, CAST(:until AS timestamptz)) r
WHERE r.time > :fresh_after
"""
_ENERGY = """
SELECT h.device_id, sum(h.allocated_milliwh)::bigint AS milliwh
FROM unnest(CAST(:devices AS uuid[]), CAST(:starts AS timestamptz[])) AS w (device_id, start_at)
JOIN monitoring.hourly_energy h ON h.device_id = w.device_id AND h.hour >= w.start_at
GROUP BY h.device_id
"""


class _Power(NamedTuple):
    device_id: UUID
    power_kw: float | None


class _Energy(NamedTuple):
    device_id: UUID
    milliwh: int


async def present_power(
    session: AsyncSession, fresh_after: datetime, until: datetime
) -> dict[UUID, float | None]:
    """Return the power (kW) of the last reading of each meter whose last one is fresh; None where that has none."""
    given = {"fresh_after": fresh_after, "until": until}
    return dict(await rows_of(session, _Power, _POWER, given))


async def energy_since(counted: Counted, starts: Mapping[UUID, datetime]) -> dict[UUID, int]:
    """Return the billed energy (milliwatt-hours) of each meter since its start; those without any are left out."""
    given = {"devices": list(starts), "starts": list(starts.values())}
    found = dict(await rows_of(counted.session, _Energy, _ENERGY, given))
    if starts:
        for each in counted.live.between(min(starts.values()), FOR_EVER):
            device = each.key[-1]
            if device in starts and each.hour >= starts[device]:
                found[device] = found.get(device, 0) + each.change.allocated_milliwh
    return found
