"""Readings of a device, and what came beside them, as the two sides of the push hand them over and compare them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.rows import row_of, rows_of
from portal.core.readings.queries.narrow_sql import figure_sql
from portal.core.readings.rules.quantities import ALL_QUANTITIES
from portal.core.readings.wire import FleetReading

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey


class ReadingSpan(NamedTuple):
    """The times of the first and the last reading; None without any."""

    first: datetime | None
    last: datetime | None


# Device by device: no index leads to the first reading of all.
_SPAN = """
SELECT min(own.first) AS first, max(own.last) AS last
FROM {devices} d
CROSS JOIN LATERAL (
    SELECT (SELECT r.time FROM {stored_readings} r
             WHERE r.customer = d.customer AND r.meter = d.meter AND r.time <= :until
             ORDER BY r.time LIMIT 1) AS first,
           (SELECT r.time FROM {stored_readings} r
             WHERE r.customer = d.customer AND r.meter = d.meter AND r.time <= :until
             ORDER BY r.time DESC LIMIT 1) AS last
) AS own
{WHERE d.customer_id = :customer_id}
"""
_FIGURES = ", ".join(f"{figure_sql(each, f'r.{each.name}')} AS {each.name}" for each in ALL_QUANTITIES)
# The key by itself, so that the readings are asked for it as for a constant.
_KEY = "FROM {devices} d WHERE {d.customer_id = :customer_id AND} d.id = :device_id"
_READINGS = """
SELECT r.time, {figures}, r.source
FROM {stored_readings} r
WHERE r.customer = (SELECT d.customer {key}) AND r.meter = (SELECT d.meter {key})
  AND r.time >= :from_at AND r.time < :to_at
ORDER BY r.time LIMIT :limit
"""
# An instant is never cut through: whoever asks on does so behind the last one.
_CONFLICTS = """
SELECT c.time, c.quantity, c.value
FROM {reading_conflicts} c
WHERE c.customer = (SELECT d.customer {key}) AND c.meter = (SELECT d.meter {key})
  AND c.time >= :from_at AND c.time < :to_at
ORDER BY c.time FETCH FIRST :limit ROWS WITH TIES
"""


class ValueBeside(NamedTuple):
    """A value beside a reading's greater one: `quantity` is its place in ALL_QUANTITIES, `value` as it is stored."""

    time: datetime
    quantity: int
    value: int


class _Reading(NamedTuple):
    time: datetime
    active_power_kw: float | None
    reactive_power_kvar: float | None
    apparent_power_kva: float | None
    power_factor: float | None
    voltage_v: float | None
    frequency_hz: float | None
    energy_imported_kwh: float | None
    energy_exported_kwh: float | None
    reactive_energy_imported_kvarh: float | None
    reactive_energy_exported_kvarh: float | None
    apparent_energy_kvah: float | None
    voltage_l1_v: float | None
    voltage_l2_v: float | None
    voltage_l3_v: float | None
    current_l1_a: float | None
    current_l2_a: float | None
    current_l3_a: float | None
    current_n_a: float | None
    active_power_l1_kw: float | None
    active_power_l2_kw: float | None
    active_power_l3_kw: float | None
    power_factor_l1: float | None
    power_factor_l2: float | None
    power_factor_l3: float | None
    voltage_thd_percent: float | None
    current_thd_percent: float | None
    voltage_unbalance_percent: float | None
    current_unbalance_percent: float | None
    active_demand_kw: float | None
    apparent_demand_kva: float | None
    source: str | None


async def reading_span(
    session: AsyncSession, layout: Layout, customer_id: UUID | None, until: datetime
) -> ReadingSpan:
    """Return the first and the last reading time up to an instant: of one customer at the Admin, of all at a Client."""
    given = {"customer_id": customer_id, "until": until}
    return await row_of(session, ReadingSpan, layout.sql(_SPAN), given)


async def readings_between(
    session: AsyncSession, layout: Layout, meter: MeterKey, window: tuple[datetime, datetime], limit: int
) -> list[FleetReading]:
    """Return the first `limit` readings of one device in [from, to), by time."""
    statement = layout.sql(_READINGS, figures=_FIGURES, key=layout.sql(_KEY))
    rows = await rows_of(session, _Reading, statement, _given(layout, meter, window, limit))
    return [FleetReading(device_id=meter[-1], **row._asdict()) for row in rows]


async def values_between(
    session: AsyncSession, layout: Layout, meter: MeterKey, window: tuple[datetime, datetime], limit: int
) -> list[ValueBeside]:
    """Return the first values beside the readings of one device in [from, to), by time.

    That is `limit` of them, and whatever else is of the last one's instant.
    """
    statement = layout.sql(_CONFLICTS, key=layout.sql(_KEY))
    return await rows_of(session, ValueBeside, statement, _given(layout, meter, window, limit))


def _given(
    layout: Layout, meter: MeterKey, window: tuple[datetime, datetime], limit: int
) -> dict[str, object]:
    return {**layout.given(meter), "from_at": window[0], "to_at": window[1], "limit": limit}
