"""Compares what is stored of every meter's days with what its registers say."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from portal.core.energy.queries.days import StoredDay, all_meters, day_ends, queued_since, stored_days
from portal.core.energy.queries.meters import MeterChange, judged_meters
from portal.core.energy.queries.stretches import judged_days
from portal.core.energy.rules.balance import day_energy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.core.database.db import AsyncSession, Database
    from portal.core.database.layout import Layout, MeterKey
    from portal.core.energy.rules.meter_rules import MeterRules

_METERS_AT_ONCE = 20
_NOTHING = StoredDay(0, 0)
_HOURS = range(24)
_PROVISIONAL_DAYS = 2


class Difference(NamedTuple):
    """A meter's UTC day whose stored energy is not its register's; all in milliwatt-hours."""

    key: MeterKey
    name: str
    day: date
    register_milliwh: int
    hours_milliwh: int
    day_milliwh: int


class DayComparison(NamedTuple):
    """How many days of each meter were compared, meters without any left out, and where they differ."""

    days: dict[MeterKey, int]
    differences: tuple[Difference, ...]


async def compare(db: Database, layout: Layout, max_gap: timedelta) -> DayComparison:
    """Compare every day of every meter, however long that takes.

    What waits in the queue, and the days it may reach, is left for later.
    """
    differences: list[Difference] = []
    days: dict[MeterKey, int] = {}
    async with db.snapshot(statement_seconds=0) as session:
        names = await all_meters(session, layout)
    meters = list(names)
    for begin in range(0, len(meters), _METERS_AT_ONCE):
        batch = meters[begin : begin + _METERS_AT_ONCE]
        async with db.snapshot(statement_seconds=0) as session:
            counted, found = await _compare_some(session, layout, batch, max_gap, names)
        days |= counted
        differences += found
    return DayComparison(days, tuple(differences))


async def _compare_some(
    session: AsyncSession,
    layout: Layout,
    batch: Sequence[MeterKey],
    max_gap: timedelta,
    names: dict[MeterKey, str],
) -> tuple[dict[MeterKey, int], list[Difference]]:
    # As they are at this moment: by earlier ones, energy that has been computed again meanwhile would differ.
    judged = await judged_meters(session, layout, batch, max_gap)
    meters = {key: judged[key].rules for key in batch}
    stored = await stored_days(session, layout, list(meters))
    expected = await _by_registers(session, layout, meters)
    open_since = {
        key: _settled_until(hour, meters[key])
        for key, hour in (await queued_since(session, layout)).items()
        if key in meters
    }
    doubtful: dict[MeterKey, list[date]] = {}
    counted: dict[MeterKey, int] = {}
    for key in meters:
        days = {day for day in {*stored.get(key, {}), *expected[key]} if day < open_since.get(key, date.max)}
        if days:
            counted[key] = len(days)
        wrong = sorted(
            d for d in days if not _agrees(stored.get(key, {}).get(d, _NOTHING), expected[key].get(d, 0))
        )
        if wrong:
            doubtful[key] = wrong
    ruled = await judged_days(
        session, layout, [_change(key, meters[key], days) for key, days in doubtful.items()]
    )
    return counted, [
        Difference(key, names[key], day, said, *found)
        for key, days in doubtful.items()
        for day in days
        if not _agrees(
            found := stored.get(key, {}).get(day, _NOTHING), said := ruled.get(key, {}).get(day, 0)
        )
    ]


async def _by_registers(
    session: AsyncSession, layout: Layout, meters: dict[MeterKey, MeterRules]
) -> dict[MeterKey, dict[date, int]]:
    ends = await day_ends(session, layout, list(meters))
    return {key: day_energy(ends.get(key, ()), rules.max_gap) for key, rules in meters.items()}


def _agrees(found: StoredDay, milliwh: int) -> bool:
    return found.hours_milliwh == found.day_milliwh == milliwh


def _settled_until(queued_hour: datetime, rules: MeterRules) -> date:
    """The first day that readings from a queued hour on change, as a rule: back to where their predecessor may lie."""
    return queued_hour.date() - timedelta(
        days=max(_PROVISIONAL_DAYS, ceil(rules.max_gap / timedelta(days=1)))
    )


def _change(key: MeterKey, rules: MeterRules, days: Sequence[date]) -> MeterChange:
    midnights = [datetime.combine(day, time.min, tzinfo=UTC) for day in days]
    hours = [midnight + timedelta(hours=hour) for midnight in midnights for hour in _HOURS]
    return MeterChange(key, hours, hours[0], rules)
