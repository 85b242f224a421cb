"""How fast the push drains with its limits lifted, against what the same Admin takes from a prepared sender.

    python -m tests.bench.push_drain [rows]

Two databases and the Admin run as processes of their own, with the settings of the product.
"""

import asyncio
import logging
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import httpx
import msgspec
import structlog

from portal.core.exchange.batches import ENCODER
from portal.core.outbox.service import push as service
from portal.core.settings import load_settings
from portal.core.stack import Stack, close_stack, open_stack
from portal.push.client import PushClient, compressed
from portal.push.tick import Tick
from portal.server.objects import search_cycles_less
from tests.bench.narrow_fill import narrow_insert
from tests.bench.rig import EIGHT
from tests.chaos.world import START, World, build
from tests.integration.databases import reachable_directory
from tests.integration.push.outbox_entries import outbox_entries

_BATCH = 5000
_FILL = """
SELECT CAST('{start}' AS timestamptz) + i * interval '1 second' AS time, d.customer, d.meter,
  (random() * 50)::numeric(9, 3) AS active_power_kw, (random() * 9)::numeric(9, 3) AS reactive_power_kvar,
  (random() * 60)::numeric(9, 3) AS apparent_power_kva, random()::numeric(9, 3) AS power_factor,
  (230 + random())::numeric(9, 2) AS voltage_v, 50 AS frequency_hz, i / 1000.0 AS energy_imported_kwh,
  0 AS energy_exported_kwh, CAST('{start}' AS timestamptz) + {received} AS received_at
FROM generate_series(0, {rows} - 1) i, monitoring.devices d WHERE d.id = '{device}'
"""


async def _fill(world: World, stack: Stack, device: int, rows: int, received: str) -> None:
    start = START + timedelta(days=60 * device)
    times = [start + timedelta(days=day) for day in range(rows // 86_400 + 2)]
    await stack.storage.ensure_partitions(stack.db, times)
    names = {
        "start": start.isoformat(),
        "device": world.devices[device].id,
        "rows": rows,
        "received": received,
    }
    await world.client.fetch(narrow_insert("monitoring", EIGHT, _FILL.format(**names), "time"))
    await world.client.fetch(outbox_entries(f"device_id = '{world.devices[device].id}'"))
    await world.client.fetch("ANALYZE")


async def _prepared(stack: Stack, rows: int, device_id: UUID) -> list[bytes]:
    """Return the first rows that wait as bodies ready to be sent, as another device's so that they are new."""
    bodies = []
    waiting = (await service.waiting_readings(stack, rows)).rows
    theirs = [entry.reading for entry in waiting[:rows] if entry.reading is not None]
    moved = [ENCODER.encode(msgspec.structs.replace(reading, device_id=device_id)) for reading in theirs]
    for first, end in pairwise([*range(0, rows, _BATCH), rows]):
        bodies.append(compressed(moved[first:end]))
    return bodies


async def _send_prepared(stack: Stack, bodies: list[bytes]) -> None:
    fleet = stack.settings.fleet_ingest
    headers = {
        "X-Customer-Token": fleet.token.get_secret_value(),
        "X-Batch-Type": "measurements",
        "X-Push-Cursor": START.isoformat(),
        "Content-Encoding": "gzip",
    }
    async with httpx.AsyncClient(timeout=120) as http:
        for body in bodies:
            answer = await http.post(fleet.url, content=body, headers=headers)
            assert answer.json()["rejected"] == 0, answer.text


async def _drain(stack: Stack) -> int:
    async with PushClient(stack.settings.fleet_ingest) as client:
        report = await Tick(stack, client, is_forced=True).run()
    assert report.pending_rows == 0, report
    return sum(line.batches for line in report.resources)


def _say(what: str, rows: int, seconds: float, more: str = "") -> float:
    rate = rows / seconds
    print(f"{what:<46} {rows:>9} rows {seconds:>7.2f} s {rate:>9.0f} rows/s {more}", flush=True)  # noqa: T201
    return rate


async def run(rows: int, directory: Path) -> None:
    threads = ThreadPoolExecutor(max_workers=1)
    world = await build(directory, threads, random.Random(1), device_count=3, is_durable=True)
    await world.client.kill()
    environment = world.client.environment | {
        "FleetIngest__Url": f"http://127.0.0.1:{world.admin.port}/api/fleet/ingest",
        "FleetIngest__BatchSize": str(_BATCH),
        "FleetIngest__BatchMaxBytes": str(8 * 1024 * 1024),
        "FleetIngest__MaxBatchesPerTick": "1000000",
    }
    stack = open_stack(load_settings(environment))
    try:
        await _drain(stack)  # sites and devices
        await _fill(world, stack, 0, rows, "interval '90 days'")
        bodies = await _prepared(stack, min(rows, 100_000), world.devices[2].id)
        started = time.perf_counter()
        await _send_prepared(stack, bodies)
        ingest = _say(
            "fleet ingest, prepared batches of 5000", min(rows, 100_000), time.perf_counter() - started
        )
        started = time.perf_counter()
        batches = await _drain(stack)
        drain = _say("drain of one outbox entry", rows, time.perf_counter() - started, f"{batches} batches")
        few = rows // 4
        await _fill(world, stack, 1, few, "interval '90 days' + i * interval '1 second'")
        started = time.perf_counter()
        batches = await _drain(stack)
        _say(
            "drain of outbox entries of one reading each",
            few,
            time.perf_counter() - started,
            f"{batches} batches",
        )
        print(f"drain / ingest: {drain / ingest:.2f}")  # noqa: T201
    finally:
        await close_stack(replace(stack))
        await world.client.close()
        await world.admin.close()
        threads.shutdown()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    search_cycles_less()  # as a process that serves does
    with reachable_directory() as _directory:
        asyncio.run(run(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000, _directory))
