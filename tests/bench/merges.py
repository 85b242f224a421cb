"""Batches that meet stored readings, without HTTP, beside the COPY of wide rows in the same database.

    python -m tests.bench.merges [--dsn postgresql://...] [--rounds 8]

Batches of 5,000 readings of 1,000 devices are stored as the Admin stores a batch that was decoded: compared, merged,
noted with their hours and their event, and committed. "Repeated": every reading is stored already. "1 % repeated":
every hundredth. "New, but compared": none is, but the sender repeated itself just before. "Completing": all of them are
there with four quantities, and the batch brings the other four. "1 % conflicting": every hundredth is there with a
smaller value. With `--dsn`, a server that has TimescaleDB, the same is measured into compressed chunks of 670 readings
a meter; there the first batch stands apart, since it finds all of a chunk compressed.
"""

import argparse
import asyncio
import statistics
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from portal.core.fleet.queries.fleet_batches import KnownCustomer
from portal.core.fleet.service.fleet_batches import BatchHeading, store_batch
from portal.core.readings.decoding import DecodedRows
from portal.core.readings.wire import FleetReading
from portal.core.settings import RunMode, load_settings
from portal.core.stack import Stack, close_stack, open_stack
from portal.server.objects import search_cycles_less
from tests.bench.rig import (
    BATCH,
    EIGHT,
    START,
    WEEK,
    Bench,
    batch,
    copy_narrow,
    database,
    fleet,
    note,
    note_beside,
    packed,
    settings,
)
from tests.bench.wide_rows import copy_wide, has_timescale, make_wide, wide_rows
from tests.integration.databases import TestServer

_FIRST_FOUR, _OTHER_FOUR = EIGHT[:4], EIGHT[4:]
_COPY_WIDE = "COPY wide"
_STORED_EACH, _EVERY, _STEP = 134, 100, 15
_COMPRESS = """
SELECT compress_chunk(chunk) FROM show_chunks('fleet.readings', older_than => $1::timestamptz) AS chunk
"""
_COMPRESSED = """
SELECT count(*) FROM timescaledb_information.chunks
WHERE is_compressed AND hypertable_schema = 'fleet' AND hypertable_name = 'readings'
"""
_Rows = Sequence[FleetReading]


@dataclass
class Sender:
    """The fleet, the stack that takes its batches, and a connection for the yardstick."""

    stack: Stack
    bench: Bench
    connection: Any

    async def store(self, rows: _Rows) -> float:
        """Store a batch as it comes from the decoder; returns the seconds it took."""
        customer = KnownCustomer(self.bench.customer_id, "bench", self.bench.customer)
        heading = BatchHeading("measurements", None, BATCH * 200)
        begin = time.perf_counter()
        stored = await store_batch(self.stack, customer, heading, DecodedRows(rows, range(len(rows)), ()))
        assert stored.answer.accepted == len(rows), stored
        return time.perf_counter() - begin

    async def wide(self) -> float:
        (number,) = self.bench.take(1)
        ready = wide_rows(self.bench.customer_id, batch(number))
        begin = time.perf_counter()
        await copy_wide(self.connection, ready)
        return time.perf_counter() - begin

    async def new(self) -> float:
        (number,) = self.bench.take(1)
        return await self.store(batch(number))

    async def repeated(self) -> float:
        (number,) = self.bench.take(1)
        await self.store(batch(number))
        return await self.store(batch(number))

    async def partly_repeated(self) -> float:
        (number,) = self.bench.take(1)
        await self.store(batch(number)[::_EVERY])
        return await self.store(batch(number))

    async def completing(self) -> float:
        (number,) = self.bench.take(1)
        await self.store(batch(number, _FIRST_FOUR))
        return await self.store(batch(number, _OTHER_FOUR))

    async def partly_conflicting(self) -> float:
        (number,) = self.bench.take(1)
        await self.store([replace(each, voltage_v=1.0) for each in batch(number)[::_EVERY]])
        return await self.store(batch(number))


async def _in_turns(sender: Sender, rounds: int) -> None:
    ways: dict[str, Callable[[], Awaitable[float]]] = {
        _COPY_WIDE: sender.wide,
        "new, but compared": sender.new,
        "repeated": sender.repeated,
        "1 % repeated": sender.partly_repeated,
        "completing": sender.completing,
        "1 % conflicting": sender.partly_conflicting,
    }
    found: dict[str, list[float]] = defaultdict(list)
    for number in range(rounds + 1):
        for name, way in ways.items():
            # What met stored readings is compared at once for a while: as many as a sender that repeats itself sends.
            took = [await way() for _ in range(3)]
            if number:
                found[name].append(BATCH / statistics.median(took))
    note_beside(found, _COPY_WIDE)


async def _into_compressed(sender: Sender, rounds: int) -> None:
    """Fill a chunk for each kind of batch, compress them, and store batches into them."""
    thursday = START - timedelta(days=4)  # a chunk's beginning
    weeks = [thursday - number * WEEK for number in (9, 6, 3)]
    for week, names in zip(weeks, (EIGHT, EIGHT, _FIRST_FOUR), strict=True):
        await sender.stack.storage.ensure_partitions(sender.stack.db, [week, week + WEEK])
        for number in range(_STORED_EACH):
            rows = await packed(batch(number, names, start=week, minutes=_STEP), sender.bench.customer)
            await copy_narrow(sender.connection, rows)
    await sender.connection.execute(_COMPRESS, START, timeout=600)
    await sender.connection.execute("VACUUM ANALYZE fleet.readings", timeout=600)
    assert await sender.connection.fetchval(_COMPRESSED) >= len(weeks)

    def partly(number: int) -> _Rows:
        new = batch(number, start=weeks[1] + timedelta(minutes=7), minutes=_STEP)
        new[::_EVERY] = batch(number, start=weeks[1], minutes=_STEP)[::_EVERY]
        return new

    kinds: dict[str, Callable[[int], _Rows]] = {
        "repeated": lambda number: batch(number, start=weeks[0], minutes=_STEP),
        "1 % repeated": partly,
        "completing": lambda number: batch(number, _OTHER_FOUR, start=weeks[2], minutes=_STEP),
    }
    found: dict[str, list[float]] = defaultdict(list)
    for number in range(rounds + 1):
        found[_COPY_WIDE].append(BATCH / statistics.median([await sender.wide() for _ in range(3)]))
        for name, rows in kinds.items():
            took = await sender.store(rows(number * 11))
            if number:
                found[f"{name}, compressed"].append(BATCH / took)
            else:
                note(f"{name}, compressed: the first batch", took, "s")
    note_beside({name: rates[-rounds:] for name, rates in found.items()}, _COPY_WIDE)


async def _measure(given: dict[str, str], bench: Bench, rounds: int) -> None:
    stack = open_stack(load_settings(given), application_name="bench")
    search_cycles_less()  # as a process that serves does
    connection = await bench.connect()
    try:
        is_timescale = await has_timescale(connection)
        weeks = (START + week * WEEK for week in range(20))
        await make_wide(connection, weeks, is_timescale=is_timescale)
        if is_timescale:
            await connection.execute("SELECT remove_compression_policy('fleet.readings')")
        sender = Sender(stack, bench, connection)
        await _in_turns(sender, rounds)
        if is_timescale:
            await _into_compressed(sender, rounds)
    finally:
        await connection.close()
        await close_stack(stack)


def measure(server: TestServer, rounds: int) -> None:
    """Measure the engine that the server has."""
    given = settings(server, RunMode.ADMIN)
    asyncio.run(_measure(given, fleet(given), rounds))


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--dsn")
    arguments.add_argument("--rounds", type=int, default=8)
    chosen = arguments.parse_args()
    with database(chosen.dsn) as server:
        measure(server, chosen.rounds)


if __name__ == "__main__":
    main()
