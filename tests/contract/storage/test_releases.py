"""`portal upgrade` from every release there was: in one step, tried on a copy first, and back when something fails."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, text

from portal.commands import upgrade as upgrading
from portal.commands.upgrade import upgrade
from portal.core import energy
from portal.core.database import migrations
from portal.core.database.migrations import go_back, heads_of, require_migrated, revisions_of
from portal.core.database.releases import RELEASES, Release
from portal.core.errors import Conflict, Misconfigured, PortalError
from portal.core.operations.queries.contents import contents
from portal.core.operations.service import upgrades
from portal.core.settings import RunMode, load_settings
from portal.core.stack import Stack, close_stack, open_stack
from tests.contract.storage.fleet import METERS, Fleet, ago, readings
from tests.integration.databases import TestServer
from tests.length import usual_or_long

_EVERY = [release for release in RELEASES if release.heads(RunMode.ADMIN) != heads_of(RunMode.ADMIN)]
# As the ingest of those releases stored them: wide, in a partition that was there before, hours still to be computed.
_READINGS = """
WITH site AS (INSERT INTO monitoring.sites (name) VALUES ('Office') RETURNING id), device AS (
    INSERT INTO monitoring.devices (id, site_id, name, external_id, token_hash{columns})
    SELECT lpad(n::text, 32, '0')::uuid, site.id, 'Meter', 'SN-' || n, 'hash ' || n{values}
    FROM site, generate_series(1, 3) n
    RETURNING id
) SELECT count(*) FROM device;
CREATE TABLE monitoring.power_measurements_20260216 PARTITION OF monitoring.power_measurements
    FOR VALUES FROM ('2026-02-16 00:00Z') TO ('2026-02-23 00:00Z');
INSERT INTO monitoring.power_measurements (time, device_id, active_power_kw, energy_imported_kwh)
    SELECT '2026-02-17 00:00Z'::timestamptz + n * interval '10 minutes', d.id, 3, 1000 + n * 0.5
    FROM monitoring.devices d, generate_series(0, 400) n;
"""
# Since then meters have numbers.
_NUMBERED = {"0.3.0": {"columns": ", customer, meter", "values": ", 1, n"}}
_QUEUED = """
SELECT {what} FROM (
    SELECT device_id, date_trunc('hour', time, 'UTC') AS hour, min(time) AS first_at
    FROM monitoring.power_measurements GROUP BY 1, 2
) h
"""
_QUEUE = {
    "0.1.0": "INSERT INTO monitoring.rollup_queue (device_id, hour, first_at)"
    + _QUEUED.format(what="device_id, hour, first_at"),
}
_QUEUE_OF_BATCHES = "INSERT INTO monitoring.rollup_batches (device_ids, hours, firsts)" + _QUEUED.format(
    what="array_agg(device_id), array_agg(hour), array_agg(first_at)"
)
_ENERGY = "SELECT coalesce(sum(allocated_milliwh + unallocated_milliwh), 0)::bigint FROM {daily_energy}"
_COUNT = "SELECT count(*) FROM {power_measurements}"


def _named(release: Release) -> str:
    return release.version


async def _value(stack: Stack, statement: str) -> object:
    async with stack.db.snapshot() as session:
        return (await session.execute(text(stack.layout.sql(statement)))).scalar()


def _dumps(folder: Path) -> list[str]:
    return [str(path) for path in folder.glob("*.dump")]


@pytest.fixture
async def empty_client(database_server: TestServer) -> AsyncIterator[Stack]:
    """A Client on plain PostgreSQL whose database has nothing in it."""
    name = await database_server.empty("released")
    settings = load_settings({"Application__RunMode": "Client", "Database__Storage": "plain"})
    stack = open_stack(settings, database_server.dsn(name))
    yield stack
    await close_stack(stack)
    await database_server.drop(name)


async def as_released(stack: Stack, release: Release) -> None:
    """Make the database by the migrations of a release alone, and put readings into it."""

    def make(connection: Connection) -> None:
        config = migrations._config(RunMode.CLIENT)
        config.attributes["connection"] = connection
        for revision in (release.client, release.shared):
            command.upgrade(config, revision)

    async with stack.db.engine.begin() as connection:
        await connection.execute(text("CREATE SCHEMA app"))
        await connection.run_sync(make)
        queue = _QUEUE.get(release.version, _QUEUE_OF_BATCHES)
        readings_of = _READINGS.format(**_NUMBERED.get(release.version, {"columns": "", "values": ""}))
        for statement in (*readings_of.removesuffix(";\n").split(";\n"), queue):
            await connection.execute(text(statement))


@pytest.mark.parametrize(
    "release", usual_or_long(_EVERY[:2], [r for r in RELEASES if r.version < "0.4"]), ids=_named
)
async def test_the_database_of_a_client_of_any_release_is_upgraded_in_one_step(
    empty_client: Stack, release: Release, tmp_path: Path
) -> None:
    stack = empty_client
    await as_released(stack, release)
    done = await upgrade(stack, tmp_path)
    assert (done.earlier_release, done.is_changed) == (release.version, True)
    assert done.proof is not None
    assert (done.proof.differences, done.proof.meter_count) == ((), 3)
    await require_migrated(stack.db, RunMode.CLIENT)
    await energy.refresh(stack)
    assert await _value(stack, _ENERGY) == 3 * 200_000_000
    assert await _value(stack, _COUNT) == 3 * 401
    assert [done.backup] == _dumps(tmp_path)
    assert (await upgrade(stack, tmp_path)).backup is None


async def _filled(fleet: Fleet) -> None:
    for customer, devices in METERS.items():
        for device in devices:
            await fleet.store(readings(customer, device, ago(days=9), timedelta(minutes=30), 200))
    await fleet.refresh()


@pytest.mark.parametrize("release", usual_or_long(_EVERY[1:2], _EVERY), ids=_named)
async def test_an_admins_database_comes_back_to_any_release_and_from_there_to_this_one(
    fleet: Fleet, release: Release, tmp_path: Path
) -> None:
    """With the readings it had, on either engine: nothing of it is lost on the way there or back."""
    stack = fleet.stack
    await _filled(fleet)
    held = await _value(stack, _ENERGY), await _value(stack, _COUNT)
    await go_back(stack.db, RunMode.ADMIN, release.heads(RunMode.ADMIN))
    await stack.db.dispose()
    assert await revisions_of(stack.db, RunMode.ADMIN) == release.heads(RunMode.ADMIN)
    done = await upgrade(stack, tmp_path)
    assert done.earlier_release == release.version
    assert done.proof is not None
    assert (done.proof.differences, done.proof.meter_count) == ((), 3)
    await fleet.refresh()
    assert (await _value(stack, _ENERGY), await _value(stack, _COUNT)) == held


async def _readings(stack: Stack) -> list[tuple[object, ...]]:
    """What that release reads: its meters' tokens and every reading."""
    asked = (
        "SELECT d.external_id, d.token_hash, m.time, m.active_power_kw, m.energy_imported_kwh "
        "FROM monitoring.power_measurements m JOIN monitoring.devices d ON d.id = m.device_id ORDER BY 1, 3"
    )
    async with stack.db.snapshot() as session:
        return [tuple(row) for row in await session.execute(text(asked))]


async def _held(stack: Stack) -> object:
    async with stack.db.snapshot() as session:
        return await contents(session, stack.layout)


class TestBack:
    """Whatever fails, the database is what it was, and an earlier release goes on with it."""

    async def test_what_cannot_be_served_from_is_taken_back(
        self, empty_client: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stack = empty_client
        await as_released(stack, _EVERY[1])
        before, real, calls = await _readings(stack), upgrading.prepare_to_serve, []

        async def fails_in_earnest(prepared: Stack) -> None:
            calls.append(prepared)
            await real(prepared)
            if prepared is stack:
                raise Misconfigured("the disk is full")

        monkeypatch.setattr(upgrading, "prepare_to_serve", fails_in_earnest)
        with pytest.raises(PortalError, match=r"taken back to the schema it had.*the disk is full"):
            await upgrade(stack, tmp_path)
        assert len(calls) == 2
        assert await revisions_of(stack.db, RunMode.CLIENT) == _EVERY[1].heads(RunMode.CLIENT)
        assert await _readings(stack) == before

    async def test_what_fails_on_the_copy_never_reaches_the_database(
        self, empty_client: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stack = empty_client
        await as_released(stack, _EVERY[0])
        before = await _held(stack)

        async def no_way_back(*_: object) -> None:
            raise PortalError("no way back")

        monkeypatch.setattr(upgrades, "try_way_back", no_way_back)
        with pytest.raises(PortalError, match="no way back"):
            await upgrade(stack, tmp_path)
        assert await _held(stack) == before

    async def test_energy_that_a_migration_changed_takes_it_back(
        self, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stack, real = fleet.stack, migrations._upgrade
        await _filled(fleet)
        await go_back(stack.db, RunMode.ADMIN, _EVERY[2].heads(RunMode.ADMIN))
        before = await _value(stack, _ENERGY)

        def loses(connection: Connection, mode: RunMode) -> None:
            real(connection, mode)
            connection.execute(
                text("UPDATE fleet.daily_energy SET allocated_milliwh = allocated_milliwh - 1")
            )

        monkeypatch.setattr(migrations, "_upgrade", loses)
        found = await upgrades.look(stack)
        with pytest.raises(PortalError, match="other energy"):
            await upgrades.bring(stack, found, "9.9.9", upgrading.prepare_to_serve)
        assert await revisions_of(stack.db, RunMode.ADMIN) == found.revisions
        assert await _value(stack, _ENERGY) == before

    async def test_two_at_once(self, empty_client: Stack, tmp_path: Path) -> None:
        async with upgrades.alone(empty_client):
            with pytest.raises(Conflict, match="upgraded already"):
                await upgrade(empty_client, tmp_path)


async def test_a_new_database_gets_the_schema_and_needs_no_backup(
    empty_client: Stack, tmp_path: Path
) -> None:
    done = await upgrade(empty_client, tmp_path)
    assert (done.is_changed, done.backup, done.earlier_release) == (True, None, None)
    await require_migrated(empty_client.db, RunMode.CLIENT)
