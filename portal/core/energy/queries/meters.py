"""What has changed, by meter, and how each meter is judged."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.rows import rows_of, value_of
from portal.core.energy.rules.meter import Rules

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey
    from portal.core.database.queue import QueuedHour


_RATED_POWER = (
    "SELECT max_power_kw::float8 FROM {devices} WHERE {customer_id = :customer_id AND} id = :device_id"
)
_RATED_POWERS = """
SELECT {customer_id,} id, max_power_kw::float8 AS max_power_kw FROM {devices} WHERE max_power_kw IS NOT NULL
"""


class _RatedMeter(NamedTuple):
    key: MeterKey
    max_power_kw: float


class MeterChange(NamedTuple):
    """A meter's touched hours (ascending), the earliest of its new readings, and how they are judged."""

    key: MeterKey
    hours: list[datetime]
    first_at: datetime
    rules: Rules


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


async def rated_power(session: AsyncSession, layout: Layout, key: MeterKey) -> float | None:
    """Return the rated power (kW) of a meter; None where it has none."""
    return await value_of(session, float, layout.sql(_RATED_POWER), layout.given(key))


async def rated_powers(session: AsyncSession, layout: Layout) -> dict[MeterKey, float]:
    """Return the rated power (kW) of every meter that has one."""
    return dict(await rows_of(session, _RatedMeter, layout.sql(_RATED_POWERS), keys=layout.key_width))
