"""The queue of hours in which readings were stored, and the keys of the meters in it.

A writer appends to it in the transaction that stores the readings. The views show queued hours computed from the
readings, so whatever brings figures and energy up to date takes hours from it in the transaction that does so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

MeterKey = tuple[Any, ...]


class QueuedHour(NamedTuple):
    """An hour of a meter in which readings were stored, none of them before `first_at`."""

    key: MeterKey
    hour: datetime
    first_at: datetime


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


def unnest_keys(layout: Layout) -> str:
    """Return the FROM item `k` of the meters bound by `key_arrays`."""
    arrays = ", ".join(f"CAST(:{key} AS uuid[])" for key in layout.keys)
    return f"unnest({arrays}) AS k ({layout.key_list()})"


def key_arrays(layout: Layout, meters: Sequence[MeterKey]) -> dict[str, list[Any]]:
    """Return the parameters of `unnest_keys`."""
    return {name: [key[place] for key in meters] for place, name in enumerate(layout.keys)}
