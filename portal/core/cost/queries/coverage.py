"""Which hours of a window have energy from readings."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.core.cost.queries.cost_scope import given_of, sql_of
from portal.core.cost.rules.coverage import Coverage, MeterBeginning, coverage_of
from portal.core.database.rows import rows_of, values_of
from portal.core.values.time import floor_hour

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.cost.queries.cost_scope import CostScope
    from portal.core.energy.rules.live import Amounts

_DEVICES = """
SELECT h.hour AS first_hour, d.is_active
FROM {devices} d JOIN {sites} s ON {s.customer_id = d.customer_id AND} s.id = d.site_id
CROSS JOIN LATERAL (
    SELECT e.hour FROM {hourly_energy} e
    WHERE {e.customer_id = d.customer_id AND} e.device_id = d.id ORDER BY e.hour LIMIT 1
) h
WHERE {d.customer_id = :customer_id AND} true {of_site}
"""
# Hours of an earlier release do not say so yet: what has energy is from readings.
_COVERED = """
SELECT (h.hour AT TIME ZONE CAST(:zone AS text))::date AS day, count(*) AS hours
FROM {hourly_energy} h
WHERE {h.customer_id = :customer_id AND} {of_site_devices} h.hour >= :first_hour AND h.hour < :to_at
  AND (h.is_covered OR h.allocated_milliwh > 0)
GROUP BY day
"""
_OF_SITE = "SELECT d.id FROM {devices} d WHERE d.site_id = :site_id"


class _DayHours(NamedTuple):
    day: date
    hours: int


async def load_coverage(session: AsyncSession, scope: CostScope, zone: str, now: datetime) -> Coverage:
    """Return how much of a scope has energy from readings, by the days of a zone."""
    meters = await rows_of(session, MeterBeginning, sql_of(scope, _DEVICES), given_of(scope))
    at_site = (
        await values_of(session, UUID, sql_of(scope, _OF_SITE), given_of(scope)) if scope.site_id else []
    )
    given = given_of(scope) | {"zone": zone, "first_hour": floor_hour(scope.from_at), "to_at": scope.to_at}
    given |= {"site_devices": at_site} if scope.site_id else {}
    rows = await rows_of(session, _DayHours, sql_of(scope, _COVERED), given)
    here = ZoneInfo(zone)
    hours = {row.day: row.hours for row in rows}
    for each in scope.live.between(floor_hour(scope.from_at), scope.to_at):
        if scope.site_id and each.key[-1] not in at_site:
            continue
        day = each.hour.astimezone(here).date()
        change = _is_covered(each.now) - _is_covered(each.stored)
        hours[day] = max(0, hours.get(day, 0) + change)
    return coverage_of(meters, hours.items(), (scope.from_at, scope.to_at), here, now)


def _is_covered(amounts: Amounts) -> bool:
    return amounts.covered_hours > 0 or amounts.allocated_milliwh > 0
