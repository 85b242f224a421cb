"""How long the push reads a batch of readings that came one by one, by the number of meters.

    python -m tests.bench.waiting [--dsn postgresql://...] [--meters 1 10 100] [--batch 5000]

A week of a reading a minute from every meter. With `--dsn`, a server that has TimescaleDB, the readings are read from
its chunks as they are and again once those are compressed; without, from plain PostgreSQL on an embedded server.
"""

import argparse
import asyncio
import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url

from portal.core.outbox.service import push
from portal.core.settings import RunMode, load_settings
from portal.core.stack import Stack, close_stack, open_stack
from tests.bench.narrow_fill import narrow_insert
from tests.bench.rig import EIGHT, database, settings
from tests.bench.storage import say
from tests.integration.push.outbox_entries import outbox_entries

_START = datetime(2026, 5, 18, tzinfo=UTC)
_ROUNDS = 5
_METERS = """
WITH site AS (INSERT INTO monitoring.sites (name) VALUES ('Bench') RETURNING id)
INSERT INTO monitoring.devices (site_id, name, external_id, token_hash, customer, meter)
SELECT site.id, 'Meter ' || n, 'm' || n, 'hash of ' || n, 1, n FROM site, generate_series(1, $1::int) n
"""
# A register that grows and figures that wander, as those of a meter do; each came within two seconds.
_READINGS = """
SELECT t AS time, d.customer, d.meter, (random() * 50)::numeric(9, 3) AS active_power_kw,
  (random() * 9)::numeric(9, 3) AS reactive_power_kvar, (random() * 60)::numeric(9, 3) AS apparent_power_kva,
  random()::numeric(9, 3) AS power_factor, (230 + random())::numeric(9, 2) AS voltage_v, 50 AS frequency_hz,
  (extract(epoch FROM t - $1::timestamptz) / 1024)::numeric(9, 3) AS energy_imported_kwh, 0 AS energy_exported_kwh,
  t + (1 + random()) * interval '1 second' AS received_at
FROM generate_series($1::timestamptz, $1::timestamptz + interval '10079 minutes', interval '1 minute') t,
  monitoring.devices d
"""
_NOT_BY_ITSELF = "SELECT remove_compression_policy('monitoring.readings')"
_COMPRESS = "SELECT compress_chunk(chunk) FROM show_chunks('monitoring.readings') AS chunk"


async def _fill(stack: Stack, connection: Any, meters: int) -> None:
    await stack.storage.ensure_partitions(stack.db, [_START, _START + timedelta(days=7)])
    await connection.execute(_METERS, meters)
    await connection.execute(narrow_insert("monitoring", EIGHT, _READINGS, "time"), _START)
    await connection.execute(outbox_entries())
    await connection.execute("VACUUM ANALYZE")


async def _read(stack: Stack, what: str, batch: int) -> None:
    took = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        found = await push.waiting_readings(stack, batch)
        took.append(time.perf_counter() - began)
        assert len(found.rows) == batch + 1
    middle = statistics.median(took)
    say(f"{what:40s} {middle * 1000:8.0f} ms for {batch} readings, {batch / middle:8.0f} readings/s")


async def _measure(environment: dict[str, str], engine: str, meters: int, batch: int) -> None:
    stack = open_stack(load_settings(environment))
    connection = await asyncpg.connect(environment["Database__ConnectionString"].replace("+asyncpg", ""))
    try:
        if engine == "timescale":
            await connection.execute(_NOT_BY_ITSELF)
        await _fill(stack, connection, meters)
        await _read(stack, f"{engine}, {meters} meters", batch)
        if engine == "timescale":
            await connection.execute(_COMPRESS)
            await connection.execute("VACUUM ANALYZE")
            await _read(stack, f"{engine}, {meters} meters, compressed", batch)
    finally:
        await connection.close()
        await close_stack(stack)


def main() -> None:
    """Measure the engine the server has."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--dsn")
    arguments.add_argument("--meters", type=int, nargs="+", default=[1, 10, 100])
    arguments.add_argument("--batch", type=int, default=5000)
    given = arguments.parse_args()
    engine = "timescale" if given.dsn else "plain"
    with database(given.dsn) as server:
        for meters in given.meters:
            environment = settings(server, RunMode.CLIENT, engine)
            asyncio.run(_measure(environment, engine, meters, given.batch))
            asyncio.run(server.drop(make_url(environment["Database__ConnectionString"]).database or ""))


if __name__ == "__main__":
    main()
