"""Databases full of realistic readings, made inside the server, week by week as a fleet would have sent them."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.engine import make_url

from portal.core import energy
from portal.core.database.migrations import migrate
from portal.core.settings import RunMode, load_settings
from portal.core.stack import Stack, close_stack, open_stack
from portal.core.values.time import week_start
from tests.bench.narrow_fill import narrow_insert
from tests.bench.rig import EIGHT

DEVICES, STEP = 100, timedelta(minutes=5)
WEEK = timedelta(days=7)
PER_WEEK = DEVICES * (WEEK // STEP)
# All but this week: nothing lies in the future, and a month of it is compressed by the policy.
END = week_start(datetime.now(UTC))
_OF_A_CUSTOMER = 3_000_000  # readings, from which on there are more customers

_REGISTER = """
INSERT INTO fleet.customers (id, code, name, token_hash, number)
    SELECT '{customer}', '{code}', 'Bench', '{code}', 1 + count(*) FROM fleet.customers;
INSERT INTO fleet.sites (customer_id, id, name) VALUES ('{customer}', '{customer}', 'Site');
INSERT INTO fleet.devices (customer_id, id, site_id, name, external_id, customer, meter)
    SELECT c.id, lpad(n::text, 32, '0')::uuid, c.id, 'Meter ' || n, n::text, c.number, n
    FROM generate_series(1, {devices}) n, fleet.customers c WHERE c.id = '{customer}';
"""
# What a meter shows: power in watts, register in 0.01 kWh, volts in tenths. One meter in four feeds in by day.
_READINGS = """
WITH meter AS MATERIALIZED (
    SELECT d.customer, d.meter, n, n * 0.7 + 2 AS rated_kw, coalesce(head.imported, n * 1000) AS imported,
           coalesce(head.exported, 0) AS exported
    FROM fleet.devices d CROSS JOIN LATERAL (SELECT d.external_id::integer AS n) AS number
    LEFT JOIN LATERAL (
        SELECT m.energy_imported_kwh / 1e6 AS imported, m.energy_exported_kwh / 1e6 AS exported FROM fleet.readings m
        WHERE m.customer = d.customer AND m.meter = d.meter AND m.time >= $2::timestamptz - interval '1 day'
          AND m.time < $2 ORDER BY m.time DESC LIMIT 1
    ) head ON true
    WHERE d.customer_id = $1
), load AS (
    SELECT customer, meter, imported, exported, at,
           round((rated_kw * (0.25 + 0.75 * sun) * (0.8 + 0.4 * random()))::numeric, 3) AS kw,
           CASE WHEN n % 4 = 0 THEN round((rated_kw * 0.4 * sun * random())::numeric, 3) ELSE 0 END AS fed_in_kw,
           round((0.86 + 0.12 * random())::numeric, 3) AS factor
    FROM meter CROSS JOIN LATERAL (
        SELECT at + n * 2 % 60 * interval '1 second' AS at,
               greatest(0, sin(pi() * (extract(epoch FROM at) / 3600 - 6)::float8 / 12)) AS sun
        FROM generate_series($2::timestamptz, $2::timestamptz + interval '7 days' - $3::interval, $3::interval) AS at
    ) moments
)
SELECT at AS time, customer, meter, kw AS active_power_kw,
       round(sqrt((kw / factor) ^ 2 - kw ^ 2), 3) AS reactive_power_kvar, round(kw / factor, 3) AS apparent_power_kva,
       factor AS power_factor, round((229 + 4 * random())::numeric, 1) AS voltage_v,
       round((49.95 + random() * 0.1)::numeric, 2) AS frequency_hz,
       round((imported + sum(kw) OVER w * extract(epoch FROM $3::interval) / 3600)::numeric, 2) AS energy_imported_kwh,
       round((exported + sum(fed_in_kw) OVER w * extract(epoch FROM $3::interval) / 3600)::numeric, 2)
           AS energy_exported_kwh
FROM load WINDOW w AS (PARTITION BY meter ORDER BY at)
"""
# As batches of a fleet bring them: some readings of each meter at a time.
_STORED = narrow_insert(
    "fleet", EIGHT, _READINGS, "date_bin('25 minutes', time, $2::timestamptz), meter, time"
)
_QUEUE = """
INSERT INTO fleet.rollup_batches (customer, meters, hours, firsts)
SELECT d.customer, array_agg(d.meter), array_agg(hour), array_agg(hour) FROM fleet.devices d,
    generate_series($2::timestamptz, $2::timestamptz + interval '7 days' - interval '1 hour', interval '1 hour') AS hour
WHERE d.customer_id = $1 GROUP BY d.customer
"""


def customer_id(number: int) -> UUID:
    """Return the id of the customer of a number, from 0 on."""
    return UUID(int=0xC0 + number)


def shape(readings: int) -> tuple[int, int]:
    """Return how many customers, and weeks of each, make at least so many readings."""
    customers = max(1, readings // _OF_A_CUSTOMER)
    return customers, -(-readings // (customers * PER_WEEK))


@asynccontextmanager
async def stack_over(server_dsn: str, name: str, engine: str) -> AsyncIterator[Stack]:
    """Open an Admin stack over a database of this name, made where it is not there yet."""
    url = make_url(server_dsn)
    connection = await asyncpg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
    if not await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", name):
        await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    settings = load_settings({"Application__RunMode": "Admin", "Database__Storage": engine})
    address = url.set(drivername="postgresql+asyncpg", database=name).render_as_string(hide_password=False)
    stack = open_stack(settings, address)
    await migrate(stack.db, RunMode.ADMIN)
    await energy.bootstrap(stack)
    try:
        yield stack
    finally:
        await close_stack(stack)


@asynccontextmanager
async def connected(stack: Stack) -> AsyncIterator[Any]:
    """Open a connection of the driver, closed after the block."""
    address = make_url(stack.db.dsn).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(address, server_settings={"timezone": "UTC", "jit": "off"})
    try:
        yield connection
    finally:
        await connection.close()


async def fill(stack: Stack, readings: int, until: float) -> bool:
    """Store readings and keep their rollups, week after week; False when the time (monotonic) was up before.

    Where it is many, old chunks are compressed in passing; else they are left for `compress`.
    """
    customers, weeks = shape(readings)
    async with connected(stack) as connection:
        for week in range(weeks):
            start = END - (weeks - week) * WEEK
            for number in range(customers):
                if not await _is_there(connection, number, start):
                    if time.monotonic() > until:
                        return False
                    await _add_week(stack, connection, number, start)
            if customers > 1:
                await compress(connection)
        await connection.execute("VACUUM ANALYZE")
    return True


async def register_customer(connection: Any, number: int, devices: int) -> None:
    """Add the customer of a number, with so many meters at one site."""
    await connection.execute(
        _REGISTER.format(customer=customer_id(number), code=f"b{number}", devices=devices)
    )


async def _is_there(connection: Any, number: int, start: datetime) -> bool:
    if not await connection.fetchval(
        "SELECT count(*) FROM fleet.customers WHERE id = $1", customer_id(number)
    ):
        await register_customer(connection, number, DEVICES)
    return await connection.fetchval(
        "SELECT EXISTS (SELECT 1 FROM fleet.readings r JOIN fleet.customers c ON c.number = r.customer "
        "WHERE c.id = $1 AND time >= $2 AND time < $3)",
        customer_id(number), start, start + WEEK,
    )  # fmt: skip


async def _add_week(stack: Stack, connection: Any, number: int, start: datetime) -> None:
    await stack.storage.ensure_partitions(stack.db, [start, start + WEEK - STEP])
    while not await _store_week(connection, number, start):
        pass
    await energy.refresh(stack)


async def _store_week(connection: Any, number: int, start: datetime) -> bool:
    try:
        async with connection.transaction():
            await connection.execute(_STORED, customer_id(number), start, STEP, timeout=600)
            await connection.execute(_QUEUE, customer_id(number), start)
    except asyncpg.DeadlockDetectedError:  # the policy compresses the same chunk just now
        return False
    return True


async def compress(connection: Any, *, everything: bool = False) -> None:
    """Compress what the policy would, or all of it; nothing on plain PostgreSQL."""
    if not await connection.fetchval("SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'"):
        return
    # What got readings after it was compressed is compressed again by the same call.
    some = "" if everything else "AND NOT is_compressed AND range_end < now() - interval '7 days'"
    compressing = (
        "SELECT compress_chunk(format('%I.%I', chunk_schema, chunk_name)::regclass, true) "
        "FROM timescaledb_information.chunks WHERE hypertable_schema = 'fleet' "
        f"AND hypertable_name = 'readings' {some}"
    )
    while True:
        try:
            await connection.execute(compressing, timeout=600)
        except asyncpg.DuplicateObjectError:  # the policy was at the same chunk just now
            continue
        return
