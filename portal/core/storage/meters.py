"""What the queue says has changed, by meter."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import text

from portal.core.domain.energy import Rules

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.storage.layout import Layout

MeterKey = tuple[Any, ...]


class QueuedHour(NamedTuple):
    """An hour of a meter in which readings were stored, none of them before `first_at`."""

    key: MeterKey
    hour: datetime
    first_at: datetime


class MeterChange(NamedTuple):
    """A meter's touched hours (ascending), the earliest of its new readings, and how they are judged."""

    key: MeterKey
    hours: list[datetime]
    first_at: datetime
    rules: Rules


async def queue_hours(session: AsyncSession, layout: Layout, hours: str, given: dict[str, Any]) -> int:
    """Queue what a SELECT of key columns, `hour` and `first_at` returns, and return how many hours that is."""
    customers = "".join(f"{key}, " for key in layout.keys[:-1])
    queued = await session.scalar(
        text(
            f"WITH queued AS (INSERT INTO {layout.queued_batches} ({customers}device_ids, hours, firsts) "
            f"SELECT {customers}array_agg(device_id), array_agg(hour), array_agg(first_at) FROM ({hours}) h "
            f"GROUP BY {layout.key_list()} RETURNING cardinality(hours)) SELECT sum(cardinality) FROM queued"
        ),
        given,
    )
    return int(queued or 0)


async def take_queue(session: AsyncSession, layout: Layout) -> list[QueuedHour]:
    """Remove and return everything queued, by meter and hour; it is queued again if the transaction fails."""
    keys = layout.key_list()
    rows = await session.execute(
        text(
            f"WITH taken AS (DELETE FROM {layout.queued_batches} RETURNING *) "
            f"SELECT {keys}, hour, greatest(min(first_at), TIMESTAMPTZ 'epoch') "
            f"FROM taken CROSS JOIN LATERAL unnest(device_ids, hours, firsts) AS q (device_id, hour, first_at) "
            f"GROUP BY {keys}, hour ORDER BY {keys}, hour"
        )
    )
    return [QueuedHour(tuple(row[:-2]), row[-2], row[-1]) for row in rows]


async def changes_by_meter(
    session: AsyncSession, layout: Layout, taken: list[QueuedHour], max_gap: timedelta
) -> list[MeterChange]:
    """Gather queued hours (in the order of `take_queue`) by meter, with the rules each is judged by."""
    powers = await rated_powers(session, layout)
    found: list[MeterChange] = []
    for key, group in groupby(taken, key=lambda queued: queued.key):
        entries = list(group)
        rules = Rules(max_gap=max_gap, max_power_kw=powers.get(key))
        first_at = min(entry.first_at for entry in entries)
        found.append(MeterChange(key, [entry.hour for entry in entries], first_at, rules))
    return found


async def rated_powers(session: AsyncSession, layout: Layout) -> dict[MeterKey, float]:
    """Return the rated power (kW) of every meter that has one."""
    keys = ", ".join("id" if key == "device_id" else key for key in layout.keys)
    rows = await session.execute(
        text(
            f"SELECT {keys}, max_power_kw::float8 FROM {layout.schema}.devices WHERE max_power_kw IS NOT NULL"
        )
    )
    return {tuple(row[:-1]): row[-1] for row in rows}


def unnest_keys(layout: Layout) -> str:
    """Return the FROM item `k` of the meters bound by `key_arrays`."""
    arrays = ", ".join(f"CAST(:{key} AS uuid[])" for key in layout.keys)
    return f"unnest({arrays}) AS k ({layout.key_list()})"


def key_arrays(layout: Layout, meters: Sequence[MeterKey]) -> dict[str, list[Any]]:
    """Return the parameters of `unnest_keys`."""
    return {name: [key[place] for key in meters] for place, name in enumerate(layout.keys)}
