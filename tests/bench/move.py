"""How long a reading waits while those of an earlier release are moved, how quick that is, and what disk it takes.

    python -m tests.bench.move [--dsn postgresql://...] [--meters 100] [--weeks 3] [--every 60]

A Client of the earlier release with a reading `every` so many seconds of each meter; on TimescaleDB, the server of
`--dsn`, compressed as it was there. A device posts its readings one by one: for a while with nothing beside it, and
then as the move goes on beside it as under `portal serve`. Meanwhile somebody reads a device's last day.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url

from portal.core import energy
from portal.core.database.migrations import migrate
from portal.core.readings.service import readings, wide_readings
from portal.core.readings.wire import DeviceReading
from portal.core.settings import RunMode, load_settings
from portal.core.stack import Stack, close_stack, open_stack
from tests.bench.ingest import database, settings
from tests.bench.storage import say
from tests.integration.databases import downgrade

_ALONE_SECONDS = 10
_METERS = """
WITH site AS (INSERT INTO monitoring.sites (name) VALUES ('Bench') RETURNING id)
INSERT INTO monitoring.devices (site_id, name, external_id, token_hash, customer, meter)
SELECT site.id, 'Meter ' || n, 'm' || n, 'hash of ' || n, 1, n FROM site, generate_series(1, $1::int) n
"""
_PARTITION = """
CREATE TABLE monitoring.power_measurements_{day:%Y%m%d} PARTITION OF monitoring.power_measurements
FOR VALUES FROM ('{day:%Y-%m-%d}Z') TO ('{end:%Y-%m-%d}Z')
"""
_READINGS = """
INSERT INTO monitoring.power_measurements (time, device_id, active_power_kw, reactive_power_kvar,
  apparent_power_kva, power_factor, voltage_v, frequency_hz, energy_imported_kwh, energy_exported_kwh,
  source, received_at)
SELECT t, d.id, round((random() * 50)::numeric, 3), round((random() * 9)::numeric, 3),
  round((random() * 60)::numeric, 3), round(random()::numeric, 3), round((230 + random())::numeric, 2), 50,
  round(extract(epoch FROM t - $1::timestamptz)::numeric / 1024, 3), 0, 'board', t + interval '2 seconds'
FROM generate_series($1::timestamptz, $2::timestamptz - interval '1 second', make_interval(secs => $3)) t,
  monitoring.devices d ORDER BY t
"""
_COMPRESS = "SELECT compress_chunk(chunk) FROM show_chunks('monitoring.power_measurements') AS chunk"
_SIZE = "SELECT pg_database_size(current_database())"
_DAY = """
SELECT count(*) FROM monitoring.readings_of($1) WHERE time >= $2 AND time < $2::timestamptz + interval '1 day'
"""


@dataclass
class _Times:
    """Milliseconds of one kind of request."""

    name: str
    took: list[float] = field(default_factory=list)

    async def measure(self, ask: Callable[[], Awaitable[object]]) -> None:
        began = time.perf_counter()
        await ask()
        self.took.append((time.perf_counter() - began) * 1000)

    def tell(self) -> None:
        """Say the median, the slowest hundredth and the slowest."""
        hundredths = statistics.quantiles(self.took, n=100)
        say(
            f"{self.name:50s} {len(self.took):7d} times, p50 {hundredths[49]:6.1f} ms, p99 {hundredths[98]:6.1f} ms, "
            f"slowest {max(self.took):6.0f} ms"
        )


@dataclass
class _Bench:
    stack: Stack
    connection: asyncpg.Connection
    engine: str
    start: datetime
    end: datetime
    sizes: list[int] = field(default_factory=list)

    async def fill(self, meters: int, every: int) -> int:
        """Store what the earlier release held; returns how many readings that are."""
        await self.connection.execute(_METERS, meters)
        if self.engine == "plain":
            week = self.start
            while week < self.end:
                await self.connection.execute(_PARTITION.format(day=week, end=week + timedelta(days=7)))
                week += timedelta(days=7)
        await self.connection.execute(_READINGS, self.start, self.end, float(every))
        if self.engine == "timescale":
            await self.connection.execute(_COMPRESS)
        await self.connection.execute("VACUUM ANALYZE monitoring.power_measurements")
        return await self.connection.fetchval("SELECT count(*) FROM monitoring.power_measurements")

    async def post(self, times: _Times) -> None:
        """Post one reading after the other, each of another device, for ever."""
        devices = [row[0] for row in await self.connection.fetch("SELECT id FROM monitoring.devices")]
        at = self.stack.clock()
        while True:
            for device in devices:
                at += timedelta(milliseconds=1)
                row = DeviceReading(time=at, active_power_kw=1.5, energy_imported_kwh=2000)
                await times.measure(lambda d=device, r=row: readings.import_readings(self.stack, d, [r]))
                await asyncio.sleep(0.005)

    async def read(self, times: _Times) -> None:
        """Read a day of one device after the other, anywhere in the time, for ever."""
        asking: Any = await asyncpg.connect(self.stack.db.dsn.replace("+asyncpg", ""))
        devices = [row[0] for row in await asking.fetch("SELECT id FROM monitoring.devices")]
        days = (self.end - self.start).days
        number = 0
        while True:
            number += 1
            day = self.start + timedelta(days=number * 5 % days)
            device = devices[number % len(devices)]
            await times.measure(lambda d=device, t=day: asking.fetchval(_DAY, d, t))
            await asyncio.sleep(0.05)

    async def sample(self) -> None:
        """Look at the size of the database, for ever."""
        asking: Any = await asyncpg.connect(self.stack.db.dsn.replace("+asyncpg", ""))
        while True:
            self.sizes.append(await asking.fetchval(_SIZE))
            await asyncio.sleep(0.5)


async def _beside(main: Awaitable[object], *others: Awaitable[None]) -> None:
    tasks = [asyncio.ensure_future(each) for each in others]
    await main
    for task in tasks:
        assert not task.done()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _measure(environment: dict[str, str], engine: str, given: argparse.Namespace) -> None:
    stack = open_stack(load_settings(environment))
    await downgrade(stack.db, RunMode.CLIENT, "client_0013")
    connection: Any = await asyncpg.connect(environment["Database__ConnectionString"].replace("+asyncpg", ""))
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    end -= timedelta(days=end.weekday() + 14)  # of an age at which either release compresses what it has
    bench = _Bench(stack, connection, engine, end - timedelta(weeks=given.weeks), end)
    empty = await connection.fetchval(_SIZE)
    count = await bench.fill(given.meters, given.every)
    filled = await connection.fetchval(_SIZE)
    began = time.perf_counter()
    await migrate(stack.db, RunMode.CLIENT)
    await energy.bootstrap(stack)
    await wide_readings.begin(stack)
    size, started = (filled - empty) / 2**20, time.perf_counter() - began
    say(f"{engine}: {count} readings, {size:.0f} MiB; served {started:.1f} s after the start")
    alone, beside, reads = (
        _Times(name)
        for name in ("a reading, nothing beside", "a reading beside the move", "a device's day beside it")
    )
    await _beside(asyncio.sleep(_ALONE_SECONDS), bench.post(alone))
    began = time.perf_counter()
    await _beside(wide_readings.follow(stack), bench.post(beside), bench.read(reads), bench.sample())
    took = time.perf_counter() - began
    for each in (alone, beside, reads):
        each.tell()
    after, week = await connection.fetchval(_SIZE), (filled - empty) / given.weeks
    say(f"moved in {took:.0f} s, {count / took:.0f} readings/s")
    say(
        f"disk: {max(bench.sizes) / 2**20:.0f} MiB at most, {filled / 2**20:.0f} before, {after / 2**20:.0f} after; "
        f"{(max(bench.sizes) - filled) / week:.2f} weeks of before at most above before"
    )
    await connection.close()
    await close_stack(stack)


def main() -> None:
    """Measure the engine the server has."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--dsn")
    arguments.add_argument("--meters", type=int, default=100)
    arguments.add_argument("--weeks", type=int, default=3)
    arguments.add_argument("--every", type=int, default=60, help="seconds from reading to reading")
    given = arguments.parse_args()
    engine = "timescale" if given.dsn else "plain"
    with database(given.dsn) as server:
        environment = settings(server, RunMode.CLIENT, engine)
        asyncio.run(_measure(environment, engine, given))
        asyncio.run(server.drop(make_url(environment["Database__ConnectionString"]).database or ""))


if __name__ == "__main__":
    main()
