"""One process of a stack does what has to be done once: whoever gets the lock, for as long as its connection lasts."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from portal.core.database.db import Database


@asynccontextmanager
async def led(database: Database, key: int) -> AsyncGenerator[bool, None]:
    """Say whether this process leads in what `key` stands for; no other does until the end of the block.

    Raises as the database does. The lock goes with its connection, so a process that is killed leaves it free.
    """
    connection = await database.dedicated()
    try:
        yield bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", key))
    finally:
        await connection.close()
