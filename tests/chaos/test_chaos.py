"""Whatever is killed, cut or refused: every reading a device got a 2xx for is at the Admin exactly once.

`make chaos` runs 200 faults, `make test-slow` 44, a test run each of them once. CHAOS_FAULTS and CHAOS_SEED set others.
"""

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from portal.core.settings import load_settings
from portal.core.stack import close_stack, open_stack
from portal.push import task
from tests.chaos.network import Network
from tests.chaos.world import START, World, build, reading
from tests.integration.databases import reachable_directory
from tests.length import usual_or_long

FAULTS = int(os.environ.get("CHAOS_FAULTS", usual_or_long(11, 44)))
SEED = int(os.environ.get("CHAOS_SEED", "20260518"))
_QUIET_SECONDS = 300
_NETWORK = ("cut", "half", "deaf", "500", "429", "413", "401")


class Chaos:
    """Does one fault after the other, and counts them."""

    def __init__(self, world: World, network: Network, chance: random.Random) -> None:
        self._world = world
        self._network = network
        self._chance = chance
        self.done: Counter[str] = Counter()

    async def run(self, faults: int) -> None:
        kinds: dict[str, Callable[[], Awaitable[None]]] = {
            "kill -9 Client": self._kill_client,
            "kill -9 Admin": self._kill_admin,
            "kill -9 Client database": lambda: self._world.client.kill_database(self._pause()),
            "kill -9 Admin database": lambda: self._world.admin.kill_database(self._pause()),
            **{f"network {mode}": lambda mode=mode: self._disturb(mode) for mode in _NETWORK},
        }
        names = list(kinds)
        order: list[str] = []
        while len(order) < faults:  # every kind before one comes again
            order += self._chance.sample(names, len(names))
        for name in order[:faults]:
            await asyncio.sleep(self._pause())
            await kinds[name]()
            self.done[name] += 1

    def _pause(self) -> float:
        return self._chance.random() * 0.6

    async def _kill_client(self) -> None:
        await self._world.client.kill()
        await asyncio.sleep(self._pause())
        await self._world.client.start()

    async def _kill_admin(self) -> None:
        await self._world.admin.kill()
        await asyncio.sleep(self._pause())
        await self._world.admin.start()

    async def _disturb(self, mode: str) -> None:
        self._network.mode = mode
        if mode == "cut":
            self._network.cut_now()
        await asyncio.sleep(0.2 + self._pause())
        self._network.mode = "open"
        if mode == "401":  # only a restart or other settings end that
            await self._kill_client()


async def test_every_acknowledged_reading_is_at_the_admin_exactly_once() -> None:
    chance = random.Random(SEED)
    threads = ThreadPoolExecutor(max_workers=1)
    started = time.monotonic()
    with reachable_directory(in_memory=True) as directory:
        world = await build(directory, threads, chance, device_count=3)
        try:
            async with Network(world.network_port, world.admin.port) as network:
                chaos = Chaos(world, network, chance)
                over = asyncio.Event()
                devices = asyncio.gather(*(device.run(over) for device in world.devices))
                await chaos.run(FAULTS)
                over.set()
                await devices
                await _quiet(world)
                await _check(world)
                _say(world, network, chaos, time.monotonic() - started)
        finally:
            await world.client.close()
            await world.admin.close()
            threads.shutdown()


async def _quiet(world: World) -> None:
    """Wait until the Client has nothing left to push."""
    await world.client.kill()
    await world.client.start()
    end = time.monotonic() + _QUIET_SECONDS
    left = (
        "SELECT (SELECT count(*) FROM app.push_outbox) + (SELECT count(*) FROM app.push_retries) AS left, "
        "(SELECT count(*) FROM app.push_dead_letters) AS dead"
    )
    while True:
        [row] = await world.client.fetch(left)
        assert row["dead"] == 0
        if row["left"] == 0:
            return
        assert time.monotonic() < end, f"{row['left']} left\n{world.client.log()}\n{world.admin.log()}"
        await asyncio.sleep(0.2)


async def _check(world: World) -> None:
    """Compare reading by reading with what the devices sent, and ask `portal push verify`."""
    for device in world.devices:
        rows = await world.admin.fetch(
            "SELECT (extract(epoch FROM time) * 1000000)::bigint AS at, active_power_kw, energy_imported_kwh "
            f"FROM fleet.power_measurements WHERE device_id = '{device.id}' ORDER BY time"
        )
        begin = int(START.timestamp()) * 1_000_000
        numbers = [(row["at"] - begin) // 1_000_000 for row in rows]
        lost = set(range(device.acknowledged)) - set(numbers)
        assert not lost, f"{len(lost)} readings lost"
        assert len(numbers) == len(set(numbers)), "readings doubled"
        assert numbers == list(range(device.acknowledged)), "readings nobody sent"
        for number, row in zip(numbers, rows, strict=True):
            sent = reading(number)
            assert row["active_power_kw"] == round(float(sent["activePowerKw"]), 4)
            assert row["energy_imported_kwh"] == sent["energyImportedKwh"]
    stack = open_stack(load_settings(world.client.environment))
    try:
        report = await task.verify_once(stack)
    finally:
        await close_stack(stack)
    assert report.differences == []
    assert report.readings == sum(device.acknowledged for device in world.devices)


def _say(world: World, network: Network, chaos: Chaos, seconds: float) -> None:
    readings = sum(device.acknowledged for device in world.devices)
    posts = sum(device.posts for device in world.devices)
    print(  # noqa: T201 - the figures of `make chaos`
        f"\n{sum(chaos.done.values())} faults in {seconds:.0f} s, {readings} readings in {posts} posts, "
        f"0 lost, 0 doubled\nfaults: {dict(sorted(chaos.done.items()))}\n"
        f"requests by what became of them: {dict(sorted(network.answered.items()))}"
    )
