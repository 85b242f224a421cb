"""What a reading costs in Python on its way into the narrow table, and back out of it.

    python -m tests.bench.narrow_rows [--rounds 30]

No database and no socket: a batch of 5,000 readings of 1,000 devices is decoded, rounded and packed as rows of a COPY.
All ways take turns in one run; figures are microseconds of processor time a reading, the least and the median of the
rounds, and each is set beside the decoding alone of its own batch. Orders are that of an outbox (minute by minute, the
devices in the order of their numbers) and any order. "Wide" is the row with ids and doubles, for the eight quantities
it has.
"""

import argparse
import asyncio
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from portal.core.readings.queries.narrow_records import readings_of
from portal.core.readings.queries.narrow_rows import NarrowBatch, NarrowRows, RowKeys
from portal.core.readings.rules.quantities import ALL_QUANTITIES, NARROW_QUANTITIES
from portal.core.readings.rules.readings import QUANTITIES
from portal.core.readings.rules.scaling import to_stored
from portal.core.readings.wire import FleetReading
from tests.bench.rig import shown
from tests.bench.wide_rows import wide_rows

BATCH, DEVICES = 5_000, 1_000
START = datetime(2026, 5, 18, tzinfo=UTC)
CUSTOMER = UUID(int=0xC)
IDS = [UUID(int=random.Random(number).getrandbits(128)) for number in range(DEVICES)]
NUMBERS = {device.int: number for number, device in enumerate(IDS, start=1)}
EVERY = [each.name for each in ALL_QUANTITIES]

EveryQuantityRow = msgspec.defstruct(
    "EveryQuantityRow",
    [
        *((name, float | None, None) for name in EVERY),
        ("source", str | None, None),
        ("time", datetime, START),
        ("device_id", UUID, CUSTOMER),
    ],
    rename="camel",
    omit_defaults=True,
    kw_only=True,
    gc=False,
)


@dataclass(slots=True)
class Way:
    """A piece of work on a batch, and what it took in each round."""

    name: str
    work: Callable[[], object]
    seconds: list[float]

    def measure(self) -> None:
        begin = time.process_time()
        self.work()
        self.seconds.append(time.process_time() - begin)

    @property
    def least(self) -> float:
        return min(self.seconds) / BATCH * 1e6

    @property
    def median(self) -> float:
        return statistics.median(self.seconds) / BATCH * 1e6


def body(names: Sequence[str], *, is_shuffled: bool) -> bytes:
    chance = random.Random(7)
    quantities = [each for each in ALL_QUANTITIES if each.name in names]
    rows = [
        EveryQuantityRow(
            time=START + timedelta(minutes=number // DEVICES),
            device_id=IDS[number % DEVICES],
            **{each.name: shown(each, chance) for each in quantities},
        )
        for number in range(BATCH)
    ]
    if is_shuffled:
        chance.shuffle(rows)
    return msgspec.json.encode(rows)


def packed(loop: asyncio.AbstractEventLoop, readings: Sequence[Any]) -> NarrowRows:
    """Pack a batch in an event loop that has nothing else to do."""
    return loop.run_until_complete(NarrowBatch(readings, RowKeys(1, NUMBERS)).narrow_rows())


def rounded_one_by_one(readings: Sequence[Any]) -> int:
    """Round value by value, as everything does that is no batch; how many values."""
    return len(
        [
            to_stored(quantity, value)
            for reading in readings
            for quantity in ALL_QUANTITIES
            if (value := getattr(reading, quantity.name)) is not None
        ]
    )


def ways(loop: asyncio.AbstractEventLoop, names: Sequence[str], *, is_shuffled: bool) -> list[Way]:
    sent = body(names, is_shuffled=is_shuffled)
    decoder = msgspec.json.Decoder(list[EveryQuantityRow])
    readings = decoder.decode(sent)
    records = [
        (
            reading.time,
            NUMBERS[reading.device_id.int],
            *(
                None if (value := getattr(reading, each.name)) is None else to_stored(each, value)
                for each in NARROW_QUANTITIES
            ),
        )
        for reading in readings
    ]
    columns = [each.name for each in NARROW_QUANTITIES]
    devices = {number: UUID(int=device) for device, number in NUMBERS.items()}
    found = [
        Way("decode", lambda: decoder.decode(sent), []),
        Way("round, pack, sort, hours", lambda: packed(loop, readings), []),
        Way("decode, round, pack, sort, hours", lambda: packed(loop, decoder.decode(sent)), []),
        Way("round alone, value by value", lambda: rounded_one_by_one(readings), []),
        Way("records to readings", lambda: readings_of(records, columns, EveryQuantityRow, devices), []),
    ]
    if len(names) == len(QUANTITIES):
        today = msgspec.json.decode(sent, type=list[FleetReading])
        found.append(Way("pack wide, unsorted, no hours", lambda: wide_rows(CUSTOMER, today), []))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    loop = asyncio.new_event_loop()
    cases = {
        (len(names), order): ways(loop, names, is_shuffled=order == "any order")
        for names in (QUANTITIES, EVERY)
        for order in ("minute by minute", "any order")
    }
    for _ in range(rounds):
        for found in cases.values():
            for way in found:
                way.measure()
    write = sys.stdout.write
    for (quantities, order), found in cases.items():
        write(f"{quantities} quantities, {order}\n")
        for way in found:
            beside = way.least / found[0].least
            write(f"  {way.name:34} {way.least:6.2f} (median {way.median:5.2f}) us  {beside:5.2f} x decode\n")
    loop.close()


if __name__ == "__main__":
    main()
