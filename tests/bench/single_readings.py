"""The answer time of single readings of a device, alone and beside a stream of large batches of another device.

    python -m tests.bench.single_readings [--dsn postgresql://...] [--rounds 6]

A Client with one worker, a process of its own. Beside it, what the database alone takes for the same: a narrow row
inserted while another connection copies batches of 5,000 that were packed beforehand.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from portal.core.exchange.batches import ENCODER
from portal.core.readings.queries.narrow_rows import NarrowBatch, RowKeys
from portal.core.readings.wire import DeviceReading
from portal.core.settings import RunMode, load_settings
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack, close_stack, open_stack
from tests.bench.rig import BATCH, START, database, note, post, settings
from tests.integration.databases import TestServer, reachable_directory
from tests.integration.fleet_ingest.servers import serving

VALUES = {
    "active_power_kw": 3.251, "reactive_power_kvar": 0.512, "apparent_power_kva": 3.4, "power_factor": 0.97,
    "voltage_v": 230.41, "frequency_hz": 50.01, "energy_exported_kwh": 0.0,
}  # fmt: skip
_PATH = "/api/ingest/measurements"


async def two_devices(stack: Stack) -> list[str]:
    """Add two devices to a Client, with room for four weeks; returns their tokens."""
    await sites.add_site(stack, "Bench")
    await stack.storage.ensure_partitions(stack.db, (START + timedelta(days=7 * week) for week in range(4)))
    made = [await devices.add_device(stack, name, site="Bench", external_id=name) for name in ("one", "many")]
    await close_stack(stack)
    return [device.token for device in made]


def single_now() -> bytes:
    """Return the post of a reading of this moment: of one that comes late, more is kept about the board's clock."""
    return ENCODER.encode([DeviceReading(time=datetime.now(UTC), **VALUES)])


def _rows(number: int, days: int = 0) -> list[DeviceReading]:
    first = START + timedelta(days=days, seconds=number * BATCH)
    return [DeviceReading(time=first + timedelta(seconds=second), **VALUES) for second in range(BATCH)]


def _note(what: str, took: list[float]) -> None:
    note(f"{what}: p50", statistics.median(took) * 1000, "ms")
    note(f"{what}: p99 of {len(took)}", statistics.quantiles(took, n=100)[98] * 1000, "ms")


def measure(server: TestServer, directory: Path, rounds: int) -> None:
    given = settings(server, RunMode.CLIENT)
    small, large = asyncio.run(two_devices(open_stack(load_settings(given))))
    streams = [ENCODER.encode(_rows(number)) for number in range(rounds * 10)]
    bearer = [{"Authorization": f"Bearer {token}"} for token in (small, large)]
    with serving(directory, given) as api, ThreadPoolExecutor(1) as pool:
        post(api, _PATH, bearer[0], [single_now() for _ in range(20)])
        for name, stream in (("alone", []), ("beside a stream of batches of 5,000", streams)):
            streaming = pool.submit(post, api, _PATH, bearer[1], stream)
            took: list[float] = []
            while not streaming.done() or len(took) < 500:
                took += post(api, _PATH, bearer[0], [single_now()])
                time.sleep(0.005)
            streamed = streaming.result()
            _note(f"single reading {name}", took)
            if streamed:
                note("the stream meanwhile", BATCH / statistics.median(streamed))
    _note("INSERT beside COPY, no HTTP", asyncio.run(inserts_beside_copy(given, rounds * 10)))


async def inserts_beside_copy(given: dict[str, str], batches: int) -> list[float]:
    """What the database alone takes for the same."""
    dsn = given["Database__ConnectionString"].replace("+asyncpg", "")
    copying, inserting = [await asyncpg.connect(dsn) for _ in range(2)]
    small, large = await inserting.fetchval(
        "SELECT array_agg(meter ORDER BY external_id DESC) FROM monitoring.devices"
    )
    ready = [
        await NarrowBatch(_rows(number, 14), RowKeys(1, large, received=1)).narrow_rows()
        for number in range(batches)
    ]

    async def stream() -> None:
        for packed in ready:

            async def pieces(whole: bytes) -> AsyncIterator[bytes]:
                yield whole

            whole = b"".join([piece async for piece in packed.pieces()])
            await copying.copy_to_table(
                "readings",
                schema_name="monitoring",
                columns=packed.columns,
                format="binary",
                source=pieces(whole),
            )

    streaming, took = asyncio.create_task(stream()), list[float]()
    start = START + timedelta(days=14)
    while not streaming.done():
        begin = time.perf_counter()
        await inserting.execute(
            "INSERT INTO monitoring.readings (time, customer, meter, active_power_kw) VALUES ($1, 1, $2, 1)",
            start + timedelta(seconds=len(took)), small,
        )  # fmt: skip
        took.append(time.perf_counter() - begin)
        await asyncio.sleep(0.005)
    await asyncio.gather(streaming, copying.close(), inserting.close())
    return took


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--dsn")
    arguments.add_argument("--rounds", type=int, default=6)
    chosen = arguments.parse_args()
    with database(chosen.dsn) as server, reachable_directory() as directory:
        measure(server, directory, chosen.rounds)


if __name__ == "__main__":
    main()
