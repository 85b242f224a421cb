"""Two processes of one Client stack: one pushes, and when it is killed the other goes on within seconds."""

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from portal.push import lock
from tests.chaos.network import Network
from tests.chaos.world import Host, World, build
from tests.integration.databases import reachable_directory
from tests.pace import within
from tests.ports import free_port

_HOLDERS = f"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = {lock._LEADER_KEY} AND granted"


async def test_a_killed_leader_is_replaced_within_seconds() -> None:
    threads = ThreadPoolExecutor(max_workers=1)
    with reachable_directory(in_memory=True) as directory:
        world = await build(directory, threads, random.Random(1), device_count=1)
        first = world.client
        await first.kill()
        first.arguments = ("--patient",)
        second = replace(first, name="second", port=free_port(), process=None, server=None)
        try:
            async with Network(world.network_port, world.admin.port):
                await first.start()
                await _until_pushed(world, first, 20)
                [leader] = await first.fetch(_HOLDERS)
                await second.start()
                await asyncio.sleep(2.5)
                assert await first.fetch(_HOLDERS) == [leader], "there is one leader, and it stays"
                with within(8):
                    await first.kill()
                    await _until_pushed(world, second, 20)
                assert len(await first.fetch(_HOLDERS)) == 1
        finally:
            await second.close()
            await first.close()
            await world.admin.close()
            threads.shutdown()


async def _until_pushed(world: World, host: Host, count: int) -> None:
    """Have the device post more readings to one of the processes, and wait until the Admin has them all."""
    [device] = world.devices
    device.url = f"http://127.0.0.1:{host.port}"
    wanted, over = device.acknowledged + count, asyncio.Event()
    posting = asyncio.create_task(device.run(over))
    async with asyncio.timeout(120):
        while device.acknowledged < wanted:  # noqa: ASYNC110 - no event is worth it in a test
            await asyncio.sleep(0.05)
        over.set()
        await posting
        while await _held(world) < device.acknowledged:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def _held(world: World) -> int:
    [row] = await world.admin.fetch("SELECT count(*) AS held FROM fleet.power_measurements")
    return int(row["held"])
