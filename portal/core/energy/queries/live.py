"""Computes the energy of queued hours for an answer, by the same rule as a refresh, and stores nothing.

Readings that continue cleanly are added up by the refresh's own statement; other meters are folded, as far as they
are few. What is too much for an answer is left out, meter by meter, and the answer says so.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import text

from portal.core.database.planning import planned
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

    from portal.core.database.layout import Layout
    from portal.core.database.queue import MeterKey
    from portal.core.energy.queries.energy_rows import Reach
    from portal.core.energy.rules.hours import HourEnergy

_MOST_ENTRIES = 50_000  # a stream of batches queues an hour many times over; looking at them takes some 40 ms
_MOST_HOURS = 5_000
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_STATEMENT = "200ms"
_A_MOMENT_SECONDS = 1
_MOST_READINGS = 10_000  # the rule takes some 6 us for each


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


class _Queued(NamedTuple):
    change: MeterChange
    queued_at: datetime


async def compute(
    session: AsyncSession, layout: Layout, max_gap: timedelta, customer_id: UUID | None
) -> Live:
    """Compute what is queued of a customer's meters, or of all; the session must see one moment.

    What a recompute pass has not reached yet is left as it was, and counts as left out.
    A statement of it that takes too long fails, and with it the session.
    """
    waiting = await _waiting(session, layout, customer_id)
    if not waiting.entries or waiting.entries > _MOST_ENTRIES:
        return waiting.all_left()
    async with planned(session, {"statement_timeout": _LONGEST_STATEMENT}):
        queued, left = _few_enough(await _queued(session, layout, max_gap, customer_id))
        found = await _compute(session, layout, max_gap, queued, left)
        return found._replace(
            waiting_since=_earlier(found.waiting_since, waiting.asked_since),
            is_worth_waiting=found.waiting_since is not None or waiting.is_just_asked,
        )


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(filter(None, (one, other)), default=None)


async def _compute(
    session: AsyncSession, layout: Layout, max_gap: timedelta, queued: list[_Queued], left: list[_Queued]
) -> Live:
    if not queued:
        return Live(ALL_STORED, min(each.queued_at for each in left))
    clean = await clean_runs(session, layout, [each.change for each in queued], max_gap)
    others = [each.change for each in queued if each.change.key not in clean]
    reaches = await folded(session, layout, others, _MOST_READINGS) if others else []
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
    row = (
        await session.execute(
            text(
                f"SELECT entries, queued_since, asked_since, coalesce(is_just_asked, false) FROM "
                f"(SELECT coalesce(sum(cardinality(hours)), 0)::bigint AS entries, min(queued_at) AS queued_since "
                f"FROM {layout.queued_batches} WHERE true {_of(customer_id)}) q CROSS JOIN "
                f"(SELECT min(asked_at) AS asked_since, "
                f"max(asked_at) > clock_timestamp() - interval '{_A_MOMENT_SECONDS} seconds' AS is_just_asked "
                f"FROM {layout.recompute_passes} WHERE true {_of(customer_id)}) p"
            ),
            _given(customer_id),
        )
    ).one()
    return _Waiting(*row)


async def _queued(
    session: AsyncSession, layout: Layout, max_gap: timedelta, customer_id: UUID | None
) -> list[_Queued]:
    keys, width = layout.key_list(), len(layout.keys)
    rows: Sequence[Any] = (
        await session.execute(
            text(
                f"SELECT {keys}, array_agg(DISTINCT hour), greatest(min(first_at), TIMESTAMPTZ 'epoch'), "
                f"min(queued_at) FROM {layout.queued_batches} "
                f"CROSS JOIN LATERAL unnest(device_ids, hours, firsts) AS q (device_id, hour, first_at) "
                f"WHERE true {_of(customer_id)} GROUP BY {keys}"
            ),
            _given(customer_id),
        )
    ).all()
    powers = await rated_powers(session, layout)
    found: list[_Queued] = []
    for row in rows:
        key = tuple(row[:width])
        hours, first_at, queued_at = row[width:]
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
    width = len(layout.keys)
    arrays = ", ".join(f"CAST(:{key} AS uuid[])" for key in layout.keys)
    rows = await session.execute(
        text(
            f"SELECT {layout.key_list('e')}, e.hour, e.allocated_milliwh, e.estimated_milliwh, "
            f"e.unallocated_milliwh, e.suspect_count "
            f"FROM unnest({arrays}, CAST(:first AS timestamptz[]), CAST(:last AS timestamptz[])) "
            f"AS r ({layout.key_list()}, first, last) JOIN {layout.hourly_energy} e ON {layout.matches('e', 'r')} "
            f"AND e.hour >= coalesce(r.first, '-infinity') AND e.hour <= coalesce(r.last, 'infinity')"
        ),
        {name: [reach.key[place] for reach in reaches] for place, name in enumerate(layout.keys)}
        | {"first": [reach.first for reach in reaches], "last": [reach.last for reach in reaches]},
    )
    found: dict[MeterKey, dict[datetime, Amounts]] = {}
    for row in rows:
        found.setdefault(tuple(row[:width]), {})[row[width]] = Amounts(*row[width + 1 :])
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


def _of(customer_id: UUID | None) -> str:
    return "" if customer_id is None else "AND customer_id = :customer_id"


def _given(customer_id: UUID | None) -> dict[str, Any]:
    return {} if customer_id is None else {"customer_id": customer_id}
