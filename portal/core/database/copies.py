"""Databases that are made of dumps: one beside the stack's own, and what TimescaleDB wants around a restore."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy.engine import make_url

from portal.core.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from portal.core.database.db import Database

_VERSION = re.compile(r"[\w.-]{1,40}")


@asynccontextmanager
async def scratch_database(database: Database) -> AsyncGenerator[str, None]:
    """Make an empty database on the same server, and drop it at the end of the block; yields its DSN.

    The role has to be allowed to make databases.
    """
    name = f"portal_proof_{uuid4().hex[:12]}"
    connection = await database.dedicated()
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        yield make_url(database.dsn).set(database=name).render_as_string(hide_password=False)
    finally:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
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
