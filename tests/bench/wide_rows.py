"""The yardstick: readings as wide rows, as they were before, in PostgreSQL's binary COPY format.

Ids of 16 bytes, eight doubles, a foreign key, the key and two more indexes; on TimescaleDB the aggregate of hours. The
table is made beside the product's own in the same database, so that both can be filled in turns in one run.
"""

from __future__ import annotations

from functools import cache
from operator import attrgetter
from struct import Struct
from typing import TYPE_CHECKING, Any

from portal.core.readings.queries.copy_binary import HEAD, NULL, TAIL, microseconds
from portal.core.readings.rules.readings import QUANTITIES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from portal.core.readings.wire import FleetReading

COLUMNS = ("time", "customer_id", "device_id", *QUANTITIES, "source")
_FIGURES = ", ".join(f"{name} double precision" for name in QUANTITIES)
_TABLE = f"""
CREATE SCHEMA yardstick;
CREATE TABLE yardstick.wide_readings (
    time timestamptz NOT NULL, customer_id uuid NOT NULL, device_id uuid NOT NULL, {_FIGURES}, source varchar(50),
    PRIMARY KEY (time, customer_id, device_id),
    FOREIGN KEY (customer_id, device_id) REFERENCES fleet.devices (customer_id, id)
)
"""
_INDEXES = """
CREATE INDEX ON yardstick.wide_readings (customer_id, time DESC);
CREATE INDEX ON yardstick.wide_readings (customer_id, device_id, time DESC)
"""
_HYPERTABLE = """
SELECT create_hypertable('yardstick.wide_readings', by_range('time', interval '7 days'),
    create_default_indexes => false);
ALTER TABLE yardstick.wide_readings SET (timescaledb.compress,
    timescaledb.compress_segmentby = 'customer_id, device_id', timescaledb.compress_orderby = 'time DESC')
"""
# What hangs on it costs every row that is stored a note of what is to be aggregated again.
_AGGREGATE = """
CREATE MATERIALIZED VIEW yardstick.wide_hours
WITH (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) AS
SELECT customer_id, device_id, time_bucket(interval '1 hour', time) AS hour, avg(active_power_kw), count(*),
    max(energy_imported_kwh) - min(energy_imported_kwh) AS kwh_delta
FROM yardstick.wide_readings GROUP BY customer_id, device_id, time_bucket(interval '1 hour', time) WITH NO DATA
"""
_WEEK = """
CREATE TABLE yardstick.wide_readings_{start:%Y%m%d} PARTITION OF yardstick.wide_readings
FOR VALUES FROM ('{start}') TO ('{start}'::timestamptz + interval '7 days')
"""
_quantities_of = attrgetter(*QUANTITIES)


async def make_wide(connection: Any, weeks: Iterable[datetime], *, is_timescale: bool) -> None:
    """Make the wide table in a database of an Admin, with the partitions of some weeks (their beginnings)."""
    if is_timescale:
        await connection.execute(_TABLE)
        await connection.execute(_HYPERTABLE)
        await connection.execute(_INDEXES)
        await connection.execute(_AGGREGATE)
        return
    await connection.execute(f"{_TABLE} PARTITION BY RANGE (time)")
    await connection.execute(_INDEXES)
    for start in weeks:
        await connection.execute(_WEEK.format(start=start))


async def has_timescale(connection: Any) -> bool:
    """Tell whether readings of this database lie in chunks."""
    return bool(await connection.fetchval("SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'"))


async def copy_wide(connection: Any, rows: bytes) -> None:
    """Copy rows of `wide_rows` into the wide table, one transaction."""

    async def pieces() -> AsyncIterator[bytes]:
        yield rows

    await connection.copy_to_table(
        "wide_readings", schema_name="yardstick", columns=COLUMNS, format="binary", source=pieces()
    )


def wide_rows(customer_id: UUID, readings: Sequence[FleetReading]) -> bytes:
    """Return the COPY of `COLUMNS`, all readings of one customer, in their order; none has a source."""
    shape, columns = _shape((False,) * len(QUANTITIES))
    lead, stamps = (
        customer_id.bytes + b"\0\0\0\x10",
        {each.time: microseconds(each.time) for each in readings},
    )
    rows = [HEAD]
    for reading in readings:
        keys, values = lead + reading.device_id.int.to_bytes(16, "big"), _quantities_of(reading)
        if None in values:
            rows.append(_row_with_gaps(stamps[reading.time], keys, values))
        else:
            a, b, c, d, e, f, g, h = values
            stamp = stamps[reading.time]
            row = (columns, 8, stamp, 16, keys, 8, a, 8, b, 8, c, 8, d, 8, e, 8, f, 8, g, 8, h, NULL)
            rows.append(shape.pack(*row))
    return b"".join((*rows, TAIL))


def _row_with_gaps(stamp: int, keys: bytes, values: Sequence[float | None]) -> bytes:
    shape, columns = _shape(tuple([value is None for value in values]))
    flat: list[float | int] = []
    for value in values:
        flat += (NULL,) if value is None else (8, value)
    return shape.pack(columns, 8, stamp, 16, keys, *flat, NULL)


@cache
def _shape(missing: tuple[bool, ...]) -> tuple[Struct, int]:
    """Return the layout of a row, and its number of columns."""
    quantities = "".join("i" if is_missing else "id" for is_missing in missing)
    return Struct(f"!hiqi36s{quantities}i"), len(COLUMNS)
