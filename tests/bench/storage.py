"""What a reading takes of the disk, and how long hourly and daily figures take at one and at 30 million readings.

    python -m tests.bench.storage [--dsn postgresql://...] [--directory DIR] [--small 1000000] [--large 30000000]
        [--engine plain|timescale] [--step fill|bytes|queries|drop] [--minutes 8]

Readings are made inside the database. With `--dsn`, a server that has TimescaleDB, both engines are measured on it;
without, plain PostgreSQL on an embedded one. The large databases take some ten minutes and 10 GB each: `--step fill`
goes on where it was left, and `--directory` keeps the embedded server. `tests.bench.rollups` measures what keeping
the rollups costs an ingest.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy.engine import make_url

from portal.core.database.embedded.server import EmbeddedServer
from portal.core.stack import Stack
from tests.bench.storage_fill import END, compress, connected, customer_id, fill, stack_over
from tests.integration.databases import reachable_directory

_MONTH = timedelta(days=31)
_DAILY = (
    "SELECT * FROM fleet.daily_per_customer WHERE customer_id = $1 AND day >= $2 AND day < $3 ORDER BY day"
)
_HOURLY = "SELECT * FROM fleet.hourly_per_device WHERE customer_id = $1 AND hour >= $2 AND hour < $3"
_BILLED = (
    "SELECT day, sum(allocated_milliwh), sum(unallocated_milliwh) FROM fleet.daily_energy "
    "WHERE customer_id = $1 AND day >= $2::date AND day < $3::date GROUP BY day ORDER BY day"
)
_ONE = f"{_HOURLY} AND device_id = '00000000-0000-0000-0000-000000000007' ORDER BY hour"
_QUESTIONS = {
    "month of daily figures, 100 devices": (_DAILY, _MONTH, 31),
    "month of daily billed energy, 100 devices": (_BILLED, _MONTH, 31),
    "week of hourly figures, one device": (_ONE, timedelta(days=7), 168),
    "day of hourly figures, 100 devices": (_HOURLY, timedelta(days=1), 2400),
}
_ROUNDS = 60
# As an ingest leaves it between two refreshes: the last hour of every meter waits.
_FRESH = """
INSERT INTO fleet.rollup_batches (customer, meters, hours, firsts)
SELECT customer, array_agg(meter), array_agg($1::timestamptz), array_agg($1::timestamptz) FROM fleet.devices
GROUP BY customer
"""
# Chunks as they are, before and after compression; the table as a whole on plain PostgreSQL.
_PLAIN_BYTES = """
SELECT sum(pg_relation_size(c.oid)), sum(pg_total_relation_size(c.oid)) FROM pg_inherits
JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = 'fleet.readings'::regclass
"""
_CHUNK_BYTES = """
SELECT sum(table_bytes), sum(total_bytes) FROM chunks_detailed_size('fleet.readings')
"""
_COMPRESSED = """
SELECT count(*) FROM timescaledb_information.chunks
WHERE is_compressed AND hypertable_schema = 'fleet' AND hypertable_name = 'readings'
"""


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Filled(NamedTuple):
    """A database that is full, and a connection of the driver to it."""

    stack: Stack
    connection: Any


async def measure_bytes(filled: Filled, engine: str) -> None:
    """Print bytes per reading; on TimescaleDB before and after all of it is compressed."""
    connection = filled.connection
    count = await connection.fetchval("SELECT count(*) FROM fleet.readings")
    if engine == "plain":
        await _say_bytes(connection, "plain", _PLAIN_BYTES, count)
        return
    if await connection.fetchval(_COMPRESSED):
        say("compressed already: no figure of the hypertable before")
    else:
        await _say_bytes(connection, "hypertable", _CHUNK_BYTES, count)
    await compress(connection, everything=True)
    await connection.execute("VACUUM fleet.readings", timeout=600)
    await _say_bytes(connection, "compressed, not tidied up", _CHUNK_BYTES, count)
    await filled.stack.storage.tidy(filled.stack.db)
    await _say_bytes(connection, "compressed", _CHUNK_BYTES, count)


async def measure_bytes_as_is(filled: Filled, engine: str) -> None:
    """Print bytes per reading as the stack itself leaves them: on TimescaleDB the last week is not compressed."""
    await filled.stack.storage.tidy(filled.stack.db)
    count = await filled.connection.fetchval("SELECT count(*) FROM fleet.readings")
    statement = _PLAIN_BYTES if engine == "plain" else _CHUNK_BYTES
    await _say_bytes(filled.connection, f"{engine}, as it is", statement, count)


async def _say_bytes(connection: Any, name: str, statement: str, count: int) -> None:
    heap, total = await connection.fetchrow(statement)
    say(
        f"{name:26s} {total / count:7.1f} bytes per reading ({heap / count:.1f} of the table), {count:,} readings"
    )


async def measure_queries(databases: dict[str, Filled]) -> None:
    """Time every question on every database in turns, with nothing queued and with the last hour of every meter."""
    for state in ("all rolled up", "last hours queued"):
        if state == "last hours queued":
            for _, connection in databases.values():
                await connection.execute(_FRESH, END - timedelta(hours=1))
                await connection.execute("ANALYZE fleet.rollup_batches")
        for question, (statement, span, rows) in _QUESTIONS.items():
            took: dict[str, list[float]] = defaultdict(list)
            for _ in range(_ROUNDS):
                for name, (_, connection) in databases.items():
                    began = time.perf_counter()
                    found = await connection.fetch(statement, customer_id(0), END - span, END)
                    took[name].append(time.perf_counter() - began)
                    assert len(found) == rows, (name, question, len(found))
            _say_times(f"{question}, {state}", took)


def _say_times(question: str, took: dict[str, list[float]]) -> None:
    middle = {name: statistics.median(times) * 1000 for name, times in took.items()}
    say(f"{question}: " + ", ".join(f"{name} {figure:.2f} ms" for name, figure in middle.items()))
    for engine in ("plain", "timescale"):
        small, large = (middle.get(f"{engine}_{size}") for size in ("small", "large"))
        if small and large:
            say(f"  {engine}: large / small {large / small:.2f}")


async def _with_stacks(arguments: argparse.Namespace, dsn: str, engines: tuple[str, ...]) -> None:
    async with AsyncExitStack() as opened:
        databases = await _filled(opened, arguments, dsn, engines)
        if not databases:
            return
        if arguments.step in {None, "bytes"}:
            for engine in engines:
                await measure_bytes(databases[f"{engine}_small"], engine)
                await measure_bytes_as_is(databases[f"{engine}_large"], engine)
        if arguments.step in {None, "queries"}:
            await measure_queries(databases)
            for _, connection in databases.values():
                await connection.execute("DELETE FROM fleet.rollup_batches")
    if arguments.step is None:
        await _drop(dsn, engines)


async def _filled(
    opened: AsyncExitStack, arguments: argparse.Namespace, dsn: str, engines: tuple[str, ...]
) -> dict[str, Filled]:
    """Return each database, full; none when the time was up before all of them were."""
    until = time.monotonic() + 60 * arguments.minutes
    databases: dict[str, Filled] = {}
    for size, readings in (("small", arguments.small), ("large", arguments.large)):
        for engine in engines:
            stack = await opened.enter_async_context(stack_over(dsn, f"bench_{engine}_{size}", engine))
            if not await fill(stack, readings, until):
                say(f"{engine}, {size}: not full yet, run this step again")
                return {}
            say(f"{engine}, {size}: full")
            connection = await opened.enter_async_context(connected(stack))
            databases[f"{engine}_{size}"] = Filled(stack, connection)
    return databases


async def _drop(dsn: str, engines: tuple[str, ...]) -> None:
    connection = await asyncpg.connect(make_url(dsn).set(drivername="postgresql").render_as_string(False))
    for engine in engines:
        for size in ("small", "large"):
            await connection.execute(f"DROP DATABASE IF EXISTS bench_{engine}_{size} WITH (FORCE)")
    await connection.close()


@contextmanager
def _server(arguments: argparse.Namespace) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The address of the server and the engines it can have."""
    if arguments.dsn:
        yield arguments.dsn, (arguments.engine,) if arguments.engine else ("plain", "timescale")
        return
    with reachable_directory() as temporary:
        directory = Path(arguments.directory or temporary) / "postgres"
        with EmbeddedServer(directory) as server:
            yield server.dsn(), ("plain",)


def main() -> None:
    """Fill and measure, or do one step of it."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--dsn")
    arguments.add_argument("--directory")
    arguments.add_argument("--engine", choices=("plain", "timescale"))
    arguments.add_argument("--small", type=int, default=1_000_000)
    arguments.add_argument("--large", type=int, default=30_000_000)
    arguments.add_argument("--step", choices=("fill", "bytes", "queries", "drop"))
    arguments.add_argument("--minutes", type=float, default=60)
    given = arguments.parse_args()
    with _server(given) as (dsn, engines):
        work = _drop(dsn, engines) if given.step == "drop" else _with_stacks(given, dsn, engines)
        asyncio.run(work)


if __name__ == "__main__":
    main()
