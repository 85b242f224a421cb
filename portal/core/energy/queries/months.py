"""One month of a recompute pass, or as much of a meter as can be judged for good.

At the seam between two months energy goes neither lost nor twice. What lies before an anchor is final, so of a month
only the hours before that of its last anchor are written. The next begins with that hour, judged from an anchor among
the hours before: where one judgement of all readings would be by then.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.rows import is_so, value_of
from portal.core.energy.queries.clean_spans import clean_span, firm_end
from portal.core.energy.queries.energy_rows import Reach
from portal.core.energy.queries.journal import Why
from portal.core.energy.queries.judged_stretches import ChangedStretch, judge_onwards, judged
from portal.core.energy.queries.learning import learn
from portal.core.energy.queries.meters import judged_meters
from portal.core.energy.queries.passes import Pass
from portal.core.energy.queries.register_readings import RegisterSpan, load_readings
from portal.core.energy.queries.stretches import store
from portal.core.energy.rules.judging import Judgement, outline_of
from portal.core.energy.rules.stored_words import RestatedBecause
from portal.core.values.time import HOUR, floor_hour, instant_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey
    from portal.core.energy.rules.meter_rules import MeterRules

_FIRST_READING = """
SELECT m.time FROM {devices} d CROSS JOIN LATERAL {schema}.next_imported(d.customer, d.meter, '-infinity', 1) m
WHERE {d.customer_id = :customer_id AND} d.id = :device_id
"""
_HAS_READINGS = """
SELECT EXISTS (
    SELECT 1 FROM {devices} d CROSS JOIN LATERAL (
        SELECT FROM {stored_readings} r
        WHERE r.customer = d.customer AND r.meter = d.meter AND r.energy_imported_kwh IS NOT NULL AND r.time >= :since
        LIMIT 1
    ) m WHERE {d.customer_id = :customer_id AND} d.id = :device_id
)
"""
# Where a reading was suspect there is most likely one again: only the judge can say, and what the database adds up
# before it is asked would be for nothing.
_HAS_SUSPECTS = """
SELECT EXISTS (
    SELECT FROM {suspect_spans} p WHERE {p.customer_id = :customer_id AND} p.device_id = :device_id AND p.register = 0
      AND p.first_at >= :since AND p.first_at < :until
)
"""
# A step ends with a month. One that began at the end of a month ends with the next.
_SHORTEST = timedelta(days=2)
# In so much of its end a month that is clean has an anchor, if it moves at all.
_TAIL = timedelta(days=3)
_MICROSECOND = timedelta(microseconds=1)


class RecomputedMonth(NamedTuple):
    """What a pass rewrote: a meter's hours from `first` to before `until`, None being open; and what is left."""

    key: MeterKey
    first: datetime | None
    until: datetime | None
    asked_at: datetime | None

    @property
    def rest(self) -> tuple[Pass, ...]:
        """What is left of the pass; nothing where this was the last month."""
        return () if self.until is None else (Pass(self.key, self.until, self.asked_at),)


async def recompute_month(
    session: AsyncSession, layout: Layout, going: Pass, max_gap: timedelta
) -> RecomputedMonth:
    """Judge the next month of a pass, and replace what is stored of it; returns what was replaced.

    What a pass teaches of a meter that is new holds from the beginning, where the pass goes on then.
    """
    rules = (await judged_meters(session, layout, [going.key], max_gap))[going.key].rules
    if going.from_hour is None or rules.facts.count_milliwh is None:
        learned = await learn(session, layout, going.key, rules)
        going = going if learned == rules else going._replace(from_hour=None)
        rules = learned
    reach = await _month(session, layout, going, rules)
    await store(session, layout, [reach], Why(going.asked_at, RestatedBecause.RULE))
    until = None if reach.until is None else floor_hour(reach.until)
    return RecomputedMonth(going.key, going.from_hour, until, going.asked_at)


class _Step(NamedTuple):
    """A part of a meter's readings: from the hour `since` to before `until`, and whether nothing lies behind that."""

    key: MeterKey
    rules: MeterRules
    since: datetime
    until: datetime
    is_first: bool
    is_last: bool


async def _month(session: AsyncSession, layout: Layout, going: Pass, rules: MeterRules) -> Reach:
    """Judge up to the end of a month, as far as that is final; all, to the last reading, where nothing lies behind.

    Where there is no anchor in a month, twice as much is judged, and so on.
    """
    since = going.from_hour
    if since is None:
        first_at = await value_of(session, datetime, layout.sql(_FIRST_READING), layout.given(going.key))
        if first_at is None:
            return Reach(going.key, None, None, Judgement([], [], []), [])
        since = floor_hour(first_at)
    length = _SHORTEST
    while True:
        until = month_after(since + length)
        is_last = not await _has_readings(session, layout, going.key, until)
        step = _Step(going.key, rules, since, until, going.from_hour is None, is_last)
        reach = await _added_up(session, layout, step) or await _judged(session, layout, step)
        if reach is not None:
            return reach
        length = 2 * (until - since)


async def _added_up(session: AsyncSession, layout: Layout, step: _Step) -> Reach | None:
    """Do a step in the database; None where not all of it is clean, or it has no anchor to end with."""
    key, rules, since, until, is_first, is_last = step
    if rules.facts.count_milliwh is None and not is_first:
        return None  # all of a meter that is new is judged together
    if await is_so(session, layout.sql(_HAS_SUSPECTS), {**layout.given(key), "since": since, "until": until}):
        return None
    head = None if is_first else await firm_end(session, layout, key, since)
    if head is None and not is_first:
        return None
    hours = await clean_span(session, layout, key, rules, since, until, head)
    if hours is None:
        return None
    span = RegisterSpan(key, max(since, until - _TAIL), until - _MICROSECOND)
    if is_last:
        last_at = instant_of(hours[-1].last_at or 0)
        span = RegisterSpan(key, max(since, last_at - _TAIL), last_at)
    [readings] = await load_readings(session, layout, [span])
    judgement = await judged(readings, rules, None)
    ends_at = None if is_last else _last_anchor(judgement, since)
    if ends_at is None and not is_last:
        return None
    return Reach(key, head and head.last_at, ends_at, judgement, hours, since if is_first else None)


async def _judged(session: AsyncSession, layout: Layout, step: _Step) -> Reach | None:
    stretch = ChangedStretch(
        key=step.key, rules=step.rules, changed_from=step.since, changed_to=step.until - HOUR
    )
    until = None if step.is_last else step.until - _MICROSECOND
    reach = await judge_onwards(session, layout, stretch, until, is_first=step.is_first)
    if step.is_last:
        return reach
    ends_at = _last_anchor(reach.judgement, step.since)
    return None if ends_at is None else reach._replace(until=ends_at)


def _last_anchor(judgement: Judgement, since: datetime) -> datetime | None:
    """Return the last anchor, if hours from `since` on lie before it."""
    at = outline_of(judgement).provisional_from
    ends_at = None if at is None else instant_of(at)
    return ends_at if ends_at is not None and floor_hour(ends_at) > since else None


def month_after(at: datetime) -> datetime:
    """Return the first UTC month that begins at an instant or later."""
    begun = datetime(at.year, at.month, 1, tzinfo=UTC)
    if begun == at:
        return begun
    return datetime(at.year + at.month // 12, at.month % 12 + 1, 1, tzinfo=UTC)


async def _has_readings(session: AsyncSession, layout: Layout, key: MeterKey, since: datetime) -> bool:
    given = {**layout.given(key), "since": since}
    return await is_so(session, layout.sql(_HAS_READINGS), given)
