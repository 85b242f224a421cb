"""How far readings of an earlier release have been moved, and which readings are of no device: for `portal doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.rows import is_so, row_of, value_of
from portal.core.readings.queries.wide_rows import is_there

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

_MOVED = """
SELECT coalesce(sum(readings), 0)::bigint AS readings, coalesce(sum(left_out), 0)::bigint AS left_out
FROM {moved_weeks}
"""
# By the first and the last of each meter, which an index finds.
_LEFT = """
SELECT count(*)::integer AS meters, coalesce(extract(epoch FROM date_trunc('week', max(last.time), 'UTC')
    - date_trunc('week', min(first.time), 'UTC'))::bigint / 604800 + 1, 0)::integer AS weeks
FROM {devices} d
CROSS JOIN LATERAL (
    SELECT w.time FROM {power_measurements_wide} w
    WHERE {w.customer_id = d.customer_id AND} w.device_id = d.id ORDER BY w.time LIMIT 1
) first
CROSS JOIN LATERAL (
    SELECT w.time FROM {power_measurements_wide} w
    WHERE {w.customer_id = d.customer_id AND} w.device_id = d.id ORDER BY w.time DESC LIMIT 1
) last
"""
_IS_PARTITIONED = "SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass(:name)"
# From one key to the next by the index, in place of reading every reading.
_KEYS_OF_PARTITIONS = """
WITH RECURSIVE keys AS (
    (SELECT customer, meter FROM {readings} ORDER BY customer, meter LIMIT 1)
    UNION ALL
    SELECT next.customer, next.meter FROM keys k CROSS JOIN LATERAL (
        SELECT r.customer, r.meter FROM {readings} r WHERE (r.customer, r.meter) > (k.customer, k.meter)
        ORDER BY r.customer, r.meter LIMIT 1
    ) next
)
"""
# TimescaleDB does the same by itself, also through what is compressed.
_KEYS_OF_CHUNKS = "WITH keys AS (SELECT DISTINCT customer, meter FROM {readings})"
_OF_NO_DEVICE = """
{keys} SELECT count(*)::integer FROM keys k
WHERE NOT EXISTS (SELECT 1 FROM {devices} d WHERE d.customer = k.customer AND d.meter = k.meter)
"""


class MovedReadings(NamedTuple):
    """Readings that were moved, and how many of their values were no numbers or did not fit."""

    readings: int
    left_out: int


class LeftToMove(NamedTuple):
    """Meters with readings that are still to be moved, and the weeks from the first to the last of these."""

    meters: int
    weeks: int


async def moved(session: AsyncSession, layout: Layout) -> MovedReadings:
    """Return what has been moved ever."""
    return await row_of(session, MovedReadings, layout.sql(_MOVED))


async def left_to_move(session: AsyncSession, layout: Layout) -> LeftToMove:
    """Return what is left to be moved."""
    if not await is_there(session, layout):
        return LeftToMove(0, 0)
    return await row_of(session, LeftToMove, layout.sql(_LEFT))


async def meters_of_no_device(session: AsyncSession, layout: Layout) -> int:
    """Count the small keys in the readings under which there is no device."""
    is_partitioned = await is_so(session, _IS_PARTITIONED, {"name": layout.table("readings")})
    keys = layout.sql(_KEYS_OF_PARTITIONS if is_partitioned else _KEYS_OF_CHUNKS)
    return await value_of(session, int, layout.sql(_OF_NO_DEVICE, keys=keys)) or 0
