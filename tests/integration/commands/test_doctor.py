"""`portal doctor` says what waits, to people and to machines."""

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from portal.core import energy
from portal.core.database.migrations import migrate
from portal.core.readings.queries import wide_rows, wide_way
from portal.core.readings.service import wide_readings
from portal.core.settings import RunMode, load_settings
from portal.core.stack import close_stack, open_stack
from tests.integration.databases import TestServer, downgrade
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


@dataclass
class _Doctor:
    """The command over a Client's database of its own."""

    given: dict[str, str]
    program: Path
    directory: Path

    def says(self, *options: str) -> str:
        """Return what it says; it may have found something else that is wrong."""
        return subprocess.run(
            [self.program, "doctor", *options],
            cwd=self.directory,
            env={"PATH": os.environ["PATH"], **self.given},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        ).stdout

    def finds(self) -> dict[str, Any]:
        return json.loads(self.says("--json"))


@pytest.fixture
def doctor(database_server: TestServer, portal_program: Path, tmp_path: Path) -> Iterator[_Doctor]:
    name = asyncio.run(database_server.copy(RunMode.CLIENT))
    given = {"Application__RunMode": "Client", "Database__ConnectionString": database_server.dsn(name)}
    yield _Doctor(given, portal_program, tmp_path)
    asyncio.run(database_server.drop(name))


def test_it_counts_the_meters_that_wait_to_be_recomputed(doctor: _Doctor) -> None:
    assert "to recompute" not in doctor.says()
    asyncio.run(_leave_a_meter_waiting(doctor.given))
    assert "0 hours to refresh, 1 meters to recompute" in doctor.says()
    found = doctor.finds()
    assert (found["metersToRecompute"], found["hoursToRefresh"]) == (1, 0)


async def _upgrade_in_part(given: dict[str, str]) -> None:
    """Leave readings of an earlier release in two weeks, one of which was moved; one value was no number."""
    stack = open_stack(load_settings(given))
    try:
        meter = await new_meter(stack)
        await meter.store([(START + timedelta(days=7 * week, hours=1), 1.0 + week) for week in range(3)])
        await downgrade(stack.db, RunMode.CLIENT, "client_0013")
        async with stack.db.transaction() as session:
            await session.execute(text(_NO_NUMBER))
        await migrate(stack.db, RunMode.CLIENT)
        await energy.bootstrap(stack)
        await wide_readings.begin(stack)
        for unit in await wide_rows.units_of_newest_week(stack.db, stack.layout):
            await wide_way.move(stack, unit)
    finally:
        await close_stack(stack)


_NO_NUMBER = "UPDATE monitoring.power_measurements SET active_power_kw = 'NaN'"


async def _end_the_upgrade(given: dict[str, str], afterwards: str) -> None:
    stack = open_stack(load_settings(given))
    try:
        await wide_readings.move_wide_readings(stack)
        async with stack.db.transaction() as session:
            await session.execute(text(afterwards))
    finally:
        await close_stack(stack)


def test_it_says_how_far_an_upgrade_is_and_what_it_left_out(doctor: _Doctor) -> None:
    assert doctor.finds()["metersToMove"] == 0
    asyncio.run(_upgrade_in_part(doctor.given))
    said = doctor.says()
    assert "are being moved: 1 are, those of 1 meters in 2 weeks are left" in said
    assert "of the 1 readings of an earlier release 1 values were left out" in said
    found = doctor.finds()
    assert (found["metersToMove"], found["weeksToMove"]) == (1, 2)
    assert (found["readingsMoved"], found["valuesLeftOut"]) == (1, 1)
    asyncio.run(_end_the_upgrade(doctor.given, "UPDATE monitoring.devices SET meter = meter + 5"))
    found = doctor.finds()
    assert (found["metersToMove"], found["readingsMoved"], found["valuesLeftOut"]) == (0, 3, 3)
    assert "PROBLEM      1 meters have readings, and no device" in doctor.says()
