"""A backup is taken, its database is gone, and what is restored of it is all there was: on either engine."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from portal.core.errors import Conflict, Invalid, Misconfigured, PortalError
from portal.core.operations.queries.contents import contents
from portal.core.operations.service import backups
from portal.core.settings import load_settings
from portal.core.stack import Stack, close_stack, open_stack
from tests.contract.storage.fleet import ALICE, CHARLIE, METERS, Fleet, ago, readings
from tests.integration.databases import Clock, TestServer


@pytest.fixture
async def empty(
    database_server: TestServer, engine: str, request: pytest.FixtureRequest
) -> AsyncIterator[Stack]:
    """A stack of the Admin's whose database has nothing in it yet."""
    name = await database_server.empty("restored")
    settings = load_settings({"Application__RunMode": "Admin", "Database__Storage": engine})
    stack = open_stack(settings, database_server.dsn(name))
    yield stack
    await close_stack(stack)
    await database_server.drop(name)


@pytest.fixture
async def filled(fleet: Fleet) -> Fleet:
    for customer, devices in METERS.items():
        for device in devices:
            await fleet.store(readings(customer, device, ago(days=20), timedelta(minutes=30), 900))
    await fleet.refresh()
    await fleet.compress()
    return fleet


async def test_everything_comes_back_after_the_database_is_gone(
    filled: Fleet, empty: Stack, database_server: TestServer, tmp_path: Path
) -> None:
    file = tmp_path / "portal.dump"
    note = await backups.take(filled.stack, file)
    async with filled.stack.db.snapshot() as session:
        held = await contents(session, filled.stack.layout)
    assert note.rows == sum(content.row_count for content in held.values())
    assert note.tables["fleet.readings"][0] == 3 * 900
    assert file.stat().st_mode & 0o077 == 0
    hours, days = await filled.hourly(), await filled.daily()
    await close_stack(filled.stack)
    await database_server.drop(make_url(filled.stack.db.dsn).database or "")

    proof = await backups.restore(empty, file)
    assert proof.differences == ()
    assert proof.meter_count == 3
    restored = Fleet(empty)
    assert (await restored.hourly(), await restored.daily()) == (hours, days)
    # It is a database like any other: what comes now is taken.
    await restored.store(readings(ALICE, METERS[ALICE][0], ago(hours=3), timedelta(minutes=30), 4))


async def test_a_backup_is_proven_beside_the_stack_and_nothing_is_left_of_that(
    filled: Fleet, database_server: TestServer, tmp_path: Path
) -> None:
    file = tmp_path / "portal.dump"
    await backups.take(filled.stack, file)
    proof = await backups.prove(filled.stack, file)
    assert (proof.differences, proof.meter_count) == ((), 3)
    rows = await filled.rows("SELECT datname FROM pg_database WHERE datname LIKE 'portal_proof%'")
    assert rows == []


async def test_what_is_stored_meanwhile_is_in_neither_dump_nor_note(
    filled: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = backups.dump_tools.dump

    async def slow(*arguments: object, **options: object) -> None:
        await filled.store(readings(CHARLIE, METERS[CHARLIE][0], ago(hours=5), timedelta(minutes=10), 6))
        await real(*arguments, **options)

    monkeypatch.setattr(backups.dump_tools, "dump", slow)
    note = await backups.take(filled.stack, tmp_path / "portal.dump")
    assert note.tables["fleet.readings"][0] == 3 * 900
    assert (await backups.prove(filled.stack, tmp_path / "portal.dump")).differences == ()


async def test_every_night_a_backup_comes_back_beside_the_stack_and_that_is_on_record(
    filled: Fleet, tmp_path: Path
) -> None:
    stack, clock, folder = filled.stack, filled.stack.clock, tmp_path / "backups"
    assert isinstance(clock, Clock)
    assert await backups.restores(stack) is None
    await backups.prove_if_due(stack, folder)
    found = await backups.restores(stack)
    assert found is not None
    assert (found.latest.problem, found.latest.meter_count, found.proven_at) == ("", 3, clock.now)
    assert found.latest.row_count > 3 * 900
    clock.advance(hours=23)
    await backups.prove_if_due(stack, folder)
    assert await backups.restores(stack) == found
    # The next is no backup, and said to be none; the one that was proven stays, however old.
    clock.advance(hours=2)
    _make_old(folder)
    (folder / f"nightly-{clock.now:%Y%m%dT%H%M%SZ}.dump").touch()
    await backups.prove_if_due(stack, folder)
    failed = await backups.restores(stack)
    assert failed is not None
    assert "is there already" in failed.latest.problem
    assert failed.proven_at == found.proven_at
    assert Path(found.latest.file) in _files(folder)


@pytest.mark.parametrize("engine", ["plain"], indirect=True)
async def test_old_backups_go_once_a_newer_one_is_proven(filled: Fleet, tmp_path: Path) -> None:
    (tmp_path / "nightly-20200101T000000Z.dump").touch()
    (tmp_path / "before-0.4.0.dump").touch()
    _make_old(tmp_path)
    await backups.prove_if_due(filled.stack, tmp_path)
    names = sorted(path.name for path in _files(tmp_path))
    assert len(names) == 3
    assert names[0] == "before-0.4.0.dump"
    assert names[1].startswith("nightly-2026")


@pytest.mark.parametrize("engine", ["plain"], indirect=True)
async def test_what_a_killed_proof_left_goes_with_the_next(filled: Fleet, tmp_path: Path) -> None:
    database = make_url(filled.stack.db.dsn).database
    [[number]] = await filled.rows(f"SELECT oid FROM pg_database WHERE datname = '{database}'")
    async with filled.connection() as connection:
        await connection.execute(f"CREATE DATABASE portal_proof_{number}_left")
        await backups.take(filled.stack, tmp_path / "portal.dump")
        await backups.prove(filled.stack, tmp_path / "portal.dump")
        assert (
            await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname LIKE 'portal_proof%'")
            == 0
        )


def _make_old(folder: Path) -> None:
    for path in folder.iterdir():
        os.utime(path, (0, 0))


@pytest.mark.parametrize("engine", ["plain"], indirect=True)
class TestRefusals:
    async def test_a_dump_that_was_changed(self, filled: Fleet, empty: Stack, tmp_path: Path) -> None:
        file = tmp_path / "portal.dump"
        await backups.take(filled.stack, file)
        file.write_bytes(file.read_bytes()[:-1] + b"x")
        with pytest.raises(Invalid, match="not what its note says"):
            await backups.restore(empty, file)

    async def test_a_copy_that_lacks_a_row(self, filled: Fleet, empty: Stack, tmp_path: Path) -> None:
        file = tmp_path / "portal.dump"
        await backups.take(filled.stack, file)
        path = tmp_path / "portal.dump.json"
        note = json.loads(path.read_text())
        note["tables"]["fleet.readings"][0] += 1
        path.write_text(json.dumps(note))
        with pytest.raises(PortalError, match=r"not what was dumped, in fleet\.readings"):
            await backups.restore(empty, file)

    async def test_a_database_with_something_in_it(self, filled: Fleet, tmp_path: Path) -> None:
        file = tmp_path / "portal.dump"
        await backups.take(filled.stack, file)
        with pytest.raises(Conflict, match="not empty"):
            await backups.restore(filled.stack, file)

    async def test_a_file_that_is_there(self, filled: Fleet, tmp_path: Path) -> None:
        file = tmp_path / "portal.dump"
        file.write_text("somebody's")
        with pytest.raises(Conflict, match="is there already"):
            await backups.take(filled.stack, file)
        assert file.read_text() == "somebody's"
        assert _files(tmp_path) == [file]

    async def test_a_stack_of_the_other_run_mode(self, filled: Fleet, empty: Stack, tmp_path: Path) -> None:
        file = tmp_path / "portal.dump"
        await backups.take(filled.stack, file)
        client = open_stack(load_settings({"Application__RunMode": "Client"}), empty.db.dsn)
        with pytest.raises(Misconfigured, match="RunMode=Admin"):
            await backups.restore(client, file)
        await close_stack(client)

    async def test_a_note_that_is_missing(self, empty: Stack, tmp_path: Path) -> None:
        (tmp_path / "portal.dump").write_text("x")
        with pytest.raises(Invalid, match="cannot be read"):
            await backups.restore(empty, tmp_path / "portal.dump")


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir())
