"""Rewrites the billed energy of a meter's hours from its readings.

The energy rule walks a meter's readings in time order and remembers little (`MeterState`), which is
stored with each hour. So a recompute starts at the last hour before the change in which nothing was
pending, and stops where the state it reaches equals the one stored: what follows cannot differ.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import text

from portal.core.domain.energy import (
    HourEnergy,
    HourFold,
    MeterState,
    Reading,
    Rules,
    hourly_energy,
    register_milliwh,
)

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.storage.layout import Layout

_HOUR = timedelta(hours=1)
_NEARBY = timedelta(hours=24)  # changes closer than this are recomputed in one walk
_LOOK_AHEAD = (
    timedelta(hours=6),
    timedelta(days=4),
    None,
)  # how far past the change to read; None: to the end


class _Start(NamedTuple):
    """Where a walk begins: rewrite from `hour` on, entering it with `state`; hour None is the first reading."""

    hour: datetime | None
    state: MeterState


async def rewrite_energy(
    session: AsyncSession, layout: Layout, meter: dict[str, Any], hours: list[datetime], rules: Rules
) -> None:
    """Rewrite the energy columns wherever a change in `hours` (sorted UTC hours of one meter) reaches."""
    pending = list(hours)
    while pending:
        changed = _take_nearby(pending)
        start = await _start_before(session, layout, meter, changed[0])
        for ahead in _LOOK_AHEAD:
            end = await _end_of_walk(session, layout, meter, changed[-1] + _HOUR, ahead)
            fold = hourly_energy(start.state, await _readings(session, layout, meter, start.hour, end), rules)
            stop = None if end is None else await _first_agreement(session, layout, meter, fold, changed[-1])
            if stop is not None or end is None:
                await _write(session, layout, meter, fold, (start.hour, stop))
                break


async def _end_of_walk(
    session: AsyncSession, layout: Layout, meter: dict[str, Any], after: datetime, ahead: timedelta | None
) -> datetime | None:
    """Return how far to read, or None for all that is there, which it is when no reading lies further."""
    if ahead is None:
        return None
    further = await session.scalar(
        text(
            f"SELECT EXISTS (SELECT 1 FROM {layout.measurements} WHERE {layout.bound()} "
            f"AND energy_imported_kwh IS NOT NULL AND time >= :end)"
        ),
        {**meter, "end": after + ahead},
    )
    return after + ahead if further else None


def _take_nearby(pending: list[datetime]) -> list[datetime]:
    """Remove and return the leading hours that lie close together."""
    count = 1
    while count < len(pending) and pending[count] - pending[count - 1] <= _NEARBY:
        count += 1
    taken = pending[:count]
    del pending[:count]
    return taken


async def _start_before(
    session: AsyncSession, layout: Layout, meter: dict[str, Any], hour: datetime
) -> _Start:
    """Find the last hour before `hour` that ended with nothing pending, and the state before that hour."""
    settled = await session.scalar(
        text(
            f"SELECT max(hour) FROM {layout.hourly_energy} WHERE {layout.bound()} AND hour < :hour AND meter_is_settled"
        ),
        {**meter, "hour": hour},
    )
    if settled is None:
        return _Start(None, MeterState())
    before = await session.scalar(
        text(
            f"SELECT meter_state FROM {layout.hourly_energy} WHERE {layout.bound()} AND hour < :hour "
            f"AND meter_state IS NOT NULL ORDER BY hour DESC LIMIT 1"
        ),
        {**meter, "hour": settled},
    )
    return _Start(settled, MeterState.from_json(before))


async def _readings(
    session: AsyncSession, layout: Layout, meter: dict[str, Any], start: datetime | None, end: datetime | None
) -> list[Reading]:
    bounds = ("AND time >= :start " if start else "") + ("AND time < :end " if end else "")
    given = {name: value for name, value in (("start", start), ("end", end)) if value}
    rows = await session.execute(
        text(
            f"SELECT time, energy_imported_kwh FROM {layout.measurements} WHERE {layout.bound()} "
            f"AND energy_imported_kwh IS NOT NULL {bounds}ORDER BY time"
        ),
        {**meter, **given},
    )
    return [Reading(at, register_milliwh(kwh)) for at, kwh in rows]


async def _first_agreement(
    session: AsyncSession, layout: Layout, meter: dict[str, Any], fold: HourFold, after: datetime
) -> datetime | None:
    """Return the first hour past `after` whose new state equals the stored one, once its energy is complete.

    An hour is complete when a later hour of the fold ended with nothing pending: its last piece,
    up to the next accepted reading, is then known.
    """
    settled = [hour for hour, energy in fold.hours.items() if _is_settled(energy)]
    candidates = [hour for hour in settled if hour > after and hour < settled[-1]]
    if not candidates:
        return None
    rows = await session.execute(
        text(
            f"SELECT hour, meter_state FROM {layout.hourly_energy} WHERE {layout.bound()} AND hour = ANY(:hours) "
            f"AND meter_is_settled ORDER BY hour"
        ),
        {**meter, "hours": candidates},
    )
    for hour, stored in rows:
        energy = fold.hours[hour]
        if energy.state is not None and energy.state == MeterState.from_json(stored):
            return hour
    return None


async def _write(
    session: AsyncSession,
    layout: Layout,
    meter: dict[str, Any],
    fold: HourFold,
    reach: tuple[datetime | None, datetime | None],
) -> None:
    """Replace the energy of the hours in `reach` (both ends included, None is open) by the fold's."""
    first, last = reach
    hours = [
        e
        for h, e in sorted(fold.hours.items())
        if (first is None or h >= first) and (last is None or h <= last)
    ]
    within = ("AND hour >= :first " if first else "") + ("AND hour <= :last" if last else "")
    given = {**meter, **{name: value for name, value in (("first", first), ("last", last)) if value}}
    await session.execute(
        text(
            f"UPDATE {layout.hourly_energy} SET allocated_milliwh = 0, unallocated_milliwh = 0, estimated_milliwh = 0, "
            f"suspect_count = 0, reset_count = 0, exchange_count = 0, meter_state = NULL, meter_is_settled = false "
            f"WHERE {layout.bound()} {within}"
        ),
        given,
    )
    if hours:
        await session.execute(_upsert(layout), {**meter, **_columns(hours)})
    await session.execute(
        text(
            f"DELETE FROM {layout.hourly_energy} WHERE {layout.bound()} {within} AND meter_state IS NULL "
            f"AND allocated_milliwh = 0 AND unallocated_milliwh = 0 AND estimated_milliwh = 0"
        ),
        given,
    )


_ARRAYS = (
    ("hour", "timestamptz"),
    ("allocated_milliwh", "bigint"),
    ("unallocated_milliwh", "bigint"),
    ("estimated_milliwh", "bigint"),
    ("suspect_count", "integer"),
    ("reset_count", "smallint"),
    ("exchange_count", "smallint"),
    ("meter_state", "jsonb"),
    ("meter_is_settled", "boolean"),
)


def _is_settled(energy: HourEnergy) -> bool:
    return energy.state is not None and not energy.state.candidates


def _upsert(layout: Layout) -> Any:
    names = [name for name, _ in _ARRAYS]
    arrays = ", ".join(f"CAST(:{name}_list AS {kind}[])" for name, kind in _ARRAYS)
    meter = ", ".join(f"CAST(:{key} AS uuid)" for key in layout.keys)
    updates = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    return text(
        f"INSERT INTO {layout.hourly_energy} ({layout.key_list()}, {', '.join(names)}) "
        f"SELECT {meter}, t.* FROM unnest({arrays}) AS t ({', '.join(names)}) "
        f"ON CONFLICT ({layout.key_list()}, hour) DO UPDATE SET {updates}"
    )


def _columns(hours: list[HourEnergy]) -> dict[str, list[Any]]:
    return {
        "hour_list": [e.hour for e in hours],
        "allocated_milliwh_list": [e.allocated_milliwh for e in hours],
        "unallocated_milliwh_list": [e.unallocated_milliwh for e in hours],
        "estimated_milliwh_list": [e.estimated_milliwh for e in hours],
        "suspect_count_list": [e.suspect_count for e in hours],
        "reset_count_list": [e.reset_count for e in hours],
        "exchange_count_list": [e.exchange_count for e in hours],
        "meter_state_list": [None if e.state is None else json.dumps(e.state.to_json()) for e in hours],
        "meter_is_settled_list": [_is_settled(e) for e in hours],
    }
