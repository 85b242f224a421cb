"""Readings as people see them: the view `power_measurements`, and the function `readings_of` a device.

The migrations make both. This is what they say once no reading lies wide any more. The product asks by small keys:
`readings` themselves, or `stored_readings` where those of an earlier release count that are still to be moved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.readings.queries import readings_in_order
from portal.core.readings.queries.wide_columns import RECEIVED_SECOND, WIDE, as_stored
from portal.core.readings.rules.quantities import ALL_QUANTITIES

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

# An integer by a power of ten is the double whose shortest text is the decimal that was stored.
_FIGURES = ", ".join(f"r.{each.name} / {each.scale}::float8 AS {each.name}" for each in ALL_QUANTITIES)
_RECEIVED_AT = ", TIMESTAMPTZ '2000-01-01 00:00:00+00' + make_interval(secs => r.received) AS received_at"
_SELECT = """
SELECT r.time, {d.customer_id,} d.id AS device_id, {figures}, s.name AS source{received_at}
FROM {readings} r LEFT JOIN {devices} d ON d.customer = r.customer AND d.meter = r.meter
LEFT JOIN {reading_sources} s ON s.id = r.source
"""
_VIEW = "CREATE OR REPLACE VIEW {power_measurements} AS {select}"
_OWN = "FROM {devices} own WHERE own.id = device {AND (of_customer IS NULL OR own.customer_id = of_customer)}"
_FUNCTION = """
CREATE OR REPLACE FUNCTION {schema}.readings_of(device uuid{, of_customer uuid DEFAULT NULL})
RETURNS SETOF {power_measurements} LANGUAGE sql STABLE AS $$
{select} WHERE r.customer = (SELECT own.customer {own}) AND r.meter = (SELECT own.meter {own})
$$
"""
_NARROW = """
SELECT r.time, r.customer, r.meter, {names}, s.name AS source{received}
FROM {readings} r LEFT JOIN {reading_sources} s ON s.id = r.source
"""
_STORED = "CREATE OR REPLACE VIEW {stored_readings} AS {narrow} {wide}"
_AND_WIDE = """
UNION ALL SELECT w.time, d.customer, d.meter, {values}, w.source{received}
FROM {power_measurements_wide} w JOIN {devices} d ON {d.customer_id = w.customer_id AND} d.id = w.device_id
"""
_WIDE_TIMES = """
CREATE OR REPLACE VIEW {wide_times} AS SELECT time, {customer_id,} device_id FROM {power_measurements_wide}
"""
_NO_TIMES = """
CREATE OR REPLACE VIEW {wide_times} AS
SELECT NULL::timestamptz AS time, {NULL::uuid AS customer_id,} NULL::uuid AS device_id WHERE false
"""


async def show_wide_too(session: AsyncSession, layout: Layout) -> None:
    """Have the product's own views tell of readings of an earlier release; people's view does by its migration."""
    kinds = {each.name: each.width.type_name for each in ALL_QUANTITIES}
    columns = {
        "values": ", ".join(as_stored(name) if name in WIDE else f"NULL::{kinds[name]}" for name in kinds),
        "received": "" if layout.has_customers else f", {RECEIVED_SECOND}",
    }
    narrow = _narrow(layout)
    for statement in (
        layout.sql(_STORED, narrow=narrow, wide=layout.sql(_AND_WIDE, **columns)),
        layout.sql(_WIDE_TIMES),
        *readings_in_order.of_both(layout, narrow, **columns),
    ):
        await session.execute(text(statement.replace(":", "\\:")))


def _narrow(layout: Layout) -> str:
    names = ", ".join(f"r.{each.name}" for each in ALL_QUANTITIES)
    return layout.sql(_NARROW, names=names, received="" if layout.has_customers else ", r.received")


async def show_narrow_alone(session: AsyncSession, layout: Layout) -> None:
    """Have views and function show the narrow readings, and nothing else; columns keep their comments."""
    narrow = _narrow(layout)
    for statement in (
        layout.sql(_STORED, narrow=narrow, wide=""),
        layout.sql(_NO_TIMES),
        *readings_in_order.of_narrow(layout, narrow),
    ):
        await session.execute(text(statement.replace(":", "\\:")))
    received_at = "" if layout.has_customers else _RECEIVED_AT
    select = layout.sql(_SELECT, figures=_FIGURES, received_at=received_at)
    for statement in (_VIEW, _FUNCTION):
        worded = layout.sql(statement, select=select, own=layout.sql(_OWN))
        # A colon before a digit is no parameter.
        await session.execute(text(worded.replace(":00", "\\:00")))
