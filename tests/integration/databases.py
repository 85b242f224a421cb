"""The PostgreSQL under the integration tests: the embedded one, or the one `PORTAL_TEST_DSN` names.

There is one for each process that runs tests. Each run mode is migrated once into a template database; every
test that asks for a stack gets a copy of its own, so tests may commit, use many connections and fail without
touching each other.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path

import asyncpg
from alembic import command
from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from portal.core import energy
from portal.core.database import migrations, reporting
from portal.core.database.db import Database
from portal.core.database.embedded.home import installed_binaries
from portal.core.database.embedded.server import EmbeddedServer
from portal.core.database.migrations import migrate
from portal.core.settings import RunMode, load_settings
from portal.core.stack import Stack, close_stack, open_stack

EXTERNAL_DSN = "PORTAL_TEST_DSN"
NOT_INSTALLED = "TimescaleDB IS NOT INSTALLED on the test server"
# Nothing here has to outlive the run.
_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "64MB",
    "max_wal_size": "96MB",
    "max_connections": "200",
}
_SHARED_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 3_000_000_000
_DIRECTORY = "portal-tests-"
_TIMESCALE = "SELECT count(*) FROM pg_available_extensions WHERE name = 'timescaledb'"


@dataclass
class Clock:
    """A stack's clock that stands still until a test moves it; Monday of the worked example by default."""

    now: datetime = datetime(2026, 5, 18, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> datetime:
        """Move on by a duration given like a timedelta's."""
        self.now += timedelta(**duration)
        return self.now


async def downgrade(database: Database, mode: RunMode, revision: str) -> None:
    """Take a database back to an earlier schema, with what it holds."""

    def go_back(connection: Connection) -> None:
        config = migrations._config(mode)
        config.attributes["connection"] = connection
        command.downgrade(config, revision)

    while True:
        try:
            async with database.engine.begin() as connection:
                await reporting.drop(connection)  # views that hang on what goes; a start makes them anew
                await connection.run_sync(go_back)
        except DBAPIError as error:
            if "deadlock" not in str(error):  # with a policy of TimescaleDB that was at work
                raise
        else:
            return


class TestServer:
    """A server on which this test run makes and drops databases of its own."""

    __test__ = False

    def __init__(self, superuser_dsn: str, *, keeps_nothing: bool = False) -> None:
        self._url = make_url(superuser_dsn)
        self._prefix = f"portal_test_{os.getpid()}"
        self._numbers = count(1)
        self._templates: dict[tuple[RunMode, str], str] = {}
        # Not through the log, and with what a first connection looks up: four times quicker where nothing waits for a
        # disk. A server that keeps what it has would write its whole memory out before every copy.
        self._strategy = "STRATEGY FILE_COPY" if keeps_nothing else ""

    def dsn(self, database: str) -> str:
        url = self._url.set(drivername="postgresql+asyncpg", database=database)
        return url.render_as_string(hide_password=False)

    async def execute(self, *statements: str) -> None:
        plain = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(plain)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def _template(self, mode: RunMode, storage: str) -> str:
        """Return a database as migrations make it, closed to connections; it is made when first asked for."""
        name = self._templates.get((mode, storage))
        if name is None:
            name = f"{self._prefix}_{mode.value.lower()}_{storage}_template"
            await self._migrate(name, mode, storage)
            self._templates[mode, storage] = name
        return name

    async def _migrate(self, name: str, mode: RunMode, storage: str) -> None:
        await self.execute(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
        settings = load_settings({"Application__RunMode": mode.value, "Database__Storage": storage})
        stack = open_stack(settings, self.dsn(name))
        await migrate(stack.db, mode)
        await energy.bootstrap(stack)
        await close_stack(stack)
        # Background workers of an extension would keep the template busy and so uncopyable.
        await self.execute(
            f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        )

    async def copy(self, mode: RunMode, storage: str = "auto") -> str:
        """Return the name of a fresh database of this run mode and storage engine."""
        template = await self._template(mode, storage)
        name = f"{self._prefix}_{next(self._numbers)}"
        await self.execute(self.copying(template, name))
        return name

    def copying(self, template: str, name: str) -> str:
        """Return the statement that makes a database of another one, to which nobody is connected."""
        return f"CREATE DATABASE {name} TEMPLATE {template} {self._strategy}"

    async def empty(self, label: str) -> str:
        """Return the name of a database that nothing has been put into; one of this label at a time."""
        name = f"{self._prefix}_{label}"
        await self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
        return name

    async def drop(self, name: str) -> None:
        await self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def drop_templates(self) -> None:
        for name in self._templates.values():
            asyncio.run(self.drop(name))


@contextmanager
def reachable_directory(*, in_memory: bool = False) -> Iterator[Path]:
    """A directory that goes away, and that the database's user gets into also when the tests run as root."""
    parent = _memory() if in_memory else None
    if parent is not None:
        _clear_what_the_killed_left(parent)
    directory = Path(tempfile.mkdtemp(prefix=f"{_DIRECTORY}{os.getpid()}-", dir=parent))
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


def _memory() -> Path | None:
    """The machine's file system in memory where it has room, else None: the machine's temporary directory.

    A file system on a disk spends more time on the files of a thousand databases made and dropped (ext4 looks through
    what was deleted a moment ago for every new one) than all of the tests together on what is in them.
    """
    if not os.access(_SHARED_MEMORY, os.W_OK | os.X_OK):
        return None
    found = os.statvfs(_SHARED_MEMORY)
    # The server's programs may have to be copied beside its data, and are run there.
    has_room = found.f_bavail * found.f_frsize >= _ROOM_BYTES and not found.f_flag & os.ST_NOEXEC
    return _SHARED_MEMORY if has_room else None


def _clear_what_the_killed_left(parent: Path) -> None:
    """Remove the directories of processes that are gone: they would hold memory for ever."""
    for directory in parent.glob(f"{_DIRECTORY}*-*"):
        owner = directory.name.removeprefix(_DIRECTORY).partition("-")[0]
        if owner.isdecimal() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def running_server() -> Iterator[TestServer]:
    """The external server as it is, or an embedded one in a directory that goes away."""
    external = os.environ.get(EXTERNAL_DSN)
    if external:
        server = TestServer(external)
        yield server
        server.drop_templates()
        return
    with (
        reachable_directory(in_memory=True) as directory,
        EmbeddedServer(directory / "postgres", settings=_FAST) as embedded,
    ):
        yield TestServer(embedded.dsn(), keeps_nothing=True)


@dataclass
class Stacks:
    """Opens stacks over fresh databases and closes all of them."""

    server: TestServer
    clock: Clock
    data_directory: Path
    opened: list[tuple[Stack, str]] = field(default_factory=list)

    async def client(self, **settings: str) -> Stack:
        """Open a Client stack over an empty, migrated database; settings by their documented names."""
        return await self._open(RunMode.CLIENT, settings)

    async def admin(self, **settings: str) -> Stack:
        """Open an Admin stack over an empty, migrated database."""
        return await self._open(RunMode.ADMIN, settings)

    async def _open(self, mode: RunMode, given: dict[str, str]) -> Stack:
        name = await self.server.copy(mode, given.get("Database__Storage", "auto"))
        dsn = self.server.dsn(name)
        defaults = {
            "Application__RunMode": mode.value,
            "Database__ConnectionString": dsn,
            "Storage__DataDirectory": str(self.data_directory / name),
        }
        stack = replace(open_stack(load_settings({**defaults, **given}), dsn), clock=self.clock)
        self.opened.append((stack, name))
        return stack

    async def close(self) -> None:
        for stack, name in self.opened:
            await close_stack(stack)
            await self.server.drop(name)


def describe_server() -> str:
    """One line: which PostgreSQL, and whether TimescaleDB is installed there."""
    version, where, has_timescale = _look_at_server()
    timescale = "TimescaleDB installed" if has_timescale else "TimescaleDB NOT INSTALLED: plain engine only"
    return f"database: {where} PostgreSQL {version}, {timescale}"


def has_timescaledb() -> bool:
    """Whether the server of this run can have TimescaleDB databases."""
    return _look_at_server()[2]


@cache
def _look_at_server() -> tuple[str, str, bool]:
    external = os.environ.get(EXTERNAL_DSN)
    if external:
        version, has_timescale = asyncio.run(_ask_external(external))
        where = f"external ({EXTERNAL_DSN})"
    else:
        binaries = installed_binaries()
        version = _run(binaries / "postgres", "--version").split()[-1]
        share = Path(_run(binaries / "pg_config", "--sharedir"))
        has_timescale = (share / "extension" / "timescaledb.control").exists()
        where = "embedded"
    return version, where, has_timescale


async def _ask_external(dsn: str) -> tuple[str, bool]:
    connection = await asyncpg.connect(
        make_url(dsn).set(drivername="postgresql").render_as_string(hide_password=False)
    )
    try:
        version = await connection.fetchval("SHOW server_version")
        return str(version), bool(await connection.fetchval(_TIMESCALE))
    finally:
        await connection.close()


def _run(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
