"""Readings of an earlier release are moved by processes that are killed anywhere: nothing is lost, or seen twice."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

import asyncpg
import pytest

from portal.core import energy
from portal.core.cost.service import cost
from portal.core.database.migrations import migrate
from portal.core.readings.service import wide_readings
from portal.core.settings import RunMode
from tests.contract.storage.earlier_release import go_back
from tests.contract.storage.fleet import ALICE, CHARLIE, METERS, Fleet, Row, ago, readings
from tests.contract.storage.test_bootstrap import _FLEET_SHAPE, _SHAPE

# Some while the schema is changed, the others as the readings are moved, the last when all of them are.
_BEFORE_THE_FIRST, _KILLS = 4, 20
_PATIENCE_S = 120
_WEEKS = 24
_SEEN = """
SELECT customer_id, device_id, time, active_power_kw, energy_imported_kwh, source
FROM fleet.power_measurements ORDER BY 1, 2, 3
"""
# What is billed, not the columns in which a release keeps how it came to it.
_BILLED = "allocated_milliwh, unallocated_milliwh, estimated_milliwh, suspect_count"
_ENERGY = (
    f"SELECT customer_id, device_id, hour, {_BILLED} FROM fleet.hourly_energy ORDER BY 1, 2, 3",
    f"SELECT customer_id, device_id, day, {_BILLED} FROM fleet.daily_energy ORDER BY 1, 2, 3",
)
_ONCE = """
SELECT count(*), count(DISTINCT (customer_id, device_id, time)),
    sum(round(energy_imported_kwh * 1000000))::bigint, sum(round(active_power_kw * 10000))::bigint
FROM fleet.power_measurements
"""
_PRICES = """
INSERT INTO fleet.municipalities (customer_id, id, name, time_zone_id)
    VALUES ('{customer}', 1, 'City', 'Africa/Johannesburg');
INSERT INTO fleet.tariffs (customer_id, id, municipality_id, name, effective_from, default_rate_per_kwh, vat_rate)
    VALUES ('{customer}', 1, 1, 'Flat', '2020-01-01', 2.53, 0.15);
UPDATE fleet.sites SET local_municipality_id = 1 WHERE customer_id = '{customer}';
"""
_MOVED = "SELECT coalesce(sum(readings), 0)::bigint FROM fleet.moved_weeks"
_LEFT_OUT = "SELECT sum(left_out)::bigint FROM fleet.moved_weeks"
_WIDE = "SELECT to_regclass('fleet.power_measurements_wide')::text"
_HAS_FIGURES = "SELECT to_regclass('fleet.daily_per_customer') IS NOT NULL"


def _history() -> list[Row]:
    """Readings of three meters in half a year, the last of them of now."""
    start, step = ago(days=7 * _WEEKS), timedelta(hours=1, minutes=57)
    count = timedelta(weeks=_WEEKS) // step
    return [
        row
        for customer, device in ((ALICE, 0), (ALICE, 1), (CHARLIE, 0))
        for row in readings(
            customer, METERS[customer][device], start + timedelta(minutes=7 * device), step, count
        )
    ]


@dataclass
class _Earlier:
    """A database of the earlier release, and what it held and answered."""

    fleet: Fleet
    seen: list[tuple[object, ...]]
    once: tuple[object, ...]
    energies: list[list[tuple[object, ...]]]
    bill: tuple[object, ...]


@pytest.fixture
async def earlier(fleet: Fleet, engine: str) -> _Earlier:
    """Half a year of three meters, whose energy is computed and has a price."""
    async with fleet.connection() as connection:
        await connection.execute(_PRICES.format(customer=ALICE))
    await fleet.store(_history())
    await fleet.refresh()
    energies, bill = await _energies(fleet), await _bill(fleet)
    await go_back(fleet, engine)
    [once] = await fleet.rows(_ONCE)
    return _Earlier(fleet, await fleet.rows(_SEEN), once, energies, bill)


async def _energies(fleet: Fleet) -> list[list[tuple[object, ...]]]:
    return [await fleet.rows(each) for each in _ENERGY]


async def _bill(fleet: Fleet) -> tuple[object, ...]:
    report = await cost.fleet_cost(fleet.stack, ALICE, ago(days=7 * _WEEKS), ago(days=-1))
    assert report.total > 0
    return report.total_kwh, report.base_cost, report.total, report.days, report.devices


async def _migrating(portal: Path, fleet: Fleet, engine: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        portal,
        "migrate",
        env={
            "PATH": os.environ["PATH"],
            "Application__RunMode": RunMode.ADMIN.value,
            "Database__ConnectionString": fleet.stack.db.dsn,
            "Database__Storage": engine,
        },
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )


async def _killed(
    process: asyncio.subprocess.Process, watching: asyncpg.Connection, moved: int, pause: float
) -> None:
    """Kill a process once so many readings have been moved, and a moment later."""
    async with asyncio.timeout(_PATIENCE_S):
        while process.returncode is None and await _moved_by_now(watching) < moved:
            pass
    await asyncio.sleep(pause)
    if process.returncode is None:
        process.send_signal(signal.SIGKILL)
    await process.communicate()


async def _moved_by_now(watching: asyncpg.Connection) -> int:
    """Return how many readings have been moved, a moment from now."""
    await asyncio.sleep(0.002)
    try:
        return await watching.fetchval(_MOVED)
    except asyncpg.UndefinedTableError:
        return 0


@asynccontextmanager
async def _somebody_reads(fleet: Fleet) -> AsyncIterator[list[tuple[int, ...]]]:
    """Yield what somebody sees who reads all the while, twice in each moment of the database."""
    seen: list[tuple[int, ...]] = []

    async def read() -> None:
        address = fleet.stack.db.dsn.replace("+asyncpg", "")
        connection = await asyncpg.connect(address, statement_cache_size=0)
        try:
            while True:
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    for pause in (0.2, 0):
                        seen.append(tuple(await connection.fetchrow(_ONCE)))
                        await asyncio.sleep(pause)
        finally:
            await connection.close()

    reading = asyncio.create_task(read())
    yield seen
    assert not reading.done()
    reading.cancel()
    with suppress(asyncio.CancelledError):
        await reading


async def test_an_upgrade_killed_at_twenty_instants_loses_nothing_and_shows_each_reading_once(
    earlier: _Earlier, engine: str, portal_program: Path
) -> None:
    fleet, random, total = earlier.fleet, Random(14), len(earlier.fleet.stored)
    async with fleet.connection() as watching, _somebody_reads(fleet) as seen:
        for number in range(_KILLS):
            share = max(0, number - _BEFORE_THE_FIRST) / (_KILLS - _BEFORE_THE_FIRST - 1)
            process = await _migrating(portal_program, fleet, engine)
            await _killed(process, watching, round(share * total), random.random() * (0.1 if share else 1.5))
            await fleet.stack.db.dispose()
            assert await fleet.rows(_SEEN) == earlier.seen
            assert await _energies(fleet) == earlier.energies
            if (await fleet.rows(_HAS_FIGURES))[0][0]:
                await fleet.agrees()
        process = await _migrating(portal_program, fleet, engine)
        async with asyncio.timeout(_PATIENCE_S):
            _, said = await process.communicate()
        assert process.returncode == 0, said.decode()
    assert len(seen) > _KILLS
    assert set(seen) == {earlier.once}
    await _is_as_before(earlier, engine)
    assert await fleet.rows(_MOVED) == [(total,)]
    assert await fleet.rows(_LEFT_OUT) == [(0,)]


async def _is_as_before(earlier: _Earlier, engine: str) -> None:
    """Hold everything against what it was, energy also computed anew."""
    fleet = earlier.fleet
    await fleet.stack.db.dispose()
    assert await fleet.rows(_SEEN) == earlier.seen
    assert await fleet.rows(_WIDE) == [(None,)]
    if engine == "timescale":
        assert await fleet.rows(_SHAPE) == _FLEET_SHAPE
    await fleet.agrees()
    assert await _bill(fleet) == earlier.bill
    await energy.recompute(fleet.stack)
    await fleet.refresh()
    assert await _energies(fleet) == earlier.energies
    assert await _bill(fleet) == earlier.bill
    await fleet.agrees()


async def test_who_reads_as_of_before_a_move_finds_every_reading_where_it_was(earlier: _Earlier) -> None:
    """Rows that were moved since are still where they were for them: nothing of the earlier table goes meanwhile."""
    fleet, stack = earlier.fleet, earlier.fleet.stack
    await migrate(stack.db, RunMode.ADMIN)
    await energy.bootstrap(stack)
    await wide_readings.begin(stack)
    async with fleet.connection() as older, fleet.connection() as watching, asyncio.timeout(_PATIENCE_S):
        async with older.transaction(isolation="repeatable_read", readonly=True):
            await older.fetchval("SELECT count(*) FROM fleet.devices")
            moving = asyncio.create_task(wide_readings.follow(stack))
            while not await _moved_by_now(watching):
                pass
            await asyncio.sleep(1)
            assert tuple(await older.fetchrow(_ONCE)) == earlier.once
            assert not moving.done()
        await moving
    assert await fleet.rows(_ONCE) == [earlier.once]
    assert await fleet.rows(_WIDE) == [(None,)]
    await fleet.agrees()


_LATE = """
INSERT INTO fleet.power_measurements (customer_id, device_id, time, active_power_kw) VALUES ('{0}', '{1}', '{2}', 9)
"""
_WAITS = {
    "plain": "INSERT INTO fleet.rollup_batches (customer_id, device_ids, hours, firsts) "
    "VALUES ('{0}', ARRAY['{1}'::uuid], ARRAY['{3}'::timestamptz], ARRAY['{2}'::timestamptz])",
    "timescale": "INSERT INTO fleet.late_hours (customer_id, device_ids, hours) "
    "VALUES ('{0}', ARRAY['{1}'::uuid], ARRAY['{3}'::timestamptz])",
}


async def test_hours_show_what_the_earlier_release_had_yet_to_compute(earlier: _Earlier, engine: str) -> None:
    """A late reading that it had stored a moment before, and later ones of the new release, while none is moved yet."""
    fleet, stack = earlier.fleet, earlier.fleet.stack
    hour, device = ago(days=60), METERS[ALICE][0]
    late = Row(ALICE, device, hour + timedelta(minutes=13), 9.0, None)
    async with fleet.connection() as connection:
        for statement in (_LATE, _WAITS[engine]):
            await connection.execute(statement.format(ALICE, device, late.time, hour))
    fleet.stored[late.customer, late.device, late.time] = late
    await migrate(stack.db, RunMode.ADMIN)
    await energy.bootstrap(stack)
    await wide_readings.begin(stack)
    await fleet.agrees()
    await fleet.refresh()
    await fleet.agrees()
    present = [Row(ALICE, device, ago(hours=hours) + timedelta(minutes=5), 4.0, 5000.0) for hours in (1, 0)]
    for row in (late._replace(time=hour + timedelta(minutes=14), power_kw=1.5), *present):
        await fleet.store([row])
        await fleet.agrees()
        await fleet.refresh()
        await fleet.agrees()
    assert await wide_readings.move_wide_readings(stack) == len(fleet.stored) - 3
    await fleet.agrees()
    await fleet.run_policies()
    await fleet.agrees()
