"""What has changed, by meter, and how each meter is judged."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.layout import MeterKey
from portal.core.database.rows import rows_of
from portal.core.energy.queries.decisions import decisions_in_force
from portal.core.energy.rules.meter_rules import MeterHead, MeterRules, facts_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import timedelta

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout
    from portal.core.database.queue import QueuedHour


_JUDGED_BY = """
SELECT {w.customer_id,} w.device_id, d.max_power_kw::float8 AS max_power_kw,
       h.learned_watts, h.count_milliwh, h.width_milliwh, d.register_digits,
       h.device_id IS NOT NULL AS is_judged, h.last_at, h.last_milliwh,
       coalesce(h.is_firm AND {is_plain}, false) AS is_firm
FROM unnest({CAST(:customers AS uuid[]),} CAST(:devices AS uuid[])) AS w ({customer_id,} device_id)
LEFT JOIN {devices} d ON {d.customer_id = w.customer_id AND} d.id = w.device_id
LEFT JOIN {meter_heads} h ON {h.customer_id = w.customer_id AND} h.device_id = w.device_id AND h.register = 0
"""


# What a count is follows from all readings until it is known, and with it what was made of doubtful ones.
_IS_PLAIN = """
(h.count_milliwh IS NOT NULL OR NOT EXISTS (
    SELECT FROM {suspect_spans} p
    WHERE {p.customer_id = h.customer_id AND} p.device_id = h.device_id AND p.register = 0
) AND NOT EXISTS (
    SELECT FROM {register_links} l
    WHERE {l.customer_id = h.customer_id AND} l.device_id = h.device_id AND l.register = 0
))
"""


class _JudgedBy(NamedTuple):
    key: MeterKey
    max_power_kw: float | None
    learned_watts: int | None
    count_milliwh: int | None
    width_milliwh: int | None
    register_digits: int | None
    is_judged: bool
    last_at: datetime | None
    last_milliwh: int | None
    is_firm: bool


class JudgedMeter(NamedTuple):
    """How a meter is judged, and where that has come to; None before anything was."""

    rules: MeterRules
    head: MeterHead | None


class MeterChange(NamedTuple):
    """A meter's touched hours (ascending), the earliest of its new readings, and how they are judged."""

    key: MeterKey
    hours: list[datetime]
    first_at: datetime
    rules: MeterRules
    head: MeterHead | None = None


async def changes_by_meter(
    session: AsyncSession, layout: Layout, taken: list[QueuedHour], max_gap: timedelta
) -> list[MeterChange]:
    """Gather queued hours (in the order of `take_queue`) by meter, with the rules each is judged by."""
    gathered = [(key, list(group)) for key, group in groupby(taken, key=lambda queued: queued.key)]
    meters = await judged_meters(session, layout, [key for key, _ in gathered], max_gap)
    return [
        MeterChange(
            key, [entry.hour for entry in entries], min(entry.first_at for entry in entries), *meters[key]
        )
        for key, entries in gathered
    ]


async def judged_meters(
    session: AsyncSession, layout: Layout, meters: Collection[MeterKey], max_gap: timedelta
) -> dict[MeterKey, JudgedMeter]:
    """Return how each of these meters is judged, one that is gone like one of which nothing is known."""
    decided = await decisions_in_force(session, layout, meters)
    statement = layout.sql(_JUDGED_BY, is_plain=layout.sql(_IS_PLAIN))
    rows = await rows_of(session, _JudgedBy, statement, layout.arrays(meters), keys=layout.key_width)
    return {
        row.key: JudgedMeter(
            MeterRules(max_gap, facts_of(*row[1:6]), tuple(decided.get(row.key, ()))),
            MeterHead(row.last_at, row.last_milliwh, row.is_firm) if row.is_judged else None,
        )
        for row in rows
    }
