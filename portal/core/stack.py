"""One running stack: its settings, its pool, its storage engine and its clock."""

from __future__ import annotations

from asyncio import sleep
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING

import asyncpg

from portal.core import outages
from portal.core.database.choice import judge, open_storage
from portal.core.database.connection_strings import configured_dsn
from portal.core.database.db import Database
from portal.core.database.embedded.server import EmbeddedServer
from portal.core.database.layout import LAYOUTS
from portal.core.database.small_keys import SmallKeys
from portal.core.errors import Conflict, Misconfigured, Unavailable
from portal.core.shared_reads import SharedReads

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

    from portal.core.database.engine import Storage
    from portal.core.database.layout import Layout
    from portal.core.settings import Settings

EMBEDDED_DIRECTORY = "postgres"
EMBEDDED_DATABASE = "portal_client"
# What a connection to a server ends in that has just been started, and whose name may not be known yet.
_STARTING = (Unavailable, OSError, asyncpg.CannotConnectNowError)
_LOOK_SECONDS = 1


def utc_now() -> datetime:
    """Return the present instant, aware, UTC: the product's one clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Stack:
    """What every service needs."""

    settings: Settings
    db: Database
    storage: Storage
    clock: Callable[[], datetime] = field(default=utc_now)
    shared: SharedReads = field(default_factory=SharedReads, compare=False)
    small_keys: SmallKeys = field(default_factory=SmallKeys, compare=False)

    @property
    def layout(self) -> Layout:
        """How the run mode keeps readings and what comes of them."""
        return LAYOUTS[self.settings.run_mode]


def open_stack(settings: Settings, dsn: str | None = None, *, application_name: str = "portal") -> Stack:
    """Open a stack on `dsn` or on the database the settings name. Raises `Misconfigured` when there is none."""
    address = dsn or configured_dsn(settings)
    if address is None:
        message = "There is no database: set Database__ConnectionString."
        raise Misconfigured(message)
    return Stack(settings, Database(address, application_name=application_name), open_storage(settings))


@asynccontextmanager
async def opened_stack(
    settings: Settings,
    *,
    application_name: str = "portal",
    is_alone: bool = False,
    wait_seconds: float = 0,
    on_database_end: Callable[[str], object] | None = None,
) -> AsyncGenerator[Stack, None]:
    """Open the stack the settings name, and close it at the end of the block.

    The database is the configured one; without one, a Client in Development gets the embedded
    server, started here unless another process of the stack runs it already; with `is_alone` that is a
    `Conflict`. With `on_database_end` it is started again when it ends by itself, and the callback is told,
    from another thread, when that was given up. With `wait_seconds` a database that does not
    listen yet is waited for. Raises `Misconfigured` when there is no database or it cannot be reached.
    """
    with _address(settings, is_alone=is_alone, on_database_end=on_database_end) as address:
        stack = open_stack(settings, address, application_name=application_name)
        try:
            await _check_reachable(stack, monotonic() + wait_seconds)
            yield stack
        finally:
            await close_stack(stack)


@contextmanager
def _address(
    settings: Settings, *, is_alone: bool, on_database_end: Callable[[str], object] | None
) -> Generator[str | None, None, None]:
    configured = configured_dsn(settings)
    if configured or not settings.may_embed_database:
        yield configured
        return
    server = EmbeddedServer(settings.storage.data_directory / EMBEDDED_DIRECTORY)
    try:
        server.start()
    except Conflict:
        if is_alone:
            raise
        server.attach()
    try:
        if on_database_end is not None:
            server.supervise(on_database_end)
        server.ensure_database(EMBEDDED_DATABASE)
        yield server.dsn(EMBEDDED_DATABASE)
    finally:
        server.stop()


async def _reach(stack: Stack, until: float) -> None:
    """Connect; what refuses that as a server does that starts is tried again until `until` of the monotonic clock."""
    while True:
        try:
            connection = await stack.db.dedicated()
            try:
                await connection.execute("SELECT 1")  # the first statement loads what extensions need
            finally:
                await connection.close()
        except _STARTING:
            if monotonic() >= until:
                raise
        else:
            return
        await sleep(_LOOK_SECONDS)


async def _check_reachable(stack: Stack, until: float) -> None:
    try:
        await _reach(stack, until)
    except asyncpg.UndefinedFileError:
        await judge(stack.settings, stack.db)
        raise
    # A name that cannot be one, or a value of `sslmode` that is none, is a ValueError.
    except (Unavailable, OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        message = (
            f"The database cannot be reached: {outages.words_of(error)}. Look at Database__ConnectionString."
        )
        raise Misconfigured(message) from None


async def close_stack(stack: Stack) -> None:
    """Close the stack's connections, and end what is being read for many."""
    await stack.shared.close()
    await stack.db.dispose()


_installed: list[Stack] = []


def install(stack: Stack) -> None:
    """Make `stack` the one this process serves."""
    _installed[:] = [stack]


def uninstall() -> None:
    """Forget the process's stack."""
    _installed.clear()


def current() -> Stack:
    """Return the process's stack. Raises `Misconfigured` before one is installed."""
    if not _installed:
        message = "The stack is not open yet."
        raise Misconfigured(message)
    return _installed[0]
