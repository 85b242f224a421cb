"""Readings that the database makes by itself, put straight into the narrow table."""

from collections.abc import Sequence

from portal.core.readings.rules.quantities import quantities_named


def narrow_insert(
    schema: str, names: Sequence[str], readings: str, order: str = "customer, meter, time"
) -> str:
    """Return the statement that stores what a SELECT makes.

    The SELECT has the columns time, customer, meter and the quantities `names` in their units; at a Client
    (`monitoring`) received_at too. The figures have no more digits than are kept.
    """
    received = {"received": "floor(extract(epoch FROM r.received_at)) - 946684800"}
    figures = {each.name: f"round(r.{each.name}::numeric * {each.scale})" for each in quantities_named(names)}
    more = (received if schema == "monitoring" else {}) | figures
    return (
        f"INSERT INTO {schema}.readings (time, customer, meter, {', '.join(more)}) "
        f"SELECT r.time, r.customer, r.meter, {', '.join(more.values())} FROM ({readings}) r ORDER BY {order}"
    )
