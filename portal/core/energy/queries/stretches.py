"""Judges what has changed again, wherever the changes reach, and stores what comes of it.

A change is judged from an anchor before it to where what is found meets what is stored; what follows cannot differ.
Many meters are gone through together. What reaches further than some weeks is left to a recompute pass, which goes on
month by month.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.layout import MeterKey
from portal.core.energy.queries.energy_rows import ChangedHour, Reach, replace_energy
from portal.core.energy.queries.journal import Why, note_restated
from portal.core.energy.queries.judged_rows import replace_judged
from portal.core.energy.queries.judged_stretches import (
    ChangedStretch,
    few_enough,
    having_readings,
    judge_stretches,
)
from portal.core.energy.queries.passes import Pass, ask_for_passes, waiting_passes
from portal.core.energy.rules.restatement import ChangedEnergy, EnergyOfHour
from portal.core.energy.rules.stored_words import RestatedBecause
from portal.core.values.time import HOUR, epoch_microseconds, instant_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout
    from portal.core.energy.queries.meters import MeterChange

_NEARBY = timedelta(days=3)  # changes closer than this are judged in one stretch
# How far past the change to read, and then further; what has not met what is stored by then is left to a pass.
_LOOK_AHEAD = (timedelta(hours=36), timedelta(days=5), timedelta(days=40))
_LONGEST = timedelta(days=31)
_HOURS_AT_ONCE = 20_000  # bounds what a round keeps in memory


async def rewrite_energy(
    session: AsyncSession,
    layout: Layout,
    changes: Sequence[MeterChange],
    queued_since: datetime | None = None,
) -> None:
    """Judge the changes again wherever they reach, and store it, or ask for a pass where that is far.

    Such a pass counts as asked for since the changes were queued, so that no answer claims to count what it has left.
    """
    waiting = await waiting_passes(session, layout, [change.key for change in changes])
    passes: list[Pass] = []
    pending: list[list[ChangedStretch]] = []
    for change in changes:
        if _is_left_to_its_pass(change, waiting):
            passes += _pass_for(change.key, change.hours[0], waiting.get(change.key), queued_since)
        else:
            pending.append(list(_stretches(change)))
    new = {change.key for change in changes if not _is_judged(change)}
    while pending:
        # Stretches of one meter build on each other: one of each at a time.
        now = [stretches.pop(0) for stretches in pending]
        its = await having_readings(session, layout, now)
        far = await _rewrite_near(session, layout, its, Why(queued_since, RestatedBecause.LATE_READING))
        for each in far:
            hour = None if each.key in new else each.changed_from
            passes += _pass_for(each.key, hour, waiting.get(each.key), queued_since)
        # A pass comes to all that follows, and so did a stretch that was judged to the end.
        done = {each.key for each in (*far, *(each for each in now if each.is_to_the_end))}
        pending = [each for each in pending if each and each[0].key not in done]
    await ask_for_passes(session, layout, passes)


def _pass_for(
    key: MeterKey, hour: datetime | None, waiting: Pass | None, queued_since: datetime | None
) -> list[Pass]:
    """Return the pass to ask for, from an hour on or of all; none where one waits that comes to the change.

    Asked for again, that might go back.
    """
    is_covered = waiting is not None and (waiting.from_hour is None if hour is None else waiting.covers(hour))
    if waiting is None or not is_covered:
        return [Pass(key, hour, queued_since)]
    is_said = queued_since is None or waiting.asked_at is None or waiting.asked_at <= queued_since
    return [] if is_said else [waiting._replace(asked_at=queued_since)]


def _is_left_to_its_pass(change: MeterChange, waiting: Mapping[MeterKey, Pass]) -> bool:
    """Tell whether nothing of a meter has been judged yet, and its pass comes to the change anyway."""
    its_pass = waiting.get(change.key)
    return not _is_judged(change) and its_pass is not None and its_pass.covers(change.hours[0])


def _is_judged(change: MeterChange) -> bool:
    """Tell whether a meter has been judged to its end."""
    return change.head is not None and change.head.last_at is not None


def _stretches(change: MeterChange, longest: timedelta = timedelta.max) -> Iterator[ChangedStretch]:
    """Yield the stretches of a change, ascending, none of them much longer than `longest`."""
    ends: list[tuple[datetime, datetime]] = []
    for hour in change.hours:
        first, last = ends[-1] if ends else (hour, hour)
        if ends and hour - last <= _NEARBY and last - first < longest:
            ends[-1] = first, hour
        else:
            ends.append((hour, hour))
    stale = frozenset(epoch_microseconds(hour) for hour in change.hours)
    following = [first for first, _ in ends[1:]]
    for (first, last), next_at in zip(ends, [*following, None], strict=True):
        yield ChangedStretch(
            key=change.key,
            rules=change.rules,
            changed_from=first,
            changed_to=last,
            stale=stale,
            next_at=next_at,
        )
        stale = frozenset(hour for hour in stale if hour > epoch_microseconds(last))


def _batches(stretches: Sequence[ChangedStretch]) -> Iterator[list[ChangedStretch]]:
    """Yield stretches in batches that are not too long together."""
    batch: list[ChangedStretch] = []
    hours = 0
    for stretch in stretches:
        length = (stretch.changed_for + _LOOK_AHEAD[0]) // HOUR
        if batch and hours + length > _HOURS_AT_ONCE:
            yield batch
            batch, hours = [], 0
        batch.append(stretch)
        hours += length
    if batch:
        yield batch


async def _rewrite_near(
    session: AsyncSession, layout: Layout, stretches: Sequence[ChangedStretch], why: Why
) -> list[ChangedStretch]:
    """Rewrite what meets what is stored within weeks, and return the stretches that are left to a pass."""
    left = [each for each in stretches if each.changed_for > _LONGEST]
    for batch in _batches([each for each in stretches if each.changed_for <= _LONGEST]):
        unmet = batch
        for ahead in _LOOK_AHEAD:
            if unmet:
                unmet = await _rewrite_met(session, layout, unmet, ahead, why)
        left += unmet
    return left


async def _rewrite_met(
    session: AsyncSession,
    layout: Layout,
    stretches: Sequence[ChangedStretch],
    ahead: timedelta,
    why: Why,
) -> list[ChangedStretch]:
    """Rewrite what meets what is stored so far ahead, and return the stretches that do not."""
    found = await judge_stretches(session, layout, stretches, ahead)
    await store(session, layout, [reach for reach in found if reach], why)
    for stretch, reach in zip(stretches, found, strict=True):
        stretch.is_to_the_end = reach is not None and reach.until is None
    return [stretch for stretch, reach in zip(stretches, found, strict=True) if reach is None]


async def store(session: AsyncSession, layout: Layout, reaches: Sequence[Reach], why: Why) -> None:
    """Make what is stored in the reaches what was found there; each meter has one. Closed days are restated."""
    changed = await replace_energy(session, layout, reaches)
    await note_restated(session, layout, map(_energy_of, changed), why)
    await replace_judged(session, layout, reaches)


def _energy_of(changed: ChangedHour) -> ChangedEnergy:
    known = changed.now or changed.was
    hour = instant_of(known.hour if known else 0)
    was, now = (
        EnergyOfHour(each.allocated_milliwh, each.unallocated_milliwh, each.estimated_milliwh)
        if each
        else EnergyOfHour()
        for each in (changed.was, changed.now)
    )
    return ChangedEnergy(changed.key, hour, was, now)


class JudgedNow(NamedTuple):
    """What would be stored of meters, one reach for each, and the meters whose energy is not concerned."""

    reaches: list[Reach]
    unconcerned: set[MeterKey]


async def judged_now(
    session: AsyncSession, layout: Layout, changes: Sequence[MeterChange], most_readings: int
) -> JudgedNow:
    """Return what `rewrite_energy` would store of the changes; nothing is written.

    A meter is left out where its change may reach further than a day or two beyond or is left to its pass, and the
    largest ones are where all of them together have more readings than `most_readings`.
    """
    waiting = await waiting_passes(session, layout, [change.key for change in changes])
    stretches = [
        ChangedStretch(
            key=each.key,
            rules=each.rules,
            changed_from=each.hours[0],
            changed_to=each.hours[-1],
            stale=frozenset(epoch_microseconds(hour) for hour in each.hours),
        )
        for each in changes
        if not _is_left_to_its_pass(each, waiting)
    ]
    concerned = await having_readings(session, layout, stretches)
    unconcerned = {each.key for each in stretches} - {each.key for each in concerned}
    stretches = concerned
    if stretches:
        stretches = await few_enough(session, layout, stretches, _LOOK_AHEAD[0], most_readings)
    found = await judge_stretches(session, layout, stretches, _LOOK_AHEAD[0]) if stretches else []
    return JudgedNow([reach for reach in found if reach], unconcerned)


async def judged_days(
    session: AsyncSession, layout: Layout, changes: Iterable[MeterChange]
) -> dict[MeterKey, dict[date, int]]:
    """Return what the judge says now of the UTC days that the changes' hours (whole days) lie in.

    Allocated and unallocated energy together, in milliwatt-hours; nothing is written.
    """
    stretches = [stretch for change in changes for stretch in _stretches(change, _LONGEST)]
    for each in stretches:
        # Nothing of it changes: all that is stored may be begun with.
        each.stale, each.next_at = frozenset(), None
    found: dict[MeterKey, dict[date, int]] = {}
    for batch in _batches(stretches):
        reaches = await judge_stretches(session, layout, batch, _LOOK_AHEAD[-1], must_meet=False)
        for stretch, reach in zip(batch, reaches, strict=True):
            if reach:
                _add_days(found.setdefault(stretch.key, {}), stretch, reach)
    return found


def _add_days(days: dict[date, int], stretch: ChangedStretch, reach: Reach) -> None:
    for hour in reach.hours:
        at = instant_of(hour.hour)
        if stretch.changed_from <= at <= stretch.changed_to:
            milliwh = hour.allocated_milliwh + hour.unallocated_milliwh
            days[at.date()] = days.get(at.date(), 0) + milliwh
