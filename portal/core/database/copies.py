"""Databases that are made of dumps: one beside the stack's own, and what TimescaleDB wants around a restore."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
from sqlalchemy.engine import make_url

from portal.core.database.rows import fetch_value
from portal.core.errors import Conflict, Invalid, Misconfigured

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from portal.core.database.db import Database

_COPY_LOCK = 7_301_303
# By the number of the database it is a copy of: others of the server have theirs.
_PREFIX = "SELECT 'portal_proof_' || oid || '_' FROM pg_database WHERE datname = current_database()"
_LEFT = "SELECT string_agg(datname, ' ') FROM pg_database WHERE starts_with(datname, $1)"
_NO_RIGHT = "The database's role may not make the database that a proof needs: ALTER ROLE ... CREATEDB."
_VERSION = re.compile(r"[\w.-]{1,40}")


@asynccontextmanager
async def scratch_database(database: Database) -> AsyncGenerator[str, None]:
    """Make an empty database on the same server, and drop it at the end of the block; yields its DSN.

    One at a time for a stack; what a process left that was killed goes with the next. Raises `Conflict` while there is
    one, `Misconfigured` where the role may not make databases.
    """
    connection = await database.dedicated()
    try:
        if not await fetch_value(connection, bool, "SELECT pg_try_advisory_lock($1)", _COPY_LOCK):
            raise Conflict("A copy of this database is being proven just now.")
        prefix = await fetch_value(connection, str, _PREFIX) or ""
        for left in (await fetch_value(connection, str, _LEFT, prefix) or "").split():
            await connection.execute(f"DROP DATABASE IF EXISTS {left} WITH (FORCE)")
        name = f"{prefix}{uuid4().hex[:12]}"
        try:
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
            yield make_url(database.dsn).set(database=name).render_as_string(hide_password=False)
        except asyncpg.InsufficientPrivilegeError:
            raise Misconfigured(_NO_RIGHT) from None
        finally:
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        await connection.close()


@asynccontextmanager
async def restoring(database: Database, timescaledb_version: str | None) -> AsyncGenerator[None, None]:
    """Have a database ready for a dump of this version of TimescaleDB, None for one without.

    Raises `Invalid` where that cannot be a version.
    """
    if timescaledb_version is None:
        yield
        return
    if not _VERSION.fullmatch(timescaledb_version):
        raise Invalid("The note names no version of TimescaleDB")
    connection = await database.dedicated()
    try:
        await connection.execute(f"CREATE EXTENSION timescaledb VERSION '{timescaledb_version}'")
        await connection.execute("SELECT timescaledb_pre_restore()")
        yield
        await connection.execute("SELECT timescaledb_post_restore()")
    finally:
        await connection.close()
