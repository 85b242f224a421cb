"""The last readings of a meter, and the next ones: SQL functions, in place of asking `stored_readings` in order.

An index leads to such a reading in one table. In the union of two, which that view is while readings of an earlier
release are moved, all of the meter's would be read for it; so the functions ask each table by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.readings.queries.wide_columns import as_stored

if TYPE_CHECKING:
    from portal.core.database.layout import Layout

_LAST = """
CREATE OR REPLACE FUNCTION {schema}.last_stored(of_customer integer, of_meter integer, until timestamptz)
RETURNS SETOF {stored_readings} LANGUAGE sql STABLE AS $$
{body}
$$
"""
_NEXT = """
CREATE OR REPLACE FUNCTION {schema}.next_imported(
    of_customer integer, of_meter integer, since timestamptz, most integer
) RETURNS SETOF {stored_readings} LANGUAGE sql STABLE AS $$
{body}
$$
"""
_OF_METER = "{narrow} WHERE r.customer = of_customer AND r.meter = of_meter"
_WIDE_OF_METER = """
SELECT w.time, of_customer, of_meter, {values}, w.source{received} FROM {power_measurements_wide} w
WHERE {w.customer_id = (SELECT c.id FROM fleet.customers c WHERE c.number = of_customer) AND}
    w.device_id = (SELECT own.id FROM {devices} own WHERE own.customer = of_customer AND own.meter = of_meter)
"""
_UNTIL = "{rows} AND {row}.time <= until ORDER BY {row}.time DESC LIMIT 1"
_SINCE = "{rows} AND {register} IS NOT NULL AND {row}.time >= since ORDER BY {row}.time LIMIT most"
_OF_BOTH = "SELECT m.* FROM (({narrow}) UNION ALL ({wide})) m ORDER BY m.time {order}"
_REGISTER = "energy_imported_kwh"


def of_narrow(layout: Layout, narrow: str) -> tuple[str, str]:
    """Return what makes the functions where readings lie narrow alone; `narrow` is a SELECT of them all."""
    until, since = _narrow_of_meter(layout, narrow)
    return layout.sql(_LAST, body=until), layout.sql(_NEXT, body=since)


def of_both(layout: Layout, narrow: str, **columns: str) -> tuple[str, str]:
    """Return the same where some lie wide, of which `values` and `received` are the columns."""
    until, since = _narrow_of_meter(layout, narrow)
    wide = layout.sql(_WIDE_OF_METER, **columns)
    register = f"({as_stored(_REGISTER)})"
    wide_until = layout.sql(_UNTIL, rows=wide, row="w")
    wide_since = layout.sql(_SINCE, rows=wide, row="w", register=register)
    return (
        layout.sql(_LAST, body=layout.sql(_OF_BOTH, narrow=until, wide=wide_until, order="DESC LIMIT 1")),
        layout.sql(_NEXT, body=layout.sql(_OF_BOTH, narrow=since, wide=wide_since, order="LIMIT most")),
    )


def _narrow_of_meter(layout: Layout, narrow: str) -> tuple[str, str]:
    rows = layout.sql(_OF_METER, narrow=narrow)
    until = layout.sql(_UNTIL, rows=rows, row="r")
    return until, layout.sql(_SINCE, rows=rows, row="r", register=f"r.{_REGISTER}")
