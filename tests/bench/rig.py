"""What the benches of the ingest share: a server, a fleet of 1,000 devices with its batches, and how these are sent.

A batch is five consecutive minutes of every device, 5,000 readings, minute by minute as an outbox has them. Each client
that sends at the same time as others is a customer with devices of its own, since a customer's stack sends one batch
after the other.
"""

import asyncio
import http.client
import random
import statistics
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg

from portal.core.database.embedded.server import EmbeddedServer
from portal.core.exchange.batches import ENCODER
from portal.core.fleet.service import customers
from portal.core.readings.queries.narrow_rows import NarrowBatch, NarrowRows, RowKeys
from portal.core.readings.rules.quantities import ALL_QUANTITIES, QUANTITY_OF, Quantity
from portal.core.readings.rules.readings import QUANTITIES
from portal.core.readings.wire import FleetReading
from portal.core.settings import RunMode, load_settings
from portal.core.stack import Stack, close_stack, open_stack
from portal.core.values.time import week_start
from tests.integration.databases import TestServer, reachable_directory
from tests.integration.fleet_ingest.servers import Server

BATCH, DEVICES, MINUTES = 5_000, 1_000, 5
# As devices send: readings of the last weeks. Older ones are late, and have TimescaleDB refresh its aggregates.
START = week_start(datetime.now(UTC)) - timedelta(days=14)
WEEK = timedelta(days=7)
_CHANCE = random.Random(7)
IDS = [UUID(int=_CHANCE.getrandbits(128)) for _ in range(DEVICES)]
METERS = {device.int: number for number, device in enumerate(IDS, start=1)}
EIGHT = tuple(QUANTITIES)
ALL = tuple(quantity.name for quantity in ALL_QUANTITIES)
_SITE = UUID(int=0x5)
_UNREGISTERED = 1_000_000
_FLEET = """
INSERT INTO fleet.devices (customer_id, id, site_id, name, external_id, customer, meter)
SELECT c.id, d.id, $2, d.id::text, d.id::text, c.number, d.meter
FROM fleet.customers c, unnest($3::uuid[]) WITH ORDINALITY AS d (id, meter) WHERE c.id = $1
"""


def shown(quantity: Quantity, chance: random.Random) -> float:
    """Return what a meter shows: a digit less than is stored, registers in hundredths."""
    if quantity.decimals == 6:
        return round(chance.uniform(100, 900_000), 2)
    most = {"V": 240.0, "A": 60.0, "Hz": 50.0, "%": 8.0, "": 1.0}.get(quantity.unit, 40.0)
    return round(chance.uniform(most * 0.9, most), quantity.decimals - 1)


_SHOWN = [{name: shown(QUANTITY_OF[name], _CHANCE) for name in ALL} for _ in IDS]


def batch(
    number: int, names: Collection[str] = EIGHT, *, start: datetime = START, minutes: int = 1
) -> list[FleetReading]:
    """Return five consecutive readings of every device, `minutes` apart; no two numbers share a reading."""
    registers = [name for name in names if QUANTITY_OF[name].decimals == 6]
    of_devices = [
        (device, {name: values[name] for name in names}) for device, values in zip(IDS, _SHOWN, strict=True)
    ]
    rows: list[FleetReading] = []
    for position in range(number * MINUTES, number * MINUTES + MINUTES):
        at = start + timedelta(minutes=position * minutes)
        for device, values in of_devices:
            grown = {name: round(values[name] + position * 0.05, 2) for name in registers}
            rows.append(FleetReading(time=at, device_id=device, **{**values, **grown}))
    return rows


async def packed(rows: Sequence[FleetReading], customer: int) -> NarrowRows:
    """Return a batch of the fleet as rows of the narrow table, sorted."""
    return await NarrowBatch(rows, RowKeys(customer, METERS)).narrow_rows()


async def copy_narrow(connection: Any, rows: NarrowRows) -> None:
    """Copy rows straight into the Admin's readings, one transaction."""

    async def pieces() -> Any:
        yield b"".join([piece async for piece in rows.pieces()])

    await connection.copy_to_table(
        "readings", schema_name="fleet", columns=rows.columns, format="binary", source=pieces()
    )


@dataclass
class Bench:
    """A fleet in a database. Batches are numbered on, so that no row is ever sent twice, and none is left out."""

    dsn: str
    customer_id: UUID
    customer: int
    token: str
    taken: int = 0

    def take(self, count: int) -> range:
        self.taken += count
        return range(self.taken - count, self.taken)

    def beside(self) -> Self:
        """Return a fleet that nobody has registered: rows written past the product leave no gaps in what it stores."""
        return replace(self, customer=_UNREGISTERED, taken=0)

    async def connect(self) -> Any:
        return await asyncpg.connect(self.dsn.replace("+asyncpg", ""), server_settings={"jit": "off"})


async def registered(stack: Stack, code: str) -> tuple[UUID, int, str]:
    """Register the fleet at an Admin; returns its customer's id, number and token."""
    issued = await customers.register(stack, code, "Bench")
    await stack.storage.ensure_partitions(stack.db, (START + week * WEEK for week in range(20)))
    async with stack.db.direct.connection() as connection:
        await connection.execute(
            "INSERT INTO fleet.sites (customer_id, id, name) VALUES ($1, $2, 'Bench')", issued.id, _SITE
        )
        await connection.execute(_FLEET, issued.id, _SITE, IDS)
        number = await connection.fetchval("SELECT number FROM fleet.customers WHERE id = $1", issued.id)
    return issued.id, number, issued.token


def fleet(given: dict[str, str], code: str = "bench") -> Bench:
    """Register the fleet of a customer in the database of these settings."""

    async def register() -> tuple[UUID, int, str]:
        stack = open_stack(load_settings(given))
        try:
            return await registered(stack, code)
        finally:
            await close_stack(stack)

    return Bench(given["Database__ConnectionString"], *asyncio.run(register()))


def fleets(given: dict[str, str], count: int) -> list[Bench]:
    """Register so many customers, each with 1,000 devices."""
    return [fleet(given, f"bench{number}") for number in range(count)]


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


def over_http(benches: Sequence[Bench], server: Server, each: int, names: Collection[str] = EIGHT) -> float:
    """Send new batches, `each` of every customer at once; return readings a second, all of them acknowledged."""
    work = [
        (bench.token, [ENCODER.encode(batch(number, names)) for number in bench.take(each)])
        for bench in benches
    ]

    def send(sent: tuple[str, list[bytes]]) -> None:
        token, bodies = sent
        headers = {"X-Customer-Token": token, "X-Batch-Type": "measurements"}
        post(server, "/api/fleet/ingest", headers, bodies)

    with ThreadPoolExecutor(len(benches)) as pool:
        begin = time.perf_counter()
        list(pool.map(send, work))
        spent = time.perf_counter() - begin
    return len(benches) * each * BATCH / spent


def note(name: str, figure: float, unit: str = "rows/s") -> float:
    """Print a figure at once, and return it."""
    sys.stdout.write(f"{name:60s} {figure:12,.2f} {unit}\n")
    sys.stdout.flush()
    return figure


def note_beside(found: dict[str, list[float]], yardstick: str) -> None:
    """Print the median rate of each way, and its rate beside the yardstick's of the same round."""
    for name, rates in found.items():
        beside = sorted(rate / one for rate, one in zip(rates, found[yardstick], strict=True))
        sys.stdout.write(
            f"{name:60s} {statistics.median(rates):12,.0f} rows/s   {statistics.median(beside):6.2f} x "
            f"{yardstick} ({beside[0]:.2f} to {beside[-1]:.2f} in {len(beside)} rounds)\n"
        )
    sys.stdout.flush()


def settings(server: TestServer, mode: RunMode, storage: str = "auto") -> dict[str, str]:
    """Return the settings of a stack over a fresh database."""
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
