"""The position of the push under clock steps, hands that edit it, huge outbox entries, and a move to a new cluster."""

import asyncio
import json
import os
import random
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from portal.core.database.db import Database, driver_connection
from portal.core.database.embedded.home import installed_binaries
from portal.core.database.embedded.server import EmbeddedServer
from portal.core.database.local_settings import local_settings
from portal.core.database.migrations import require_migrated
from portal.core.exchange.batches import BatchType
from portal.core.outbox.queries import push as statements
from portal.core.outbox.service import push
from portal.core.settings import RunMode
from portal.push import task
from tests.integration.databases import (
    EXTERNAL_DSN,
    NOT_INSTALLED,
    TestServer,
    has_timescaledb,
    reachable_directory,
)
from tests.integration.push.rig import START, Rig, series

OpenRig = Callable[..., Awaitable[Rig]]

_STEPPING_CLOCK = (
    "CREATE SCHEMA stepping",
    "CREATE TABLE stepping.step (by interval NOT NULL)",
    "INSERT INTO stepping.step VALUES ('0')",
    (
        "CREATE FUNCTION stepping.now() RETURNS timestamptz LANGUAGE sql STABLE "
        "AS 'SELECT pg_catalog.now() + by FROM stepping.step'"
    ),
    "ALTER TABLE app.push_outbox ALTER COLUMN received_at SET DEFAULT stepping.now()",
)


async def test_steps_of_the_database_clock_skip_and_double_nothing(rigs: OpenRig) -> None:
    """`now()` of the Client's database jumps by up to a year either way, also between two looks at one outbox entry."""
    rig = await rigs(FleetIngest__BatchSize="30", FleetIngest__MaxBatchesPerTick="2")
    device = await rig.add_device()
    for statement in _STEPPING_CLOCK:
        await rig.on_client(statement)
    [[name]] = await rig.on_client("SELECT current_database()")
    await rig.on_client(f"ALTER DATABASE {name} SET search_path = stepping, pg_catalog, public")
    await rig.client.db.dispose()
    chance = random.Random(3)
    for turn in range(20):
        seconds = chance.choice([-31_536_000, -3600, -2, 0, 2, 3600, 31_536_000])
        await rig.on_client("UPDATE stepping.step SET by = make_interval(secs => :s)", s=seconds)
        await rig.store(device, chance.randint(1, 80), start=START + timedelta(hours=turn))
        await rig.tick()
    [[spread]] = await rig.on_client(
        "SELECT max(received_at) - min(received_at) FROM monitoring.power_measurements"
    )
    assert spread > timedelta(days=300), "the case is not the one this test is about"
    await rig.drain()
    await rig.assert_mirrored()
    [[stored]] = await rig.on_client("SELECT count(*) FROM monitoring.power_measurements")
    assert rig.network.rows_of(BatchType.MEASUREMENTS) == stored


@pytest.mark.parametrize(
    "edit",
    [
        "DELETE FROM app.fleet_push_state",
        "UPDATE app.fleet_push_state SET last_cursor = '2099-01-01Z', last_synced_at = '2099-01-01Z'",
        (
            "UPDATE app.fleet_push_state SET last_cursor = '1999-01-01Z', content_hash = 'x', pass_hash = 'y', "
            "pass_after = 'zzzz'"
        ),
        "UPDATE app.fleet_push_state SET next_attempt_at = '2099-01-01Z', consecutive_failures = 999",
        "INSERT INTO app.fleet_push_state (resource_type, last_error) VALUES ('weather', 'no such resource')",
        "UPDATE app.fleet_push_state SET batch_limit = -3, consecutive_failures = -5",
        "UPDATE app.fleet_push_state SET batch_limit = 1000000",
        "UPDATE app.push_outbox SET sent_time = NULL, sent_rows = 0",
        "UPDATE app.push_outbox SET sent_rows = row_count",
        "UPDATE app.push_outbox SET row_count = 1",
    ],
)
async def test_rows_edited_by_hand_lose_nothing(rigs: OpenRig, edit: str) -> None:
    rig = await rigs(FleetIngest__BatchSize="30", FleetIngest__MaxBatchesPerTick="1")
    device = await rig.add_device()
    await rig.store(device, 100)
    await rig.tick()
    await rig.on_client(edit)
    await rig.store(device, 50, start=START + timedelta(hours=1))
    for _ in range(12):
        await rig.tick()
    await rig.assert_mirrored()
    assert max(len(sent.rows) for sent in rig.network.sent) <= 30


async def test_a_position_moved_ahead_by_hand_is_found_by_verify(rigs: OpenRig) -> None:
    rig = await rigs(FleetIngest__BatchSize="30", FleetIngest__MaxBatchesPerTick="1")
    await rig.store(await rig.add_device(), 100)
    await rig.tick()
    await rig.on_client("DELETE FROM app.push_outbox")
    report = await task.verify_once(rig.client, transport=rig.network)
    assert report.queued == 70
    await rig.drain()
    await rig.assert_mirrored()
    assert rig.network.rows_of(BatchType.MEASUREMENTS) == 100


# Or the readings of this test, months old, are compressed in its midst or not, as the machine has time.
_COMPRESS_NOTHING = (
    "SELECT delete_job(job_id) FROM timescaledb_information.jobs WHERE proc_name = 'policy_compression'"
)
_COMPRESS = "SELECT count(compress_chunk(c)) FROM show_chunks('monitoring.readings') c"


@pytest.fixture(scope="session")
def has_chunks() -> bool:
    return has_timescaledb()


@pytest.mark.parametrize("is_compressed", [False, True], ids=["as stored", "compressed"])
async def test_a_batch_of_a_huge_outbox_entry_reads_no_more_than_it_sends(
    rig: Rig, *, is_compressed: bool, has_chunks: bool
) -> None:
    """Among other readings of the same hours, so that neither the time nor the outbox entry alone selects few."""
    if is_compressed and not has_chunks:
        pytest.skip(NOT_INSTALLED)
    if has_chunks:
        await rig.on_client(_COMPRESS_NOTHING)
    mine, other = await rig.add_device("mine"), await rig.add_device("other")
    await rig.client.storage.ensure_partitions(rig.client.db, [START, START + timedelta(hours=20)])
    for device, received in ((mine, "2026-05-18 20:00Z"), (other, "2026-05-18 21:00Z")):
        await rig.on_client(
            "INSERT INTO monitoring.readings (time, customer, meter, active_power_kw, received) "
            "SELECT CAST(:t AS timestamptz) + i * interval '1 second', customer, meter, i, "
            "extract(epoch FROM CAST(:r AS text)::timestamptz) - 946684800 "
            "FROM monitoring.devices, generate_series(0, 59999) i WHERE id = :d",
            t=START,
            d=device,
            r=received,
        )
    await rig.on_client(
        "INSERT INTO app.push_outbox (device_id, received_at, first_at, last_at, row_count, sent_rows, sent_time) "
        "SELECT device_id, received_at, min(time), max(time), 60000, 30000, min(time) + interval '30000 s' "
        "FROM monitoring.power_measurements WHERE device_id = :d GROUP BY 1, 2",
        d=mine,
    )
    if is_compressed:
        assert (await rig.on_client(_COMPRESS))[0][0] == 1
    await rig.on_client("ANALYZE monitoring.readings")
    for query in (statements._OLDEST, statements._FRESHEST):
        async with rig.client.db.transaction() as session:
            connection = await driver_connection(session)
            async with local_settings(session, statements._PLANNER_HINTS):
                found = await connection.fetchval(
                    f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", [], None, None, 0, 1001
                )
        plan = found if isinstance(found, list) else json.loads(found)
        nodes = [node for node in _nodes(plan[0]["Plan"]) if not _is_of_segments(node)]
        assert max(node["Actual Rows"] for node in nodes) <= 1001
        assert all(node.get("Rows Removed by Filter", 0) <= 1 for node in nodes)


def _nodes(plan: dict[str, Any]) -> Any:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


def _is_of_segments(node: dict[str, Any]) -> bool:
    """Whether it looks at what is compressed, a thousand readings to a row, and not at readings."""
    return node.get("Relation Name", "").startswith("compress_hyper_")


def _program(name: str) -> str:
    """Return the program of the embedded server, or the machine's own for an external one."""
    own = installed_binaries() / name
    found = shutil.which(name) if EXTERNAL_DSN in os.environ else own.exists() and str(own)
    if not found:
        pytest.skip(f"DUMP AND RESTORE NOT TESTED: no {name} of the server's version")
    return found


def _run(program: str, dsn: str, *arguments: str) -> None:
    url = make_url(dsn).set(drivername="postgresql").render_as_string(hide_password=False)
    done = subprocess.run([program, "-d", url, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@asynccontextmanager
async def _new_home(server: TestServer, directory: Path) -> AsyncIterator[str]:
    """Give an empty database of a new cluster; an external server cannot have one and gives one of its own."""
    if EXTERNAL_DSN not in os.environ:
        with EmbeddedServer(directory / "new", settings={"fsync": "off"}) as cluster:
            cluster.ensure_database("moved")
            yield cluster.dsn("moved")
        return
    name = f"portal_test_{os.getpid()}_moved"
    await server.execute(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
    try:
        yield server.dsn(name)
    finally:
        await server.drop(name)


async def _restore(file: Path, dsn: str) -> None:
    """Restore as docs/operations.md says."""
    database = Database(dsn, application_name="restore")
    is_timescale = await asyncio.to_thread(has_timescaledb)
    before = ("CREATE EXTENSION timescaledb", "SELECT timescaledb_pre_restore()")
    try:
        for statement in before if is_timescale else ():
            async with database.transaction() as session:
                await session.execute(text(statement))
        await asyncio.to_thread(_run, _program("pg_restore"), dsn, "--no-owner", str(file))
        if is_timescale:
            async with database.transaction() as session:
                await session.execute(text("SELECT timescaledb_post_restore()"))
    finally:
        await database.dispose()


async def test_a_dump_restored_into_a_new_cluster_goes_on_where_it_was(
    rigs: OpenRig, database_server: TestServer
) -> None:
    """Transaction ids start over there; and the old cluster pushed on after the dump."""
    dump = _program("pg_dump")
    rig = await rigs(FleetIngest__BatchSize="30", FleetIngest__MaxBatchesPerTick="2")
    device = await rig.add_device()
    for hour in range(4):
        await rig.store(device, 100, start=START + timedelta(hours=hour))
    await rig.tick()
    for _ in range(200):  # so that the ids of the new cluster lie behind
        await rig.on_client("SELECT pg_current_xact_id()")
    [[old_id]] = await rig.on_client("SELECT pg_current_xact_id()::text::bigint")
    with reachable_directory(in_memory=True) as directory:
        file = directory / "client.dump"
        await asyncio.to_thread(_run, dump, rig.client.db.dsn, "-Fc", "-f", str(file))
        await rig.tick()
        async with _new_home(database_server, directory) as dsn:
            await _restore(file, dsn)
            moved_database = Database(dsn, application_name="moved")
            moved = replace(rig, client=replace(rig.client, db=moved_database))
            try:
                [[new_id]] = await moved.on_client("SELECT pg_current_xact_id()::text::bigint")
                assert new_id < old_id or EXTERNAL_DSN in os.environ, "the case is not the one of this test"
                await _goes_on(moved, device)
            finally:
                await moved_database.dispose()
        shutil.rmtree(directory / "new", ignore_errors=True)


async def _goes_on(moved: Rig, device: UUID) -> None:
    await require_migrated(moved.client.db, RunMode.CLIENT)
    assert (await push.backlog(moved.client)).pending_rows == 340
    await moved.store(device, 50, start=START - timedelta(days=1))
    async with moved.client.db.transaction() as late:
        await moved.stored_late(late, device, series(25, START - timedelta(days=2)))
        await moved.tick()
    await moved.drain()
    await moved.assert_mirrored()
