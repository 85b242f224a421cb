"""Rows of the narrow table go through PostgreSQL: in by COPY, out as records, and say what was measured."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from portal.core.readings.queries.narrow_records import readings_of
from portal.core.readings.queries.narrow_rows import NarrowBatch, RowKeys, hours_row
from portal.core.readings.rules.quantities import (
    ALL_QUANTITIES,
    NARROW_COLUMNS,
    NARROW_QUANTITIES,
    IntegerWidth,
    Quantity,
)
from portal.core.readings.rules.scaling import from_stored, to_stored
from tests.unit.readings.wide_readings import EveryQuantity

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any

    from portal.core.stack import Stack

START = datetime(2026, 5, 18, 8, tzinfo=UTC)
DEVICES = {number: UUID(int=number << 90) for number in (3, 70_000, 2_147_483_647)}
SOURCES = {"board": 1, "nem12": 2_147_483_647}
COLUMNS = ", ".join(map(" ".join, NARROW_COLUMNS))
TABLE = f"CREATE TEMPORARY TABLE narrow ({COLUMNS}, PRIMARY KEY (customer, meter, time))"


def some_readings() -> list[Any]:
    """Boards of three kinds; of each quantity the ends, zero, and what has more digits than are stored."""
    chance = random.Random(4)
    kinds = [ALL_QUANTITIES, ALL_QUANTITIES[:8], chance.sample(ALL_QUANTITIES, 5)]
    return [
        EveryQuantity(
            time=START + timedelta(seconds=number * 37, microseconds=number),
            device_id=chance.choice(list(DEVICES.values())),
            source=chance.choice([None, *SOURCES]),
            **{each.name: some_value(each, chance) for each in kinds[number % 3]},
        )
        for number in range(600)
    ]


def some_value(quantity: Quantity, chance: random.Random) -> float:
    ends = [from_stored(quantity, steps) for steps in (quantity.least, 0, quantity.most)]
    most = 1e6 if quantity.width is IntegerWidth.INT8 else ends[2] * 0.99
    return chance.choice(
        [*ends, chance.uniform(-most, most), round(chance.uniform(0, most), quantity.decimals)]
    )


async def test_what_was_measured_comes_back_to_half_a_step(client_stack: Stack) -> None:
    readings = some_readings()
    keys = RowKeys(2_147_483_647, {device.int: number for number, device in DEVICES.items()}, SOURCES)
    batch = await NarrowBatch(readings, keys).narrow_rows()
    names = [each.name for each in NARROW_QUANTITIES]
    async with client_stack.db.direct_transaction() as connection:
        await connection.execute(TABLE)
        await connection.copy_to_table(
            "narrow", schema_name="pg_temp", columns=batch.columns, format="binary", source=batch.pieces()
        )
        records = await connection.fetch(
            f"SELECT time, meter, {', '.join(names)}, CASE source WHEN 1 THEN 'board' WHEN 2147483647 THEN 'nem12' END"
            f" FROM narrow WHERE customer = {keys.customer} ORDER BY time"
        )
        hours = await connection.fetch(
            "SELECT meter, date_trunc('hour', time, 'UTC') AS hour, min(time) FROM narrow GROUP BY 1, 2 ORDER BY 1, 2"
        )
        await connection.execute(
            "CREATE TEMPORARY TABLE q (c int, m int[], h timestamptz[], f timestamptz[])"
        )
        await connection.copy_to_table(
            "q", schema_name="pg_temp", format="binary", source=_queue(keys, batch.hours)
        )
        queued = await connection.fetch("SELECT u.* FROM q, unnest(m, h, f) AS u WHERE c = $1", keys.customer)
    back = readings_of(records, [*names, "source"], EveryQuantity, DEVICES)
    assert [(each.time, each.device_id, each.source) for each in back] == [
        (each.time, each.device_id, each.source) for each in readings
    ]
    for given, found in zip(readings, back, strict=True):
        for quantity in ALL_QUANTITIES:
            assert_near(quantity, getattr(given, quantity.name), getattr(found, quantity.name))
    assert [tuple(each) for each in queued] == [tuple(each) for each in hours]


async def _queue(keys: RowKeys, hours: Any) -> AsyncIterator[bytes]:
    yield hours_row(keys.customer, hours)


def assert_near(quantity: Quantity, given: float | None, found: float | None) -> None:
    if given is None or found is None:
        assert given is found
        return
    half = Decimal(1).scaleb(-quantity.decimals) / 2
    assert abs(Decimal(repr(found)) - Decimal(repr(given))) <= half
    assert to_stored(quantity, found) == to_stored(quantity, given)
