"""Readings a second through the API, acknowledged and durable, beside what the database can do without it.

    python -m tests.bench.ingest [--dsn postgresql://...] [--rounds 6]

One run measures everything, side by side, into the same table with the same keys and indexes: batches of 5,000
readings of 1,000 devices. "Raw" is one writer's COPY of binary rows made beforehand. The server is a process of
its own with one worker, requests are made beforehand, and the rollups are kept while it is measured.
"""

import argparse
import asyncio
import http.client
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg

from portal.core.database.db import Database
from portal.core.database.embedded.server import EmbeddedServer
from portal.core.exchange.batches import ENCODER
from portal.core.fleet.service import customers
from portal.core.fleet.tables import FleetMeasurement
from portal.core.readings.wire import QUANTITIES, DeviceReading, FleetReading
from portal.core.settings import RunMode, load_settings
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack, close_stack, open_stack
from portal.core.values.time import week_start
from tests.bench import wide_rows
from tests.integration.databases import TestServer, reachable_directory
from tests.integration.fleet_ingest.servers import Server, serving

BATCH, DEVICES = 5_000, 1_000
# As devices send: readings of the last weeks. Older ones are late, and have TimescaleDB refresh its aggregates.
START = week_start(datetime.now(UTC)) - timedelta(days=14)
IDS = [UUID(int=0xD000 + number) for number in range(DEVICES)]
SITE = UUID(int=0x5)
COLUMNS = ("time", "customer_id", "device_id", *QUANTITIES, "source")
VALUES = {
    "active_power_kw": 3.251, "reactive_power_kvar": 0.512, "apparent_power_kva": 3.4, "power_factor": 0.97,
    "voltage_v": 230.41, "frequency_hz": 50.01, "energy_exported_kwh": 0.0,
}  # fmt: skip


def batch(number: int) -> list[FleetReading]:
    """Return five consecutive minutes of every device; no two numbers share a reading."""
    return [
        FleetReading(
            time=START + timedelta(minutes=number * 5 + minute),
            device_id=device,
            energy_imported_kwh=1000.0 + number + minute / 5,
            **VALUES,
        )
        for minute in range(5)
        for device in IDS
    ]


@dataclass
class Bench:
    """What every measurement needs. Batches are numbered on, so that no row is ever sent twice."""

    dsn: str
    customer_id: UUID
    token: str
    taken: int = 0

    def take(self, count: int) -> range:
        self.taken += count
        return range(self.taken - count, self.taken)

    async def connect(self) -> asyncpg.Connection:
        return await asyncpg.connect(self.dsn.replace("+asyncpg", ""))


def note(name: str, figure: float, unit: str = "rows/s") -> float:
    sys.stdout.write(f"{name:52s} {figure:12,.2f} {unit}\n")
    sys.stdout.flush()
    return figure


async def raw_copy(bench: Bench, batches: int) -> float:
    async def pieces(rows: list[bytes]) -> AsyncIterator[bytes]:
        for piece in rows:
            yield piece

    connection, spent = await bench.connect(), 0.0
    numbers = bench.take(batches)
    for number in numbers:
        ready = [piece async for piece in wide_rows.fleet_rows(bench.customer_id, batch(number))]
        begin = time.perf_counter()
        await connection.copy_to_table(
            "power_measurements", schema_name="fleet", columns=COLUMNS, format="binary", source=pieces(ready)
        )
        spent += time.perf_counter() - begin
    await connection.close()
    return len(numbers) * BATCH / spent


async def executemany(bench: Bench, batches: int) -> float:
    connection, spent = await bench.connect(), 0.0
    parameters = ", ".join(f"${number}" for number in range(1, len(COLUMNS) + 1))
    statement = f"INSERT INTO fleet.power_measurements ({', '.join(COLUMNS)}) VALUES ({parameters})"
    numbers = bench.take(batches)
    for number in numbers:
        ready = [
            (row.time, bench.customer_id, row.device_id, *(getattr(row, name) for name in QUANTITIES), None)
            for row in batch(number)
        ]
        begin = time.perf_counter()
        async with connection.transaction():
            await connection.executemany(f"{statement} ON CONFLICT DO NOTHING", ready)
        spent += time.perf_counter() - begin
    await connection.close()
    return len(numbers) * BATCH / spent


async def orm(bench: Bench, batches: int) -> float:
    database, spent = Database(bench.dsn, application_name="bench"), 0.0
    numbers = bench.take(batches)
    for number in numbers:
        rows = batch(number)
        begin = time.perf_counter()
        async with database.transaction() as session:
            for row in rows:
                values = {name: getattr(row, name) for name in QUANTITIES}
                session.add(
                    FleetMeasurement(
                        time=row.time, customer_id=bench.customer_id, device_id=row.device_id, **values
                    )
                )
        spent += time.perf_counter() - begin
    await database.dispose()
    return len(numbers) * BATCH / spent


def post(server: Server, path: str, headers: dict[str, str], bodies: list[bytes]) -> list[float]:
    """Send bodies one after the other over one connection; return the seconds of each."""
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
    took: list[float] = []
    for body in bodies:
        begin = time.perf_counter()
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        said = answer.read()
        took.append(time.perf_counter() - begin)
        assert answer.status == 200, said
    connection.close()
    return took


def over_http(bench: Bench, server: Server, clients: int, each: int) -> float:
    work = [[ENCODER.encode(batch(number)) for number in bench.take(each)] for _ in range(clients)]
    headers = {"X-Customer-Token": bench.token, "X-Batch-Type": "measurements"}
    with ThreadPoolExecutor(clients) as pool:
        begin = time.perf_counter()
        list(pool.map(lambda bodies: post(server, "/api/fleet/ingest", headers, bodies), work))
        spent = time.perf_counter() - begin
    return clients * each * BATCH / spent


def peak_megabytes(server: Server) -> float:
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


async def _admin(stack: Stack) -> tuple[UUID, str]:
    issued = await customers.register(stack, "bench", "Bench")
    times = (START + timedelta(days=7 * week) for week in range(20))
    await stack.storage.ensure_partitions(stack.db, times)
    async with stack.db.direct.connection() as connection:
        await connection.execute(
            "INSERT INTO fleet.sites (customer_id, id, name) VALUES ($1, $2, 'Bench')", issued.id, SITE
        )
        await connection.execute(
            "INSERT INTO fleet.devices (customer_id, id, site_id, name, external_id, customer, meter) "
            "SELECT c.id, d.id, $2, d.id::text, d.id::text, c.number, d.meter "
            "FROM fleet.customers c, unnest($3::uuid[]) WITH ORDINALITY AS d (id, meter) WHERE c.id = $1",
            issued.id, SITE, IDS,
        )  # fmt: skip
    await close_stack(stack)
    return issued.id, issued.token


async def _client(stack: Stack) -> list[str]:
    await sites.add_site(stack, "Bench")
    await stack.storage.ensure_partitions(stack.db, (START + timedelta(days=7 * week) for week in range(4)))
    made = [await devices.add_device(stack, name, site="Bench", external_id=name) for name in ("one", "many")]
    await close_stack(stack)
    return [device.token for device in made]


def fleet(server: TestServer, directory: Path, rounds: int) -> None:
    """Measure every way in turn, round after round, so that whatever else the machine does hits all of them."""
    given = settings(server, RunMode.ADMIN)
    customer_id, token = asyncio.run(_admin(open_stack(load_settings(given))))
    bench = Bench(given["Database__ConnectionString"], customer_id, token)
    found: dict[str, list[float]] = defaultdict(list)
    with serving(directory, given) as api:
        over_http(bench, api, 1, 2)
        for _ in range(rounds):
            found["raw COPY, one writer"].append(asyncio.run(raw_copy(bench, 8)))
            found["over HTTP, 1 client"].append(over_http(bench, api, 1, 8))
            found["over HTTP, 4 clients"].append(over_http(bench, api, 4, 4))
            found["prepared executemany, one writer, no HTTP"].append(asyncio.run(executemany(bench, 3)))
            found["ORM insert, one writer, no HTTP"].append(asyncio.run(orm(bench, 1)))
        note("peak memory of the worker", peak_megabytes(api), "MB")
    middle = {name: note(name, statistics.median(rates)) for name, rates in found.items()}
    raw, one, four, many, objects = middle.values()
    for name, figure in (
        ("one client / raw COPY", one / raw), ("four clients / raw COPY", four / raw),
        ("one client / executemany", one / many), ("one client / ORM", one / objects),
    ):  # fmt: skip
        note(f"ratio: {name}", figure, "")


def device(server: TestServer, directory: Path, rounds: int) -> None:
    """The answer time of single readings, alone and beside a stream of large batches of another device."""
    given = settings(server, RunMode.CLIENT)
    small, large = asyncio.run(_client(open_stack(load_settings(given))))
    streams = [
        ENCODER.encode([
            DeviceReading(time=START + timedelta(seconds=number * BATCH + second), **VALUES)
            for second in range(BATCH)
        ])
        for number in range(rounds * 6)
    ]  # fmt: skip
    singles = [
        ENCODER.encode([DeviceReading(time=START + timedelta(seconds=number), **VALUES)])
        for number in range(2_000)
    ]
    path = "/api/ingest/measurements"
    bearer = [{"Authorization": f"Bearer {token}"} for token in (small, large)]
    with serving(directory, given) as api, ThreadPoolExecutor(1) as pool:
        for name, stream in (("alone", []), ("beside a 5,000-row stream", streams)):
            streaming = pool.submit(post, api, path, bearer[1], stream)
            took: list[float] = []
            while (not streaming.done() or len(took) < 200) and singles:
                took += post(api, path, bearer[0], [singles.pop()])
                time.sleep(0.005)
            streaming.result()
            note(f"single reading {name}: p50", statistics.median(took) * 1000, "ms")
            note(f"single reading {name}: p99", statistics.quantiles(took, n=100)[98] * 1000, "ms")
    took = asyncio.run(inserts_beside_copy(given["Database__ConnectionString"], rounds * 6))
    note("single INSERT beside raw COPY, no HTTP: p50", statistics.median(took) * 1000, "ms")
    note("single INSERT beside raw COPY, no HTTP: p99", statistics.quantiles(took, n=100)[98] * 1000, "ms")


async def inserts_beside_copy(dsn: str, batches: int) -> list[float]:
    """What the database alone takes for the same: a reading inserted while another connection copies batches."""
    copying, inserting = [await asyncpg.connect(dsn.replace("+asyncpg", "")) for _ in range(2)]
    small, large = await inserting.fetchval(
        "SELECT array_agg(id ORDER BY external_id DESC) FROM monitoring.devices"
    )
    start = START + timedelta(days=14)

    async def stream() -> None:
        for number in range(batches):
            rows = [
                DeviceReading(time=start + timedelta(seconds=number * BATCH + second), **VALUES)
                for second in range(BATCH)
            ]
            await copying.copy_to_table(
                "power_measurements", schema_name="monitoring", columns=("time", "device_id", *QUANTITIES, "source"),
                format="binary", source=wide_rows.device_rows(large, rows),
            )  # fmt: skip

    streaming, took = asyncio.create_task(stream()), list[float]()
    while not streaming.done():
        begin = time.perf_counter()
        await inserting.execute(
            "INSERT INTO monitoring.power_measurements (time, device_id, active_power_kw) VALUES ($1, $2, 1)",
            start + timedelta(seconds=len(took)), small,
        )  # fmt: skip
        took.append(time.perf_counter() - begin)
        await asyncio.sleep(0.005)
    await asyncio.gather(streaming, copying.close(), inserting.close())
    return took


def settings(server: TestServer, mode: RunMode, storage: str = "auto") -> dict[str, str]:
    name = asyncio.run(server.copy(mode, storage))
    return {
        "Application__RunMode": mode.value,
        "Database__Storage": storage,
        "Database__ConnectionString": server.dsn(name),
        "RateLimit__Enabled": "false",
    }


@contextmanager
def database(dsn: str | None) -> Iterator[TestServer]:
    """The server of the address, or an embedded one with the product's own settings: durable."""
    if dsn:
        server = TestServer(dsn)
        yield server
        server.drop_templates()
        return
    with reachable_directory() as directory, EmbeddedServer(directory / "postgres") as embedded:
        yield TestServer(embedded.dsn())


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--dsn")
    arguments.add_argument("--rounds", type=int, default=6)
    chosen = arguments.parse_args()
    with database(chosen.dsn) as server, reachable_directory() as directory:
        for bench in (fleet, device):
            bench(server, directory, chosen.rounds)


if __name__ == "__main__":
    main()
