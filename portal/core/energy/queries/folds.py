"""Folds readings into hours of energy, from where they are stored and without keeping them in memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.layout import MeterKey
from portal.core.database.rows import row_if_any, rows_of, streamed
from portal.core.energy.queries.clean_hours import clean_hours, longest, slope
from portal.core.energy.rules.hours import Folding, HourEnergy, HourFold, MeterState, Rules
from portal.core.energy.rules.registers import Reading
from portal.core.values.time import HOUR

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout
    from portal.core.energy.rules.meter import StoredState

_READINGS = """
SELECT w.ordinal, m.time, m.milliwh
FROM unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]),
    CAST(:start_at AS timestamptz[]), CAST(:end_at AS timestamptz[])
) WITH ORDINALITY AS w ({customer_id,} device_id, start_at, end_at, ordinal)
JOIN {devices} d ON {d.customer_id = w.customer_id AND} d.id = w.device_id
CROSS JOIN LATERAL (
    SELECT time, energy_imported_kwh AS milliwh FROM {stored_readings} m
    WHERE m.customer = d.customer AND m.meter = d.meter AND m.energy_imported_kwh IS NOT NULL
      AND m.time >= coalesce(w.start_at, '-infinity') AND m.time < coalesce(w.end_at, 'infinity')
    ORDER BY time
) m
"""
_HOURS_OF_ONE = """
WITH meter AS (
    SELECT {d.customer_id,} d.id AS device_id, d.customer, d.meter,
           CAST(:low AS timestamptz) AS first_at, CAST(:high AS timestamptz) AS until,
           CAST(:head_at AS timestamptz) AS head_at, CAST(:head_shown AS bigint) AS head_shown,
           CAST(:slope AS float8) AS milliwh_per_second
    FROM {devices} d WHERE {d.customer_id = :customer_id AND} d.id = :device_id
)
SELECT hour, own, carried, last_at, last_shown, is_clean FROM ({hours}) h ORDER BY hour
"""
_STATE_BEFORE = """
SELECT e.meter_state FROM {hourly_energy} e
WHERE {e.customer_id = :customer_id AND} e.device_id = :device_id AND e.hour < :hour AND e.meter_state IS NOT NULL
ORDER BY e.hour DESC LIMIT 1
"""
_NOTHING_READ = MeterState()
_ROWS_AT_ONCE = 500  # some 5 ms, for which whatever else the process does waits; more at once are no faster


@dataclass(slots=True)
class Stretch:
    """A meter's readings from `start` (None: the first) to `end` (excluded; None: the last), and the state before."""

    key: MeterKey
    rules: Rules
    start: datetime | None = None
    state: MeterState = _NOTHING_READ
    end: datetime | None = None


class _ReadingOfStretch(NamedTuple):
    ordinal: int
    time: datetime
    milliwh: int


class _CleanHour(NamedTuple):
    hour: datetime
    own: int
    carried: int
    last_at: datetime
    last_shown: int
    is_clean: bool


class _StateBefore(NamedTuple):
    meter_state: StoredState


async def fold_stretches(
    session: AsyncSession, layout: Layout, stretches: Sequence[Stretch]
) -> list[HourFold]:
    """Fold each stretch by the energy rule; in memory are its hours, of the readings a few hundred at a time."""
    foldings = [Folding(stretch.state, stretch.rules) for stretch in stretches]
    found = streamed(
        session,
        _ReadingOfStretch,
        layout.sql(_READINGS),
        {
            **layout.arrays(stretch.key for stretch in stretches),
            "start_at": [stretch.start for stretch in stretches],
            "end_at": [stretch.end for stretch in stretches],
        },
        _ROWS_AT_ONCE,
    )
    async for rows in found:
        by_ordinal: dict[int, list[Reading]] = {}
        for ordinal, at, milliwh in rows:
            by_ordinal.setdefault(ordinal, []).append(Reading(at, milliwh))
        for ordinal, readings in by_ordinal.items():
            foldings[ordinal - 1].take(readings)
    return [folding.result() for folding in foldings]


async def fold_in_database(session: AsyncSession, layout: Layout, stretch: Stretch) -> HourFold | None:
    """Fold a stretch where its readings are; None where not all of it is clean, or the state before is not settled."""
    if stretch.state.candidates or stretch.start is None or stretch.end is None:
        return None
    hours = await rows_of(
        session,
        _CleanHour,
        layout.sql(_HOURS_OF_ONE, hours=clean_hours(layout)),
        {
            **layout.given(stretch.key),
            "head_at": stretch.state.base and stretch.state.base.at,
            "head_shown": stretch.state.base and stretch.state.base.register_milliwh,
            "slope": slope(stretch.rules),
            "longest": longest(stretch.rules.max_gap),
            "low": stretch.start,
            "high": stretch.end,
        },
    )
    return _clean_fold(stretch.state, hours) if all(hour.is_clean for hour in hours) else None


def _clean_fold(state: MeterState, rows: Iterable[_CleanHour]) -> HourFold:
    energies: dict[datetime, int] = {}
    states: dict[datetime, MeterState] = {}
    for hour, own, carried, last_at, last_shown, _ in rows:
        state = states[hour] = MeterState(Reading(last_at, last_shown))
        energies[hour] = energies.get(hour, 0) + own
        if carried:
            energies[hour - HOUR] = energies.get(hour - HOUR, 0) + carried
    hours = {hour: HourEnergy(hour, energies[hour], state=states.get(hour)) for hour in sorted(energies)}
    return HourFold(hours, state)


def last_settled(fold: HourFold) -> datetime | None:
    """Return the last hour with readings none of which, nor any before, waits to be judged."""
    return max((hour for hour, energy in fold.hours.items() if is_settled(energy)), default=None)


def is_settled(energy: HourEnergy) -> bool:
    """Tell whether an hour has readings and none of them, or before them, waits to be judged."""
    return energy.state is not None and not energy.state.candidates


async def state_before(session: AsyncSession, layout: Layout, key: MeterKey, hour: datetime) -> MeterState:
    """Return the state stored with a meter's last hour of readings before an hour."""
    given = {**layout.given(key), "hour": hour}
    found = await row_if_any(session, _StateBefore, layout.sql(_STATE_BEFORE), given)
    return MeterState.from_json(None if found is None else found.meter_state)
