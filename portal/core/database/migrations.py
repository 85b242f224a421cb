"""Brings a database to the current schema of one run mode."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal.core import outages
from portal.core.database import reporting
from portal.core.database.layout import LAYOUTS
from portal.core.database.restored import require_restored
from portal.core.database.rows import is_so, value_of, values_of
from portal.core.errors import Conflict, Misconfigured
from portal.core.log import logger
from portal.core.settings import PROJECT_ROOT, RunMode

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Collection

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

    from portal.core.database.db import Database

    Guard = Callable[[AsyncConnection], AbstractAsyncContextManager[object]]

_MIGRATION_LOCK = (
    7_301_001  # any constant of our own: two processes starting at once migrate one after the other
)
# While a change waits for a table, all who use that table wait behind it, the ingest first: it waits only for a moment,
# lets them go on, and tries again.
_LOCK_SECONDS = 3
_PAUSE_SECONDS = (1, 2, 4, 8)
_READINGS = {mode: layout.table("readings") for mode, layout in LAYOUTS.items()}
# By these a database is told to be of a run mode.
_SITES = {mode: layout.table("sites") for mode, layout in LAYOUTS.items()}
_OTHER = {RunMode.CLIENT: RunMode.ADMIN, RunMode.ADMIN: RunMode.CLIENT}
# A role that may not see others' transactions sees nobody here.
_USERS = """
SELECT string_agg(DISTINCT coalesce(nullif(application_name, ''), 'process ' || pid), ', ') FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
AND xact_start < now() - interval '1 second'
"""
_FIRST_SHARED = "shared_0001"
_log = logger("database")


@asynccontextmanager
async def _no_guard(_: AsyncConnection) -> AsyncGenerator[None, None]:
    yield


async def migrate(database: Database, mode: RunMode, *, guard: Guard = _no_guard) -> None:
    """Create or upgrade the schema; what holds a table of it is waited for some times, a few seconds each.

    What is raised within `guard`, which is around the change and in its transaction, takes the change back. Raises
    `Misconfigured` when the database belongs to the other run mode, has been served by a newer release or
    was only half restored, and `Conflict`, with nothing changed, when a table was held all the time.
    """
    await _patiently(database, lambda: _migrate(database, mode, guard))


async def go_back(database: Database, mode: RunMode, revisions: Collection[str]) -> None:
    """Take the schema back to these revisions, with all that the database holds and the earlier release knows.

    Raises as `migrate`; nothing has changed then.
    """
    await _patiently(database, lambda: _go_back(database, mode, revisions))


async def revisions_of(database: Database, mode: RunMode) -> frozenset[str]:
    """Return at which revisions a database is, none for one without a schema.

    Raises `Misconfigured` for one of a newer release, or that was only half restored.
    """
    async with database.engine.connect() as connection:
        found = await _revisions(connection)
        _refuse_newer(mode, found)
        await require_restored(connection, _READINGS[mode])
    return frozenset(found)


def heads_of(mode: RunMode) -> frozenset[str]:
    """Return the revisions at which this release leaves a database of a run mode."""
    return frozenset(_heads(mode))


async def _patiently(database: Database, change: Callable[[], Awaitable[None]]) -> None:
    for pause in (*_PAUSE_SECONDS, None):
        try:
            await change()
        except DBAPIError as error:
            if not outages.is_in_the_way(error):
                raise
            if pause is None:
                raise Conflict(await _who_is_in_the_way(database)) from error
            _log.warning(
                "The schema cannot be changed yet", reason=outages.reason_of(error), again_in_s=pause
            )
            await asyncio.sleep(pause)
        else:
            return


async def _who_is_in_the_way(database: Database) -> str:
    async with database.engine.connect() as connection:
        users = await value_of(connection, str, _USERS)
    return (
        f"The schema cannot be changed while its tables are in use{f' by {users}' if users else ''}: let that end, "
        "stop every other `portal serve` and `portal ingest` of this database, and start again. Nothing was changed."
    )


async def _migrate(database: Database, mode: RunMode, guard: Guard) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        foreign = await value_of(
            connection, str, "SELECT to_regclass(:name)::text", {"name": _SITES[_OTHER[mode]]}
        )
        if foreign:
            message = (
                f"This database holds {foreign}, so it belongs to the other run mode: "
                f"point Database__ConnectionString of RunMode={mode} at its own database."
            )
            raise Misconfigured(message)
        # First: of what a newer release keeps otherwise this one would say that it was lost.
        found = await _revisions(connection)
        _refuse_newer(mode, found)
        await require_restored(connection, _READINGS[mode])
        await connection.execute(text(f"SET LOCAL lock_timeout = {round(_LOCK_SECONDS * 1000)}"))
        await connection.execute(text("CREATE SCHEMA IF NOT EXISTS app"))
        if found != _heads(mode):
            await reporting.drop(connection)
        async with guard(connection):
            await connection.run_sync(_upgrade, mode)


async def _go_back(database: Database, mode: RunMode, revisions: Collection[str]) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        await connection.execute(text(f"SET LOCAL lock_timeout = {round(_LOCK_SECONDS * 1000)}"))
        await reporting.drop(connection)
        await connection.run_sync(_downgrade, mode, revisions)


def _downgrade(connection: Connection, mode: RunMode, revisions: Collection[str]) -> None:
    config = _config(mode)
    config.attributes["connection"] = connection
    # The first migration of a run mode stands on the first shared one, which is not noted beside it.
    for revision in sorted({*revisions} if len(revisions) > 1 else {*revisions, _FIRST_SHARED}):
        command.downgrade(config, revision)


def _upgrade(connection: Connection, mode: RunMode) -> None:
    config = _config(mode)
    config.attributes["connection"] = connection
    command.upgrade(config, "heads")


def _config(mode: RunMode) -> Config:
    root, config = PROJECT_ROOT / "alembic", Config()
    config.set_main_option("script_location", str(root))
    config.set_main_option("path_separator", "os")
    locations = (root / "versions" / "shared", root / "versions" / mode.value.lower())
    config.set_main_option("version_locations", ":".join(map(str, locations)))
    return config


async def require_migrated(database: Database, mode: RunMode) -> None:
    """Raise `Misconfigured` unless the database holds the current schema of a run mode, and all of it."""
    async with database.engine.connect() as connection:
        if not await is_so(connection, "SELECT to_regclass(:name) IS NOT NULL", {"name": _SITES[mode]}):
            raise Misconfigured("The database has no schema yet: run `portal migrate` first.")
        found = await _revisions(connection)
        _refuse_newer(mode, found)
        await require_restored(connection, _READINGS[mode])
    if found != _heads(mode):
        raise Misconfigured("The database has the schema of another release: run `portal migrate` first.")


def _heads(mode: RunMode) -> set[str]:
    return set(ScriptDirectory.from_config(_config(mode)).get_heads())


async def _revisions(connection: AsyncConnection) -> set[str]:
    if not await is_so(connection, "SELECT to_regclass('app.alembic_version') IS NOT NULL"):
        return set()
    return set(await values_of(connection, str, "SELECT version_num FROM app.alembic_version"))


def _refuse_newer(mode: RunMode, found: set[str]) -> None:
    """Refuse a schema that this release does not know: only a newer one can have made it."""
    known = {script.revision for script in ScriptDirectory.from_config(_config(mode)).walk_revisions()}
    if unknown := sorted(found - known):
        raise Misconfigured(
            f"The database was served by a newer release (its schema is at {', '.join(unknown)}): install that release "
            "again, or restore a dump from before the upgrade."
        )
