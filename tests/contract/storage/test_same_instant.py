"""What is stored of several rows for one instant follows from the rows alone: not from order, batches or repeats."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text

from portal.core.database.autocommit import autocommit
from portal.core.fleet.queries.fleet_batches import KnownCustomer
from portal.core.fleet.service.fleet_batches import BatchHeading, store_batch
from portal.core.readings.decoding import DecodedRows
from portal.core.readings.queries import ingest
from portal.core.readings.rules.quantities import ALL_QUANTITIES, QUANTITY_OF
from portal.core.readings.rules.same_instant import ReadingsByInstant, RowEffect, merged_source
from portal.core.readings.rules.scaling import to_stored
from portal.core.readings.service import readings
from portal.core.readings.wire import DeviceReading, FleetReading
from portal.core.settings import RunMode
from portal.core.stack import Stack
from tests.integration.databases import Stacks
from tests.integration.energy.metering import START, new_meter
from tests.length import usual_or_long

_NAMES = ("active_power_kw", "voltage_v", "power_factor", "energy_imported_kwh")
_SOURCES = (None, "a", "b", "Ä")


@dataclass(frozen=True)
class Writer:
    """A device of a stack of either mode, to which rows are handed as they come from outside."""

    stack: Stack
    key: tuple[UUID, ...]

    async def send(self, rows: Sequence[dict[str, Any]]) -> dict[RowEffect, int] | None:
        """Store a batch; returns what the answer counts, which the Admin's does not."""
        if self.stack.settings.run_mode is RunMode.ADMIN:
            number = await self._value("SELECT number FROM fleet.customers WHERE id = :id", id=self.key[0])
            sent = [FleetReading(device_id=self.key[-1], **row) for row in rows]
            batch = DecodedRows(sent, range(len(sent)), ())
            customer, heading = (
                KnownCustomer(self.key[0], "code", number),
                BatchHeading("measurements", None, 0),
            )
            answer = (await store_batch(self.stack, customer, heading, batch)).answer
            assert (answer.accepted, answer.rejected) == (len(rows), 0)
            return None
        async with self.stack.db.direct.connection() as connection:
            device = await ingest.device_by_id(connection, self.key[-1])
        own = [DeviceReading(**row) for row in rows]
        given = await readings.store_device_batch(self.stack, device, DecodedRows(own, range(len(own)), ()))
        assert given.rejected == 0
        return {effect: getattr(given, effect.value) for effect in RowEffect}

    async def compress(self) -> None:
        """Compress what is stored, where the engine does that."""
        async with autocommit(self.stack.db) as connection:
            if await connection.fetchval("SELECT to_regproc('show_chunks') IS NOT NULL"):
                chunks = self.stack.layout.sql(
                    "SELECT compress_chunk(c, true) FROM show_chunks('{readings}') c"
                )
                await connection.execute(chunks)

    async def held(self) -> dict[Any, tuple[dict[str, int], frozenset[tuple[str, int]], str | None]]:
        """Return what is stored, by instant: values, conflicts, source."""
        rows = await self._rows(
            "SELECT r.time, s.name AS source, r.* FROM {readings} r LEFT JOIN {reading_sources} s ON s.id = r.source"
        )
        conflicts: dict[Any, set[tuple[str, int]]] = {}
        for row in await self._rows("SELECT time, quantity, value FROM {reading_conflicts}"):
            conflicts.setdefault(row.time, set()).add((ALL_QUANTITIES[row.quantity].name, row.value))
        return {
            row[0]: (
                {name: getattr(row, name) for name in _NAMES if getattr(row, name) is not None},
                frozenset(conflicts.pop(row[0], ())),
                row[1],
            )
            for row in rows
        }

    async def _rows(self, statement: str) -> Sequence[Any]:
        async with self.stack.db.snapshot() as session:
            return (await session.execute(text(self.stack.layout.sql(statement)))).all()

    async def _value(self, statement: str, **given: Any) -> Any:
        async with self.stack.db.snapshot() as session:
            return await session.scalar(text(statement), given)


@pytest.fixture(params=RunMode)
async def writer(request: pytest.FixtureRequest, stacks: Stacks, engine: str) -> Writer:
    stack = await stacks._open(request.param, {"Database__Storage": engine})
    return Writer(stack, (await new_meter(stack)).key)


def some_rows(chance: random.Random, count: int, instants: int) -> list[dict[str, Any]]:
    """Return rows for a few instants, also within a second, each with some quantities of few values."""
    return [
        {
            "time": START + timedelta(microseconds=chance.randrange(instants) * 400_007),
            **{name: chance.randrange(3) / 10 for name in chance.sample(_NAMES, chance.randint(1, 3))},
            "source": chance.choice(_SOURCES),
        }
        for _ in range(count)
    ]


def expected(rows: Sequence[dict[str, Any]]) -> ReadingsByInstant[Any]:
    by_instant: ReadingsByInstant[Any] = ReadingsByInstant()
    for row in rows:
        values = {name: to_stored(QUANTITY_OF[name], row[name]) for name in _NAMES if name in row}
        by_instant.take([(row["time"], values)])
    return by_instant


async def holds(writer: Writer, rows: Sequence[dict[str, Any]]) -> None:
    """Hold what is stored against the plain form of the rule."""
    held = await writer.held()
    ruled = expected(rows).readings
    assert held.keys() == ruled.keys()
    for at, (values, conflicts, source) in held.items():
        assert values == ruled[at].values
        assert conflicts == ruled[at].conflicts
        assert source == merged_source(row["source"] for row in rows if row["time"] == at)


@pytest.mark.parametrize("seed", range(usual_or_long(4, 20)))
async def test_any_batches_in_any_order_and_repeated_come_to_the_same(writer: Writer, seed: int) -> None:
    chance = random.Random(seed)
    rows = some_rows(chance, 200, 40)
    left = list(rows)
    counts = dict.fromkeys(RowEffect, 0)
    while left:
        size = chance.choice([1, 2, 5, 31, 60])
        batch, left = left[:size], left[size:]
        answered = await writer.send(batch)
        if chance.random() < 0.3:
            await writer.compress()
        for effect, count in (answered or {}).items():
            counts[effect] += count
        if answered is not None:
            assert sum(answered.values()) == len(batch)
            assert await writer.send(batch) == {
                **dict.fromkeys(RowEffect, 0),
                RowEffect.DUPLICATE: len(batch),
            }
    await holds(writer, rows)
    chance.shuffle(rows)
    await writer.send(rows)
    await holds(writer, rows)
    if writer.stack.settings.run_mode is RunMode.CLIENT:
        assert counts[RowEffect.ACCEPTED] == expected(rows).counts[RowEffect.ACCEPTED]


async def test_writers_at_once_come_to_the_same(writer: Writer) -> None:
    chance = random.Random(1)
    rows = some_rows(chance, 400, 80)

    async def write(number: int) -> None:
        own = list(rows)
        random.Random(number).shuffle(own)
        while own:
            size = 1 + len(own) % 70
            await writer.send(own[:size])
            own = own[size:]

    async def compress() -> None:
        while True:
            await asyncio.sleep(0.1)
            with suppress(asyncpg.PostgresError):  # it gives way to whoever writes
                await writer.compress()

    beside = asyncio.create_task(compress())
    await asyncio.gather(*(write(number) for number in range(4)))
    beside.cancel()
    await holds(writer, rows)


@pytest.mark.parametrize("missing", [(), (5, 6, 27, 150), range(1, 200)])
async def test_a_batch_that_seems_to_be_repeated_is_stored_whole(
    writer: Writer, missing: Sequence[int]
) -> None:
    """Every so many rows are looked for; whatever these say, each of the others is new, completing or neither."""
    stored = [_row_of_minute(minute, voltage_v=0.2) for minute in range(200) if minute not in missing]
    sent = [
        _row_of_minute(minute, voltage_v=0.1 if minute == 9 else 0.2, power_factor=0.5)
        for minute in range(200)
    ]
    await writer.send(stored)
    await writer.send(stored[:1])  # one that repeats itself is compared
    counts = await writer.send(sent)
    await holds(writer, [*stored, *sent])
    new = len(missing)
    conflicts = 9 not in missing
    expected_counts = {
        RowEffect.ACCEPTED: new,
        RowEffect.DUPLICATE: 0,
        RowEffect.COMPLETED: 200 - new - conflicts,
        RowEffect.CONFLICT: int(conflicts),
    }
    assert counts in (None, expected_counts)
    assert await writer.send(sent) in (None, dict.fromkeys(RowEffect, 0) | {RowEffect.DUPLICATE: 200})
    await holds(writer, [*stored, *sent])


def _row_of_minute(minute: int, **values: float) -> dict[str, Any]:
    return {"time": START + timedelta(minutes=minute), "source": None, **values}
