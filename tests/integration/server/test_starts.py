"""A start that cannot work ends with one line that says what to change, and status 1."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from portal.core.settings import RunMode
from tests.architecture.source import ROOT
from tests.integration.databases import TestServer
from tests.ports import free_port

VERBS = (["migrate"], ["cost", "--from", "2026-01-01", "--to", "2026-01-02"], ["site", "add", "x"])


def run(directory: Path, dsn: str, *verb: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "Database__ConnectionString": dsn}
    command = [sys.executable, "-m", "portal.cli", *verb]
    return subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def assert_one_line(done: subprocess.CompletedProcess[str], words: str) -> None:
    assert done.returncode == 1, done.stderr
    said = done.stderr.strip().splitlines()
    assert len(said) == 1, done.stderr
    assert said[0].startswith("portal: ")
    assert words in said[0]
    assert "hidden" not in said[0], "the password is repeated"


@pytest.mark.parametrize(
    ("dsn", "words"),
    [
        ("postgresql://u:hidden@127.0.0.1:x/d", "the port is not a number"),
        ("postgresql://u:hidden@127.0.0.1:99999/d", "port is not a number from 1 to 65535"),
        ("postgresql://u:hid%ffden@127.0.0.1/d", "a percent escape that is not UTF-8"),
        ("postgresql://u:hidden@127.0.0.1/d?sslmode=perhaps", "sslmode"),
        ("postgresql://u:hidden@[::1/d", "an IPv6 address stands in brackets"),
        ("Host=127.0.0.1;Database=d;Password=hidden;x", "a part without '='"),
        ("mysql://u:hidden@127.0.0.1/d", "not a postgresql:// URL"),
        ("postgresql://u:hidden@nobody.invalid/d", "cannot be reached"),
    ],
)
def test_an_address_that_cannot_be_one(tmp_path: Path, dsn: str, words: str) -> None:
    assert_one_line(run(tmp_path, dsn, "migrate"), words)


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    assert_one_line(
        run(tmp_path, f"postgresql://u:hidden@127.0.0.1:{free_port()}/d", "migrate"), "cannot be reached"
    )


def test_a_database_or_a_setting_that_the_server_does_not_know(
    database_server: TestServer, tmp_path: Path
) -> None:
    missing = database_server.dsn("no_such_database").replace("+asyncpg", "")
    assert_one_line(run(tmp_path, missing, "migrate"), 'database "no_such_database" does not exist')
    url = make_url(database_server.dsn("postgres")).set(drivername="postgresql")
    odd = url.update_query_dict({"nonsense": "1"}).render_as_string(hide_password=False)
    assert_one_line(run(tmp_path, odd, "migrate"), "nonsense")


def test_a_database_of_a_newer_release(database_server: TestServer, tmp_path: Path) -> None:
    name = asyncio.run(database_server.copy(RunMode.CLIENT))
    dsn = database_server.dsn(name).replace("+asyncpg", "")
    asyncio.run(_execute(dsn, "INSERT INTO app.alembic_version VALUES ('9999_of_the_future')"))
    try:
        for verb in VERBS:
            assert_one_line(run(tmp_path, dsn, *verb), "served by a newer release")
    finally:
        asyncio.run(database_server.drop(name))


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
