"""A Client and an Admin with a network between them that breaks on demand."""

import gzip
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from portal.core.database.db import Database, driver_connection
from portal.core.exchange.batches import BatchType
from portal.core.fleet.service import customers
from portal.core.outbox.queries.push import PushState
from portal.core.outbox.service import push
from portal.core.readings.queries.ingest import append_device_readings, device_by_id, number_sources
from portal.core.readings.rules.quantities import ALL_QUANTITIES
from portal.core.readings.service import readings
from portal.core.readings.wire import DeviceReading
from portal.core.settings import FleetIngest
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack
from portal.push.client import PushClient
from portal.push.tick import ResourceReport, Tick, TickReport
from tests.integration.databases import Stacks

START = datetime(2026, 5, 18, 8, 0, tzinfo=UTC)
URL = "https://admin.test/api/fleet/ingest"


class Killed(BaseException):
    """The process is gone. Not an Exception: no code of the product gets to see it."""


@dataclass
class Fuse:
    """Kills at the n-th point it is asked at, counted from 0; never while it is not armed."""

    left: int | None = None

    def burn(self) -> None:
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self.left = None
            raise Killed


class MortalDatabase(Database):
    """Dies before it begins, before it commits and after it committed."""

    fuse: Fuse

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        self.fuse.burn()
        async with super().transaction() as session:
            yield session
            self.fuse.burn()
        self.fuse.burn()


@dataclass
class Sent:
    """A request as the Admin's side of the network saw it."""

    batch_type: str
    rows: list[dict[str, Any]]
    headers: httpx.Headers
    bytes_on_wire: int


Fault = httpx.Response | Exception | Callable[[Sent], httpx.Response | None]


@dataclass
class Network(httpx.AsyncBaseTransport):
    """Carries requests to the Admin; `before` replaces the handling of requests, `after` loses answers."""

    inner: httpx.AsyncBaseTransport
    fuse: Fuse = field(default_factory=Fuse)
    sent: list[Sent] = field(default_factory=list)
    before: deque[Fault] = field(default_factory=deque)
    after: deque[Exception] = field(default_factory=deque)
    always: Fault | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        unpacked = gzip.decompress(body)
        seen = Sent(
            request.headers.get("X-Batch-Type", request.url.path),
            json.loads(unpacked or "[]"),
            request.headers,
            len(body),
        )
        self.sent.append(seen)
        self.fuse.burn()
        fault = self.before.popleft() if self.before else self.always
        if isinstance(fault, Exception):
            raise fault
        answer = fault if fault is None or isinstance(fault, httpx.Response) else fault(seen)
        if answer is None:
            answer = await self.inner.handle_async_request(request)
            await answer.aread()
        if self.after:
            raise self.after.popleft()
        self.fuse.burn()
        return answer

    def rows_of(self, batch_type: BatchType) -> int:
        return sum(len(sent.rows) for sent in self.sent if sent.batch_type == batch_type)


@dataclass
class Rig:
    """Both stacks and the network, and what tests ask of them."""

    client: Stack
    admin: Stack
    network: Network
    token: str
    customer_id: UUID

    async def tick(self, *, forced: bool = False, chance: float = 0) -> TickReport:
        async with PushClient(self.client.settings.fleet_ingest, self.network) as client:
            return await Tick(self.client, client, is_forced=forced, chance=lambda: chance).run()

    async def drain(self, most: int = 60) -> int:
        """Tick until nothing waits; return how many ticks it took."""
        for number in range(1, most + 1):
            report = await self.tick(forced=True)
            if not (report.pending_rows or report.retry_rows or report.conflicts):
                return number
        message = f"not drained after {most} ticks: {report}"
        raise AssertionError(message)

    async def add_device(self, name: str = "meter-1", site: str = "House") -> UUID:
        known = {row.name for row in await sites.list_sites(self.client)}
        if site not in known:
            await sites.add_site(self.client, site)
        return (await devices.add_device(self.client, name, site=site, external_id=name)).id

    async def store(self, device: UUID, count: int, *, start: datetime = START, seconds: float = 1) -> None:
        """Store readings as one transaction, as a replay does."""
        answer = await readings.import_readings(self.client, device, series(count, start, seconds))
        assert answer.accepted == count

    async def stored_late(self, session: AsyncSession, device: UUID, rows: Sequence[DeviceReading]) -> None:
        """Store readings in a transaction the test keeps open."""
        await self.client.storage.ensure_partitions(self.client.db, [row.time for row in rows])
        await number_sources(self.client.db, self.client.layout, rows)
        connection = await driver_connection(session)
        await append_device_readings(connection, await device_by_id(connection, device), rows)

    async def state(self, resource: BatchType = BatchType.MEASUREMENTS) -> PushState:
        return (await push.load_states(self.client))[resource]

    async def on_client(self, statement: str, **values: Any) -> Any:
        return await _run(self.client, statement, values)

    async def on_admin(self, statement: str, **values: Any) -> Any:
        return await _run(self.admin, statement, values)

    async def assert_mirrored(self) -> None:
        """Every reading of the Client is at the Admin with the same values, and nothing else is."""
        columns = ", ".join(("time", "device_id", *(each.name for each in ALL_QUANTITIES), "source"))
        here = await self.on_client(f"SELECT {columns} FROM monitoring.power_measurements ORDER BY 1, 2")
        there = await self.on_admin(f"SELECT {columns} FROM fleet.power_measurements ORDER BY 1, 2")
        assert len(there) == len(here)
        assert there == here


async def _run(stack: Stack, statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    async with stack.db.transaction() as session:
        result = await session.execute(text(statement), values)
        return [tuple(row) for row in result] if result.returns_rows else []


def series(count: int, start: datetime = START, seconds: float = 1) -> list[DeviceReading]:
    step = timedelta(seconds=seconds)
    return [
        DeviceReading(
            time=start + step * i, active_power_kw=i / 7, energy_imported_kwh=float(i), source="test"
        )
        for i in range(count)
    ]


def line_of(report: TickReport, resource: BatchType) -> ResourceReport:
    [line] = [line for line in report.resources if line.resource == resource.value]
    return line


async def open_rig(
    stacks: Stacks,
    admin_app: Callable[[Stack], Any],
    *,
    admin_rows: int = 20_000,
    storage: str = "auto",
    **settings: str,
) -> Rig:
    """Open both stacks with the Client registered at the Admin; `admin_rows` is what that takes at once."""
    limits = {"RateLimit__Enabled": "false", "FleetIngest__MaxRequestRows": str(admin_rows)}
    admin = await stacks.admin(Database__Storage=storage, **limits)
    issued = await customers.register(admin, "ACME", "Acme Ltd")
    fleet = {"FleetIngest__Enabled": "true", "FleetIngest__Url": URL, "FleetIngest__Token": issued.token}
    client = await stacks.client(Database__Storage=storage, **fleet, **settings)
    network = Network(httpx.ASGITransport(app=admin_app(admin)))
    return Rig(client, admin, network, issued.token, issued.id)


def mortal(rig: Rig) -> Rig:
    """Return the rig with a Client that dies where the network's fuse says; the caller disposes its pool."""
    database = MortalDatabase(rig.client.db.dsn, application_name="mortal", pool_size=2)
    database.fuse = rig.network.fuse
    return replace(rig, client=replace(rig.client, db=database))


def with_fleet(rig: Rig, fleet: FleetIngest) -> Rig:
    """Return the rig with a Client that was started anew with these settings of its push."""
    settings = rig.client.settings.model_copy(update={"fleet_ingest": fleet})
    return replace(rig, client=replace(rig.client, settings=settings))
