"""pgBackRest brings a server back to a minute before a mistake, with all that was stored until then."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.core import energy
from portal.core.database.embedded.server import EmbeddedServer
from portal.core.energy import energy_proof
from portal.core.readings.service import readings
from portal.core.settings import load_settings
from portal.core.sites.service import devices
from portal.core.stack import Stack, close_stack, open_stack
from tests.integration.databases import reachable_directory
from tests.integration.operations.servers import NO_OTHER_SERVER, NO_PGBACKREST, earlier_server, server_of
from tests.integration.operations.test_major_upgrade import _PLAIN, filled
from tests.integration.push.rig import series

_PROGRAM = shutil.which("pgbackrest")
_EARLIER = earlier_server()
# As docs/operations.md says, with the paths of the test.
_CONFIG = """
[global]
repo1-path={folder}/repository
repo1-retention-full=2
log-path={folder}
lock-path={folder}
log-level-file=off
start-fast=y

[portal]
pg1-path={data}
pg1-socket-path={sockets}
"""


@dataclass
class Kept:
    """A server whose log goes to pgBackRest."""

    server: EmbeddedServer
    config: Path

    def pgbackrest(self, *words: str) -> None:
        assert _PROGRAM is not None
        command = [_PROGRAM, f"--config={self.config}", "--stanza=portal", *words]
        user = self.server.home.credentials
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"}, **user
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def stack(self) -> Stack:
        return open_stack(load_settings(_PLAIN), self.server.dsn("portal"))


@pytest.fixture
def kept() -> Iterator[Kept]:
    with reachable_directory() as directory:
        config = directory / "pgbackrest.conf"
        settings = {
            "archive_mode": "on",
            "archive_command": f"{_PROGRAM} --config={config} --stanza=portal archive-push %p",
            "wal_level": "replica",
            "max_wal_senders": "3",
        }
        assert _EARLIER is not None
        server = server_of(_EARLIER, directory / "postgres", settings)
        with server:
            server.ensure_database("portal")
            home = server.home
            folder = home.root / "pgbackrest"
            folder.mkdir()
            if home.credentials:
                shutil.chown(folder, home.credentials["user"], home.credentials["group"])
            config.write_text(_CONFIG.format(folder=folder, data=home.data, sockets=home.sockets))
            yield Kept(server, config)


async def _count(stack: Stack) -> int:
    connection = await stack.db.dedicated()
    try:
        return await connection.fetchval("SELECT count(*) FROM monitoring.power_measurements")
    finally:
        await connection.close()


async def _until_promoted(stack: Stack) -> None:
    connection = await stack.db.dedicated()
    try:
        while await connection.fetchval("SELECT pg_is_in_recovery()"):  # noqa: ASYNC110 - the server's own affair
            await asyncio.sleep(0.1)
    finally:
        await connection.close()


@pytest.mark.skipif(_PROGRAM is None, reason=NO_PGBACKREST)
@pytest.mark.skipif(_EARLIER is None, reason=NO_OTHER_SERVER)
async def test_a_mistake_is_undone_to_the_moment_before_it(kept: Kept) -> None:
    stack = await filled(kept.server.dsn("portal"))
    await asyncio.to_thread(kept.pgbackrest, "stanza-create")
    await asyncio.to_thread(kept.pgbackrest, "backup")
    [device] = await devices.list_devices(stack)
    await readings.import_readings(stack, device.id, series(300, datetime(2026, 5, 19, tzinfo=UTC), 60))
    connection = await stack.db.dedicated()
    await connection.execute("SELECT pg_sleep(1.1)")  # a backup's end is kept by the second
    moment = await connection.fetchval("SELECT clock_timestamp()::text")
    await connection.execute("SELECT pg_sleep(0.01); DELETE FROM monitoring.readings; SELECT pg_switch_wal()")
    await connection.close()
    assert await _count(stack) == 0
    await close_stack(stack)
    kept.server.stop()
    kept.pgbackrest("restore", "--delta", "--type=time", f"--target={moment}", "--target-action=promote")
    kept.server.start()
    restored = kept.stack()
    await _until_promoted(restored)
    assert await _count(restored) == 900
    await energy.refresh(restored)
    proof = await energy_proof.check(restored)
    await close_stack(restored)
    assert (proof.differences, proof.meter_count) == ((), 1)
