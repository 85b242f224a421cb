"""Boards write, the push goes on and chunks are compressed, all at once: both sides come to the same.

That is what the rule makes of the rows, whatever the order, the batches and the repeats in which they came to either
side; and the energy of it is that of a stack which was given all of them in order.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from fleet_ingest.app import build_app
from portal.core import energy
from portal.core.errors import Unavailable
from portal.core.readings.rules.collisions import Collisions
from portal.core.stack import Stack
from portal.push import task
from tests.contract.storage.test_same_instant import Writer, holds
from tests.integration.databases import Stacks
from tests.integration.energy.metering import START, Meter, new_meter
from tests.integration.push.rig import Rig, open_rig
from tests.length import usual_or_long

_SOURCES = (None, "a", "b", "Ä")
_SIZES = (1, 3, 30, 31, 90)


def _rows(chance: random.Random, count: int) -> list[dict[str, Any]]:
    """Return rows for minutes of some hours: few values of a register that rises, and of what else there is."""
    rows: list[dict[str, Any]] = []
    for _ in range(count):
        minute = chance.randrange(count // 4)
        values = {
            "energy_imported_kwh": 100 + minute / 8 + chance.randrange(3) / 1000,
            "active_power_kw": chance.randrange(3) / 10,
            "voltage_v": 230 + chance.randrange(2) / 4,
            "power_factor": 0.5,
        }
        kept = chance.sample(list(values), chance.randint(1, 4))
        rows.append(
            {
                "time": START + timedelta(minutes=minute),
                "active_power_kw": 0.0,
                **{name: values[name] for name in kept},
                "source": chance.choice(_SOURCES),
            }
        )
    return rows


async def _write(writer: Writer, rows: Sequence[dict[str, Any]], chance: random.Random) -> None:
    own = list(rows)
    chance.shuffle(own)
    while own:
        size = chance.choice(_SIZES)
        await writer.send(own[:size])
        if chance.random() < 0.2:
            await writer.send(own[:size])
        own = own[size:]


@asynccontextmanager
async def _again_and_again(*works: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """Do each of the works beside whatever is done meanwhile, all the time."""

    async def repeat(work: Callable[[], Awaitable[object]]) -> None:
        while True:
            # Compressing gives way to whoever writes, and a refresh to whoever compresses: both begin anew.
            with suppress(asyncpg.PostgresError, Unavailable):
                await work()
            await asyncio.sleep(0.1)

    tasks = [asyncio.create_task(repeat(work)) for work in works]
    yield
    for each in tasks:
        each.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [each for each in ended if not isinstance(each, asyncio.CancelledError)] == []


async def _hours(stack: Stack, key: tuple[UUID, ...]) -> dict[str, Any]:
    await energy.refresh(stack)
    meter = Meter(stack, key)
    return {"hours": await meter.hours(), "days": await meter.days(), "figures": await meter.figures()}


async def _opened(stacks: Stacks, engine: str) -> tuple[Rig, Writer, Writer]:
    rig = await open_rig(
        stacks,
        lambda stack: build_app(stack.settings, stack),
        storage=engine,
        FleetIngest__BatchSize="40",
        FleetIngest__MaxBatchesPerTick="3",
    )
    device = await rig.add_device()
    await rig.tick()
    here, there = (device,), (rig.customer_id, device)
    return rig, Writer(rig.client, here), Writer(rig.admin, there)


@pytest.mark.parametrize("seed", range(usual_or_long(1, 8)))
async def test_both_sides_come_to_the_same_whatever_happens_at_once(
    stacks: Stacks, engine: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    # Who collided lately is expected to again, and merges at once; here most try to copy all the same.
    monkeypatch.setattr(Collisions, "expects", lambda *_: chance.random() < 0.3)
    rig, client, admin = await _opened(stacks, engine)
    rows = _rows(chance, usual_or_long(320, 1600))

    async def push() -> None:
        if chance.random() < 0.2:  # what it answers is lost
            rig.network.after.append(httpx.ReadTimeout("lost"))
        await rig.tick(forced=True)

    works = [
        push,
        client.compress,
        admin.compress,
        lambda: energy.refresh(rig.client),
        lambda: energy.refresh(rig.admin),
    ]
    async with _again_and_again(*works):
        # Some reach the Admin on another way as well, in other batches than those of the push.
        straight = chance.sample(rows, len(rows) // 3)
        await asyncio.gather(
            *(_write(client, rows, random.Random(f"{seed} {number}")) for number in range(3)),
            *(_write(admin, straight, random.Random(f"{seed} there {number}")) for number in range(2)),
        )
    rig.network.after.clear()
    await rig.drain(200)
    await holds(client, rows)
    await holds(admin, rows)
    assert (await task.verify_once(rig.client, transport=rig.network)).differences == []
    here, there = await _hours(rig.client, client.key), await _hours(rig.admin, admin.key)
    assert here == there
    assert here == await _of_one_batch(stacks, rows)


async def _of_one_batch(stacks: Stacks, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    stack = await stacks.client(Database__Storage="plain")
    meter = await new_meter(stack)
    await Writer(stack, meter.key).send(sorted(rows, key=lambda row: row["time"]))
    return await _hours(stack, meter.key)
