"""Recomputes the billed energy of hours from their readings, wherever a change reaches.

The energy rule walks a meter's readings in time order and remembers little (`MeterState`), which is
stored with each hour. So a recompute starts at the last hour before the change in which nothing was
pending, and stops where the state it reaches equals the one stored: what follows cannot differ.
Many meters are walked together: a round takes a handful of statements, whatever their number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from portal.core.domain.registers import Reading, register_milliwh
from portal.core.energy.queries.energy_rows import Reach, replace_energy
from portal.core.energy.rules.hours import HourEnergy, HourFold, MeterState, Rules, hourly_energy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.energy.queries.meters import MeterChange
    from portal.core.storage.layout import Layout
    from portal.core.storage.queue import MeterKey

_HOUR = timedelta(hours=1)
_NEARBY = timedelta(hours=24)  # changes closer than this are recomputed in one walk
# How far past the change to read; None: to the end.
_LOOK_AHEAD = (timedelta(hours=6), timedelta(days=4), None)
_NOTHING_READ = MeterState()
_WALKS_AT_ONCE = 200  # bounds what a round keeps in memory


@dataclass(slots=True)
class _Walk:
    """A walk over one meter's readings from `start` (None: the first) for a change up to `changed_to`."""

    key: MeterKey
    rules: Rules
    changed_from: datetime
    changed_to: datetime
    start: datetime | None = None
    state: MeterState = _NOTHING_READ
    end: datetime | None = None
    rewritten_to: datetime | None = None

    def covers(self, later: _Walk) -> bool:
        """Whether this walk, now finished, has rewritten all that a later one of its meter would."""
        return self.rewritten_to is None or self.rewritten_to >= later.changed_to


async def rewrite_energy(session: AsyncSession, layout: Layout, changes: Sequence[MeterChange]) -> None:
    """Recompute the energy wherever the changes reach, from the readings."""
    pending = [_walks(change) for change in changes]
    while pending:
        # Walks of one meter build on each other: one of each at a time.
        batch, pending = pending[:_WALKS_AT_ONCE], pending[_WALKS_AT_ONCE:]
        await _walk_all(session, layout, [walks[0] for walks in batch])
        left = [[later for later in walks[1:] if not walks[0].covers(later)] for walks in batch]
        pending += [walks for walks in left if walks]


def _walks(change: MeterChange) -> list[_Walk]:
    walks: list[_Walk] = []
    for hour in change.hours:
        if walks and hour - walks[-1].changed_to <= _NEARBY:
            walks[-1].changed_to = hour
        else:
            walks.append(_Walk(change.key, change.rules, hour, hour))
    return walks


async def _walk_all(session: AsyncSession, layout: Layout, walks: list[_Walk]) -> None:
    await _find_starts(session, layout, walks)
    for ahead in _LOOK_AHEAD:
        await _find_ends(session, layout, walks, ahead)
        folds = await _fold(session, layout, walks)
        stops = await _agreements(session, layout, walks, folds)
        finished = [i for i, walk in enumerate(walks) if stops[i] is not None or walk.end is None]
        await replace_energy(
            session, layout, [Reach(walks[i].key, walks[i].start, stops[i], folds[i]) for i in finished]
        )
        for i in finished:
            walks[i].rewritten_to = stops[i]
        walks = [walk for i, walk in enumerate(walks) if i not in set(finished)]
        if not walks:
            return


async def _find_starts(session: AsyncSession, layout: Layout, walks: list[_Walk]) -> None:
    """Find each walk's last hour before its change that ended with nothing pending, and the state before it."""
    rows = await session.execute(
        text(
            f"SELECT w.place, settled.hour, before.meter_state FROM {_unnest(layout, 'changed_from')} "
            f"CROSS JOIN LATERAL (SELECT e.hour FROM {layout.hourly_energy} e WHERE {layout.matches('e', 'w')} "
            f"AND e.hour < w.changed_from AND e.meter_is_settled ORDER BY e.hour DESC LIMIT 1) settled "
            f"LEFT JOIN LATERAL (SELECT e.meter_state FROM {layout.hourly_energy} e "
            f"WHERE {layout.matches('e', 'w')} AND e.hour < settled.hour AND e.meter_state IS NOT NULL "
            f"ORDER BY e.hour DESC LIMIT 1) before ON true"
        ),
        {**_keys(layout, walks), "changed_from": [walk.changed_from for walk in walks]},
    )
    for place, hour, state in rows:
        before = MeterState.from_json(state)
        # A state that knows readings of the hour or later was not left by the hours before: stored rows were changed.
        if before.latest_at is None or before.latest_at < hour:
            walks[place - 1].start, walks[place - 1].state = hour, before


async def _find_ends(
    session: AsyncSession, layout: Layout, walks: list[_Walk], ahead: timedelta | None
) -> None:
    """Set how far each walk reads: None, all that is there, which it is when no reading lies further."""
    ends = [None if ahead is None else walk.changed_to + _HOUR + ahead for walk in walks]
    for walk in walks:
        walk.end = None
    if ahead is None:
        return
    rows = await session.execute(
        text(
            f"SELECT w.place FROM {_unnest(layout, 'end_at')} WHERE EXISTS (SELECT 1 "
            f"FROM {layout.measurements} m WHERE {layout.matches('m', 'w')} "
            f"AND m.energy_imported_kwh IS NOT NULL AND m.time >= w.end_at)"
        ),
        {**_keys(layout, walks), "end_at": ends},
    )
    for (place,) in rows:
        walks[place - 1].end = ends[place - 1]


async def _fold(session: AsyncSession, layout: Layout, walks: list[_Walk]) -> list[HourFold]:
    readings: list[list[Reading]] = [[] for _ in walks]
    rows = await session.execute(
        text(
            f"SELECT w.place, m.time, m.energy_imported_kwh FROM {_unnest(layout, 'start_at', 'end_at')} "
            f"CROSS JOIN LATERAL (SELECT time, energy_imported_kwh FROM {layout.measurements} m "
            f"WHERE {layout.matches('m', 'w')} AND m.energy_imported_kwh IS NOT NULL "
            f"AND m.energy_imported_kwh <> 'NaN' AND m.time >= coalesce(w.start_at, '-infinity') "
            f"AND m.time < coalesce(w.end_at, 'infinity') ORDER BY time) m"
        ),
        {
            **_keys(layout, walks),
            "start_at": [walk.start for walk in walks],
            "end_at": [walk.end for walk in walks],
        },
    )
    for place, at, kwh in rows:
        readings[int(place) - 1].append(Reading(at, register_milliwh(kwh)))
    return [hourly_energy(walk.state, found, walk.rules) for walk, found in zip(walks, readings, strict=True)]


async def _agreements(
    session: AsyncSession, layout: Layout, walks: list[_Walk], folds: list[HourFold]
) -> list[datetime | None]:
    """Return each walk's first hour past its change whose new state equals the stored one.

    The energy of such an hour is complete only when a later hour of the fold ended with nothing pending:
    its last piece, up to the next accepted reading, is then known.
    """
    rows = await session.execute(
        text(
            f"SELECT w.place, e.hour, e.meter_state FROM {_unnest(layout, 'changed_to', 'end_at')} "
            f"JOIN {layout.hourly_energy} e ON {layout.matches('e', 'w')} AND e.hour > w.changed_to "
            f"AND e.hour < w.end_at AND e.meter_is_settled ORDER BY w.place, e.hour"
        ),
        {
            **_keys(layout, walks),
            "changed_to": [walk.changed_to for walk in walks],
            "end_at": [walk.end for walk in walks],
        },
    )
    found: list[datetime | None] = [None] * len(walks)
    complete_before = [_last_settled(fold) for fold in folds]
    for place, hour, stored in rows:
        i = int(place) - 1
        energy = folds[i].hours.get(hour)
        limit = complete_before[i]
        if found[i] is None and limit is not None and hour < limit and energy is not None:
            same = energy.state is not None and energy.state == MeterState.from_json(stored)
            found[i] = hour if same else None
    return found


def _last_settled(fold: HourFold) -> datetime | None:
    return max((hour for hour, energy in fold.hours.items() if is_settled(energy)), default=None)


def is_settled(energy: HourEnergy) -> bool:
    """Tell whether an hour has readings and none of them, or before them, waits to be judged."""
    return energy.state is not None and not energy.state.candidates


def _unnest(layout: Layout, *instants: str) -> str:
    """Return the FROM item `w`: a walk's place (from 1), its meter's key columns, and given instants."""
    arrays = [f"CAST(:{key} AS uuid[])" for key in layout.keys]
    arrays += [f"CAST(:{name} AS timestamptz[])" for name in instants]
    names = ", ".join((*layout.keys, *instants, "place"))
    return f"unnest({', '.join(arrays)}) WITH ORDINALITY AS w ({names})"


def _keys(layout: Layout, walks: list[_Walk]) -> dict[str, list[Any]]:
    return {name: [walk.key[position] for walk in walks] for position, name in enumerate(layout.keys)}


async def folded(
    session: AsyncSession, layout: Layout, changes: Sequence[MeterChange], most_readings: int
) -> list[Reach]:
    """Return what `rewrite_energy` would store of the changes, one reach for each meter; nothing is written.

    A meter is left out where its change may reach further than four days beyond, and the largest ones are where all
    of them together have more readings than `most_readings`.
    """
    walks = [_Walk(change.key, change.rules, change.hours[0], change.hours[-1]) for change in changes]
    await _find_starts(session, layout, walks)
    found: list[Reach] = []
    for ahead in _LOOK_AHEAD[:-1]:
        await _find_ends(session, layout, walks, ahead)
        walks, most_readings = await _few_enough(session, layout, walks, most_readings)
        if not walks:
            break
        folds = await _fold(session, layout, walks)
        stops = await _agreements(session, layout, walks, folds)
        finished = {i for i, walk in enumerate(walks) if stops[i] is not None or walk.end is None}
        found += [Reach(walks[i].key, walks[i].start, stops[i], folds[i]) for i in finished]
        walks = [walk for i, walk in enumerate(walks) if i not in finished]
    return found


async def _few_enough(
    session: AsyncSession, layout: Layout, walks: list[_Walk], most: int
) -> tuple[list[_Walk], int]:
    """Return the shortest walks that together read no more than `most`, and how many readings are left of these."""
    rows: Sequence[Any] = (
        await session.execute(
            text(
                f"SELECT w.place, n.count FROM {_unnest(layout, 'start_at', 'end_at')} "
                f"CROSS JOIN LATERAL (SELECT count(*) FROM (SELECT FROM {layout.measurements} m "
                f"WHERE {layout.matches('m', 'w')} AND m.time >= coalesce(w.start_at, '-infinity') "
                f"AND m.time < coalesce(w.end_at, 'infinity') LIMIT :most) few) n ORDER BY n.count"
            ),
            {
                **_keys(layout, walks),
                "start_at": [walk.start for walk in walks],
                "end_at": [walk.end for walk in walks],
                "most": most + 1,
            },
        )
    ).all()
    chosen: list[_Walk] = []
    for place, count in rows:
        if count > most:
            break
        most -= count
        chosen.append(walks[int(place) - 1])
    return chosen, most


async def ruled_days(
    session: AsyncSession, layout: Layout, changes: Sequence[MeterChange]
) -> dict[MeterKey, dict[date, int]]:
    """Return what the rule says now of the UTC days that the changes' hours (whole days) lie in.

    Allocated and unallocated energy together, in milliwatt-hours; nothing is written.
    """
    walks = [walk for change in changes for walk in _walks(change)]
    found: dict[MeterKey, dict[date, int]] = {}
    for begin in range(0, len(walks), _WALKS_AT_ONCE):
        batch = walks[begin : begin + _WALKS_AT_ONCE]
        await _find_starts(session, layout, batch)
        await _find_ends(session, layout, batch, _LOOK_AHEAD[1])
        for walk, fold in zip(batch, await _fold(session, layout, batch), strict=True):
            days = found.setdefault(walk.key, {})
            for hour, energy in fold.hours.items():
                if walk.changed_from <= hour <= walk.changed_to:
                    milliwh = energy.allocated_milliwh + energy.unallocated_milliwh
                    days[hour.date()] = days.get(hour.date(), 0) + milliwh
    return found
