"""`kill -9` of the commands that shape the database: the next run ends what was half done, and no reading is lost."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from portal.core.database.choice import judge
from portal.core.settings import RunMode, load_settings
from portal.core.stack import Stack, close_stack, open_stack
from tests.contract.storage.fleet import Fleet
from tests.contract.storage.test_bootstrap import _FLEET_SHAPE, _SHAPE
from tests.contract.storage.test_upgrade import _ENERGY, _STATE, _years
from tests.integration.databases import Stacks, TestServer

_PORTAL = Path(sys.executable).with_name("portal")
_PATIENCE_S = 120
# Whoever is killed first has hardly begun to copy, the next is in the middle, the last ones in the last transaction.
_MOMENTS = [(1, 0.0), (25, 0.0), (None, 0.0), (None, 0.15)]


async def _started(stack: Stack, *command: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        str(_PORTAL),
        *command,
        env={
            "PATH": os.environ["PATH"],
            "Application__RunMode": stack.settings.run_mode.value,
            "Database__ConnectionString": stack.db.dsn,
        },
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )


async def _run(stack: Stack, *command: str) -> None:
    process = await _started(stack, *command)
    async with asyncio.timeout(_PATIENCE_S):
        _, said = await process.communicate()
    assert process.returncode == 0, said.decode()


async def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGKILL)
    await process.communicate()


async def _kill_upgrade(stack: Stack, after_week: int | None, pause: float) -> int:
    """Kill an upgrade once it has copied so many weeks (None: all of them), and return how many it had reported."""
    process = await _started(stack, "storage", "upgrade")
    assert process.stderr is not None
    reported = 0
    async with asyncio.timeout(_PATIENCE_S):
        while line := (await process.stderr.readline()).decode():
            assert line.startswith("Week "), line
            reported += 1
            position, weeks = line.split()[1], line.split()[3].rstrip(",")
            if int(position) >= int(after_week or weeks):
                break
    await asyncio.sleep(pause)
    await _kill(process)
    return reported


async def test_an_upgrade_killed_again_and_again_ends_with_every_reading(
    stacks: Stacks, timescale: str
) -> None:
    fleet = await Fleet.open(await stacks.admin(Database__Storage="plain"))
    await fleet.store(_years())
    await fleet.refresh()
    before, energy = await fleet.rows(_STATE), await fleet.rows(_ENERGY)
    for moment in _MOMENTS:
        await fleet.stack.db.dispose()
        await _kill_upgrade(fleet.stack, *moment)
        # A new connection each time: which of the two tables it finds is for the database to know.
        await fleet.stack.db.dispose()
        assert await fleet.rows(_STATE) == before
        await fleet.agrees()
    await fleet.stack.db.dispose()
    await _run(fleet.stack, "storage", "upgrade")
    await fleet.stack.db.dispose()
    assert await fleet.rows(_STATE) == before
    assert await fleet.rows(_ENERGY) == energy
    await fleet.agrees()
    automatic = load_settings({"Application__RunMode": "Admin"})
    assert (await judge(automatic, fleet.stack.db)).engine == "timescaledb"
    assert await fleet.rows("SELECT to_regclass('fleet.readings_twin')::text") == [(None,)]


@pytest.fixture
async def empty(database_server: TestServer, timescale: str) -> AsyncIterator[Stack]:
    """An Admin's database with nothing in it."""
    name = await database_server.empty("empty")
    stack = open_stack(
        load_settings({"Application__RunMode": RunMode.ADMIN.value}), database_server.dsn(name)
    )
    yield stack
    await close_stack(stack)
    await database_server.drop(name)


async def test_a_first_start_killed_again_and_again_is_made_whole(empty: Stack) -> None:
    fleet = Fleet(empty)
    async with fleet.connection() as watching:
        for pause in (0.0, 0.3, 0.6, 0.9, 1.2):
            process = await _started(empty, "migrate")
            async with asyncio.timeout(_PATIENCE_S):
                while not await watching.fetchval(_OTHERS) and process.returncode is None:
                    pass
            await asyncio.sleep(pause)
            await _kill(process)
    await _run(empty, "migrate")
    assert await fleet.rows(_SHAPE) == _FLEET_SHAPE
    assert await fleet.rows("SELECT * FROM fleet.hourly_per_device") == []


_OTHERS = (
    "SELECT count(*) FROM pg_sleep(0.01), pg_stat_activity "
    "WHERE datname = current_database() AND application_name LIKE 'portal%'"
)
