"""Folds readings into hours of energy, from where they are stored and without keeping them in memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from portal.core.database.queue import MeterKey
from portal.core.energy.queries.clean_hours import clean_hours, longest, slope
from portal.core.energy.rules.hours import Folding, HourEnergy, HourFold, MeterState, Rules
from portal.core.energy.rules.registers import Reading, register_milliwh
from portal.core.values.time import HOUR

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

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


async def fold_stretches(
    session: AsyncSession, layout: Layout, stretches: Sequence[Stretch]
) -> list[HourFold]:
    """Fold each stretch by the energy rule; in memory are its hours, of the readings a few thousand at a time."""
    foldings = [Folding(stretch.state, stretch.rules) for stretch in stretches]
    found = await session.stream(
        text(
            f"SELECT w.place, m.time, m.energy_imported_kwh FROM {places(layout, 'start_at', 'end_at')} "
            f"CROSS JOIN LATERAL (SELECT time, energy_imported_kwh FROM {layout.measurements} m "
            f"WHERE {layout.matches('m', 'w')} AND m.energy_imported_kwh IS NOT NULL "
            f"AND m.energy_imported_kwh <> 'NaN' AND m.time >= coalesce(w.start_at, '-infinity') "
            f"AND m.time < coalesce(w.end_at, 'infinity') ORDER BY time) m"
        ),
        {
            **place_keys(layout, [stretch.key for stretch in stretches]),
            "start_at": [stretch.start for stretch in stretches],
            "end_at": [stretch.end for stretch in stretches],
        },
        execution_options={"yield_per": _ROWS_AT_ONCE},
    )
    async for rows in found.partitions():
        by_place: dict[int, list[Reading]] = {}
        for place, at, kwh in rows:
            by_place.setdefault(place, []).append(Reading(at, register_milliwh(kwh)))
        for place, readings in by_place.items():
            foldings[place - 1].take(readings)
    return [folding.result() for folding in foldings]


async def fold_in_database(session: AsyncSession, layout: Layout, stretch: Stretch) -> HourFold | None:
    """Fold a stretch where its readings are; None where not all of it is clean, or the state before is not settled."""
    if stretch.state.candidates or stretch.start is None or stretch.end is None:
        return None
    keys = ", ".join(f"CAST(:{key} AS uuid) AS {key}" for key in layout.keys)
    rows = await session.execute(
        text(
            f"WITH meter AS (SELECT {keys}, CAST(:head_at AS timestamptz) AS head_at, "
            f"CAST(:head_shown AS bigint) AS head_shown, CAST(:slope AS float8) AS milliwh_per_second) "
            f"SELECT hour, own, carried, last_at, last_shown, is_clean FROM ({clean_hours(layout, None)}) h "
            f"ORDER BY hour"
        ),
        {
            **dict(zip(layout.keys, stretch.key, strict=True)),
            "head_at": stretch.state.base and stretch.state.base.at,
            "head_shown": stretch.state.base and stretch.state.base.register_milliwh,
            "slope": slope(stretch.rules),
            "longest": longest(stretch.rules.max_gap),
            "low": stretch.start,
            "high": stretch.end,
        },
    )
    hours = rows.all()
    return _clean_fold(stretch.state, hours) if all(hour.is_clean for hour in hours) else None


def _clean_fold(state: MeterState, rows: Iterable[Any]) -> HourFold:
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
    stored: Mapping[str, Any] | None = await session.scalar(
        text(
            f"SELECT e.meter_state FROM {layout.hourly_energy} e WHERE {layout.bound('e')} AND e.hour < :hour "
            f"AND e.meter_state IS NOT NULL ORDER BY e.hour DESC LIMIT 1"
        ),
        {**dict(zip(layout.keys, key, strict=True)), "hour": hour},
    )
    return MeterState.from_json(stored)


def places(layout: Layout, *instants: str) -> str:
    """Return the FROM item `w`: a place (from 1), its meter's key columns, and given instants."""
    arrays = [f"CAST(:{key} AS uuid[])" for key in layout.keys]
    arrays += [f"CAST(:{name} AS timestamptz[])" for name in instants]
    names = ", ".join((*layout.keys, *instants, "place"))
    return f"unnest({', '.join(arrays)}) WITH ORDINALITY AS w ({names})"


def place_keys(layout: Layout, keys: Sequence[MeterKey]) -> dict[str, list[Any]]:
    """Return the parameters of the key columns of `places`."""
    return {name: [key[position] for key in keys] for position, name in enumerate(layout.keys)}
