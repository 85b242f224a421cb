"""Readings a second through the API, acknowledged and durable, beside the wide row of before in the same database.

    python -m tests.bench.ingest [--dsn postgresql://...] [--rounds 8]

Batches of 5,000 readings of 1,000 devices. "COPY" is one writer and rows that were packed beforehand: "wide" into the
table as it was (ids, doubles, a foreign key, three indexes), "narrow" into the product's own, sorted. The server is a
process of its own with one worker, requests are made beforehand, and the rollups are kept while it is measured; what
is left of them is brought up to date before the next. All ways take turns, in another order each round, and each is set
beside the COPY wide of its own round. Prepared `executemany` and objects of an ORM write narrow rows too. What is sent
over HTTP is one history without gaps for each customer; what goes past the product is of none.
"""

import argparse
import asyncio
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy.orm import registry

from portal.core import energy
from portal.core.database.db import Database
from portal.core.readings.rules.quantities import QUANTITY_OF
from portal.core.readings.rules.scaling import to_stored
from portal.core.readings.tables import FLEET_READINGS
from portal.core.readings.wire import FleetReading
from portal.core.settings import RunMode, load_settings
from portal.core.stack import close_stack, open_stack
from tests.bench.rig import (
    ALL,
    BATCH,
    EIGHT,
    METERS,
    START,
    WEEK,
    Bench,
    batch,
    copy_narrow,
    database,
    fleets,
    note,
    note_beside,
    over_http,
    packed,
    settings,
)
from tests.bench.wide_rows import copy_wide, has_timescale, make_wide, wide_rows
from tests.integration.databases import TestServer, reachable_directory
from tests.integration.fleet_ingest.servers import Server, serving

COPY_WIDE = "COPY wide"
_COLUMNS = ("time", "customer", "meter", *EIGHT)


async def wide_copy(bench: Bench, batches: int) -> float:
    connection, spent = await bench.connect(), 0.0
    for number in bench.take(batches):
        ready = wide_rows(bench.customer_id, batch(number))
        begin = time.perf_counter()
        await copy_wide(connection, ready)
        spent += time.perf_counter() - begin
    await connection.close()
    return batches * BATCH / spent


async def narrow_copy(bench: Bench, batches: int) -> float:
    connection, spent = await bench.connect(), 0.0
    for number in bench.take(batches):
        ready = await packed(batch(number), bench.customer)
        begin = time.perf_counter()
        await copy_narrow(connection, ready)
        spent += time.perf_counter() - begin
    await connection.close()
    return batches * BATCH / spent


def stored(reading: FleetReading) -> dict[str, int]:
    return {name: to_stored(QUANTITY_OF[name], getattr(reading, name)) for name in EIGHT}


async def executemany(bench: Bench, batches: int) -> float:
    connection, spent = await bench.connect(), 0.0
    parameters = ", ".join(f"${number}" for number in range(1, len(_COLUMNS) + 1))
    statement = (
        f"INSERT INTO fleet.readings ({', '.join(_COLUMNS)}) VALUES ({parameters}) ON CONFLICT DO NOTHING"
    )
    for number in bench.take(batches):
        ready = [
            (row.time, bench.customer, METERS[row.device_id.int], *stored(row).values())
            for row in batch(number)
        ]
        begin = time.perf_counter()
        async with connection.transaction():
            await connection.executemany(statement, ready)
        spent += time.perf_counter() - begin
    await connection.close()
    return batches * BATCH / spent


class StoredObject:
    """A reading as an object of the ORM."""

    def __init__(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self, name, value)


async def orm(bench: Bench, batches: int) -> float:
    database_, spent = Database(bench.dsn, application_name="bench"), 0.0
    for number in bench.take(batches):
        ready = [(row.time, METERS[row.device_id.int], stored(row)) for row in batch(number)]
        begin = time.perf_counter()
        async with database_.transaction() as session:
            for at, meter, values in ready:
                session.add(StoredObject(time=at, customer=bench.customer, meter=meter, **values))
        spent += time.perf_counter() - begin
    await database_.dispose()
    return batches * BATCH / spent


def peak_megabytes(server: Server) -> float:
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


async def _prepare(bench: Bench) -> None:
    connection = await bench.connect()
    is_timescale = await has_timescale(connection)
    await make_wide(connection, (START + week * WEEK for week in range(20)), is_timescale=is_timescale)
    await connection.close()


async def _refresh_hours(given: dict[str, str]) -> None:
    """Bring the rollups up to date, so that nothing of one way is left to be done beside the next."""
    stack = open_stack(load_settings(given), application_name="bench")
    await energy.refresh(stack)
    await close_stack(stack)


def measure(server: TestServer, directory: Path, rounds: int, *, has_others: bool) -> None:
    """Measure every way in turn, round after round, so that whatever else the machine does hits all of them."""
    given = settings(server, RunMode.ADMIN)
    benches = fleets(given, 4)
    one, past = benches[:1], benches[0].beside()
    asyncio.run(_prepare(past))
    registry().map_imperatively(StoredObject, FLEET_READINGS)
    found: dict[str, list[float]] = defaultdict(list)
    with serving(directory, given) as api:
        ways: dict[str, Callable[[], float]] = {
            COPY_WIDE: lambda: asyncio.run(wide_copy(past, 12)),
            "COPY narrow, sorted": lambda: asyncio.run(narrow_copy(past, 24)),
            "over HTTP, 1 client": lambda: over_http(one, api, 24),
            "over HTTP, 4 clients": lambda: over_http(benches, api, 8),
            "over HTTP, 4 clients, 30 quantities": lambda: over_http(benches, api, 5, ALL),
        }
        if has_others:
            ways["executemany, no HTTP"] = lambda: asyncio.run(executemany(past, 2))
            ways["ORM, no HTTP"] = lambda: asyncio.run(orm(past, 1))
        over_http(benches, api, 2)
        over_http(benches, api, 1, ALL)
        names, chance = list(ways), random.Random(1)
        for _ in range(rounds):
            chance.shuffle(names)
            for name in names:
                asyncio.run(_refresh_hours(given))
                found[name].append(ways[name]())
        peak = peak_megabytes(api)
    note_beside({name: found[name] for name in ways}, COPY_WIDE)
    alone = statistics.median(found["over HTTP, 1 client"])
    for name in list(ways)[5:]:
        note(f"ratio: over HTTP, 1 client / {name}", alone / statistics.median(found[name]), "")
    note("peak memory of the worker", peak, "MB")


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--dsn")
    arguments.add_argument("--rounds", type=int, default=8)
    arguments.add_argument("--few", action="store_true", help="without executemany and ORM")
    chosen = arguments.parse_args()
    with database(chosen.dsn) as server, reachable_directory() as directory:
        measure(server, directory, chosen.rounds, has_others=not chosen.few)


if __name__ == "__main__":
    main()
