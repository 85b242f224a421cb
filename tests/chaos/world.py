"""Devices, a Client and an Admin with a database each, all of which may be killed at any instant."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
from sqlalchemy.engine import make_url

from portal.core import energy
from portal.core.database.embedded.server import EmbeddedServer
from portal.core.database.migrations import migrate
from portal.core.fleet.service import customers
from portal.core.settings import RunMode, load_settings
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack, close_stack, open_stack
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
_START_PATIENCE_S = 150.0
START = datetime(2026, 5, 18, tzinfo=UTC)
# What is tested is the end of processes, not of the machine: its disk cache survives them.
_FAST = {"fsync": "off", "synchronous_commit": "on", "shared_buffers": "64MB", "max_connections": "60"}


@dataclass
class Host:
    """A stack of its own: a database server and an application process."""

    name: str
    directory: Path
    threads: ThreadPoolExecutor
    port: int = field(default_factory=free_port)
    environment: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    is_durable: bool = False
    process: subprocess.Popen[bytes] | None = None
    server: EmbeddedServer | None = None

    @property
    def dsn(self) -> str:
        assert self.server is not None
        return self.server.dsn(self.name)

    async def open_database(self, mode: RunMode) -> Stack:
        """Make the database and return a stack to prepare it with."""
        self.server = EmbeddedServer(self.directory / self.name, settings=None if self.is_durable else _FAST)
        await self._in_thread(self.server.start)
        await self._in_thread(self.server.ensure_database, self.name)
        self.environment = {
            "Application__RunMode": mode.value,
            "Database__ConnectionString": self.dsn,
            "RateLimit__Enabled": "false",
            "Storage__DataDirectory": str(self.directory / f"{self.name}-files"),
        }
        stack = open_stack(load_settings(self.environment))
        await migrate(stack.db, mode)
        await energy.bootstrap(stack)
        return stack

    async def start(self) -> None:
        """Start the application and wait until it answers."""
        log = (self.directory / f"{self.name}.log").open("ab")
        command = [sys.executable, "-m", "tests.chaos.app", str(self.port), *self.arguments]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.directory), **self.environment}
        # Not asyncio's: it would be this process that learns of the end of another.
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)  # noqa: ASYNC220
        log.close()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}") as http:
            deadline = time.monotonic() + _START_PATIENCE_S
            while time.monotonic() < deadline:
                try:
                    if (await http.get("/health/live", timeout=2)).is_success:
                        return
                except httpx.HTTPError:
                    pass
                assert self.process.poll() is None, self.log()
                await asyncio.sleep(0.05)
        raise AssertionError(self.log())

    async def kill(self) -> None:
        """`kill -9` of the application."""
        if self.process is not None:
            self.process.kill()
            await self._in_thread(self.process.wait)

    async def kill_database(self, pause: float) -> None:
        """`kill -9` of the database server, which starts again after a while."""
        assert self.server is not None
        assert self.server.pid is not None
        os.kill(self.server.pid, signal.SIGKILL)
        await asyncio.sleep(pause)
        await self._in_thread(self.server.stop)
        await self._in_thread(self.server.start)

    async def fetch(self, statement: str) -> list[asyncpg.Record]:
        plain = make_url(self.dsn).set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(plain)
        try:
            return await connection.fetch(statement)
        finally:
            await connection.close()

    async def close(self) -> None:
        await self.kill()
        if self.server is not None:
            await self._in_thread(self.server.stop)

    def log(self) -> str:
        return (self.directory / f"{self.name}.log").read_text(errors="replace")[-4000:]

    async def _in_thread(self, work: object, *values: object) -> None:
        # One thread for all of it: the kernel ends a server with the thread that started it.
        await asyncio.get_running_loop().run_in_executor(self.threads, work, *values)  # type: ignore[arg-type]


@dataclass
class Device:
    """A meter that keeps every reading until it got a 2xx for it, and sometimes sends old ones again."""

    id: UUID
    token: str
    url: str
    chance: random.Random
    acknowledged: int = 0
    posts: int = 0

    async def run(self, is_over: asyncio.Event) -> None:
        async with httpx.AsyncClient(base_url=self.url, timeout=10) as http:
            while not is_over.is_set():
                first, count = self.acknowledged, self.chance.randint(1, 60)
                if self.acknowledged and self.chance.random() < 0.1:
                    first = self.chance.randrange(self.acknowledged)
                await self._post_until_taken(http, first, count)
                self.acknowledged = max(self.acknowledged, first + count)
                await asyncio.sleep(self.chance.random() * 0.2)

    async def _post_until_taken(self, http: httpx.AsyncClient, first: int, count: int) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        rows = [reading(number) for number in range(first, first + count)]
        while True:
            self.posts += 1
            try:
                answer = await http.post("/api/ingest/measurements", json=rows, headers=headers)
            except httpx.HTTPError:
                await asyncio.sleep(0.05)
                continue
            if answer.is_success:
                assert answer.json()["rejected"] == 0, answer.text
                return
            await asyncio.sleep(0.05)


def reading(number: int) -> dict[str, str | float]:
    at = START + timedelta(seconds=number)
    return {"time": at.isoformat(), "activePowerKw": number / 7, "energyImportedKwh": number / 1000}


@dataclass
class World:
    """All of it, ready to run."""

    client: Host
    admin: Host
    network_port: int
    devices: list[Device]


async def build(
    directory: Path,
    threads: ThreadPoolExecutor,
    chance: random.Random,
    device_count: int,
    *,
    is_durable: bool = False,
) -> World:
    """Make both databases, register the Client at the Admin and the devices at the Client.

    Durable databases have the settings of the product; others survive the end of processes only.
    """
    client, admin = (Host(name, directory, threads, is_durable=is_durable) for name in ("client", "admin"))
    network_port = free_port()
    admin_stack = await admin.open_database(RunMode.ADMIN)
    issued = await customers.register(admin_stack, "ACME", "Acme")
    await close_stack(admin_stack)
    client_stack = await client.open_database(RunMode.CLIENT)
    await sites.add_site(client_stack, "House")
    made = [
        await devices.add_device(client_stack, f"meter-{n}", site="House", external_id=f"meter-{n}")
        for n in range(device_count)
    ]
    await close_stack(client_stack)
    client.environment |= {
        "FleetIngest__Enabled": "true",
        "FleetIngest__Url": f"http://127.0.0.1:{network_port}/api/fleet/ingest",
        "FleetIngest__Token": issued.token,
        "FleetIngest__IntervalSeconds": "0.1",
        "FleetIngest__BatchSize": "250",
    }
    url = f"http://127.0.0.1:{client.port}"
    meters = [Device(row.id, row.token, url, random.Random(chance.random())) for row in made]
    await asyncio.gather(client.start(), admin.start())
    return World(client, admin, network_port, meters)
