"""Replaces stored energy, hours and the days they belong to, by what a fold found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey
    from portal.core.energy.rules.hours import HourEnergy, HourFold

_DELETE_HOURS = """
DELETE FROM {hourly_energy} e
USING unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]),
    CAST(:first AS timestamptz[]), CAST(:last AS timestamptz[])
) AS r ({customer_id,} device_id, first, last)
WHERE {e.customer_id = r.customer_id AND} e.device_id = r.device_id
  AND e.hour >= coalesce(r.first, '-infinity') AND e.hour <= coalesce(r.last, 'infinity')
"""
_INSERT_HOURS = """
INSERT INTO {hourly_energy} (
    {customer_id,} device_id, hour, allocated_milliwh, unallocated_milliwh, estimated_milliwh,
    suspect_count, reset_count, exchange_count, meter_state, meter_is_settled
)
SELECT * FROM unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]), CAST(:hour AS timestamptz[]),
    CAST(:allocated_milliwh AS bigint[]), CAST(:unallocated_milliwh AS bigint[]), CAST(:estimated_milliwh AS bigint[]),
    CAST(:suspect_count AS integer[]), CAST(:reset_count AS smallint[]), CAST(:exchange_count AS smallint[]),
    CAST(:meter_state AS jsonb[]), CAST(:meter_is_settled AS boolean[])
)
"""
_VALUES = (
    "hour",
    "allocated_milliwh",
    "unallocated_milliwh",
    "estimated_milliwh",
    "suspect_count",
    "reset_count",
    "exchange_count",
    "meter_state",
    "meter_is_settled",
)
_DELETE_DAYS = """
DELETE FROM {daily_energy} e
USING unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]),
    CAST(:first AS timestamptz[]), CAST(:last AS timestamptz[])
) AS r ({customer_id,} device_id, first, last)
WHERE {e.customer_id = r.customer_id AND} e.device_id = r.device_id
  AND e.day >= coalesce((r.first AT TIME ZONE 'UTC')::date, '-infinity')
  AND e.day <= coalesce((r.last AT TIME ZONE 'UTC')::date, 'infinity')
"""
_INSERT_DAYS = """
INSERT INTO {daily_energy} (
    {customer_id,} device_id, day, allocated_milliwh, unallocated_milliwh, estimated_milliwh, suspect_count
)
SELECT {e.customer_id,} e.device_id, (e.hour AT TIME ZONE 'UTC')::date,
       sum(e.allocated_milliwh), sum(e.unallocated_milliwh), sum(e.estimated_milliwh), sum(e.suspect_count)
FROM unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]),
    CAST(:first AS timestamptz[]), CAST(:last AS timestamptz[])
) AS r ({customer_id,} device_id, first, last)
JOIN {hourly_energy} e ON {e.customer_id = r.customer_id AND} e.device_id = r.device_id
  AND e.hour >= coalesce(date_trunc('day', r.first, 'UTC'), '-infinity')
  AND e.hour < coalesce(date_trunc('day', r.last, 'UTC') + interval '24 hours', 'infinity')
GROUP BY {e.customer_id,} e.device_id, (e.hour AT TIME ZONE 'UTC')::date
"""


class Reach(NamedTuple):
    """The hours of one meter that a fold decides: from `first` to `last`, both included, None being open."""

    key: MeterKey
    first: datetime | None
    last: datetime | None
    fold: HourFold


async def replace_energy(session: AsyncSession, layout: Layout, reaches: Sequence[Reach]) -> None:
    """Make the stored hours in the reaches what their folds say, and their days the sums of their hours."""
    if not reaches:
        return
    given = layout.arrays(reach.key for reach in reaches) | {
        "first": [reach.first for reach in reaches],
        "last": [reach.last for reach in reaches],
    }
    await session.execute(text(layout.sql(_DELETE_HOURS)), given)
    await _insert_hours(session, layout, reaches)
    await session.execute(text(layout.sql(_DELETE_DAYS)), given)
    await session.execute(text(layout.sql(_INSERT_DAYS)), given)


async def _insert_hours(session: AsyncSession, layout: Layout, reaches: Sequence[Reach]) -> None:
    rows = [(reach.key, energy) for reach in reaches for energy in _within(reach)]
    values = [_values(energy) for _, energy in rows]
    given = layout.arrays(key for key, _ in rows) | {
        name: [row[index] for row in values] for index, name in enumerate(_VALUES)
    }
    await session.execute(text(layout.sql(_INSERT_HOURS)), given)


def _within(reach: Reach) -> list[HourEnergy]:
    return [
        energy
        for hour, energy in sorted(reach.fold.hours.items())
        if (reach.first is None or hour >= reach.first)
        and (reach.last is None or hour <= reach.last)
        and _is_worth_a_row(energy)
    ]


def _is_worth_a_row(energy: HourEnergy) -> bool:
    """An hour without a reading is stored for its energy only."""
    milliwh = (energy.allocated_milliwh, energy.unallocated_milliwh, energy.estimated_milliwh)
    return energy.state is not None or any(milliwh)


def _values(energy: HourEnergy) -> tuple[object, ...]:
    return (
        energy.hour,
        energy.allocated_milliwh,
        energy.unallocated_milliwh,
        energy.estimated_milliwh,
        energy.suspect_count,
        energy.reset_count,
        energy.exchange_count,
        None if energy.state is None else json.dumps(energy.state.to_json()),
        energy.state is not None and not energy.state.candidates,
    )
