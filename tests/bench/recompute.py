"""How much memory and time `portal doctor --energy --recompute` takes, by how many meters and months there are.

    python -m tests.bench.recompute [--dsn postgresql://...] [--engine plain|timescale] [--shapes 20x1,20x12,200x1]
                                    [--minutes 1]

A shape is meters x months (of 28 days) of a reading a minute, or of one every so many minutes. Of four meters one is
reset once a month and one is silent for three hours, so that half of all months are more than the database can add up
by itself. The readings are made in the server, week by week. The command is run as a process of its own; its memory is
the most it ever had resident, above that of `portal doctor`, which does nothing. With `--dsn` the databases are made on
that server, and dropped again; without, on an embedded one.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import asyncpg
from sqlalchemy.engine import make_url

from portal.core.database.embedded.server import EmbeddedServer
from portal.core.stack import Stack
from tests.bench.narrow_fill import narrow_insert
from tests.bench.storage import say
from tests.bench.storage_fill import compress, connected, customer_id, register_customer, stack_over
from tests.integration.databases import reachable_directory

_WEEK, _MONTH = timedelta(days=7), timedelta(days=28)
_READINGS = """
SELECT at AS time, d.customer, d.meter, 3 AS active_power_kw,
       (minute - CASE WHEN n % 4 = 0 THEN minute / 40320 * 40320 ELSE 0 END) * 5 / 100::float8 AS energy_imported_kwh
FROM (SELECT customer, meter, external_id::integer AS n FROM fleet.devices WHERE customer_id = $1) d
CROSS JOIN generate_series($2::timestamptz, $2::timestamptz + interval '7 days' - $4::interval, $4::interval) AS at
CROSS JOIN LATERAL (SELECT (extract(epoch FROM at - $3::timestamptz) / 60)::bigint AS minute) since
WHERE NOT (n % 4 = 1 AND minute % 40320 BETWEEN 5000 AND 5180)
"""
_STORED = narrow_insert("fleet", ("active_power_kw", "energy_imported_kwh"), _READINGS)


class Run(NamedTuple):
    """A process that has ended: how long it took, how long it kept a processor busy, the most memory it had."""

    seconds: float
    busy_seconds: float
    megabytes: float


def _run(arguments: list[str], dsn: str) -> Run:
    """Run the `portal` command over a database. Raises `RuntimeError` where it fails."""
    environment = {
        **os.environ,
        "Application__RunMode": "Admin",
        "Database__ConnectionString": dsn,
    }
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "portal.cli", *arguments], env=environment, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode and "--energy" in arguments:
        raise RuntimeError(f"portal {' '.join(arguments)} ended with {process.returncode}")
    return Run(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


async def _fill(stack: Stack, meters: int, months: int, step: timedelta) -> int:
    """Store the readings of a shape; returns how many there are."""
    start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - months * _MONTH - _WEEK
    weeks = [start + week * _WEEK for week in range(4 * months)]
    async with connected(stack) as connection:
        await register_customer(connection, 0, meters)
        await stack.storage.ensure_partitions(
            stack.db, [at + day for at in weeks for day in (step, _WEEK - step)]
        )
        for week in weeks:
            await connection.execute(_STORED, customer_id(0), week, start, step, timeout=900)
        await compress(connection)
        await connection.execute("VACUUM ANALYZE", timeout=3600)
        return await connection.fetchval("SELECT count(*) FROM fleet.readings", timeout=3600)


async def _measure(server: str, shape: str, given: argparse.Namespace) -> None:
    meters, months = map(int, shape.split("x"))
    name = f"bench_recompute_{given.engine}_{meters}_{months}_{given.minutes}"
    began = time.monotonic()
    async with stack_over(server, name, given.engine) as stack:
        step = timedelta(minutes=given.minutes)
        readings = await _fill(stack, meters, months, step)
        dsn = make_url(stack.db.dsn).set(drivername="postgresql").render_as_string(hide_password=False)
    filled = time.monotonic() - began
    idle = await asyncio.to_thread(_run, ["doctor"], dsn)
    done = await asyncio.to_thread(_run, ["doctor", "--energy", "--recompute"], dsn)
    say(
        f"{given.engine:9}  {meters:4} meters x {months:2} months  {readings / 1e6:6.2f} M readings, "
        f"made in {filled:4.0f} s  {done.seconds:6.1f} s ({done.busy_seconds:.1f} busy)  "
        f"{readings / done.seconds:9,.0f}/s  {done.megabytes:5.0f} MB, "
        f"{done.megabytes - idle.megabytes:4.0f} above idle"
    )
    connection = await asyncpg.connect(
        make_url(server).set(drivername="postgresql").render_as_string(hide_password=False)
    )
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


@contextmanager
def a_server(dsn: str | None) -> Iterator[str]:
    """Give the address of a server: of that one, or of an embedded one for as long as the block lasts."""
    if dsn:
        yield dsn
        return
    with reachable_directory() as directory, EmbeddedServer(directory / "postgres") as server:
        yield server.dsn()


def main() -> None:
    """Measure each shape in a database of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dsn")
    parser.add_argument("--engine", choices=["plain", "timescale"], default="plain")
    parser.add_argument("--shapes", default="20x1,20x12,200x1")
    parser.add_argument("--minutes", type=int, default=1)
    given = parser.parse_args()
    with a_server(given.dsn) as server:
        for shape in given.shapes.split(","):
            asyncio.run(_measure(server, shape, given))


if __name__ == "__main__":
    main()
