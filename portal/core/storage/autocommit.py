"""Connections outside the pool and outside any transaction, for statements that cannot run in one."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from portal.core.db import Database


@asynccontextmanager
async def autocommit(db: Database, **server_settings: str) -> AsyncGenerator[Any, None]:
    """Open a connection of its own to the database, each statement its own transaction; closed after the block.

    `server_settings` are PostgreSQL's, set before the first statement.
    """
    address = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    settings = {"application_name": "portal-storage", "timezone": "UTC", "jit": "off", **server_settings}
    connection = await asyncpg.connect(address, server_settings=settings)
    try:
        yield connection
    finally:
        await connection.close()
