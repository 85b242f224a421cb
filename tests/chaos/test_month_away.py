"""The Admin is away for thirty days of readings, then drained; the Client's pages are fast all along.

`make chaos` takes a reading a minute (CHAOS_STEP_SECONDS=60), `make test-slow` one in ten minutes, and a test run those
of six days.
"""

import asyncio
import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles

from portal.core.exchange.batches import BatchType
from portal.core.outbox.service import push
from portal.core.overview.service import overview as dashboard
from portal.core.settings import load_settings
from portal.core.stack import Stack, close_stack, open_stack
from portal.push import task
from portal.push.client import PushClient
from portal.push.tick import Tick, TickReport
from tests.chaos.world import START, World, build
from tests.integration.databases import Clock, reachable_directory
from tests.integration.push.outbox_entries import outbox_entries
from tests.length import usual_or_long

STEP_SECONDS = int(os.environ.get("CHAOS_STEP_SECONDS", "600"))
DAYS = usual_or_long(6, 30)
DEVICES = 3
_STORED = """
INSERT INTO monitoring.readings (time, customer, meter, active_power_kw, reactive_power_kvar,
  apparent_power_kva, power_factor, voltage_v, frequency_hz, energy_imported_kwh, energy_exported_kwh, received)
SELECT t, d.customer, d.meter, 35120, 7310, 35870, 9790, 23140, 50010,
  round(extract(epoch FROM t - '{start}'::timestamptz)::numeric / 1024, 3) * 1000000, 0,
  extract(epoch FROM t) + 2 - 946684800
FROM generate_series('{start}'::timestamptz, '{end}'::timestamptz - interval '1 second', interval '{step} s') t,
  monitoring.devices d
"""


async def test_readings_of_many_days_drain_while_pages_stay_fast() -> None:
    threads = ThreadPoolExecutor(max_workers=1)
    with reachable_directory(in_memory=True) as directory:
        world = await build(directory, threads, random.Random(1), DEVICES)
        await world.client.kill()
        environment = world.client.environment | {
            "FleetIngest__Url": f"http://127.0.0.1:{world.admin.port}/api/fleet/ingest",
            "FleetIngest__BatchSize": "5000",
        }
        stack = open_stack(load_settings(environment))
        try:
            await _tick(stack)
            idle = await _opened(stack, asyncio.sleep(1))
            await world.admin.kill()
            await _month(world, stack)
            await world.admin.start()
            await _drained(world, stack, idle)
        finally:
            await close_stack(stack)
            await world.client.close()
            await world.admin.close()
            threads.shutdown()


async def _tick(stack: Stack) -> TickReport:
    async with PushClient(stack.settings.fleet_ingest) as client:
        return await Tick(stack, client).run()


async def _month(world: World, stack: Stack) -> None:
    """The days go by; the push asks as often as its waits allow."""
    clock = Clock()
    away = replace(stack, clock=clock)
    for day in range(DAYS):
        start, clock.now = START + timedelta(days=day - DAYS), START + timedelta(days=day + 1 - DAYS)
        await stack.storage.ensure_partitions(stack.db, [start, clock.now])
        span = {"start": start.isoformat(), "end": clock.now.isoformat(), "step": STEP_SECONDS}
        await world.client.fetch(_STORED.format(**span))
        await world.client.fetch(outbox_entries(f"time >= '{span['start']}' AND time < '{span['end']}'"))
        for _ in range(2):
            assert (await _tick(away)).pending_rows
            clock.advance(hours=1)
    await world.client.fetch("ANALYZE")
    state = (await push.load_states(stack))[BatchType.MEASUREMENTS]
    assert state.consecutive_failures == 2 * DAYS
    assert (await push.backlog(stack)).pending_rows == DEVICES * DAYS * 86_400 // STEP_SECONDS


async def _drained(world: World, stack: Stack, idle: list[float]) -> None:
    waiting = (await push.backlog(stack)).pending_rows
    ticks: list[TickReport] = []

    async def drain() -> None:
        while not ticks or ticks[-1].pending_rows:
            ticks.append(await _tick(replace(stack, clock=lambda: datetime.now(UTC) + timedelta(hours=1))))
            assert len(ticks) <= 2 + waiting // 10_000

    started = time.perf_counter()
    took = await _opened(stack, drain())
    seconds = time.perf_counter() - started
    print(  # noqa: T201 - the figures of `make chaos`
        f"\n{waiting} readings of {DAYS} days in {len(ticks)} ticks and {seconds:.1f} s; dashboard: median "
        f"{_ms(took, 50)}, p95 {_ms(took, 95)}, slowest {max(took) * 1000:.0f} ms "
        f"(idle: median {_ms(idle, 50)}, p95 {_ms(idle, 95)})"
    )
    [row] = await world.admin.fetch("SELECT count(*) AS held FROM fleet.power_measurements")
    assert row["held"] == waiting
    assert (await task.verify_once(stack)).differences == []
    assert median(took) < 1 + 10 * median(idle), "a page that waits for the push waits for whole rounds of it"


async def _opened(stack: Stack, work: object) -> list[float]:
    """Open the dashboard again and again while the work goes on; return how long each took."""
    took = []
    working = asyncio.ensure_future(work)  # type: ignore[call-overload]
    while not working.done() or len(took) < 20:
        started = time.perf_counter()
        await dashboard.client_overview(stack)
        took.append(time.perf_counter() - started)
        await asyncio.sleep(0.02)
    await working
    return took


def _ms(values: list[float], percent: int) -> str:
    return f"{quantiles(values, n=100)[percent - 1] * 1000:.0f} ms"
