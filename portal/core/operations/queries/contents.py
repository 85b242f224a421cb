"""What a database holds, so that a copy is told from one that lost something: rows and a sum of each table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.rows import row_of, rows_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

_TABLES = """
SELECT format('%I.%I', n.nspname, c.relname) AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('app', :schema) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
ORDER BY 1
"""
# A sum of hashes is the same in whatever order rows come. One of them as text: what a table shows is what it holds.
_CONTENT = """
SELECT count(*) AS row_count, coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text AS row_sum FROM
"""
_SERVER = """
SELECT current_setting('server_version_num')::integer / 10000 AS major,
    (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS timescaledb_version
"""


class Content(NamedTuple):
    """How many rows a table has, and the sum of their hashes."""

    row_count: int
    row_sum: str


class Server(NamedTuple):
    """Which PostgreSQL it is, and which TimescaleDB the database has, if any."""

    major: int
    timescaledb_version: str | None


class _Table(NamedTuple):
    name: str


async def contents(session: AsyncSession, layout: Layout) -> dict[str, Content]:
    """Return what each table of the product holds at the moment of a transaction."""
    tables = await rows_of(session, _Table, _TABLES, {"schema": layout.schema})
    return {name: await row_of(session, Content, f"{_CONTENT} {name} t") for (name,) in tables}


async def server_of(session: AsyncSession) -> Server:
    """Return which server a session is on."""
    return await row_of(session, Server, _SERVER)
