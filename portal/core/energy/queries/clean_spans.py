"""A meter's readings of a time, added up where they are, for as long as they are one run that is accepted as it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.rows import row_of, rows_of
from portal.core.energy.queries.clean_hours import clean_hours, longest, slope
from portal.core.energy.queries.register_readings import IS_CONFLICT
from portal.core.energy.rules.judging import JudgedHour
from portal.core.energy.rules.judging.prices import MANY
from portal.core.values.time import HOUR, epoch_microseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey
    from portal.core.energy.rules.meter_rules import MeterRules

_BEFORE = timedelta(days=2)
_HOURS = """
WITH meter AS (
    SELECT {d.customer_id,} d.id AS device_id, d.customer, d.meter,
           CAST(:low AS timestamptz) AS first_at, CAST(:high AS timestamptz) AS until,
           CAST(:head_at AS timestamptz) AS head_at, CAST(:head_shown AS bigint) AS head_shown,
           CAST(:slope AS float8) AS milliwh_per_second, CAST(:slack AS bigint) AS slack_milliwh
    FROM {devices} d WHERE {d.customer_id = :customer_id AND} d.id = :device_id
)
SELECT hour, own, carried, last_at, last_shown, is_clean, is_covered, covers_before FROM ({hours}) h ORDER BY hour
"""
_CONFLICTS = """
SELECT EXISTS (
    SELECT FROM {devices} d JOIN {reading_conflicts} c ON {is_conflict}
    WHERE {d.customer_id = :customer_id AND} d.id = :device_id AND c.time >= :low AND c.time < :high
) AS is_any
"""
# The hours with readings before an instant, the last first.
_ENDS = """
SELECT e.hour, e.last_at, e.last_milliwh, e.is_unbroken FROM {hourly_energy} e
WHERE {e.customer_id = :customer_id AND} e.device_id = :device_id AND e.hour < :before AND e.hour >= :since
  AND (e.last_at IS NOT NULL OR e.suspect_count > 0)
ORDER BY e.hour DESC
"""
_COUNT = """
SELECT count(*) AS readings FROM (
    SELECT FROM {devices} d JOIN {stored_readings} m ON m.customer = d.customer AND m.meter = d.meter
    WHERE {d.customer_id = :customer_id AND} d.id = :device_id AND m.energy_imported_kwh IS NOT NULL
      AND m.time >= :since AND m.time < :before
    LIMIT :most
) few
"""


class _CleanHour(NamedTuple):
    hour: datetime
    own: int
    carried: int
    last_at: datetime
    last_shown: int
    is_clean: bool
    is_covered: bool
    covers_before: bool


class _End(NamedTuple):
    hour: datetime
    last_at: datetime | None
    last_milliwh: int | None
    is_unbroken: bool


class _Any(NamedTuple):
    is_any: bool


class _Readings(NamedTuple):
    readings: int


class FirmEnd(NamedTuple):
    """The last reading before an instant, which clean readings may follow."""

    last_at: datetime
    last_milliwh: int


async def firm_end(session: AsyncSession, layout: Layout, key: MeterKey, before: datetime) -> FirmEnd | None:
    """Return the last reading before an instant, by the stored hours; None where it is not beyond doubt."""
    given = {**layout.given(key), "before": before, "since": before - _BEFORE}
    ends = await rows_of(session, _End, layout.sql(_ENDS), given)
    if not ends or not ends[0].is_unbroken or ends[0].last_at is None or ends[0].last_milliwh is None:
        return None
    since = ends[0].hour
    for end in ends:
        if not end.is_unbroken:
            break
        since = end.hour
    given |= {"since": since, "most": MANY}
    found = await row_of(session, _Readings, layout.sql(_COUNT), given)
    return FirmEnd(ends[0].last_at, ends[0].last_milliwh) if found.readings >= MANY else None


async def clean_span(
    session: AsyncSession,
    layout: Layout,
    key: MeterKey,
    rules: MeterRules,
    since: datetime,
    until: datetime,
    head: FirmEnd | None,
) -> list[JudgedHour] | None:
    """Return the hours of readings from `since` to before `until` where they go on with `head`, None: are the first.

    The hour of the head has what is added to it. None where the judge has to say, and where there is no reading.
    """
    by = rules.addable_after(head and head.last_at, since)
    if by is None:
        return None
    window = {"low": since, "high": until}
    given = {**layout.given(key), **window}
    conflicts = layout.sql(_CONFLICTS, is_conflict=IS_CONFLICT)
    if (await row_of(session, _Any, conflicts, given)).is_any:
        return None
    given |= {
        "head_at": head and head.last_at,
        "head_shown": head and head.last_milliwh,
        "slope": slope(by.watts),
        "slack": by.slack_milliwh,
        "longest": longest(rules.max_gap),
    }
    rows = await rows_of(session, _CleanHour, layout.sql(_HOURS, hours=clean_hours(layout)), given)
    return _hours(rows, is_first=head is None) if rows and all(row.is_clean for row in rows) else None


def _hours(rows: Sequence[_CleanHour], *, is_first: bool) -> list[JudgedHour]:
    found: dict[datetime, JudgedHour] = {}
    for row in rows:
        before = row.hour - HOUR
        if row.covers_before:
            earlier = found.get(before) or JudgedHour(epoch_microseconds(before), 0, 0, 0, 0, is_covered=True)
            found[before] = earlier._replace(
                allocated_milliwh=earlier.allocated_milliwh + row.carried, is_covered=True
            )
        found[row.hour] = JudgedHour(
            epoch_microseconds(row.hour),
            row.own,
            0,
            0,
            0,
            row.is_covered,
            epoch_microseconds(row.last_at),
            row.last_shown,
            is_unbroken=not is_first or row is not rows[0],
        )
    return [found[hour] for hour in sorted(found)]
