"""What a meter's readings teach: the bound it is judged by where no rated power is known, and what one count is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from portal.core.database.rows import row_if_any, rows_of
from portal.core.energy.rules.event_codes import code_of_kind
from portal.core.energy.rules.judging import ProposalKind, learned_bounds
from portal.core.energy.rules.judging.resolution import count_of
from portal.core.values.time import instant_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey
    from portal.core.energy.rules.judging import LearnedBound
    from portal.core.energy.rules.meter_rules import MeterRules

# Fewer values say little about the steps in which a register counts; after three weeks there are no more to come.
_FEWEST_VALUES = 48
_HOURS_FOR_COUNT = 500
_ALL_HOURS = 1_000_000
# By the hours that have readings, and of each the last one as it came, believed or not: the same for whoever has the
# same readings.
_LAST_OF_HOURS = """
WITH meter AS MATERIALIZED (
    SELECT d.customer, d.meter FROM {devices} d WHERE {d.customer_id = :customer_id AND} d.id = :device_id
)
SELECT array_agg((extract(epoch FROM o.time) * 1000000)::bigint) AS times, array_agg(o.shown) AS shown
FROM (
    SELECT last.time, last.shown FROM (
        SELECT h.hour FROM {hourly_figures} h
        WHERE h.customer = (SELECT customer FROM meter) AND h.meter = (SELECT meter FROM meter)
        ORDER BY h.hour LIMIT :most
    ) hours CROSS JOIN LATERAL (
        SELECT m.time, m.energy_imported_kwh AS shown FROM {stored_readings} m
        WHERE m.customer = (SELECT customer FROM meter) AND m.meter = (SELECT meter FROM meter)
          AND m.time >= hours.hour AND m.time < hours.hour + interval '1 hour' AND m.energy_imported_kwh IS NOT NULL
        ORDER BY m.time DESC LIMIT 1
    ) last ORDER BY last.time
) o
"""
_STORE = """
INSERT INTO {meter_heads} AS h ({customer_id,} device_id, is_firm, learned_watts, count_milliwh)
VALUES ({:customer_id,} :device_id, false, :watts, :count)
ON CONFLICT ({customer_id,} device_id, register) DO UPDATE SET
    learned_watts = excluded.learned_watts, count_milliwh = excluded.count_milliwh
"""
_FORGET_EVENTS = """
DELETE FROM {meter_events} e
WHERE {e.customer_id = :customer_id AND} e.device_id = :device_id AND e.register = 0 AND e.kind = :kind
  AND NOT (e.at = ANY(CAST(:at AS timestamptz[])))
"""
_STORE_EVENTS = """
INSERT INTO {meter_events} ({customer_id,} device_id, kind, at, until, readings, milliwh, reasons, watts)
SELECT {:customer_id,} CAST(:device_id AS uuid), :kind, at, at, 1, 0, ARRAY[]::smallint[], watts
FROM unnest(CAST(:at AS timestamptz[]), CAST(:watts AS integer[])) AS n (at, watts)
ON CONFLICT ({customer_id,} device_id, register, kind, at) DO UPDATE SET watts = excluded.watts
"""
_TOLD = """
SELECT (learned ->> 'watts')::integer AS watts, (learned ->> 'countMilliwh')::bigint AS count_milliwh
FROM fleet.devices WHERE customer_id = :customer_id AND id = :device_id AND learned IS NOT NULL
"""
_TO_LEARN = """
SELECT {d.customer_id,} d.id FROM {devices} d
JOIN {meter_heads} h ON {h.customer_id = d.customer_id AND} h.device_id = d.id AND h.register = 0
WHERE h.last_at IS NOT NULL
  AND (h.count_milliwh IS NULL OR d.max_power_kw IS NULL AND (h.learned_watts IS NULL OR CAST(:is_weekly AS boolean)))
ORDER BY {d.customer_id,} d.id
"""


class _Arrays(NamedTuple):
    times: list[int] | None
    shown: list[int] | None


class _LearnedFacts(NamedTuple):
    watts: int | None
    count_milliwh: int | None


class _Meter(NamedTuple):
    key: MeterKey


async def learn(session: AsyncSession, layout: Layout, key: MeterKey, rules: MeterRules) -> MeterRules:
    """Learn from all readings of a meter, store what is new, and return the rules with it.

    A bound never falls, and none is learned where the rated power is known. An Admin goes by what the Client has
    learned, once it has told.
    """
    if layout.has_customers and (told := await row_if_any(session, _LearnedFacts, _TOLD, layout.given(key))):
        await _store(session, layout, key, rules, told)
        return rules.with_learned(*told)
    is_rated = rules.facts.rated_watts is not None
    given = {**layout.given(key), "most": _HOURS_FOR_COUNT if is_rated else _ALL_HOURS}
    found = await row_if_any(session, _Arrays, layout.sql(_LAST_OF_HOURS), given)
    times, shown = (found.times or [], found.shown or []) if found else ([], [])
    bounds = [] if is_rated else learned_bounds(times, shown)
    watts = max([bound.watts for bound in bounds] + [rules.facts.learned_watts or 0]) or None
    is_enough = len(set(shown)) >= _FEWEST_VALUES or len(shown) >= _HOURS_FOR_COUNT
    count = count_of(shown[:_HOURS_FOR_COUNT]) if is_enough else rules.facts.count_milliwh
    await _store(session, layout, key, rules, _LearnedFacts(watts, count))
    if not is_rated:
        await _store_events(session, layout, key, bounds)
    return rules.with_learned(watts, count)


async def _store(
    session: AsyncSession, layout: Layout, key: MeterKey, rules: MeterRules, found: _LearnedFacts
) -> None:
    if found != (rules.facts.learned_watts, rules.facts.count_milliwh):
        given = {**layout.given(key), "watts": found.watts, "count": found.count_milliwh}
        await session.execute(text(layout.sql(_STORE)), given)


async def _store_events(
    session: AsyncSession, layout: Layout, key: MeterKey, bounds: Sequence[LearnedBound]
) -> None:
    given: dict[str, object] = {
        **layout.given(key),
        "kind": code_of_kind(ProposalKind.LEARNED_BOUND),
        "at": [instant_of(bound.at) for bound in bounds],
    }
    await session.execute(text(layout.sql(_FORGET_EVENTS)), given)
    if bounds:
        given["watts"] = [bound.watts for bound in bounds]
        await session.execute(text(layout.sql(_STORE_EVENTS)), given)


async def meters_to_learn(session: AsyncSession, layout: Layout, *, is_weekly: bool) -> list[MeterKey]:
    """Return the meters of which something is to be learned yet, `is_weekly`: and all without a rated power."""
    rows = await rows_of(
        session, _Meter, layout.sql(_TO_LEARN), {"is_weekly": is_weekly}, keys=layout.key_width
    )
    return [row.key for row in rows]
