"""The queue of hours in which readings were stored.

A writer appends to it in the transaction that stores the readings. The views show queued hours computed from the
readings, so whatever brings figures and energy up to date takes hours from it in the transaction that does so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.rows import value_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey

_QUEUE = """
WITH queued AS (
    INSERT INTO {rollup_batches} (customer, meters, hours, firsts)
    SELECT d.customer, array_agg(d.meter), array_agg(h.hour), array_agg(h.first_at)
    FROM ({hours}) h JOIN {devices} d ON {d.customer_id = h.customer_id AND} d.id = h.device_id
    GROUP BY d.customer, d.meter RETURNING cardinality(hours)
)
SELECT sum(cardinality) FROM queued
"""


class QueuedHour(NamedTuple):
    """An hour of a meter in which readings were stored, none of them before `first_at`."""

    key: MeterKey
    hour: datetime
    first_at: datetime


async def queue_hours(session: AsyncSession, layout: Layout, hours: str, given: Mapping[str, object]) -> int:
    """Queue what a SELECT of key columns, `hour` and `first_at` returns, and return how many hours that is."""
    return await value_of(session, int, layout.sql(_QUEUE, hours=hours), given) or 0
