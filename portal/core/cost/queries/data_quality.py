"""Meter events, conflicting values and provisional readings of a cost question's window."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from portal.core.cost.queries.cost_scope import given_of, sql_of
from portal.core.cost.rules.data_quality import DataQuality, EventInWindow
from portal.core.database.rows import row_of, rows_of
from portal.core.energy.queries.register_readings import IS_CONFLICT
from portal.core.energy.rules.event_codes import code_of_kind, kind_of_code, reason_of_code
from portal.core.energy.rules.judging import ProposalKind
from portal.core.energy.rules.judging.anchors import READINGS_AFTER, READINGS_BEFORE, VALUES
from portal.core.energy.rules.judging.prices import FEW
from portal.core.values.money import kwh_from_milliwh

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.cost.queries.cost_scope import CostScope

_MOST_EVENTS = 100
_METERS = """
{devices} d JOIN {sites} s ON {s.customer_id = d.customer_id AND} s.id = d.site_id
WHERE {d.customer_id = :customer_id AND} true {of_site}
"""
# So many different values back from a reading: when that was, none where it takes more than a day.
_VALUES_BACK = """
WITH RECURSIVE seen AS (
    SELECT {from_time} AS time, {from_shown} AS shown, 1 AS n
    UNION ALL
    SELECT e.time, e.shown, seen.n + 1 FROM seen CROSS JOIN LATERAL (
        SELECT m.time, m.energy_imported_kwh AS shown FROM {of_meter}
          AND m.time < seen.time AND m.time > {from_time} - interval '1 day' AND m.energy_imported_kwh < seen.shown
          AND m.energy_imported_kwh > 0
        ORDER BY m.time DESC LIMIT 1
    ) e WHERE seen.n < :values
)
SELECT time FROM seen WHERE n = :values
"""
_OF_METER = """{stored_readings} m WHERE m.customer = h.customer AND m.meter = h.meter
          AND m.energy_imported_kwh IS NOT NULL AND m.time >= coalesce(h.run_since, '-infinity')"""
# Readings that were added behind a firm end make anchors as well, which nobody has judged: the last reading that has
# enough of its run on both sides, as `rules.judging.anchors` has it.
_LAST_ANCHOR = """
SELECT c.time FROM (
    SELECT least(
        (SELECT m.time FROM {of_meter} AND m.time <= h.last_at ORDER BY m.time DESC OFFSET :after LIMIT 1),
        greatest((
            SELECT m.time FROM {of_meter} AND m.energy_imported_kwh > 0 AND m.time <= h.last_at - interval '1 day'
            ORDER BY m.time DESC LIMIT 1
        ), ({back_from_end}))
    ) AS time, h.run_since IS NULL AS is_long
) c CROSS JOIN LATERAL (
    SELECT m.time, m.energy_imported_kwh AS shown FROM {of_meter} AND m.time = c.time LIMIT 1
) r WHERE c.is_long OR (
    SELECT count(*) FROM (
        SELECT FROM {of_meter} AND m.energy_imported_kwh > 0 AND m.time < c.time ORDER BY m.time DESC LIMIT :before
    ) enough
) = :before AND (EXISTS (
    SELECT FROM {of_meter} AND m.energy_imported_kwh > 0 AND m.time <= c.time - interval '1 day'
) OR EXISTS ({back_from_there}))
"""
_FIGURES = """
WITH meter AS MATERIALIZED (SELECT d.id, d.customer, d.meter FROM {meters})
SELECT (
    SELECT count(*) FROM meter d JOIN {reading_conflicts} c ON {is_conflict}
    WHERE c.time >= :from_at AND c.time < :to_at
) AS conflicts, (
    SELECT count(*) FROM meter d JOIN {meter_events} e
        ON {e.customer_id = :customer_id AND} e.device_id = d.id AND e.register = 0
    WHERE e.at < :to_at AND e.until >= :from_at AND e.kind <> :learned
) AS events, (
    SELECT min(greatest(coalesce(p.provisional_from, :from_at), :from_at)) FROM (
        SELECT d.customer, d.meter, h.last_at, h.last_milliwh, h.is_firm, h.provisional_from, h.run_since
        FROM meter d JOIN {meter_heads} h
            ON {h.customer_id = :customer_id AND} h.device_id = d.id AND h.register = 0 AND h.last_at >= :from_at
        WHERE h.provisional_from IS NULL OR h.provisional_from < :to_at
    ) h CROSS JOIN LATERAL (
        SELECT CASE WHEN h.is_firm THEN greatest(h.provisional_from, ({last_anchor})) ELSE h.provisional_from END
            AS provisional_from
    ) p WHERE p.provisional_from IS NULL OR p.provisional_from < :to_at
) AS provisional_from
"""
_EVENTS = """
SELECT e.kind, d.id AS device_id, d.name AS device_name, s.name AS site_name, e.at, e.until, e.readings, e.milliwh,
       e.reasons
FROM {devices} d JOIN {sites} s ON {s.customer_id = d.customer_id AND} s.id = d.site_id
JOIN {meter_events} e ON {e.customer_id = d.customer_id AND} e.device_id = d.id AND e.register = 0
WHERE {d.customer_id = :customer_id AND} e.at < :to_at AND e.until >= :from_at AND e.kind <> :learned
  AND (e.kind <> :glitch OR e.readings >= :few) {of_site}
ORDER BY e.at, d.id, e.kind LIMIT :most
"""


class _Figures(NamedTuple):
    conflicts: int
    events: int
    provisional_from: datetime | None


class _Event(NamedTuple):
    kind: int
    device_id: UUID
    device_name: str
    site_name: str
    at: datetime
    until: datetime
    readings: int
    milliwh: int
    reasons: list[int]


async def load_data_quality(session: AsyncSession, scope: CostScope) -> DataQuality:
    """Return what is to be known of the readings behind the energy of a scope's window, as they are stored."""
    given = given_of(scope) | {
        "from_at": scope.from_at,
        "to_at": scope.to_at,
        "learned": code_of_kind(ProposalKind.LEARNED_BOUND),
    }
    figures = sql_of(
        scope,
        _FIGURES,
        meters=sql_of(scope, _METERS),
        is_conflict=IS_CONFLICT,
        last_anchor=_last_anchor(scope),
    )
    enough = {"after": READINGS_AFTER, "before": READINGS_BEFORE, "values": VALUES}
    found = await row_of(session, _Figures, figures, given | enough)
    events: list[_Event] = []
    if found.events:
        more = {"glitch": code_of_kind(ProposalKind.GLITCH), "few": FEW, "most": _MOST_EVENTS}
        events = await rows_of(session, _Event, sql_of(scope, _EVENTS), given | more)
    return DataQuality(
        tuple(_event(row) for row in events), found.events, found.conflicts, found.provisional_from
    )


def _last_anchor(scope: CostScope) -> str:
    of_meter = sql_of(scope, _OF_METER)
    back_from_end, back_from_there = (
        sql_of(scope, _VALUES_BACK, of_meter=of_meter, from_time=time, from_shown=shown)
        for time, shown in (("h.last_at", "h.last_milliwh"), ("r.time", "r.shown"))
    )
    return sql_of(
        scope, _LAST_ANCHOR, of_meter=of_meter, back_from_end=back_from_end, back_from_there=back_from_there
    )


def _event(row: _Event) -> EventInWindow:
    return EventInWindow(
        kind_of_code(row.kind),
        *row[1:7],
        kwh_from_milliwh(row.milliwh),
        tuple(reason_of_code(code) for code in row.reasons),
    )
