"""`portal simulate`: the firmware's own nodes fill a Client that is served."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.settings import RunMode, load_settings
from portal.core.stack import close_stack, open_stack
from tests.integration.fleet_ingest.servers import serving
from tests.integration.fleet_ingest.test_nodes import STORED

if TYPE_CHECKING:
    from tests.integration.databases import TestServer

COMMAND = Path(sys.executable).with_name("portal")
BOARDS = 3


def _simulate(given: dict[str, str], url: str, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if "__" not in name} | given
    command = [str(COMMAND), "simulate", "--devices", str(BOARDS), "--url", url, "--json", *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


async def _rows(given: dict[str, str], statement: str) -> list[tuple[object, ...]]:
    stack = open_stack(load_settings(given))
    try:
        async with stack.db.transaction() as session:
            return [tuple(row) for row in await session.execute(text(statement))]
    finally:
        await close_stack(stack)


def test_hours_of_three_boards_are_stored_within_seconds(database_server: TestServer, tmp_path: Path) -> None:
    name = asyncio.run(database_server.copy(RunMode.CLIENT))
    given = {
        "Application__RunMode": RunMode.CLIENT.value,
        "Database__ConnectionString": database_server.dsn(name),
    }
    try:
        with serving(tmp_path, given) as server:
            options = ("--speedup", "1800", "--days", "0.15", "--seconds", "9")
            done = _simulate(given, server.url, *options)
            assert done.returncode == 0, done.stderr
            said = json.loads(done.stdout.strip().splitlines()[-1])
            refused = _simulate(given | {"Application__Environment": "Production"}, server.url)
        stored = asyncio.run(_rows(given, STORED))
        assert said["devices"] == BOARDS
        assert said["taken"] == said["sent"] + said["waiting"]
        assert said["sent"] == len(stored) > BOARDS * 15
        assert said["failedPosts"] == said["dropped"] == 0
        devices = "SELECT count(*), count(DISTINCT device_id), count(voltage_l1_v) FROM monitoring.power_measurements"
        assert asyncio.run(_rows(given, devices)) == [(len(stored), BOARDS, len(stored))]
        assert refused.returncode == 1
    finally:
        asyncio.run(database_server.drop(name))
