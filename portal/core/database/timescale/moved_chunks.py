"""Chunks of an earlier release that readings have been moved out of, and those that they have been moved to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import asyncpg

from portal.core.database.autocommit import autocommit
from portal.core.database.rows import fetch_rows

if TYPE_CHECKING:
    from datetime import datetime

    from portal.core.database.db import Database
    from portal.core.database.layout import Layout

# Readers wait behind whoever waits for them, and where each has what the other needs one of them fails after a second:
# it is never to be the reader.
_PATIENCE = "250ms"
_EMPTIED = "SELECT drop_chunks('{power_measurements_wide}', newer_than => $1::timestamptz)"
# As the policy does, which would come for them hours later: until then they would take several times the disk.
_FILLED = """
SELECT format('%I.%I', chunk_schema, chunk_name) AS name FROM timescaledb_information.chunks
WHERE hypertable_schema = $1 AND hypertable_name = 'readings' AND NOT is_compressed
AND range_start >= $2 AND range_end <= now() - interval '7 days' ORDER BY range_start DESC
"""


class _Chunk(NamedTuple):
    name: str


async def clear_moved(db: Database, layout: Layout, after: datetime) -> None:
    """Drop the chunks from an instant on that are empty now, and compress those that are full.

    A chunk that somebody holds is left: one for the next time, or to go with its table; the other for the policy.
    """
    async with autocommit(db, lock_timeout=_PATIENCE) as connection:
        await _tried(connection, layout.sql(_EMPTIED), after)
        for chunk in await fetch_rows(connection, _Chunk, _FILLED, layout.schema, after):
            await _tried(connection, f"SELECT compress_chunk('{chunk.name}', if_not_compressed => true)")


async def _tried(connection: asyncpg.Connection, statement: str, *given: object) -> None:
    try:
        await connection.execute(statement, *given)
    except (
        asyncpg.LockNotAvailableError,
        asyncpg.DeadlockDetectedError,
        asyncpg.ObjectInUseError,
        asyncpg.DuplicateObjectError,  # the policy compressed it meanwhile
    ):
        return
