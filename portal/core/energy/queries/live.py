"""Computes the energy of queued hours for an answer, by the same rule as a refresh, and stores nothing.

Readings that continue cleanly are added up by the refresh's own statement; other meters are folded, as far as they
are few. What is too much for an answer is left out, meter by meter, and the answer says so.
"""

from __future__ import annotations

from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.local_settings import local_settings
from portal.core.database.rows import row_of, rows_of
from portal.core.energy.queries.append import clean_runs
from portal.core.energy.queries.meters import MeterChange, rated_powers
from portal.core.energy.queries.stretches import folded
from portal.core.energy.rules.live import ALL_STORED, NOTHING, Amounts, LiveHour, LiveHours
from portal.core.energy.rules.meter import Rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey
    from portal.core.energy.queries.energy_rows import Reach
    from portal.core.energy.rules.hours import HourEnergy

_MOST_ENTRIES = 50_000  # a stream of batches queues an hour many times over; looking at them takes some 40 ms
_MOST_HOURS = 5_000
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_SECONDS = 0.2
_A_MOMENT = "1 second"
_MOST_READINGS = 10_000  # the rule takes some 6 us for each


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
_STORED = """
SELECT {e.customer_id,} e.device_id, e.hour,
       e.allocated_milliwh, e.estimated_milliwh, e.unallocated_milliwh, e.suspect_count
FROM unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]),
    CAST(:first AS timestamptz[]), CAST(:last AS timestamptz[])
) AS r ({customer_id,} device_id, first, last)
JOIN {hourly_energy} e ON {e.customer_id = r.customer_id AND} e.device_id = r.device_id
  AND e.hour >= coalesce(r.first, '-infinity') AND e.hour <= coalesce(r.last, 'infinity')
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


class _StoredHour(NamedTuple):
    key: MeterKey
    hour: datetime
    allocated_milliwh: int
    estimated_milliwh: int
    unallocated_milliwh: int
    suspect_count: int


class _Queued(NamedTuple):
    change: MeterChange
    queued_at: datetime


async def compute(
    session: AsyncSession, layout: Layout, max_gap: timedelta, customer_id: UUID | None
) -> Live:
    """Compute what is queued of a customer's meters, or of all; the session must see one moment.

    What a recompute pass has not reached yet is left as it was, and counts as left out.
    A statement of it has a fifth of a second, and one that folds meters what is then left of it; where nothing is, none
    are folded. A statement that takes longer fails, and with it the session.
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
    reaches: list[Reach] = []
    if others and monotonic() < until:
        async with local_settings(session, {"statement_timeout": _time_left(until)}):
            reaches = await folded(session, layout, others, _MOST_READINGS)
    done = clean.keys() | {reach.key for reach in reaches}
    left += [each for each in queued if each.change.key not in done]
    hours = [hour for its_hours in clean.values() for hour in its_hours]
    hours += await _folded_hours(session, layout, reaches)
    return Live(
        LiveHours(hours, _reaches(clean, reaches, hours)),
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
    powers = await rated_powers(session, layout)
    found: list[_Queued] = []
    for key, hours, first_at, queued_at in rows:
        rules = Rules(max_gap=max_gap, max_power_kw=powers.get(key))
        found.append(_Queued(MeterChange(key, sorted(hours), first_at, rules), queued_at))
    return found


def _few_enough(queued: Iterable[_Queued]) -> tuple[list[_Queued], list[_Queued]]:
    """Return the meters with the fewest hours, up to what an answer can compute, and the others."""
    chosen: list[_Queued] = []
    left: list[_Queued] = []
    most = _MOST_HOURS
    for each in sorted(queued, key=lambda one: len(one.change.hours)):
        most -= len(each.change.hours)
        (chosen if most >= 0 else left).append(each)
    return chosen, left


async def _folded_hours(session: AsyncSession, layout: Layout, reaches: Sequence[Reach]) -> list[LiveHour]:
    """Return every hour of the reaches that is stored, or would be."""
    if not reaches:
        return []
    stored = await _stored(session, layout, reaches)
    found: list[LiveHour] = []
    for reach in reaches:
        now = {
            energy.hour: _amounts(energy)
            for energy in reach.fold.hours.values()
            if _lies_in(reach, energy.hour)
        }
        was = stored.get(reach.key, {})
        found += [
            LiveHour(reach.key, hour, was.get(hour, NOTHING), now.get(hour, NOTHING))
            for hour in sorted(now.keys() | was.keys())
        ]
    return found


async def _stored(
    session: AsyncSession, layout: Layout, reaches: Sequence[Reach]
) -> dict[MeterKey, dict[datetime, Amounts]]:
    given = layout.arrays(reach.key for reach in reaches) | {
        "first": [reach.first for reach in reaches],
        "last": [reach.last for reach in reaches],
    }
    found: dict[MeterKey, dict[datetime, Amounts]] = {}
    for key, hour, *amounts in await rows_of(
        session, _StoredHour, layout.sql(_STORED), given, keys=layout.key_width
    ):
        found.setdefault(key, {})[hour] = Amounts(*amounts)
    return found


def _lies_in(reach: Reach, hour: datetime) -> bool:
    return (reach.first is None or hour >= reach.first) and (reach.last is None or hour <= reach.last)


def _amounts(energy: HourEnergy) -> Amounts:
    return Amounts(
        energy.allocated_milliwh, energy.estimated_milliwh, energy.unallocated_milliwh, energy.suspect_count
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
