"""`portal doctor` says what waits, to people and to machines."""

import asyncio
import json
import os
import subprocess
from pathlib import Path

from portal.core import energy
from portal.core.settings import RunMode, load_settings
from portal.core.stack import close_stack, open_stack
from tests.integration.databases import TestServer
from tests.integration.energy.metering import START, new_meter


async def _leave_a_meter_waiting(given: dict[str, str]) -> None:
    stack = open_stack(load_settings(given))
    try:
        meter = await new_meter(stack)
        await meter.store([(START, 1.0)])
        await energy.refresh(stack)
        await energy.recompute(stack)
    finally:
        await close_stack(stack)


def test_it_counts_the_meters_that_wait_to_be_recomputed(
    database_server: TestServer, portal_program: Path, tmp_path: Path
) -> None:
    name = asyncio.run(database_server.copy(RunMode.CLIENT))
    given = {"Application__RunMode": "Client", "Database__ConnectionString": database_server.dsn(name)}

    def said(*options: str) -> str:
        return subprocess.run(
            [portal_program, "doctor", *options],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], **given},
            capture_output=True,
            text=True,
            check=False,  # it may have found something else that is wrong
            timeout=120,
        ).stdout

    try:
        assert "to recompute" not in said()
        asyncio.run(_leave_a_meter_waiting(given))
        assert "0 hours to refresh, 1 meters to recompute" in said()
        found = json.loads(said("--json"))
        assert (found["metersToRecompute"], found["hoursToRefresh"]) == (1, 0)
    finally:
        asyncio.run(database_server.drop(name))
