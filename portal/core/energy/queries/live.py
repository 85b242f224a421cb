"""Computes the energy of queued hours for an answer, by the same rule as a refresh, and stores nothing.

Readings that continue cleanly are added up by the refresh's own statement; other meters are judged, as far as they
are few. What is too much for an answer is left out, meter by meter, and the answer says so.
"""

from __future__ import annotations

from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.local_settings import local_settings
from portal.core.database.rows import row_of, rows_of
from portal.core.energy.queries.append import clean_runs
from portal.core.energy.queries.energy_rows import changed_hours
from portal.core.energy.queries.meters import MeterChange, judged_meters
from portal.core.energy.queries.stretches import JudgedNow, judged_now
from portal.core.energy.rules.live import ALL_STORED, NOTHING, Amounts, LiveHour, LiveHours, LiveJudgement
from portal.core.values.time import instant_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey
    from portal.core.energy.queries.energy_rows import Reach
    from portal.core.energy.rules.judging import JudgedHour

_MOST_ENTRIES = 50_000  # a stream of batches queues an hour many times over; looking at them takes some 40 ms
_MOST_HOURS = 5_000
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_SECONDS = 0.2
_A_MOMENT = "1 second"
_MOST_READINGS = 20_000  # reading and judging take some 2 us for each


_WAITING = """
SELECT entries, queued_since, asked_since, coalesce(is_just_asked, false) AS is_just_asked
FROM (
    SELECT coalesce(sum(cardinality(hours)), 0)::bigint AS entries, min(queued_at) AS queued_since
    FROM {rollup_batches} WHERE {whose_number}
) q CROSS JOIN (
    SELECT min(asked_at) AS asked_since, max(asked_at) > clock_timestamp() - interval '{moment}' AS is_just_asked
    FROM {recompute_passes} WHERE {whose}
) p
"""
_QUEUED = """
SELECT {d.customer_id,} d.id AS device_id, q.hours, q.first_at, q.queued_at
FROM (
    SELECT customer, meter, array_agg(DISTINCT hour) AS hours,
           greatest(min(first_at), TIMESTAMPTZ 'epoch') AS first_at, min(queued_at) AS queued_at
    FROM {rollup_batches} CROSS JOIN LATERAL unnest(meters, hours, firsts) AS q (meter, hour, first_at)
    WHERE {whose_number} GROUP BY customer, meter
) q JOIN {devices} d ON d.customer = q.customer AND d.meter = q.meter
"""


class Live(NamedTuple):
    """What was computed, and since when what was left out has waited; None where nothing was.

    `is_worth_waiting` tells whether a refresh may bring that up to date in a moment.
    """

    hours: LiveHours
    waiting_since: datetime | None
    is_worth_waiting: bool = False


class _Waiting(NamedTuple):
    """How many entries the queue has, since when its first one waits, and since when the first pass does.

    `is_just_asked` tells whether a pass was asked for a moment ago: one that still goes on after that is a long one.
    """

    entries: int
    queued_since: datetime | None
    asked_since: datetime | None
    is_just_asked: bool

    def all_left(self) -> Live:
        """Return the answer that leaves out all that waits."""
        is_worth_waiting = self.entries > 0 or self.is_just_asked
        return Live(ALL_STORED, _earlier(self.queued_since, self.asked_since), is_worth_waiting)


class _QueuedMeter(NamedTuple):
    key: MeterKey
    hours: list[datetime]
    first_at: datetime
    queued_at: datetime


class _Queued(NamedTuple):
    change: MeterChange
    queued_at: datetime


async def compute(
    session: AsyncSession, layout: Layout, max_gap: timedelta, customer_id: UUID | None
) -> Live:
    """Compute what is queued of a customer's meters, or of all; the session must see one moment.

    What a recompute pass has not reached yet is left as it was, and counts as left out.
    A statement of it has a fifth of a second, and one that meters are judged by what is then left of it; where nothing
    is, none are judged. A statement that takes longer fails, and with it the session.
    """
    until = monotonic() + _LONGEST_SECONDS
    waiting = await _waiting(session, layout, customer_id)
    if not waiting.entries or waiting.entries > _MOST_ENTRIES:
        return waiting.all_left()
    async with local_settings(session, {"statement_timeout": _time_left(until)}):
        queued, left = _few_enough(await _queued(session, layout, max_gap, customer_id))
        found = await _compute(session, layout, max_gap, queued, left, until)
        return found._replace(
            waiting_since=_earlier(found.waiting_since, waiting.asked_since),
            is_worth_waiting=found.waiting_since is not None or waiting.is_just_asked,
        )


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(filter(None, (one, other)), default=None)


def _time_left(until: float) -> str:
    return f"{max(1, round(1000 * (until - monotonic())))}ms"


async def _compute(
    session: AsyncSession,
    layout: Layout,
    max_gap: timedelta,
    queued: list[_Queued],
    left: list[_Queued],
    until: float,
) -> Live:
    if not queued:
        return Live(ALL_STORED, min((each.queued_at for each in left), default=None))
    clean = await clean_runs(session, layout, [each.change for each in queued], max_gap)
    others = [each.change for each in queued if each.change.key not in clean]
    found = JudgedNow([], set())
    if others and monotonic() < until:
        async with local_settings(session, {"statement_timeout": _time_left(until)}):
            found = await judged_now(session, layout, others, _MOST_READINGS)
    reaches = found.reaches
    done = clean.keys() | found.unconcerned | {reach.key for reach in reaches}
    left += [each for each in queued if each.change.key not in done]
    hours = [hour for its_hours in clean.values() for hour in its_hours]
    hours += await _judged_hours(session, layout, reaches)
    rules = {each.key: each.rules for each in others}
    judged = {reach.key: LiveJudgement(reach.judgement, rules[reach.key].eras) for reach in reaches}
    return Live(
        LiveHours(hours, _reaches(clean, reaches, hours), judged),
        min((each.queued_at for each in left), default=None),
    )


async def nothing(session: AsyncSession, layout: Layout, customer_id: UUID | None) -> Live:
    """Leave out all that is queued."""
    return (await _waiting(session, layout, customer_id)).all_left()


async def _waiting(session: AsyncSession, layout: Layout, customer_id: UUID | None) -> _Waiting:
    whose, number = layout.whose(customer_id), layout.whose_number(customer_id)
    statement = layout.sql(_WAITING, whose=whose, whose_number=number, moment=_A_MOMENT)
    return await row_of(session, _Waiting, statement, {"customer_id": customer_id})


async def _queued(
    session: AsyncSession, layout: Layout, max_gap: timedelta, customer_id: UUID | None
) -> list[_Queued]:
    statement = layout.sql(_QUEUED, whose_number=layout.whose_number(customer_id))
    given = {"customer_id": customer_id}
    rows = await rows_of(session, _QueuedMeter, statement, given, keys=layout.key_width)
    meters = await judged_meters(session, layout, [row.key for row in rows], max_gap)
    return [
        _Queued(MeterChange(key, sorted(hours), first_at, *meters[key]), queued_at)
        for key, hours, first_at, queued_at in rows
    ]


def _few_enough(queued: Iterable[_Queued]) -> tuple[list[_Queued], list[_Queued]]:
    """Return the meters with the fewest hours, up to what an answer can compute, and the others."""
    chosen: list[_Queued] = []
    left: list[_Queued] = []
    most = _MOST_HOURS
    for each in sorted(queued, key=lambda one: len(one.change.hours)):
        most -= len(each.change.hours)
        (chosen if most >= 0 else left).append(each)
    return chosen, left


async def _judged_hours(session: AsyncSession, layout: Layout, reaches: Sequence[Reach]) -> list[LiveHour]:
    """Return every hour of the reaches that is stored otherwise than it would be."""
    found: list[LiveHour] = []
    for key, was, now in await changed_hours(session, layout, reaches):
        hour = was or now
        if hour is not None:
            found.append(LiveHour(key, instant_of(hour.hour), _amounts(was), _amounts(now)))
    return found


def _amounts(hour: JudgedHour | None) -> Amounts:
    if hour is None:
        return NOTHING
    return Amounts(
        hour.allocated_milliwh,
        hour.estimated_milliwh,
        hour.unallocated_milliwh,
        hour.suspect_count,
        int(hour.is_covered),
    )


def _reaches(
    clean: dict[MeterKey, list[LiveHour]], reaches: Iterable[Reach], hours: Iterable[LiveHour]
) -> dict[MeterKey, tuple[datetime, datetime]]:
    last: dict[MeterKey, datetime] = {}
    for each in hours:
        last[each.key] = max(each.hour, last.get(each.key, each.hour))
    found = {
        key: (min(each.hour for each in its_hours), last[key])
        for key, its_hours in clean.items()
        if its_hours
    }
    return found | {
        reach.key: (reach.first or _LONG_AGO, last[reach.key]) for reach in reaches if reach.key in last
    }
