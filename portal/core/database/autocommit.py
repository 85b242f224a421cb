"""Connections outside the pool and outside any transaction, for statements that cannot run in one."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg

from portal.core.outages import is_unusable, translated

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from portal.core.database.db import Database


@asynccontextmanager
async def autocommit(db: Database, **server_settings: str) -> AsyncGenerator[asyncpg.Connection, None]:
    """Open a connection of its own to the database, each statement its own transaction; closed after the block.

    `server_settings` are PostgreSQL's, set before the first statement. Raises `Unavailable`.
    """
    settings = {"application_name": "portal-storage", "timezone": "UTC", "jit": "off", **server_settings}
    with translated(_is_away):
        connection = await db.dedicated(**settings)
        try:
            yield connection
        finally:
            await connection.close()


def _is_away(error: BaseException) -> bool:
    """Whether the server cannot be used; a library that is not there is for those who ask about extensions."""
    return is_unusable(error) and not isinstance(error, asyncpg.UndefinedFileError)
