"""Judges stretches of meters again, each from an anchor before its change to where it meets what is stored.

What is stored is found by a handful of statements, however many meters there are.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.rows import rows_of, values_of
from portal.core.energy.queries.energy_rows import Reach
from portal.core.energy.queries.outlines import (
    HourSpan,
    anchors_in,
    instant,
    last_unbroken_before,
    rivals_reached,
    unbroken_hours,
)
from portal.core.energy.queries.register_readings import RegisterSpan, load_readings
from portal.core.energy.rules.judging import (
    JudgedHour,
    JudgedStretch,
    Judgement,
    Outline,
    Rival,
    judge,
    judged_hours,
    meeting,
    reach_of,
    run_since,
    speaking,
    stretch_of,
)
from portal.core.energy.rules.judging.prices import REMEMBERED
from portal.core.values.time import HOUR, epoch_microseconds, floor_day, instant_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey
    from portal.core.energy.rules.judging import RegisterReading
    from portal.core.energy.rules.meter_rules import MeterRules

_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_REMEMBERED = timedelta(microseconds=REMEMBERED)
# How far back an anchor is looked for: a busy meter has one within hours, a quiet one within a day or two.
_BACK = (timedelta(hours=6), timedelta(days=3), timedelta(days=40))
# So many readings that say something, and no anchor among them: a register that flickers, and not one read seldom.
_MANY_READINGS = 1_000
_IN_A_THREAD = 2_000  # readings whose judging takes so long that whatever else the process does would wait
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
_HAVING_READINGS = """
SELECT w.ordinal
FROM unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]),
    CAST(:since AS timestamptz[]), CAST(:until AS timestamptz[])
) WITH ORDINALITY AS w ({customer_id,} device_id, since, until, ordinal)
JOIN {devices} d ON {d.customer_id = w.customer_id AND} d.id = w.device_id
WHERE EXISTS (
    SELECT 1 FROM {stored_readings} m WHERE m.customer = d.customer AND m.meter = d.meter
      AND m.energy_imported_kwh IS NOT NULL AND m.time >= w.since AND m.time < w.until
)
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
          AND m.time >= w.start_at AND m.time < w.end_at LIMIT :most
    ) few
) n ORDER BY n.readings
"""


@dataclass(slots=True, kw_only=True)
class ChangedStretch:
    """A change of a meter's readings from one hour up to another.

    `stale` are hours (microseconds since 1970) of the meter of which not all readings have been judged yet, and
    `next_at` is where the next change of it begins; None: there is none. `is_to_the_end` once it was judged to the last
    reading.
    """

    key: MeterKey
    rules: MeterRules
    changed_from: datetime
    changed_to: datetime
    stale: Collection[int] = field(default_factory=frozenset[int])
    next_at: datetime | None = None
    is_to_the_end: bool = False

    @property
    def changed_for(self) -> timedelta:
        """How much time lies between the first and the last hour of the change."""
        return self.changed_to - self.changed_from

    @property
    def first(self) -> int:
        """The first instant of the change (microseconds since 1970)."""
        return epoch_microseconds(self.changed_from)

    @property
    def last(self) -> int:
        """The last instant of the change."""
        return epoch_microseconds(self.changed_to + HOUR) - 1

    def end(self, ahead: timedelta) -> datetime:
        """Return up to where it is read."""
        return floor_day(self.changed_to) + _DAY + ahead


@dataclass(slots=True)
class _Reading:
    """A stretch while its readings are looked for: `until` and `since` are how far it is read, each included."""

    stretch: ChangedStretch
    until: datetime | None
    rivals: list[Rival]
    since: datetime | None = None
    readings: list[RegisterReading] = field(default_factory=list["RegisterReading"])
    unbroken: set[int] = field(default_factory=set[int])
    judged: JudgedStretch | None = None

    @property
    def is_count_known(self) -> bool:
        return self.stretch.rules.facts.count_milliwh is not None

    @property
    def says_little(self) -> bool:
        """Whether so much was read before the change that farther back there is nothing to be found either."""
        changed_from = self.stretch.changed_from
        if self.since is None or self.since > changed_from - _REMEMBERED:
            return False
        end = bisect_left(self.readings, (epoch_microseconds(changed_from),))
        return end >= _MANY_READINGS and speaking(self.readings[:end]) >= _MANY_READINGS

    def begins_before(self) -> datetime:
        return instant_of(reach_of(self.rivals, self.stretch.first, self.stretch.last))

    def find_anchor(self, *, is_last: bool) -> bool:
        """Begin at an anchor among what was read, or with all of it if that is the last of it."""
        its = self.stretch
        anchors = (
            anchors_in(self.readings, self.unbroken, self.since, its.changed_from)
            if self.is_count_known
            else []
        )
        found = stretch_of(Outline(anchors, self.rivals), its.first, its.last, None)
        if found.from_at is None and is_last and self.since is not None:
            since = epoch_microseconds(self.since)
            found = JudgedStretch(None, since, None)
        if found.from_at is not None or is_last:
            self.judged = found
        return self.judged is not None


class _Size(NamedTuple):
    ordinal: int
    readings: int


async def judge_stretches(
    session: AsyncSession,
    layout: Layout,
    stretches: Sequence[ChangedStretch],
    ahead: timedelta,
    *,
    must_meet: bool = True,
) -> list[Reach | None]:
    """Judge each stretch by the readings up to so far behind its day.

    None of one that does not meet what is stored within that; unless it must, all are as far as that says.
    """
    looked_at = await _begun(session, layout, stretches, ahead)
    await _find_anchors(session, layout, looked_at)
    return [await _reach(each, must_meet=must_meet) for each in looked_at]


async def judge_onwards(
    session: AsyncSession,
    layout: Layout,
    stretch: ChangedStretch,
    until: datetime | None,
    *,
    is_first: bool,
) -> Reach:
    """Judge a stretch of which nothing stored holds, by the readings up to `until`, None: by all.

    With `is_first` it is judged from the beginning. The reach is open behind it: what of it is final the caller says.
    """
    [rivals] = await rivals_reached(session, layout, [(stretch.key, stretch.changed_from)])
    looked_at = _Reading(stretch, until, rivals)
    await (_read_all if is_first else _find_anchors)(session, layout, [looked_at])
    reach = await _reach(looked_at, must_meet=False)
    return reach if reach is not None else Reach(stretch.key, None, None, Judgement([], [], []), [])


async def _begun(
    session: AsyncSession, layout: Layout, stretches: Sequence[ChangedStretch], ahead: timedelta
) -> list[_Reading]:
    rivals = await rivals_reached(session, layout, [(each.key, each.changed_from) for each in stretches])
    ends = [each.end(ahead) for each in stretches]
    given = layout.arrays(each.key for each in stretches) | {"end_at": ends}
    beyond = set(await values_of(session, int, layout.sql(_ENDS), given))
    return [
        _Reading(each, ends[i] - _MICROSECOND if i + 1 in beyond else None, rivals[i])
        for i, each in enumerate(stretches)
    ]


async def _find_anchors(session: AsyncSession, layout: Layout, looked_at: Sequence[_Reading]) -> None:
    # What a count is follows from all readings until it is known: those of a meter that is new.
    await _read_all(session, layout, [each for each in looked_at if not each.is_count_known])
    pending = [each for each in looked_at if each.is_count_known]
    hours: list[datetime] = []
    for back in _BACK:
        for each in pending:
            each.since = each.begins_before() - back
        await _read(session, layout, pending)
        pending = [each for each in pending if not each.find_anchor(is_last=each.says_little)]
        if not pending:
            return
        older = await last_unbroken_before(
            session, layout, [(each.stretch.key, each.since or each.begins_before()) for each in pending]
        )
        await _read_all(session, layout, [each for i, each in enumerate(pending) if i not in older])
        hours = [older[i] for i in range(len(pending)) if i in older]
        pending = [each for i, each in enumerate(pending) if i in older]
    # Behind it nothing is unbroken: the register has been at zero since, or is read seldom.
    for each, hour in zip(pending, hours, strict=True):
        each.since = hour - _BACK[1]
    await _read(session, layout, pending)
    await _read_all(session, layout, [each for each in pending if not each.find_anchor(is_last=False)])


async def _read_all(session: AsyncSession, layout: Layout, pending: Sequence[_Reading]) -> None:
    """Read those without an anchor from the beginning, unless so much was read that there is nothing to be found."""
    for each in pending:
        each.since = each.since if each.says_little else None
    await _read(session, layout, [each for each in pending if each.since is None])
    for each in pending:
        each.find_anchor(is_last=True)


async def _read(session: AsyncSession, layout: Layout, pending: Sequence[_Reading]) -> None:
    if not pending:
        return
    spans = [(each.stretch.key, each.since, each.until) for each in pending]
    readings = await load_readings(session, layout, [RegisterSpan(*span) for span in spans])
    hours = await unbroken_hours(session, layout, [HourSpan(*span) for span in spans])
    for each, its_readings, its_hours in zip(pending, readings, hours, strict=True):
        each.readings, each.unbroken = its_readings, its_hours - set(each.stretch.stale)


async def _reach(found: _Reading, *, must_meet: bool) -> Reach | None:
    """Judge what was read of a stretch; None where what is stored is not met."""
    its, stretch = found.judged or JudgedStretch(None, None, None), found.stretch
    readings = [each for each in found.readings if its.since is None or each[0] >= its.since]
    judgement = await judged(readings, stretch.rules, its.from_at)
    meets_at: int | None = None
    if found.until is not None and must_meet:
        anchors = anchors_in(found.readings, found.unbroken, stretch.changed_to + HOUR, stretch.next_at)
        meets_at = meeting(Outline(anchors, found.rivals), its, judgement, stretch.last)
        if meets_at is None:
            return None
    after = instant(its.from_at)
    if after is None and found.since is not None:
        # What it begins with is a guess, until a day has passed in which a register may wobble.
        after = min(found.since + _DAY, found.begins_before() - _MICROSECOND)
    begun_at = instant(run_since(judgement, its.from_at))
    return Reach(
        stretch.key,
        after,
        instant(meets_at),
        judgement,
        hours_of(judgement, stretch.rules),
        begun_at,
        is_anchored=its.from_at is not None or found.since is None,
    )


async def judged(readings: Sequence[RegisterReading], rules: MeterRules, anchor_at: int | None) -> Judgement:
    """Judge readings, many of them in a thread."""
    if len(readings) < _IN_A_THREAD:
        return judge(readings, rules.facts, rules.decisions, anchor_at=anchor_at)
    return await asyncio.to_thread(judge, readings, rules.facts, rules.decisions, anchor_at=anchor_at)


def hours_of(judgement: Judgement, rules: MeterRules) -> list[JudgedHour]:
    """Return the hours of a judgement."""
    return judged_hours(judgement, rules.max_gap // _MICROSECOND)


async def having_readings(
    session: AsyncSession, layout: Layout, stretches: Sequence[ChangedStretch]
) -> list[ChangedStretch]:
    """Return the stretches in which there are readings of the register: of a board without one nothing is judged."""
    given = layout.arrays(each.key for each in stretches) | {
        "since": [each.changed_from for each in stretches],
        "until": [each.changed_to + HOUR for each in stretches],
    }
    found = (
        set(await values_of(session, int, layout.sql(_HAVING_READINGS), given)) if stretches else set[int]()
    )
    return [each for n, each in enumerate(stretches, 1) if n in found]


async def few_enough(
    session: AsyncSession, layout: Layout, stretches: Sequence[ChangedStretch], ahead: timedelta, most: int
) -> list[ChangedStretch]:
    """Return the shortest stretches that together have no more readings to be looked at than `most`."""
    given = layout.arrays(each.key for each in stretches) | {
        "start_at": [floor_day(each.changed_from) - _DAY - _BACK[0] for each in stretches],
        "end_at": [each.end(ahead) for each in stretches],
        "most": most + 1,
    }
    chosen: list[ChangedStretch] = []
    for ordinal, count in await rows_of(session, _Size, layout.sql(_SIZES), given):
        if count > most:
            break
        most -= count
        chosen.append(stretches[ordinal - 1])
    return chosen
