"""Keeps the query planner's statistics of fast-growing tables of readings in step, so that plans stay right.

Without statistics every index over a new week looks alike, and a refresh may read all of a customer's readings
for each of its meters: measured 10 times slower. Autovacuum gets there too, but only after a minute or so, which
an import of years does not wait for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.database.rows import values_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

_GROWN = (
    4  # times the pages since the last look; what is true of a share of the rows stays true of more of them
)
_FEW_PAGES = 16
_PAGE_BYTES = 8192


async def analyze_grown(session: AsyncSession, layout: Layout) -> None:
    """Gather statistics of the partitions (or chunks) of readings that have outgrown those they have."""
    grown = await values_of(
        session,
        str,
        "SELECT c.oid::regclass::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        "WHERE i.inhparent = to_regclass(:readings) AND c.relkind = 'r' AND pg_relation_size(c.oid) > "
        "CAST(:bytes AS bigint) * CASE WHEN c.reltuples < 0 THEN :few ELSE greatest(c.relpages, :few) END",
        {"readings": layout.table("readings"), "bytes": _GROWN * _PAGE_BYTES, "few": _FEW_PAGES},
    )
    if grown:
        # A small sample tells a meter's share as well; autovacuum looks closer when it comes by.
        await session.execute(text("SET LOCAL default_statistics_target = 10"))
    for name in grown:
        await session.execute(text(layout.sql("ANALYZE {part} (customer, meter, time)", part=name)))
