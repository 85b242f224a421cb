"""Recomputes the billed energy of hours from their readings, wherever a change reaches.

The energy rule goes through a meter's readings in time order and remembers little (`MeterState`), which is
stored with each hour. So a recompute starts at the last hour before the change in which nothing was
pending, and stops where the state it reaches equals the one stored: what follows cannot differ.
Many meters are gone through together: a round takes a handful of statements, whatever their number. What reaches
further than some days is left to a recompute pass, which goes on month by month.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.rows import rows_of, values_of
from portal.core.energy.queries.energy_rows import Reach, replace_energy
from portal.core.energy.queries.folds import Stretch, fold_stretches, last_settled
from portal.core.energy.queries.passes import Pass, ask_for_passes, waiting_passes
from portal.core.energy.rules.hours import HourFold, MeterState
from portal.core.values.time import HOUR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey
    from portal.core.energy.queries.meters import MeterChange
    from portal.core.energy.rules.meter import StoredState

_NEARBY = timedelta(hours=24)  # changes closer than this are recomputed in one stretch
# How far past the change to read, and then once more; what has not settled by then is left to a pass.
_LOOK_AHEAD = (timedelta(hours=6), timedelta(days=4))
_LONGEST = timedelta(days=31)
_HOURS_AT_ONCE = 20_000  # bounds what a round keeps in memory
_STARTS = """
SELECT w.ordinal, settled.hour, before.meter_state
FROM unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]), CAST(:changed_from AS timestamptz[])
) WITH ORDINALITY AS w ({customer_id,} device_id, changed_from, ordinal)
CROSS JOIN LATERAL (
    SELECT e.hour FROM {hourly_energy} e
    WHERE {e.customer_id = w.customer_id AND} e.device_id = w.device_id
      AND e.hour < w.changed_from AND e.meter_is_settled
    ORDER BY e.hour DESC LIMIT 1
) settled LEFT JOIN LATERAL (
    SELECT e.meter_state FROM {hourly_energy} e
    WHERE {e.customer_id = w.customer_id AND} e.device_id = w.device_id
      AND e.hour < settled.hour AND e.meter_state IS NOT NULL
    ORDER BY e.hour DESC LIMIT 1
) before ON true
"""
_ENDS = """
SELECT w.ordinal
FROM unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]), CAST(:end_at AS timestamptz[])
) WITH ORDINALITY AS w ({customer_id,} device_id, end_at, ordinal)
JOIN {devices} d ON {d.customer_id = w.customer_id AND} d.id = w.device_id
WHERE EXISTS (
    SELECT 1 FROM {stored_readings} m WHERE m.customer = d.customer AND m.meter = d.meter
      AND m.energy_imported_kwh IS NOT NULL AND m.time >= w.end_at
)
"""
_SETTLED = """
SELECT w.ordinal, e.hour, e.meter_state
FROM unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]),
    CAST(:changed_to AS timestamptz[]), CAST(:end_at AS timestamptz[])
) WITH ORDINALITY AS w ({customer_id,} device_id, changed_to, end_at, ordinal)
JOIN {hourly_energy} e ON {e.customer_id = w.customer_id AND} e.device_id = w.device_id
  AND e.hour > w.changed_to AND e.hour < w.end_at AND e.meter_is_settled
ORDER BY w.ordinal, e.hour
"""
_SIZES = """
SELECT w.ordinal, n.readings
FROM unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]),
    CAST(:start_at AS timestamptz[]), CAST(:end_at AS timestamptz[])
) WITH ORDINALITY AS w ({customer_id,} device_id, start_at, end_at, ordinal)
LEFT JOIN {devices} d ON {d.customer_id = w.customer_id AND} d.id = w.device_id
CROSS JOIN LATERAL (
    SELECT count(*) AS readings FROM (
        SELECT FROM {stored_readings} m WHERE m.customer = d.customer AND m.meter = d.meter
          AND m.time >= coalesce(w.start_at, '-infinity') AND m.time < coalesce(w.end_at, 'infinity')
        LIMIT :most
    ) few
) n ORDER BY n.readings
"""


@dataclass(slots=True, kw_only=True)
class _Touched(Stretch):
    """A stretch for a change from one hour up to another; `rewritten_to` is set once it was folded, None to the end."""

    changed_from: datetime
    changed_to: datetime
    rewritten_to: datetime | None = None

    @property
    def changed_for(self) -> timedelta:
        """How much time lies between the first and the last hour of the change."""
        return self.changed_to - self.changed_from

    def covers(self, later: _Touched) -> bool:
        """Whether this stretch, now finished, has rewritten all that a later one of its meter would."""
        return self.rewritten_to is None or self.rewritten_to >= later.changed_to


class _StoredStateOf(NamedTuple):
    ordinal: int
    hour: datetime
    meter_state: StoredState | None


class _ReadingsIn(NamedTuple):
    ordinal: int
    readings: int


async def rewrite_energy(
    session: AsyncSession,
    layout: Layout,
    changes: Sequence[MeterChange],
    queued_since: datetime | None = None,
) -> None:
    """Recompute the energy wherever the changes reach, from the readings, or ask for a pass where that is far.

    Such a pass counts as asked for since the changes were queued, so that no answer claims to count what it has left.
    """
    waiting = await waiting_passes(session, layout, [change.key for change in changes])
    pending = [list(_touched(change)) for change in changes]
    while pending:
        # Stretches of one meter build on each other: one of each at a time.
        far = await _rewrite_near(session, layout, [stretches[0] for stretches in pending], waiting)
        asked = [_pass_for(each, waiting.get(each.key), queued_since) for each in far]
        await ask_for_passes(session, layout, [each for each in asked if each])
        left = [[later for later in stretches[1:] if not stretches[0].covers(later)] for stretches in pending]
        pending = [stretches for stretches in left if stretches]


def _pass_for(stretch: _Touched, waiting: Pass | None, queued_since: datetime | None) -> Pass | None:
    """Return the pass to ask for; None where one waits that comes to the change: asked again, it might go back."""
    if waiting is None or not waiting.covers(stretch.changed_from):
        return Pass(stretch.key, stretch.start, queued_since)
    is_said = queued_since is None or waiting.asked_at is None or waiting.asked_at <= queued_since
    return None if is_said else waiting._replace(asked_at=queued_since)


def _touched(change: MeterChange, longest: timedelta = timedelta.max) -> Iterator[_Touched]:
    """Yield the stretches of a change, ascending, none of them much longer than `longest`."""
    current: _Touched | None = None
    for hour in change.hours:
        if current and hour - current.changed_to <= _NEARBY and current.changed_for < longest:
            current.changed_to = hour
            continue
        if current:
            yield current
        current = _Touched(change.key, change.rules, changed_from=hour, changed_to=hour)
    if current:
        yield current


def _batches(stretches: Sequence[_Touched]) -> Iterator[list[_Touched]]:
    """Yield stretches whose starts are found, in their order, in batches that are not too long together."""
    batch: list[_Touched] = []
    hours = 0
    for stretch in stretches:
        length = (stretch.changed_to - (stretch.start or stretch.changed_from) + _LOOK_AHEAD[-1]) // HOUR
        if batch and hours + length > _HOURS_AT_ONCE:
            yield batch
            batch, hours = [], 0
        batch.append(stretch)
        hours += length
    if batch:
        yield batch


async def _rewrite_near(
    session: AsyncSession, layout: Layout, stretches: list[_Touched], waiting: Mapping[MeterKey, Pass]
) -> list[_Touched]:
    """Rewrite what is settled within days, and return the stretches that are left to a pass."""
    await _find_starts(session, layout, stretches)
    left: list[_Touched] = []
    near: list[_Touched] = []
    for each in stretches:
        is_far = each.changed_for > _LONGEST or _is_left_to_its_pass(each, waiting)
        (left if is_far else near).append(each)
    for batch in _batches(near):
        unsettled = batch
        for ahead in _LOOK_AHEAD:
            if unsettled:
                unsettled = await _rewrite_settled(session, layout, unsettled, ahead)
        left += unsettled
    return left


def _is_left_to_its_pass(stretch: _Touched, waiting: Mapping[MeterKey, Pass]) -> bool:
    """Tell whether a stretch begins far back, and the meter's pass comes to its change anyway."""
    is_far_back = stretch.start is None or stretch.changed_from - stretch.start > _LONGEST
    its_pass = waiting.get(stretch.key)
    return is_far_back and its_pass is not None and its_pass.covers(stretch.changed_from)


async def _rewrite_settled(
    session: AsyncSession, layout: Layout, stretches: list[_Touched], ahead: timedelta
) -> list[_Touched]:
    """Rewrite what is settled by readings so far ahead, and return the stretches that are not."""
    await _find_ends(session, layout, stretches, ahead)
    folds = await fold_stretches(session, layout, stretches)
    stops = await _agreements(session, layout, stretches, folds)
    finished = [i for i, stretch in enumerate(stretches) if stops[i] is not None or stretch.end is None]
    await replace_energy(
        session, layout, [Reach(stretches[i].key, stretches[i].start, stops[i], folds[i]) for i in finished]
    )
    for i in finished:
        stretches[i].rewritten_to = stops[i]
    return [stretch for i, stretch in enumerate(stretches) if i not in set(finished)]


async def _find_starts(session: AsyncSession, layout: Layout, stretches: list[_Touched]) -> None:
    """Find the last hour before each change that ended with nothing pending, and the state before it."""
    rows = await rows_of(
        session,
        _StoredStateOf,
        layout.sql(_STARTS),
        {
            **layout.arrays(stretch.key for stretch in stretches),
            "changed_from": [stretch.changed_from for stretch in stretches],
        },
    )
    for ordinal, hour, state in rows:
        before = MeterState.from_json(state)
        # A state that knows readings of the hour or later was not left by the hours before: stored rows were changed.
        if before.latest_at is None or before.latest_at < hour:
            stretches[ordinal - 1].start, stretches[ordinal - 1].state = hour, before


async def _find_ends(
    session: AsyncSession, layout: Layout, stretches: list[_Touched], ahead: timedelta
) -> None:
    """Set how far each stretch is read: None, all that is there, which it is when no reading lies further."""
    ends = [stretch.changed_to + HOUR + ahead for stretch in stretches]
    for stretch in stretches:
        stretch.end = None
    rows = await values_of(
        session,
        int,
        layout.sql(_ENDS),
        {**layout.arrays(stretch.key for stretch in stretches), "end_at": ends},
    )
    for ordinal in rows:
        stretches[ordinal - 1].end = ends[ordinal - 1]


async def _agreements(
    session: AsyncSession, layout: Layout, stretches: list[_Touched], folds: list[HourFold]
) -> list[datetime | None]:
    """Return each stretch's first hour past its change whose new state equals the stored one.

    The energy of such an hour is complete only when a later hour of the fold ended with nothing pending:
    its last piece, up to the next accepted reading, is then known.
    """
    rows = await rows_of(
        session,
        _StoredStateOf,
        layout.sql(_SETTLED),
        {
            **layout.arrays(stretch.key for stretch in stretches),
            "changed_to": [stretch.changed_to for stretch in stretches],
            "end_at": [stretch.end for stretch in stretches],
        },
    )
    found: list[datetime | None] = [None] * len(stretches)
    complete_before = [last_settled(fold) for fold in folds]
    for ordinal, hour, stored in rows:
        i = ordinal - 1
        energy = folds[i].hours.get(hour)
        limit = complete_before[i]
        if found[i] is None and limit is not None and hour < limit and energy is not None:
            same = energy.state is not None and energy.state == MeterState.from_json(stored)
            found[i] = hour if same else None
    return found


async def folded(
    session: AsyncSession, layout: Layout, changes: Sequence[MeterChange], most_readings: int
) -> list[Reach]:
    """Return what `rewrite_energy` would store of the changes, one reach for each meter; nothing is written.

    A meter is left out where its change may reach further than four days beyond or is left to its pass, and the
    largest ones are where all of them together have more readings than `most_readings`.
    """
    stretches = [
        _Touched(each.key, each.rules, changed_from=each.hours[0], changed_to=each.hours[-1])
        for each in changes
    ]
    await _find_starts(session, layout, stretches)
    waiting = await waiting_passes(session, layout, [stretch.key for stretch in stretches])
    stretches = [stretch for stretch in stretches if not _is_left_to_its_pass(stretch, waiting)]
    found: list[Reach] = []
    for ahead in _LOOK_AHEAD if stretches else ():
        await _find_ends(session, layout, stretches, ahead)
        stretches, most_readings = await _few_enough(session, layout, stretches, most_readings)
        if not stretches:
            break
        folds = await fold_stretches(session, layout, stretches)
        stops = await _agreements(session, layout, stretches, folds)
        finished = {i for i, each in enumerate(stretches) if stops[i] is not None or each.end is None}
        found += [Reach(stretches[i].key, stretches[i].start, stops[i], folds[i]) for i in finished]
        stretches = [each for i, each in enumerate(stretches) if i not in finished]
    return found


async def _few_enough(
    session: AsyncSession, layout: Layout, stretches: list[_Touched], most: int
) -> tuple[list[_Touched], int]:
    """Return the shortest stretches that together have no more readings than `most`, and how many these leave."""
    rows = await rows_of(
        session,
        _ReadingsIn,
        layout.sql(_SIZES),
        {
            **layout.arrays(stretch.key for stretch in stretches),
            "start_at": [stretch.start for stretch in stretches],
            "end_at": [stretch.end for stretch in stretches],
            "most": most + 1,
        },
    )
    chosen: list[_Touched] = []
    for ordinal, count in rows:
        if count > most:
            break
        most -= count
        chosen.append(stretches[ordinal - 1])
    return chosen, most


async def ruled_days(
    session: AsyncSession, layout: Layout, changes: Sequence[MeterChange]
) -> dict[MeterKey, dict[date, int]]:
    """Return what the rule says now of the UTC days that the changes' hours (whole days) lie in.

    Allocated and unallocated energy together, in milliwatt-hours; nothing is written.
    """
    stretches = [stretch for change in changes for stretch in _touched(change, _LONGEST)]
    found: dict[MeterKey, dict[date, int]] = {}
    if stretches:
        await _find_starts(session, layout, stretches)
    for batch in _batches(stretches):
        await _find_ends(session, layout, batch, _LOOK_AHEAD[-1])
        for stretch, fold in zip(batch, await fold_stretches(session, layout, batch), strict=True):
            days = found.setdefault(stretch.key, {})
            for hour, energy in fold.hours.items():
                if stretch.changed_from <= hour <= stretch.changed_to:
                    milliwh = energy.allocated_milliwh + energy.unallocated_milliwh
                    days[hour.date()] = days.get(hour.date(), 0) + milliwh
    return found
