"""What comes before an upgrade of a database, and the change itself, which is taken back when something fails."""

from __future__ import annotations

import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from portal.core.audit import queries as audit
from portal.core.database.choice import judge
from portal.core.database.migrations import go_back, heads_of, migrate, revisions_of
from portal.core.database.releases import release_of
from portal.core.database.rows import fetch_value
from portal.core.errors import Conflict, Misconfigured, PortalError
from portal.core.log import logger
from portal.core.operations.queries import upgrades

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from pathlib import Path

    from portal.core.database.migrations import Guard
    from portal.core.stack import Stack

    Prepare = Callable[[Stack], Awaitable[object]]

_UPGRADE_LOCK = 7_301_301  # any constant of our own: one upgrade of a database at a time
_log = logger("upgrade")


@dataclass(frozen=True)
class SchemaFound:
    """At which revisions a database is, and the release that left it there; None where no release did."""

    revisions: frozenset[str]
    release: str | None
    is_current: bool

    @property
    def is_new(self) -> bool:
        """Whether the database has nothing of the product yet."""
        return not self.revisions


def _room_in(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(folder).free
    except OSError as error:
        raise Misconfigured(f"{folder} cannot hold the backup: {error.strerror}.") from None


@asynccontextmanager
async def alone(stack: Stack) -> AsyncGenerator[None, None]:
    """Keep other upgrades of the same database away for a block. Raises `Conflict` while there is one."""
    connection = await stack.db.dedicated()
    try:
        if not await fetch_value(connection, bool, "SELECT pg_try_advisory_lock($1)", _UPGRADE_LOCK):
            raise Conflict("This database is being upgraded already.")
        yield
    finally:
        await connection.close()


async def look(stack: Stack) -> SchemaFound:
    """Return which schema there is. Raises `Misconfigured` where this release cannot serve what is there."""
    mode = stack.settings.run_mode
    found = await revisions_of(stack.db, mode)
    await judge(stack.settings, stack.db)
    return SchemaFound(found, release_of(mode, found), is_current=found == heads_of(mode))


async def check(stack: Stack, folder: Path) -> None:
    """Raise `Misconfigured` where a backup in a folder, or a copy beside the database, could not be made."""
    async with stack.db.snapshot() as session:
        may_copy = await upgrades.may_make_databases(session)
        needed = await upgrades.size_of_database(session)
    if not may_copy:
        raise Misconfigured(
            "An upgrade is tried on a copy first, and the database's role may not make one: ALTER ROLE ... CREATEDB."
        )
    free = _room_in(folder)
    if free < needed:
        raise Misconfigured(
            f"{folder} has {free / 1e6:.0f} MB left, and a backup may take {needed / 1e6:.0f} MB: "
            "make room, or name another folder with --folder."
        )


async def begin(stack: Stack, prepare: Prepare) -> None:
    """Make the schema of an empty database, and what is served from it."""
    await migrate(stack.db, stack.settings.run_mode)
    await prepare(stack)


async def bring(stack: Stack, found: SchemaFound, version: str, prepare: Prepare) -> float:
    """Change the schema, with all energy held still and the same after it, then prepare what is served from it.

    Where that fails the database is taken back to what was found, with all that was stored meanwhile. Returns the
    seconds in which an earlier release could not serve. Raises `PortalError` with what failed.
    """
    mode, began = stack.settings.run_mode, monotonic()
    await migrate(stack.db, mode, guard=_guard(stack))
    try:
        await prepare(stack)
        async with stack.db.transaction() as session:
            await audit.record(
                session, "stack.upgraded", version, f"from release {found.release or 'unknown'}"
            )
    except Exception as error:
        _log.exception("The new schema cannot be served from", may_repeat_input=True)
        await _take_back(stack, found)
        words = error.message if isinstance(error, PortalError) else type(error).__name__
        raise PortalError(
            f"The database was taken back to the schema it had. What failed: {words}"
        ) from error
    return monotonic() - began


async def try_way_back(stack: Stack, found: SchemaFound) -> None:
    """Take a copy back to the schema that was found. Raises `PortalError` where that is not possible."""
    await go_back(stack.db, stack.settings.run_mode, found.revisions)
    if await revisions_of(stack.db, stack.settings.run_mode) != found.revisions:
        raise PortalError("The copy did not come back to the schema it had.")


async def _take_back(stack: Stack, found: SchemaFound) -> None:
    await stack.db.dispose()
    await go_back(stack.db, stack.settings.run_mode, found.revisions)


def _guard(stack: Stack) -> Guard:
    return lambda connection: upgrades.energy_held(connection, stack.layout)
