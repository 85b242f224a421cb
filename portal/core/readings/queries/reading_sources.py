"""What boards call themselves in `source`, numbered: a reading has the number, not the text."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from portal.core.database.db import Database, driver_connection
from portal.core.database.reading_locks import SOURCES
from portal.core.database.rows import fetch_rows, fetch_value

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import asyncpg

    from portal.core.database.layout import Layout

MOST_SOURCES = 30_000
"""A board that counts something up in its source would else fill the table."""

_KNOWN = "SELECT name, id FROM {reading_sources} WHERE name = ANY($1::varchar[])"
_HAS_ROOM = "SELECT coalesce(max(id), 0) < $1 FROM {reading_sources}"
# By itself: a statement that waits for the lock would see the numbers of before it waited.
_LOCK = "SELECT pg_advisory_xact_lock($1, 0)"
_NUMBER = """
INSERT INTO {reading_sources} (id, name)
SELECT last.id + row_number() OVER (ORDER BY new.name), new.name
FROM unnest($1::varchar[]) AS new (name) CROSS JOIN (SELECT coalesce(max(id), 0) AS id FROM {reading_sources}) AS last
WHERE last.id < $2 AND NOT EXISTS (SELECT 1 FROM {reading_sources} s WHERE s.name = new.name)
"""


class _Source(NamedTuple):
    name: str
    id: int


# What this process has seen numbered: only there so that it need not look each time.
_seen: WeakKeyDictionary[Database, set[str]] = WeakKeyDictionary()


async def number_sources(db: Database, layout: Layout, names: Collection[str]) -> None:
    """Number sources in a transaction of its own, so that no batch keeps others waiting that bring a new one too."""
    seen = _seen.setdefault(db, set())
    if new := sorted(name for name in names if name not in seen):
        async with db.transaction() as session:
            await source_numbers(await driver_connection(session), layout, new)
        if len(seen) > MOST_SOURCES:
            seen.clear()
        seen.update(new)


async def source_numbers(
    connection: asyncpg.Connection, layout: Layout, names: Sequence[str]
) -> dict[str, int]:
    """Return the numbers of distinct sources, without those that are too many.

    One that has none (the database was set back under this process) gets it here, and whoever numbers others waits for
    the commit.
    """
    if not names:
        return {}
    found = await _known(connection, layout, names)
    missing = [name for name in names if name not in found]
    if missing and await fetch_value(connection, bool, layout.sql(_HAS_ROOM), MOST_SOURCES):
        await connection.execute(_LOCK, SOURCES)
        await connection.execute(layout.sql(_NUMBER), missing, MOST_SOURCES)
        found |= await _known(connection, layout, missing)
    return found


async def _known(connection: asyncpg.Connection, layout: Layout, names: Sequence[str]) -> dict[str, int]:
    rows = await fetch_rows(connection, _Source, layout.sql(_KNOWN), names)
    return {row.name: row.id for row in rows}
