"""The parts that readings and their figures lie in: partitions, chunks; and how they give back what was deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import asyncpg

from portal.core.database.autocommit import autocommit
from portal.core.database.rows import fetch_row, fetch_value

if TYPE_CHECKING:
    from portal.core.database.db import Database

# A part is rewritten only where nobody waits for it for long, and only where that is worth it: meanwhile nobody reads
# or writes it. What is not rewritten keeps the space for itself, and fills it again.
_PATIENCE = "2s"
_WORTH_A_REWRITE = 0.2
_ROWS_LEFT = "SELECT greatest(reltuples, 0)::float8 FROM pg_class WHERE oid = to_regclass($1)"


class Part(NamedTuple):
    """A relation that holds readings or figures of customers.

    `key` is the column that says whose: `customer`, its number, or `customer_id`. Of a `is_packed` one, rows are
    deleted by that column alone: whole packs go at once.
    """

    name: str
    key: str
    is_packed: bool


class PackedInto(NamedTuple):
    """What a packed part lies in, and how many rows that held when it was packed."""

    name: str
    rows: int


async def shrink(db: Database, name: str, rows_deleted: int, packed: str | None = None) -> bool:
    """Have a relation give back the space of rows that were deleted from it; False where somebody held it.

    To the disk where a fifth of it or more is gone, else for its own use. `packed` is a statement that says, given its
    name, what else its rows lie in.
    """
    async with autocommit(db, lock_timeout=_PATIENCE) as connection:
        if await fetch_value(connection, str, "SELECT to_regclass($1)::text", name) is None:
            return True
        try:
            inner = None if packed is None else await fetch_row(connection, PackedInto, packed, name)
            await connection.execute(f"VACUUM {name}")
            left = await fetch_value(connection, float, _ROWS_LEFT, name) or 0.0
            held = max(left + rows_deleted, 0 if inner is None else inner.rows)
            if rows_deleted >= held * _WORTH_A_REWRITE:
                for relation in (name, *(() if inner is None else (inner.name,))):
                    await connection.execute(f"VACUUM FULL {relation}")
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            return False
    return True
