"""A start that cannot work ends with one line that says what to change, and status 1."""

import asyncio
import os
import subprocess
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from portal.core.settings import RunMode
from tests.integration.databases import TestServer
from tests.ports import free_port

VERBS = (["migrate"], ["cost", "--from", "2026-01-01", "--to", "2026-01-02"], ["site", "add", "x"])


class Shell:
    """Runs verbs in a directory of their own."""

    def __init__(self, program: Path, directory: Path) -> None:
        self._program = program
        self._directory = directory

    def run(self, dsn: str, *verb: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._program, *verb],
            cwd=self._directory,
            env={"PATH": os.environ["PATH"], "Database__ConnectionString": dsn},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@pytest.fixture
def shell(portal_program: Path, tmp_path: Path) -> Shell:
    return Shell(portal_program, tmp_path)


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
def test_an_address_that_cannot_be_one(shell: Shell, dsn: str, words: str) -> None:
    assert_one_line(shell.run(dsn, "migrate"), words)


def test_a_server_that_is_not_there(shell: Shell) -> None:
    assert_one_line(
        shell.run(f"postgresql://u:hidden@127.0.0.1:{free_port()}/d", "migrate"), "cannot be reached"
    )


def test_a_database_or_a_setting_that_the_server_does_not_know(
    database_server: TestServer, shell: Shell
) -> None:
    missing = database_server.dsn("no_such_database").replace("+asyncpg", "")
    assert_one_line(shell.run(missing, "migrate"), 'database "no_such_database" does not exist')
    url = make_url(database_server.dsn("postgres")).set(drivername="postgresql")
    odd = url.update_query_dict({"nonsense": "1"}).render_as_string(hide_password=False)
    assert_one_line(shell.run(odd, "migrate"), "nonsense")


def test_a_database_of_a_newer_release(database_server: TestServer, shell: Shell) -> None:
    name = asyncio.run(database_server.copy(RunMode.CLIENT))
    dsn = database_server.dsn(name).replace("+asyncpg", "")
    asyncio.run(_execute(dsn, "INSERT INTO app.alembic_version VALUES ('9999_of_the_future')"))
    # It may keep readings otherwise, which is no sign of half a restore.
    asyncio.run(_execute(dsn, "ALTER TABLE monitoring.readings DROP CONSTRAINT readings_pkey"))
    try:
        for verb in VERBS:
            assert_one_line(shell.run(dsn, *verb), "served by a newer release")
    finally:
        asyncio.run(database_server.drop(name))


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
