"""What a server offers of TimescaleDB, and which engine that makes of a database.

The extension may be there without being loaded, without its community features (Debian's build, or
`timescaledb.license = apache`), in a version the database was not made with, or out of the role's reach.
Each of these is one sentence here, and either a refusal or the reason why plain PostgreSQL serves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import asyncpg

from portal.core.database.autocommit import autocommit
from portal.core.database.rows import fetch_row, fetch_value
from portal.core.errors import Misconfigured
from portal.core.settings import StorageChoice

if TYPE_CHECKING:
    from portal.core.database.db import Database
    from portal.core.database.layout import Layout

OLDEST_VERSION = (2, 19)
# What this release was tried with. A later one may keep figures in another way, so that nothing is written beside it.
NEWEST_VERSION = (2, 28)
_NO_FEATURES = (
    "TimescaleDB runs without its community features (timescaledb.license is apache), "
    "so it has neither continuous aggregates nor compression"
)
_NO_RIGHTS = (
    "the database role may not create the extension: have an administrator run "
    "CREATE EXTENSION timescaledb in this database"
)
_TOO_NEW = "install a later release of the portal first, or the version of TimescaleDB from before"
_UPGRADE = "`portal storage upgrade` moves the readings there"


class Engine(StrEnum):
    """The two storage engines, as `portal doctor` names them."""

    POSTGRESQL = "postgresql"
    TIMESCALEDB = "timescaledb"


class ReadingsTable(StrEnum):
    """The shape of the table of readings."""

    MISSING = "missing"
    EMPTY_PARTITIONS = "empty partitions"
    FILLED_PARTITIONS = "filled partitions"
    HYPERTABLE = "hypertable"


@dataclass(frozen=True)
class Facts:
    """What the server and the database say about themselves; versions as text, None where there is none."""

    offered: tuple[str, ...]
    default_version: str | None
    installed: str | None
    is_preloaded: bool
    may_create: bool
    license: str | None
    readings: ReadingsTable
    refusal: str | None = None  # why creating the extension failed, where it was tried


@dataclass(frozen=True)
class Choice:
    """The engine of a database; `note` says why it is not TimescaleDB where somebody may expect it."""

    engine: Engine
    note: str | None = None


def obstacle(facts: Facts) -> str | None:
    """Return the first thing that keeps TimescaleDB from serving this database, in one sentence, or None."""
    version = facts.installed or facts.default_version
    if version is None:
        return "TimescaleDB is not installed on this server"
    oldest, newest = (".".join(map(str, bound)) for bound in (OLDEST_VERSION, NEWEST_VERSION))
    problems = (
        (unloadable(facts) is not None, unloadable(facts) or ""),
        (
            not facts.is_preloaded,
            "the server does not load TimescaleDB: add timescaledb to shared_preload_libraries",
        ),
        (
            _numbers(version) < OLDEST_VERSION,
            f"TimescaleDB {version} is older than {oldest}: run ALTER EXTENSION timescaledb UPDATE",
        ),
        (
            _numbers(version) > NEWEST_VERSION,
            f"TimescaleDB {version} is newer than {newest}, the last this release knows: {_TOO_NEW}",
        ),
        (facts.license == "apache", _NO_FEATURES),
        (
            facts.installed is None and not facts.may_create,
            _NO_RIGHTS,
        ),
        (facts.refusal is not None, facts.refusal or ""),
    )
    return next((sentence for is_so, sentence in problems if is_so), None)


def unloadable(facts: Facts) -> str | None:
    """Return why no query can run at all: the database was made with a version the server does not have."""
    if facts.installed is None or facts.installed in facts.offered:
        return None
    has = f"has {', '.join(facts.offered)}" if facts.offered else "does not have TimescaleDB"
    return (
        f"this database was made with TimescaleDB {facts.installed} and the server {has}: "
        "install that version on the server, or update the extension there as its manual says"
    )


def choose(facts: Facts, wanted: StorageChoice) -> Choice:
    """Return the engine for a database. Raises `Misconfigured` where neither would serve what is there."""
    hindrance = obstacle(facts)
    if facts.readings is ReadingsTable.HYPERTABLE:
        return _for_hypertable(hindrance, wanted)
    if unloadable(facts):
        raise Misconfigured(f"The database cannot be used: {unloadable(facts)}.")
    if wanted is StorageChoice.PLAIN:
        return Choice(Engine.POSTGRESQL, "Database__Storage=plain")
    if hindrance:
        if wanted is StorageChoice.TIMESCALE:
            raise Misconfigured(f"Database__Storage=timescale cannot be: {hindrance}.")
        return Choice(Engine.POSTGRESQL, hindrance)
    if facts.readings is ReadingsTable.FILLED_PARTITIONS:
        if wanted is StorageChoice.TIMESCALE:
            raise Misconfigured(
                f"Database__Storage=timescale: this database is still a plain one; {_UPGRADE}."
            )
        return Choice(Engine.POSTGRESQL, f"TimescaleDB could serve this database: {_UPGRADE}")
    return Choice(Engine.TIMESCALEDB)


def _for_hypertable(hindrance: str | None, wanted: StorageChoice) -> Choice:
    if hindrance:
        raise Misconfigured(f"The readings are in TimescaleDB and cannot be used: {hindrance}.")
    if wanted is StorageChoice.PLAIN:
        raise Misconfigured(
            "Database__Storage=plain cannot be: the readings of this database are in TimescaleDB. "
            "Set it to auto, or restore the readings into a new database."
        )
    return Choice(Engine.TIMESCALEDB)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("-", maxsplit=1)[0].split(".")[:2] if part.isdigit())


class _Said(NamedTuple):
    """What `_FACTS` returns; `kind` is that of the table of readings."""

    installed: str | None
    default_version: str | None
    offered: list[str]
    is_preloaded: bool
    may_create: bool
    kind: str | None


_SAYS_NOTHING = _Said(None, None, [], is_preloaded=False, may_create=False, kind=None)


async def gather(db: Database, layout: Layout) -> Facts:
    """Ask the server, on a connection that survives an extension that cannot be loaded."""
    async with autocommit(db, **{"timescaledb.disable_load": "on"}) as connection:
        readings = layout.table("readings")
        # Those of an earlier release lie in a table of their own until they are moved: the engine is that of both.
        wide = layout.table("power_measurements_wide")
        said = await fetch_row(connection, _Said, _FACTS, readings, wide) or _SAYS_NOTHING
        filled = said.kind == "p" and await fetch_value(
            connection, bool, layout.sql("SELECT EXISTS (SELECT 1 FROM {stored_readings})")
        )
    return Facts(
        offered=tuple(said.offered),
        default_version=said.default_version,
        installed=said.installed,
        is_preloaded=said.is_preloaded,
        may_create=said.may_create,
        license=await _license(db) if said.installed in said.offered and said.is_preloaded else None,
        readings=_readings(said.kind, is_filled=bool(filled)),
    )


# A loaded library defines settings of its own; `shared_preload_libraries` itself is for superusers to read.
# The extension is trusted: whoever may create in the database may create it.
_FACTS = """
SELECT (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS installed,
       (SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb') AS default_version,
       coalesce((SELECT array_agg(version ORDER BY version) FROM pg_available_extension_versions
                 WHERE name = 'timescaledb'), '{}') AS offered,
       EXISTS (SELECT 1 FROM pg_settings WHERE name = 'timescaledb.max_background_workers') AS is_preloaded,
       coalesce((SELECT rolsuper FROM pg_roles WHERE rolname = current_user), false)
           OR (has_database_privilege(current_database(), 'CREATE')
               AND coalesce((SELECT bool_or(trusted) FROM pg_available_extension_versions
                             WHERE name = 'timescaledb'), false)) AS may_create,
       (SELECT relkind::text FROM pg_class WHERE oid = coalesce(to_regclass($2), to_regclass($1))) AS kind
"""


def _readings(kind: str | None, *, is_filled: bool) -> ReadingsTable:
    if kind is None:
        return ReadingsTable.MISSING
    if kind == "p":
        return ReadingsTable.FILLED_PARTITIONS if is_filled else ReadingsTable.EMPTY_PARTITIONS
    return ReadingsTable.HYPERTABLE


async def _license(db: Database) -> str | None:
    async with autocommit(db) as connection:
        await connection.execute("SELECT 1")  # loads the library, which defines the setting
        return await license_of(connection)


async def license_of(connection: asyncpg.Connection) -> str | None:
    """Return `timescale`, or `apache` where the community features are off or were not built."""
    return await fetch_value(connection, str, "SELECT current_setting('timescaledb.license', true)")


class _NoFeaturesError(Exception):
    """Rolls the extension's creation back."""


class _OnlyTriedError(Exception):
    """Rolls the extension's creation back where it went well."""


async def create_extension(db: Database) -> str | None:
    """Create the extension where it is missing; returns why it was not kept, or None when it is there.

    A server without the community features says so only once the extension exists: then it is taken back.
    """
    try:
        async with autocommit(db) as connection, connection.transaction():
            await _create_with_features(connection)
    except _NoFeaturesError:
        return _NO_FEATURES
    except asyncpg.PostgresError as error:
        return f"the extension could not be created: {error}"
    return None


async def tried(db: Database, facts: Facts) -> Facts:
    """Return the facts with what only creating the extension tells; nothing of it stays in the database."""
    if facts.installed or obstacle(facts) or facts.readings is ReadingsTable.HYPERTABLE:
        return facts
    try:
        async with autocommit(db) as connection, connection.transaction():
            await _create_with_features(connection, only_try=True)
    except _OnlyTriedError:
        pass
    except _NoFeaturesError:
        return replace(facts, license="apache")
    except asyncpg.PostgresError as error:
        return replace(facts, refusal=f"the extension could not be created: {error}")
    return facts


async def _create_with_features(connection: asyncpg.Connection, *, only_try: bool = False) -> None:
    await connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    if await license_of(connection) == "apache":
        raise _NoFeaturesError
    if only_try:
        raise _OnlyTriedError
