"""Replaces stored energy, hours and the days they belong to, by what a walk found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout
    from portal.core.database.queue import MeterKey
    from portal.core.energy.rules.hours import HourEnergy, HourFold

_COLUMNS = (
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
_DAY = "(e.hour AT TIME ZONE 'UTC')::date"


class Reach(NamedTuple):
    """The hours of one meter that a fold decides: from `first` to `last`, both included, None being open."""

    key: MeterKey
    first: datetime | None
    last: datetime | None
    fold: HourFold


async def replace_energy(session: AsyncSession, layout: Layout, reaches: Sequence[Reach]) -> None:
    """Make the stored hours in the reaches what their folds say, and their days the sums of their hours."""
    if not reaches:
        return
    given = {name: [reach.key[place] for reach in reaches] for place, name in enumerate(layout.keys)}
    given |= {"first": [reach.first for reach in reaches], "last": [reach.last for reach in reaches]}
    arrays = ", ".join(f"CAST(:{key} AS uuid[])" for key in layout.keys)
    span = (
        f"unnest({arrays}, CAST(:first AS timestamptz[]), CAST(:last AS timestamptz[])) "
        f"AS r ({layout.key_list()}, first, last)"
    )
    await session.execute(
        text(
            f"DELETE FROM {layout.hourly_energy} e USING {span} WHERE {layout.matches('e', 'r')} "
            f"AND e.hour >= coalesce(r.first, '-infinity') AND e.hour <= coalesce(r.last, 'infinity')"
        ),
        given,
    )
    await _insert_hours(session, layout, reaches)
    await _rewrite_days(session, layout, span, given)


async def _insert_hours(session: AsyncSession, layout: Layout, reaches: Sequence[Reach]) -> None:
    rows = [(reach.key, energy) for reach in reaches for energy in _within(reach)]
    arrays = [f"CAST(:{key} AS uuid[])" for key in layout.keys]
    arrays += [f"CAST(:{name} AS {kind}[])" for name, kind in _COLUMNS]
    columns = ", ".join((*layout.keys, *(name for name, _ in _COLUMNS)))
    given: dict[str, list[Any]] = {
        name: [key[place] for key, _ in rows] for place, name in enumerate(layout.keys)
    }
    values = [_values(energy) for _, energy in rows]
    given |= {name: [row[place] for row in values] for place, (name, _) in enumerate(_COLUMNS)}
    await session.execute(
        text(f"INSERT INTO {layout.hourly_energy} ({columns}) SELECT * FROM unnest({', '.join(arrays)})"),
        given,
    )


async def _rewrite_days(
    session: AsyncSession, layout: Layout, span: str, given: dict[str, list[Any]]
) -> None:
    first, last = "(r.first AT TIME ZONE 'UTC')::date", "(r.last AT TIME ZONE 'UTC')::date"
    await session.execute(
        text(
            f"DELETE FROM {layout.daily_energy} e USING {span} WHERE {layout.matches('e', 'r')} "
            f"AND e.day >= coalesce({first}, '-infinity') AND e.day <= coalesce({last}, 'infinity')"
        ),
        given,
    )
    await session.execute(
        text(
            f"INSERT INTO {layout.daily_energy} ({layout.key_list()}, day, allocated_milliwh, unallocated_milliwh, "
            f"estimated_milliwh, suspect_count) SELECT {layout.key_list('e')}, {_DAY}, "
            f"sum(e.allocated_milliwh), sum(e.unallocated_milliwh), sum(e.estimated_milliwh), sum(e.suspect_count) "
            f"FROM {span} JOIN {layout.hourly_energy} e ON {layout.matches('e', 'r')} "
            f"AND e.hour >= coalesce(date_trunc('day', r.first, 'UTC'), '-infinity') "
            f"AND e.hour < coalesce(date_trunc('day', r.last, 'UTC') + interval '24 hours', 'infinity') "
            f"GROUP BY {layout.key_list('e')}, {_DAY}"
        ),
        given,
    )


def _within(reach: Reach) -> list[HourEnergy]:
    return [
        energy
        for hour, energy in sorted(reach.fold.hours.items())
        if (reach.first is None or hour >= reach.first)
        and (reach.last is None or hour <= reach.last)
        and _is_worth_a_row(energy)
    ]


def _is_worth_a_row(energy: HourEnergy) -> bool:
    """An hour without a reading is stored for its energy only."""
    milliwh = (energy.allocated_milliwh, energy.unallocated_milliwh, energy.estimated_milliwh)
    return energy.state is not None or any(milliwh)


def _values(energy: HourEnergy) -> tuple[Any, ...]:
    return (
        energy.hour,
        energy.allocated_milliwh,
        energy.unallocated_milliwh,
        energy.estimated_milliwh,
        energy.suspect_count,
        energy.reset_count,
        energy.exchange_count,
        None if energy.state is None else json.dumps(energy.state.to_json()),
        energy.state is not None and not energy.state.candidates,
    )
