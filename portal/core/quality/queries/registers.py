"""What a meter's register showed around an event, and by what it is judged."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.rows import row_if_any, rows_of, value_of
from portal.core.energy.rules import meter_rules
from portal.core.energy.rules.judging import RegisterFacts, RegisterReading
from portal.core.readings.rules.quantities import ALL_QUANTITIES

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey

_REGISTER = "energy_imported_kwh"
_NUMBER = next(n for n, each in enumerate(ALL_QUANTITIES) if each.name == _REGISTER)
# A value beside a reading is one of its instant as well: the judge says which of them is believed.
_READINGS = """
SELECT (extract(epoch FROM m.time) * 1000000)::bigint AS at, m.milliwh
FROM {devices} d CROSS JOIN LATERAL (
    SELECT r.time, r.energy_imported_kwh AS milliwh FROM {stored_readings} r
    WHERE r.customer = d.customer AND r.meter = d.meter AND r.energy_imported_kwh IS NOT NULL
      AND r.time >= :since AND r.time < :until
    UNION ALL
    SELECT c.time, c.value FROM {reading_conflicts} c
    WHERE c.customer = d.customer AND c.meter = d.meter AND c.quantity = :register
      AND c.time >= :since AND c.time < :until
) m
WHERE {d.customer_id = :customer_id AND} d.id = :device_id
ORDER BY m.time, m.milliwh LIMIT :most
"""
_FACTS = """
SELECT d.max_power_kw::float8 AS max_power_kw, h.learned_watts, h.count_milliwh, h.width_milliwh,
       d.register_digits
FROM {devices} d LEFT JOIN {meter_heads} h
  ON {h.customer_id = d.customer_id AND} h.device_id = d.id AND h.register = 0
WHERE {d.customer_id = :customer_id AND} d.id = :device_id
"""
_NEIGHBOUR = """
SELECT l.before_at FROM {register_links} l
WHERE {l.customer_id = :customer_id AND} l.device_id = :device_id AND l.register = 0 AND l.after_at = :at
"""


class _Reading(NamedTuple):
    at: int
    milliwh: int


class _Facts(NamedTuple):
    max_power_kw: float | None
    learned_watts: int | None
    count_milliwh: int | None
    width_milliwh: int | None
    register_digits: int | None


async def readings_between(
    session: AsyncSession, layout: Layout, key: MeterKey, since: datetime, until: datetime, most: int
) -> list[RegisterReading]:
    """Return what a meter's register showed in `[since, until)`, the first `most` of it, by instant and value."""
    given = {
        "customer_id": layout.customer_of(key),
        "device_id": key[-1],
        "since": since,
        "until": until,
        "register": _NUMBER,
        "most": most,
    }
    return list[RegisterReading](await rows_of(session, _Reading, layout.sql(_READINGS), given))


async def facts_of(session: AsyncSession, layout: Layout, key: MeterKey) -> RegisterFacts | None:
    """Return by what a meter's register is judged; None for a device that is not there."""
    row = await row_if_any(session, _Facts, layout.sql(_FACTS), _given(layout, key))
    if row is None:
        return None
    return meter_rules.facts_of(*row)


async def accepted_before(
    session: AsyncSession, layout: Layout, key: MeterKey, at: datetime
) -> datetime | None:
    """Return the instant of the accepted reading from which a step leads to the one at an instant; None: no step."""
    given = _given(layout, key) | {"at": at}
    return await value_of(session, datetime, layout.sql(_NEIGHBOUR), given)


def _given(layout: Layout, key: MeterKey) -> dict[str, object]:
    return {"customer_id": layout.customer_of(key), "device_id": key[-1]}
