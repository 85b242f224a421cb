"""An Admin's API as real processes over a database of its own that may be killed, and customers who never give up."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from portal.core.database.db import Database
from portal.core.database.embedded.server import EmbeddedServer
from portal.core.database.migrations import migrate
from portal.core.fleet.service import customers
from portal.core.settings import RunMode, load_settings
from portal.core.stack import close_stack, open_stack
from tests.integration.fleet_ingest.servers import Server, serving

START = datetime(2020, 1, 6, tzinfo=UTC)
DEVICE, SITE = UUID(int=0xD), UUID(int=0x5)
DATABASE = "faults"
# Unlike the other tests' server this one keeps what it has acknowledged: that is what is tested.
DURABLE = {
    "shared_buffers": "16MB",
    "max_connections": "60",
    "min_wal_size": "32MB",
    "max_wal_size": "48MB",
}


@dataclass
class Rig:
    """The running parts."""

    postgres: EmbeddedServer
    server: Server
    token: str

    def kill_database(self) -> None:
        """The postmaster and all below it go without a word, as when the power fails."""
        pid = self.postgres.pid
        assert pid is not None
        os.kill(pid, signal.SIGQUIT)
        self.postgres.stop()

    def post(self, rows: list[dict[str, Any]], *, seconds: float = 30) -> httpx.Response:
        return self.push("measurements", rows, seconds=seconds)

    def push(self, batch_type: str, body: Any, *, seconds: float = 30) -> httpx.Response:
        headers = {"X-Customer-Token": self.token, "X-Batch-Type": batch_type}
        return httpx.post(f"{self.server.url}/api/fleet/ingest", json=body, headers=headers, timeout=seconds)

    def seconds_of_stored_rows(self) -> list[int]:
        """Every stored reading, as seconds from the start; a reading stored twice is there twice."""
        return asyncio.run(self._seconds())

    async def _seconds(self) -> list[int]:
        connection = await asyncpg.connect(self.postgres.dsn(DATABASE).replace("+asyncpg", ""))
        try:
            rows = await connection.fetch("SELECT time FROM fleet.power_measurements ORDER BY time")
        finally:
            await connection.close()
        return [int((row["time"] - START).total_seconds()) for row in rows]


def rows(first: int, count: int) -> list[dict[str, Any]]:
    """Readings of consecutive seconds from the start."""
    return [
        {
            "time": (START + timedelta(seconds=second)).isoformat(),
            "deviceId": str(DEVICE),
            "activePowerKw": 1.5,
            "energyImportedKwh": float(second),
        }
        for second in range(first, first + count)
    ]


@dataclass
class Customers:
    """Threads that each post batch after batch, and each batch until it is acknowledged."""

    rig: Rig
    batch_rows: int = 400
    acknowledged: list[tuple[int, int]] = field(default_factory=list)
    statuses: set[int | str] = field(default_factory=set)
    _stopping: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def posting(self, number: int = 3) -> Iterator[None]:
        threads = [threading.Thread(target=self._run, args=(n,)) for n in range(number)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            for thread in threads:
                thread.join(90)
            assert not any(thread.is_alive() for thread in threads), "a customer never got an answer"

    def _run(self, number: int) -> None:
        first = number * 1_000_000
        while not self._stopping.is_set():
            self._deliver(first)
            first += self.batch_rows

    def _deliver(self, first: int) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                answer = self.rig.post(rows(first, self.batch_rows), seconds=10)
            except httpx.HTTPError as error:
                self.statuses.add(type(error).__name__)
            else:
                self.statuses.add(answer.status_code)
                if answer.status_code == httpx.codes.OK:
                    assert answer.json() == {"accepted": self.batch_rows, "rejected": 0, "errors": []}
                    self.acknowledged.append((first, self.batch_rows))
                    return
            time.sleep(0.2)

    def assert_all_there_once(self) -> None:
        """No acknowledged row is missing, none is there twice, and no other status than 200 and 503 was given."""
        stored = self.rig.seconds_of_stored_rows()
        assert len(stored) == len(set(stored))
        wanted = {second for first, count in self.acknowledged for second in range(first, first + count)}
        assert wanted, "nothing was acknowledged"
        assert not wanted - set(stored)
        assert {status for status in self.statuses if isinstance(status, int)} <= {200, 503}


async def _prepare(dsn: str, given: dict[str, str]) -> str:
    database = Database(dsn, application_name="faults")
    await migrate(database, RunMode.ADMIN)
    await database.dispose()
    stack = open_stack(load_settings(given))
    try:
        return (await customers.register(stack, "acme", "Acme")).token
    finally:
        await close_stack(stack)


@contextmanager
def rig(directory: Path, *, workers: int = 1, data: Path | None = None) -> Iterator[Rig]:
    """Start a database, and the API over it with a customer that has one device."""
    with EmbeddedServer(data or directory / "postgres", settings=DURABLE) as postgres:
        postgres.ensure_database(DATABASE)
        dsn = postgres.dsn(DATABASE)
        given = {
            "Application__RunMode": "Admin",
            "Database__ConnectionString": dsn,
            "RateLimit__Enabled": "false",
        }
        token = asyncio.run(_prepare(dsn, given))
        with serving(directory, given, workers=workers) as server:
            made = Rig(postgres, server, token)
            made.push("sites", [{"id": str(SITE), "name": "Head office"}])
            device = {"id": str(DEVICE), "siteId": str(SITE), "name": "Main", "externalId": "main-1"}
            assert made.push("devices", [device]).json()["accepted"] == 1
            yield made


def eventually(condition: Callable[[], bool], what: str, *, seconds: float = 60) -> float:
    """Wait until something holds; return how many seconds that took."""
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        try:
            if condition():
                return time.monotonic() - begin
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    message = f"not within {seconds} s: {what}"
    raise AssertionError(message)
