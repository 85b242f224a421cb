"""What the Admin's pages take the server while a thousand customers push: each page opened again and again.

    python -m tests.bench.fleet_load --directory DIR [--customers 1000] [--meters 10] [--weeks 5] [--rounds 20]

The directory keeps an embedded PostgreSQL of the fleet; what is there is used again. Each customer pushes its sites,
devices and tariff over HTTP, has a reading of every meter each five minutes for so many weeks, and then pushes the
readings of the minute once a minute. `portal serve` is a process of its own. A page's time is that of its socket, from
the call to the last figure.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec

from portal.admin.customer_detail.view import TABS
from portal.core.database.embedded.server import EmbeddedServer
from portal.core.exchange.batches import CURSOR_HEADER, TOKEN_HEADER, TYPE_HEADER, BatchType
from portal.core.readings.wire import FleetReading
from portal.push.client import compressed
from tests.bench.fleet_fill import add_customers, copy_to_others, fill_first, token_of
from tests.bench.storage_fill import stack_over
from tests.bench.tab import opened
from tests.e2e.running import RunningStack

_WHO = "operator@example.com"
_MINUTE = 60.0
_DATABASE = "fleet_load"
_FILLED = """
SELECT sum(c.reltuples)::bigint FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'fleet.readings'::regclass
"""


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def _sets(meters: int) -> list[tuple[BatchType, list[dict[str, object]]]]:
    site = str(UUID(int=1))
    tariff = {
        "id": 1, "municipalityId": 1, "name": "TOU", "effectiveFrom": "2020-01-01", "defaultRatePerKwh": 2.05,
        "vatRate": 0.15, "fixedMonthlyCharge": 1200, "currency": "ZAR",
        "periods": [
            {"name": "Peak", "daysOfWeek": 31, "startTime": "17:00", "endTime": "20:00", "ratePerKwh": 4.1},
            {"name": "Standard", "daysOfWeek": 31, "startTime": "06:00", "endTime": "17:00", "ratePerKwh": 2.4},
        ],
    }  # fmt: skip
    devices = [
        {
            "id": str(UUID(int=n)),
            "siteId": site,
            "name": f"Meter {n}",
            "externalId": f"m{n}",
            "maxPowerKw": 60,
        }
        for n in range(1, meters + 1)
    ]
    town = {"id": 1, "name": "Town", "timeZoneId": "Africa/Johannesburg"}
    return [
        (BatchType.MUNICIPALITIES, [town]),
        (BatchType.SITES, [{"id": site, "name": "Works", "localMunicipalityId": 1}]),
        (BatchType.DEVICES, devices),
        (BatchType.TARIFFS, [tariff]),
    ]


async def _post(http: httpx.AsyncClient, number: int, kind: BatchType, rows: list[bytes]) -> float:
    headers = {
        TOKEN_HEADER: token_of(number), TYPE_HEADER: kind.value, CURSOR_HEADER: datetime.now(UTC).isoformat(),
        "Content-Type": "application/json", "Content-Encoding": "gzip",
    }  # fmt: skip
    began = time.perf_counter()
    answer = await http.post("/api/fleet/ingest", content=compressed(rows), headers=headers)
    answer.raise_for_status()
    return time.perf_counter() - began


async def _register(http: httpx.AsyncClient, customers: int, meters: int) -> None:
    bodies = [(kind, [msgspec.json.encode(row) for row in rows]) for kind, rows in _sets(meters)]

    async def one(numbers: range) -> None:
        for number in numbers:
            for kind, rows in bodies:
                await _post(http, number, kind, rows)

    await asyncio.gather(*(one(range(1 + lane, customers + 1, 4)) for lane in range(4)))


class Pushers:
    """All customers, each of which pushes once a minute."""

    def __init__(self, http: httpx.AsyncClient, customers: int, meters: int) -> None:
        self._http, self._customers, self._meters = http, customers, meters
        self._began = time.monotonic()
        self.took: list[float] = []
        self.failed = 0

    async def run(self) -> None:
        """Push until it is cancelled."""
        await asyncio.gather(*(self._one(number) for number in range(1, self._customers + 1)))

    async def _one(self, number: int) -> None:
        await asyncio.sleep(_MINUTE * number / self._customers)
        while True:
            began = time.monotonic()
            try:
                self.took.append(await _post(self._http, number, BatchType.MEASUREMENTS, self._readings()))
            except httpx.HTTPError:
                self.failed += 1
            await asyncio.sleep(_MINUTE - (time.monotonic() - began))

    def _readings(self) -> list[bytes]:
        now, hours = datetime.now(UTC).replace(microsecond=0), (time.monotonic() - self._began) / 3600
        return [
            msgspec.json.encode(
                FleetReading(
                    time=now, device_id=UUID(int=meter), active_power_kw=30.0, voltage_v=231.0,
                    energy_imported_kwh=round(meter * 1000 + 40_000 + 30 * hours, 2),
                )
            )
            for meter in range(1, self._meters + 1)
        ]  # fmt: skip


def _pages(customer: UUID) -> list[tuple[str, str, dict[str, str]]]:
    route = {"customer_id": str(customer)}
    detail = f"/customers/{customer}"
    of_customer = [(f"Customer: {name}", f"{detail}?tab={tab}", route) for tab, name in TABS]
    before = (datetime.now(UTC) + timedelta(hours=2)).replace(day=1) - timedelta(days=1)
    pages = [
        ("Dashboard", "/"),
        ("Customers", "/customers"),
        ("Customers, searched", "/customers?q=customer+7"),
        ("Customers by energy", "/customers?sort=-today"),
        ("Customers, page 15", "/customers?page=15"),
        ("Customers that are late", "/customers?show=late"),
        ("Dashboards", "/dashboards"),
        ("Cost of the fleet", "/cost"),
        ("the same, the month before", f"/cost?month={before:%Y-%m}"),
        ("Data quality of the fleet", "/data-quality"),
        ("Settings", "/settings"),
    ]
    return [
        *((name, address, {}) for name, address in pages),
        *of_customer,
        ("View as this customer", f"{detail}/view", route),
    ]


async def _measure(running: RunningStack, customer: UUID, rounds: int) -> None:
    session = await asyncio.to_thread(running.new_session, _WHO)
    for name, address, route in _pages(customer):
        took: list[float] = []
        size = 0
        for _ in range(rounds):
            async with opened(running.url, session) as tab:
                seconds, size = await tab.open(address, route)
            took.append(1000 * seconds)
        _say(f"{name:30s} {_worded(took)}, {size / 1000:4.0f} kB")


def _worded(times: list[float]) -> str:
    ordered = sorted(times)
    worst = ordered[-1 - len(ordered) // 20]
    first = f"the first {times[0]:5.0f} ms, "
    return f"{first}median {statistics.median(ordered):5.0f} ms, 95 of 100 {worst:5.0f} ms"


async def _asked(server: EmbeddedServer, question: str) -> Any:
    address = server.dsn(_DATABASE).replace("+asyncpg", "")
    connection = await asyncpg.connect(address)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def _prepare(server: EmbeddedServer, running: RunningStack, given: argparse.Namespace) -> None:
    async with stack_over(server.dsn(), _DATABASE, "plain") as stack:
        if await _asked(server, "SELECT count(*) FROM fleet.customers"):
            return
        await add_customers(stack, given.customers)
        running.start()
        began = time.monotonic()
        async with httpx.AsyncClient(base_url=running.url, timeout=120) as http:
            await _register(http, given.customers, given.meters)
        running.stop()
        _say(f"registered in {time.monotonic() - began:.0f} s")
        began = time.monotonic()
        await copy_to_others(stack, await fill_first(stack, given.weeks))
        _say(f"filled in {time.monotonic() - began:.0f} s")


async def run(server: EmbeddedServer, given: argparse.Namespace) -> None:
    """Fill the fleet where it is not there, then measure."""
    settings = {
        "Database__ConnectionString": server.dsn(_DATABASE).replace("+asyncpg", ""),
        "Database__Storage": "plain",
        "Storage__DataDirectory": str(given.directory),
        "RateLimit__Enabled": "false",
        "Application__TimeZone": "Africa/Johannesburg",
    }
    running = RunningStack("Admin", settings, given.directory)
    await _prepare(server, running, given)
    customer: UUID = await _asked(server, "SELECT id FROM fleet.customers WHERE number = 7")
    _say(f"{await _asked(server, _FILLED):,} readings")
    running.start()
    if not await _asked(server, f"SELECT count(*) FROM app.users WHERE email = '{_WHO}'"):
        running.add_user(_WHO, "admin")
    async with httpx.AsyncClient(base_url=running.url, timeout=120) as http:
        pushers = Pushers(http, given.customers, given.meters)
        task = asyncio.create_task(pushers.run())
        await asyncio.sleep(_MINUTE)
        await _measure(running, customer, given.rounds)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    ordered = sorted(pushers.took)
    _say(
        f"{len(ordered)} pushes, {pushers.failed} failed, median {1000 * statistics.median(ordered):.0f} ms, "
        f"99 of 100 {1000 * ordered[-1 - len(ordered) // 100]:.0f} ms"
    )
    running.stop()


def main() -> None:
    """Serve the database of the directory and measure over it."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--directory", type=Path, required=True)
    arguments.add_argument("--customers", type=int, default=1000)
    arguments.add_argument("--meters", type=int, default=10)
    arguments.add_argument("--weeks", type=int, default=5)
    arguments.add_argument("--rounds", type=int, default=20)
    given = arguments.parse_args()
    given.directory.mkdir(parents=True, exist_ok=True)
    with EmbeddedServer(given.directory / "postgres") as server:
        asyncio.run(run(server, given))


if __name__ == "__main__":
    main()
