"""Replaces stored energy, hours and the days they belong to, by what the judge found; what is the same is left."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from portal.core.database.layout import MeterKey
from portal.core.database.rows import rows_of
from portal.core.energy.rules.judging import JudgedHour, Judgement
from portal.core.values.time import HOUR, epoch_microseconds, floor_hour, instant_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

_RANGES = """
unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]),
    CAST(:first AS timestamptz[]), CAST(:last AS timestamptz[])
) AS r ({customer_id,} device_id, first, last)
"""
_STORED = """
SELECT {e.customer_id,} e.device_id, (extract(epoch FROM e.hour) * 1000000)::bigint AS hour,
       e.allocated_milliwh, e.unallocated_milliwh, e.estimated_milliwh, e.suspect_count, e.is_covered,
       (extract(epoch FROM e.last_at) * 1000000)::bigint AS last_at, e.last_milliwh, e.is_unbroken, e.event_count
FROM {ranges} JOIN {hourly_energy} e ON {e.customer_id = r.customer_id AND} e.device_id = r.device_id
  AND e.hour >= coalesce(r.first, '-infinity') AND e.hour <= coalesce(r.last, 'infinity')
"""
_DELETE_HOURS = """
DELETE FROM {hourly_energy} e
USING unnest({CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]), CAST(:hour AS timestamptz[]))
    AS r ({customer_id,} device_id, hour)
WHERE {e.customer_id = r.customer_id AND} e.device_id = r.device_id AND e.hour = r.hour
"""
_STORE_HOURS = """
INSERT INTO {hourly_energy} AS e (
    {customer_id,} device_id, hour, allocated_milliwh, unallocated_milliwh, estimated_milliwh, suspect_count,
    is_covered, last_at, last_milliwh, is_unbroken, event_count
)
SELECT * FROM unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]), CAST(:hour AS timestamptz[]),
    CAST(:allocated_milliwh AS bigint[]), CAST(:unallocated_milliwh AS bigint[]), CAST(:estimated_milliwh AS bigint[]),
    CAST(:suspect_count AS integer[]), CAST(:is_covered AS boolean[]), CAST(:last_at AS timestamptz[]),
    CAST(:last_milliwh AS bigint[]), CAST(:is_unbroken AS boolean[]), CAST(:event_count AS smallint[])
)
ON CONFLICT ({customer_id,} device_id, hour) DO UPDATE SET
    allocated_milliwh = excluded.allocated_milliwh, unallocated_milliwh = excluded.unallocated_milliwh,
    estimated_milliwh = excluded.estimated_milliwh, suspect_count = excluded.suspect_count,
    is_covered = excluded.is_covered, last_at = excluded.last_at, last_milliwh = excluded.last_milliwh,
    is_unbroken = excluded.is_unbroken, event_count = excluded.event_count
"""
_DELETE_DAYS = """
DELETE FROM {daily_energy} e USING {ranges}
WHERE {e.customer_id = r.customer_id AND} e.device_id = r.device_id
  AND e.day >= coalesce((r.first AT TIME ZONE 'UTC')::date, '-infinity')
  AND e.day <= coalesce((r.last AT TIME ZONE 'UTC')::date, 'infinity')
  AND NOT EXISTS (
    SELECT FROM {hourly_energy} h WHERE {h.customer_id = e.customer_id AND} h.device_id = e.device_id
      AND h.hour >= e.day::timestamp AT TIME ZONE 'UTC' AND h.hour < (e.day + 1)::timestamp AT TIME ZONE 'UTC'
  )
"""
# Days lie as they are asked for: those of one customer beside each other, day by day.
_STORE_DAYS = """
INSERT INTO {daily_energy} AS d (
    {customer_id,} device_id, day, allocated_milliwh, unallocated_milliwh, estimated_milliwh, suspect_count,
    covered_hours
)
SELECT {e.customer_id,} e.device_id, (e.hour AT TIME ZONE 'UTC')::date,
       sum(e.allocated_milliwh), sum(e.unallocated_milliwh), sum(e.estimated_milliwh), sum(e.suspect_count),
       count(*) FILTER (WHERE e.is_covered)
FROM {ranges} JOIN {hourly_energy} e ON {e.customer_id = r.customer_id AND} e.device_id = r.device_id
  AND e.hour >= coalesce(date_trunc('day', r.first, 'UTC'), '-infinity')
  AND e.hour < coalesce(date_trunc('day', r.last, 'UTC') + interval '24 hours', 'infinity')
GROUP BY {e.customer_id,} e.device_id, (e.hour AT TIME ZONE 'UTC')::date
ORDER BY {e.customer_id,} (e.hour AT TIME ZONE 'UTC')::date, e.device_id
ON CONFLICT ({customer_id,} device_id, day) DO UPDATE SET
    allocated_milliwh = excluded.allocated_milliwh, unallocated_milliwh = excluded.unallocated_milliwh,
    estimated_milliwh = excluded.estimated_milliwh, suspect_count = excluded.suspect_count,
    covered_hours = excluded.covered_hours
WHERE (d.allocated_milliwh, d.unallocated_milliwh, d.estimated_milliwh, d.suspect_count, d.covered_hours)
    IS DISTINCT FROM (excluded.allocated_milliwh, excluded.unallocated_milliwh, excluded.estimated_milliwh,
        excluded.suspect_count, excluded.covered_hours)
"""
_FIGURES = tuple(name for name in JudgedHour._fields if name != "hour")


class Reach(NamedTuple):
    """What a judgement decides of one meter: from the anchor `after` to the anchor `until`, None being open.

    Of hours it is those that lie wholly between the hours of the two. `run_since` is the first reading of the run at
    the end, None: it is long enough for an anchor anywhere in what was judged. Not `is_anchored` where there is no
    anchor to begin with, however far back: it begins somewhere, and says nothing of what is before.
    """

    key: MeterKey
    after: datetime | None
    until: datetime | None
    judgement: Judgement
    hours: Sequence[JudgedHour]
    run_since: datetime | None = None
    is_anchored: bool = True

    @property
    def first(self) -> datetime | None:
        """The first hour."""
        return None if self.after is None else floor_hour(self.after) + HOUR

    @property
    def last(self) -> datetime | None:
        """The last hour."""
        return None if self.until is None else floor_hour(self.until) - HOUR

    def its_hours(self) -> dict[int, JudgedHour]:
        """Return what the hours are now (microseconds since 1970), as far as there is anything to store of them."""
        first = None if self.first is None else epoch_microseconds(self.first)
        last = None if self.last is None else epoch_microseconds(self.last)
        return {
            each.hour: each
            for each in self.hours
            if (first is None or each.hour >= first) and (last is None or each.hour <= last) and any(each[1:])
        }


class ChangedHour(NamedTuple):
    """An hour of a meter as it was stored and as it is now; None where there was, or is, nothing of it."""

    key: MeterKey
    was: JudgedHour | None
    now: JudgedHour | None


class _StoredHour(NamedTuple):
    key: MeterKey
    hour: int
    allocated_milliwh: int
    unallocated_milliwh: int
    estimated_milliwh: int
    suspect_count: int
    is_covered: bool
    last_at: int | None
    last_milliwh: int | None
    is_unbroken: bool
    event_count: int


async def changed_hours(session: AsyncSession, layout: Layout, reaches: Sequence[Reach]) -> list[ChangedHour]:
    """Return every hour in the reaches that is stored otherwise than it is now. Each meter has one reach."""
    if not reaches:
        return []
    rows = await rows_of(
        session, _StoredHour, _worded(layout, _STORED), _ranges(layout, reaches), keys=layout.key_width
    )
    stored: dict[MeterKey, dict[int, JudgedHour]] = {}
    for row in rows:
        stored.setdefault(row.key, {})[row.hour] = JudgedHour(*row[1:])
    found: list[ChangedHour] = []
    for reach in reaches:
        was, now = stored.get(reach.key, {}), reach.its_hours()
        hours = sorted(was.keys() | now.keys())
        found += [
            ChangedHour(reach.key, was.get(hour), now.get(hour))
            for hour in hours
            if was.get(hour) != now.get(hour)
        ]
    return found


async def replace_energy(
    session: AsyncSession, layout: Layout, reaches: Sequence[Reach]
) -> list[ChangedHour]:
    """Make the stored hours in the reaches what their judgements say, and their days the sums of their hours.

    Returns the hours that changed.
    """
    if not reaches:
        return []
    changed = await changed_hours(session, layout, reaches)
    gone = [(each.key, each.was.hour) for each in changed if each.was and each.now is None]
    if gone:
        given = layout.arrays(key for key, _ in gone) | {"hour": [instant_of(hour) for _, hour in gone]}
        await session.execute(text(layout.sql(_DELETE_HOURS)), given)
    await _store_hours(session, layout, changed)
    given = _ranges(layout, reaches)
    await session.execute(text(_worded(layout, _DELETE_DAYS)), given)
    await session.execute(text(_worded(layout, _STORE_DAYS)), given)
    return changed


async def _store_hours(session: AsyncSession, layout: Layout, changed: Sequence[ChangedHour]) -> None:
    rows = [(each.key, each.now) for each in changed if each.now]
    if not rows:
        return
    given: dict[str, object] = {**layout.arrays(key for key, _ in rows)}
    given["hour"] = [instant_of(hour.hour) for _, hour in rows]
    for index, name in enumerate(_FIGURES, 1):
        given[name] = [hour[index] for _, hour in rows]
    given["last_at"] = [None if hour.last_at is None else instant_of(hour.last_at) for _, hour in rows]
    await session.execute(text(layout.sql(_STORE_HOURS)), given)


def _ranges(layout: Layout, reaches: Sequence[Reach]) -> dict[str, object]:
    return {
        **layout.arrays(reach.key for reach in reaches),
        "first": [reach.first for reach in reaches],
        "last": [reach.last for reach in reaches],
    }


def _worded(layout: Layout, statement: str) -> str:
    return layout.sql(statement, ranges=layout.sql(_RANGES))
