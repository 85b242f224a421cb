"""Readings of registers, as the judge takes them: every value that came for an instant."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.rows import rows_of
from portal.core.energy.rules.registers import IMPORTED_QUANTITY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey
    from portal.core.energy.rules.judging import RegisterReading

IS_CONFLICT = f"c.customer = d.customer AND c.meter = d.meter AND c.quantity = {IMPORTED_QUANTITY}"
"""Which rows `c` of the conflicting values are of the register of device `d`."""

# As arrays: a reading takes a tenth of what a row does. In the order of time, as the index has them.
_READINGS = """
SELECT w.ordinal, r.times, r.shown
FROM unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]),
    CAST(:since AS timestamptz[]), CAST(:until AS timestamptz[])
) WITH ORDINALITY AS w ({customer_id,} device_id, since, until, ordinal)
JOIN {devices} d ON {d.customer_id = w.customer_id AND} d.id = w.device_id
CROSS JOIN LATERAL (
    SELECT array_agg((extract(epoch FROM o.time) * 1000000)::bigint) AS times, array_agg(o.shown) AS shown
    FROM (
        SELECT m.time, m.energy_imported_kwh AS shown FROM {stored_readings} m
        WHERE m.customer = d.customer AND m.meter = d.meter AND m.energy_imported_kwh IS NOT NULL
          AND m.time >= coalesce(w.since, '-infinity') AND m.time <= coalesce(w.until, 'infinity')
        ORDER BY m.time
    ) o
) r WHERE r.times IS NOT NULL
"""
_CONFLICTS = """
SELECT w.ordinal, (extract(epoch FROM c.time) * 1000000)::bigint AS at, c.value
FROM unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]),
    CAST(:since AS timestamptz[]), CAST(:until AS timestamptz[])
) WITH ORDINALITY AS w ({customer_id,} device_id, since, until, ordinal)
JOIN {devices} d ON {d.customer_id = w.customer_id AND} d.id = w.device_id
JOIN {reading_conflicts} c ON {is_conflict}
    AND c.time >= coalesce(w.since, '-infinity') AND c.time <= coalesce(w.until, 'infinity')
"""


class RegisterSpan(NamedTuple):
    """A meter's readings from `since` to `until`, each included; None is the first one, or the last."""

    key: MeterKey
    since: datetime | None
    until: datetime | None


class _Arrays(NamedTuple):
    ordinal: int
    times: list[int]
    shown: list[int]


class _Other(NamedTuple):
    ordinal: int
    at: int
    value: int


async def load_readings(
    session: AsyncSession, layout: Layout, spans: Sequence[RegisterSpan]
) -> list[list[RegisterReading]]:
    """Return the readings of each span, ascending by time and value: those stored, and what conflicts with them."""
    found: list[list[RegisterReading]] = [[] for _ in spans]
    if not spans:
        return found
    given = layout.arrays(span.key for span in spans) | {
        "since": [span.since for span in spans],
        "until": [span.until for span in spans],
    }
    for ordinal, times, shown in await rows_of(session, _Arrays, layout.sql(_READINGS), given):
        found[ordinal - 1] = list(zip(times, shown, strict=True))
    conflicts = layout.sql(_CONFLICTS, is_conflict=IS_CONFLICT)
    for ordinal, at, value in await rows_of(session, _Other, conflicts, given):
        found[ordinal - 1].append((at, value))
        found[ordinal - 1].sort()
    return found
