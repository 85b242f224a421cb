"""A push that is killed anywhere loses nothing and doubles nothing."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

from tests.integration.push.rig import START, Killed, Rig, mortal, series
from tests.length import usual_or_long

OpenRig = Callable[..., Awaitable[Rig]]
SMALL = {"FleetIngest__BatchSize": "9", "FleetIngest__MaxBatchesPerTick": "3"}


async def _more_to_push(rig: Rig, turn: int) -> None:
    """Something of every kind: a changed site, a new device, a replay larger than a batch, single readings."""
    device = await rig.add_device(f"meter-{turn}")
    await rig.on_client("UPDATE monitoring.sites SET name = :name", name=f"House {turn}")
    await rig.on_client("UPDATE monitoring.sites SET name = 'House'")
    await rig.store(device, 14, start=START + timedelta(minutes=turn))
    await rig.store(device, 1, start=START + timedelta(hours=1, minutes=turn))


async def test_a_kill_at_every_point_of_a_tick(rigs: OpenRig) -> None:
    """Before a transaction begins, before and after it commits, before and after the Admin handles a batch."""
    rig = await rigs(**SMALL)
    doomed = mortal(rig)
    point = kills = 0
    try:
        while True:
            await _more_to_push(rig, point)
            rig.network.fuse.left = point
            try:
                await doomed.tick(forced=True)
            except Killed:
                kills += 1
            else:
                break
            point += 1
        rig.network.fuse.left = None
        await rig.drain(200)
        await rig.assert_mirrored()
    finally:
        await doomed.client.db.dispose()
    assert kills > 20, "a tick has more points than that"


async def test_a_cancellation_at_any_await_of_a_tick(rigs: OpenRig) -> None:
    """A stop of the stack: the tick ends wherever it is, a COMMIT under way included."""
    rig = await rigs(**SMALL)
    chance = random.Random(6)
    for turn in range(usual_or_long(10, 40)):
        await _more_to_push(rig, turn)
        tick = asyncio.create_task(rig.tick(forced=True))
        for _ in range(chance.randrange(400)):
            await asyncio.sleep(0)
        tick.cancel()
        await asyncio.gather(tick, return_exceptions=True)
    await rig.drain(200)
    await rig.assert_mirrored()


async def test_kills_while_readings_keep_coming(rigs: OpenRig) -> None:
    """Random kills, with a long transaction open across them."""
    rig = await rigs(**SMALL)
    doomed = mortal(rig)
    chance = random.Random(11)
    first = await rig.add_device("old")
    try:
        async with rig.client.db.transaction() as long:
            await rig.stored_late(long, first, series(25, START - timedelta(days=1)))
            for turn in range(usual_or_long(10, 40)):
                await _more_to_push(rig, turn)
                rig.network.fuse.left = chance.randrange(40)
                with suppress(Killed):
                    await doomed.tick(forced=True)
        rig.network.fuse.left = None
        await rig.drain(200)
        await rig.assert_mirrored()
    finally:
        await doomed.client.db.dispose()
