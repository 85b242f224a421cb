"""Billed energy of a window, grouped by what it costs.

A rate is constant over a slot, so energy is added up per slot in integers and only the sums are priced, exactly.
The window is asked for twice, by day and by device: both have few groups, while days times devices would have many.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from portal.core.cost.queries import live_usage, split_sums
from portal.core.cost.queries.calendars import NOWHERE, Calendar, make_calendar, zone_named
from portal.core.cost.queries.cost_scope import CostScope, given_of, sql_of
from portal.core.cost.queries.scope_meters import ScopeMeters, load_meters
from portal.core.cost.rules.cost import DayUsage, DeviceRef, DeviceUsage, Quality, usage_of_virtual
from portal.core.cost.rules.rates import Segment
from portal.core.database.local_settings import local_settings
from portal.core.database.rows import row_of, rows_of
from portal.core.energy.queries import split_intervals
from portal.core.energy.queries.split_intervals import DeviceHour
from portal.core.energy.rules.split_intervals import split_interval
from portal.core.values.time import HOUR, floor_day, floor_hour

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.tariffs.queries.tariffs import MunicipalTariffs

__all__ = ["Calendar", "CostScope", "load_usage", "make_calendar", "zone_named"]

_NEARLY_A_DAY = timedelta(days=1) - timedelta(microseconds=1)
_AT_ONCE = 500  # bounds the hours whose readings are in memory together


@dataclass(frozen=True)
class WindowUsage:
    """The energy of a window by day and by device, and what is doubtful about it.

    `municipalities` are the municipalities in the calendar that the devices are in.
    """

    by_day: tuple[DayUsage, ...]
    by_device: tuple[DeviceUsage, ...]
    devices: tuple[DeviceRef, ...]
    municipalities: frozenset[int]
    quality: Quality


class DailyUsage(NamedTuple):
    """The energy of a window by day alone, the municipalities its devices are in, and how many these are."""

    by_day: tuple[DayUsage, ...]
    municipalities: frozenset[int]
    device_count: int


# An hour finds its rate, and a device its municipality, by binary search in an array: no join, whose plan could flip
# with the size of the window, and no row per hour and municipality. The energy of days is added up per hour first,
# which leaves few rows.
_BY_DAY = """
SELECT municipality, (CAST(:numbers AS integer[]))[width_bucket(hour, CAST(:edges AS timestamptz[])) + 1] AS number,
       sum(milliwh)::bigint AS milliwh
FROM (
    SELECT {municipality_key} AS municipality, h.hour, sum({energy})::bigint AS milliwh
    FROM {hourly_energy} h
    WHERE {h.customer_id = :customer_id AND} {of_site_devices} {bulk_alone} h.hour >= :first_hour AND h.hour < :to_at
    GROUP BY {grouped} h.hour
) hours GROUP BY municipality, number
"""
# Without NULL in it: where an array has one, each look-up scans it from the start.
_MUNICIPALITY_OF_DEVICE = """
(CAST(:municipalities AS integer[]))[width_bucket(h.device_id, CAST(:devices AS uuid[])) + 1]
"""
_BY_DEVICE = """
SELECT h.device_id, (CAST(:numbers AS integer[]))[width_bucket(h.hour, CAST(:edges AS timestamptz[])) + 1] AS number,
       sum({energy})::bigint AS milliwh, count(*) FILTER (WHERE {energy} > 0) AS buckets
FROM {hourly_energy} h
WHERE {h.customer_id = :customer_id AND} {of_site_devices} h.hour >= :first_hour AND h.hour < :to_at
GROUP BY h.device_id, number
"""
# Whole days are looked up in the sums of days, which are few.
_QUALITY = """
SELECT coalesce(sum(unallocated), 0)::bigint AS unallocated_milliwh,
       coalesce(sum(estimated), 0)::bigint AS estimated_milliwh,
       coalesce(sum(suspect_count), 0)::bigint AS suspect_readings
FROM (
    SELECT {unallocated} AS unallocated, {estimated} AS estimated, h.suspect_count
    FROM {daily_energy} h
    WHERE {h.customer_id = :customer_id AND} {of_site_devices} {bulk_alone} h.day >= :first_day AND h.day < :last_day
    UNION ALL
    SELECT {unallocated}, {estimated}, h.suspect_count
    FROM {hourly_energy} h
    WHERE {h.customer_id = :customer_id AND} {of_site_devices} {bulk_alone}
          (h.hour >= :from_at AND h.hour < :morning OR h.hour >= :evening AND h.hour < :to_at)
) found
"""
# The query planner is left little to decide, so that it cannot decide otherwise with old statistics: rows are read in
# the order of the table; groups, of which it expects far too many, fit in memory. Compiling takes too long.
_PLANNER_HINTS = {
    "enable_indexscan": "off",
    "enable_sort": "off",
    "plan_cache_mode": "force_custom_plan",
    "jit": "off",
    "work_mem": "256MB",
}
# Workers share the reading of many rows, and each adds up what it reads: a row handed on costs enough that all rows are
# not, and little enough that the groups are. Few rows are read by one.
_MANY_ROWS = 200_000
_PLANNER_HINTS_FOR_MANY = {"parallel_setup_cost": "0", "parallel_tuple_cost": "0.01"}
_PLANNER_HINTS_FOR_FEW = {"max_parallel_workers_per_gather": "0"}


class _UsageOfDay(NamedTuple):
    municipality: int
    number: int
    milliwh: int


class _UsageOfDevice(NamedTuple):
    device_id: UUID
    number: int
    milliwh: int
    buckets: int


async def load_usage(
    session: AsyncSession, scope: CostScope, calendar: Calendar, max_gap: timedelta
) -> WindowUsage:
    """Return the billed energy of a window by day (of bulk meters) and by device, at the prices of the calendar.

    With `estimate_gaps` the energy of long gaps, spread evenly, is part of the usage.
    """
    meters = await load_meters(session, scope, calendar)
    municipality_of = meters.municipality_of
    async with local_settings(session, _planner_hints(scope, municipality_of)):
        by_day = await _usage_by_day(session, scope, calendar, meters)
        by_device = await _usage_by_device(session, scope, calendar, municipality_of)
        quality = await _quality(session, scope, meters)
    split_days, split_devices = await _from_split_intervals(session, scope, calendar, meters, max_gap)
    slots = _slots(calendar, municipality_of)
    live_days, live_devices = live_usage.usage(scope, slots, municipality_of, meters.not_added)
    measured = [*by_device, *split_devices, *live_devices]
    return WindowUsage(
        (*by_day, *split_days, *live_days),
        (*measured, *usage_of_virtual(meters.refs, measured)),
        meters.refs,
        frozenset(municipality_of.values()),
        live_usage.quality(scope, meters.added_up, quality),
    )


async def load_daily(
    session: AsyncSession, scope: CostScope, calendar: Calendar, max_gap: timedelta
) -> DailyUsage:
    """Return the same energy by day alone, in half of the time."""
    meters = await load_meters(session, scope, calendar)
    municipality_of = meters.municipality_of
    async with local_settings(session, _planner_hints(scope, municipality_of)):
        by_day = await _usage_by_day(session, scope, calendar, meters)
    split_days, _ = await _from_split_intervals(session, scope, calendar, meters, max_gap)
    slots = _slots(calendar, municipality_of)
    live_days, _ = live_usage.usage(scope, slots, municipality_of, meters.not_added)
    return DailyUsage(
        (*by_day, *split_days, *live_days), frozenset(municipality_of.values()), len(municipality_of)
    )


def _planner_hints(scope: CostScope, municipality_of: dict[UUID, int]) -> dict[str, str]:
    is_many = len(municipality_of) * ((scope.to_at - scope.from_at) // HOUR) > _MANY_ROWS
    return _PLANNER_HINTS | (_PLANNER_HINTS_FOR_MANY if is_many else _PLANNER_HINTS_FOR_FEW)


async def _quality(session: AsyncSession, scope: CostScope, meters: ScopeMeters) -> Quality:
    first_day, last_day = floor_day(scope.from_at + _NEARLY_A_DAY), floor_day(scope.to_at)
    if first_day >= last_day:
        first_day = last_day = scope.to_at
    bulk_alone, left_out = meters.bulk_alone()
    given = given_of(scope) | _window(scope, meters.municipality_of) | left_out
    given |= {
        "first_day": first_day.date(),
        "last_day": last_day.date(),
        "morning": first_day,
        "evening": last_day,
    }
    return await row_of(session, Quality, sql_of(scope, _QUALITY, **bulk_alone), given)


async def _usage_by_day(
    session: AsyncSession, scope: CostScope, calendar: Calendar, meters: ScopeMeters
) -> list[DayUsage]:
    municipality_of = meters.municipality_of
    bulk_alone, left_out = meters.bulk_alone()
    used = sorted(set(municipality_of.values()))
    edges, numbers, kinds = _elementary(calendar, used, with_days=True)
    municipality = {"municipality_key": str(used[0]) if used else "0", "grouped": ""}
    given = (
        given_of(scope) | _window(scope, municipality_of) | {"edges": edges, "numbers": numbers} | left_out
    )
    if len(used) > 1:
        devices = sorted(municipality_of)
        municipality = {"municipality_key": _MUNICIPALITY_OF_DEVICE, "grouped": "1,"}
        given |= {
            "devices": devices,
            "municipalities": [NOWHERE, *(municipality_of[device] for device in devices)],
        }
    rows = await rows_of(session, _UsageOfDay, sql_of(scope, _BY_DAY, **municipality, **bulk_alone), given)
    return [
        DayUsage(segment.day, segment.price, row.milliwh)
        for row in rows
        if (segment := kinds[row.number][used.index(row.municipality)]) is not None
    ]


async def _usage_by_device(
    session: AsyncSession, scope: CostScope, calendar: Calendar, municipality_of: dict[UUID, int]
) -> list[DeviceUsage]:
    used = sorted(set(municipality_of.values()))
    edges, numbers, kinds = _elementary(calendar, used, with_days=False)
    given = given_of(scope) | _window(scope, municipality_of) | {"edges": edges, "numbers": numbers}
    rows = await rows_of(session, _UsageOfDevice, sql_of(scope, _BY_DEVICE), given)
    return [
        DeviceUsage(row.device_id, segment.price, row.milliwh, row.buckets)
        for row in rows
        if (segment := kinds[row.number][used.index(municipality_of[row.device_id])]) is not None
    ]


_Kind = tuple[Segment | None, ...]


def _elementary(
    calendar: Calendar, used: list[int], *, with_days: bool
) -> tuple[list[datetime], list[int], list[_Kind]]:
    """Split the calendars of several municipalities at each other's edges.

    Returns the edges, the number of what lies before, between and after them, and for each number what holds in
    each municipality: a segment, or None where the hour is split or outside the window.
    """
    changes: dict[datetime, list[tuple[int, Segment | None]]] = defaultdict(list)
    for municipality, run in calendar.whole:
        if municipality in used:
            changes[run.end_at].append((used.index(municipality), None))
    for municipality, run in calendar.whole:
        if municipality in used:
            changes[run.start_at].append((used.index(municipality), run))
    holding: list[Segment | None] = [None] * len(used)
    known: dict[tuple[object, ...], int] = {(None,) * len(used): 0}
    kinds: list[_Kind] = [tuple(holding)]
    edges, numbers = sorted(changes), [0]
    for edge in edges:
        for position, run in changes[edge]:
            holding[position] = run
        key = tuple(run and (run.price, run.day if with_days else None) for run in holding)
        if key not in known:
            known[key] = len(kinds)
            kinds.append(tuple(holding))
        numbers.append(known[key])
    return edges, numbers, kinds


def _slots(calendar: Calendar, municipality_of: dict[UUID, int]) -> live_usage.Slots:
    used = sorted(set(municipality_of.values()))
    return live_usage.Slots(*_elementary(calendar, used, with_days=True), used)


def _window(scope: CostScope, municipality_of: dict[UUID, int]) -> dict[str, object]:
    window: dict[str, object] = {
        "first_hour": floor_hour(scope.from_at),
        "from_at": scope.from_at,
        "to_at": scope.to_at,
    }
    return window | ({"site_devices": list(municipality_of)} if scope.site_id else {})


async def _from_split_intervals(
    session: AsyncSession,
    scope: CostScope,
    calendar: Calendar,
    meters: ScopeMeters,
    max_gap: timedelta,
) -> tuple[list[DayUsage], list[DeviceUsage]]:
    """Take the hours apart in which a rate, a day or the window begins or ends."""
    if not calendar.split:
        return [], []
    split = {(municipality, each.hour): each.segments for municipality, each in calendar.split}
    known = sorted(
        {municipality for municipality, _ in calendar.whole}
        | {municipality for municipality, _ in calendar.split}
    )
    found = await split_sums.load(session, scope, split, known)
    doubtful = (
        live_usage.split_intervals(scope, split, meters.municipality_of, found.doubtful)
        if scope.live
        else found.doubtful
    )
    while doubtful:
        some = doubtful[-_AT_ONCE:]
        del doubtful[-_AT_ONCE:]
        await split_intervals.add_readings(session, scope.layout, scope.customer_id, some, max_gap)
        for device_hour in some:
            for segment, milliwh in parts_of(device_hour, split[device_hour.municipality, device_hour.hour]):
                found.add(
                    device_hour.device_id,
                    segment,
                    milliwh,
                    is_added_up=device_hour.device_id not in meters.not_added,
                )
    return found.usage()


def parts_of(found: DeviceHour, its_segments: Sequence[Segment]) -> list[tuple[Segment, int]]:
    """Return what each segment of an hour gets; the window may begin or end within the hour as well."""
    edges = sorted({at for segment in its_segments for at in segment[:2]} - {found.hour, found.hour + HOUR})
    starts = [found.hour, *edges]
    allocated = split_interval(found.allocated_pieces, found.hour, found.allocated_milliwh, edges)
    estimated = split_interval(found.gap_pieces, found.hour, found.estimated_milliwh, edges)
    energy = {start: one + other for start, one, other in zip(starts, allocated, estimated, strict=True)}
    return [(segment, energy[segment.start_at]) for segment in its_segments]


def priced_hour(
    found: DeviceHour, municipalities: Sequence[MunicipalTariffs], scope: CostScope
) -> list[tuple[Segment, int]]:
    """Return the parts of one hour of a device with their energy; `municipalities` has no other than its own."""
    return parts_of(found, segments_by_hour(municipalities, scope)[found.hour])


def segments_by_hour(
    municipalities: Sequence[MunicipalTariffs], scope: CostScope
) -> dict[datetime, list[Segment]]:
    """Return what prices each UTC hour of a window in the one municipality given, or in none."""
    calendar = make_calendar(municipalities, scope)
    key = municipalities[0].municipality_id if municipalities else NOWHERE
    found = {hour.hour: list(hour.segments) for municipality, hour in calendar.split if municipality == key}
    for municipality, run in calendar.whole:
        hours = (run.end_at - run.start_at) // HOUR if municipality == key else 0
        found |= {
            run.start_at + n * HOUR: [
                run._replace(start_at=run.start_at + n * HOUR, end_at=run.start_at + (n + 1) * HOUR)
            ]
            for n in range(hours)
        }
    return found
