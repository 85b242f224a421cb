"""Puts a hypertable in the place of the partitioned table that the migrations make.

TimescaleDB cannot convert a partitioned table, so a twin of the same columns, keys and indexes is made beside
it, and takes its name in the transaction in which the old one goes. Everything else hangs on that name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from portal.core.database.hour_views import drop_views, is_there
from portal.core.database.rows import is_so, rows_of, value_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

# Any constant of our own: whoever changes the shape of the tables does it alone.
SHAPE_LOCK = 7_301_006
CHUNK = "interval '7 days'"
TWIN = "readings_twin"
"""The hypertable until it takes the old table's place."""
_TWIN = """
CREATE TABLE {readings_twin} (
    LIKE {readings} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES
)
"""
_TWIN_KEY = "ALTER TABLE {readings_twin} ADD CONSTRAINT {name} {definition}"
_TWIN_HYPERTABLE = """
SELECT create_hypertable('{readings_twin}', by_range('time', {chunk}), create_default_indexes => false)
"""
_COMPRESSION = """
ALTER TABLE {table} SET (
    timescaledb.compress, timescaledb.compress_segmentby = 'customer, meter',
    timescaledb.compress_orderby = 'time DESC'
)
"""
_SWAP_IN = (
    "DROP TABLE IF EXISTS {daily_rollup}, {hourly_rollup}, {earlier_hours}, {hours_to_fill}",
    "ALTER TABLE {readings} RENAME TO readings_before",
    "ALTER TABLE {readings_twin} RENAME TO readings",
)
_VIEWS = ("power_measurements", "stored_readings")


async def lock_shape(session: AsyncSession) -> None:
    """Wait until nobody else changes the shape of the tables, and keep others out until the commit."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SHAPE_LOCK})


async def is_partitioned(session: AsyncSession, layout: Layout) -> bool:
    """Tell whether the readings are still in the migrations' partitioned table."""
    kind = await value_of(
        session,
        str,
        "SELECT relkind::text FROM pg_class WHERE oid = to_regclass(:name)",
        {"name": layout.table("readings")},
    )
    return kind == "p"


async def has_readings(session: AsyncSession, layout: Layout) -> bool:
    """Tell whether there is any reading."""
    return await is_so(session, layout.sql("SELECT EXISTS (SELECT 1 FROM {readings})"))


async def make_twin(session: AsyncSession, layout: Layout) -> None:
    """Create the twin as a compressing hypertable, where it is not there yet."""
    if await is_there(session, layout.table(TWIN)):
        return
    await session.execute(text(layout.sql(_TWIN)))
    for name, definition in await _foreign_keys(session, layout):
        await session.execute(text(layout.sql(_TWIN_KEY, name=name, definition=definition)))
    await session.execute(text(layout.sql(_TWIN_HYPERTABLE, chunk=CHUNK)))
    await enable_compression(session, layout, TWIN)


async def enable_compression(session: AsyncSession, layout: Layout, table: str) -> None:
    """Have chunks of a hypertable compressed: a meter's readings together, the newest first."""
    await session.execute(text(layout.sql(_COMPRESSION, table=layout.table(table))))


async def swap_in(session: AsyncSession, layout: Layout) -> None:
    """Drop the partitioned table and what plain PostgreSQL keeps about it, and give the twin its name."""
    readings = layout.table("readings")
    indexes = await _index_names(session, readings)
    # Worded by names: made anew, they are of the table that has the name by then. Columns keep their comments.
    views = [(name, await _definition(session, layout.table(name))) for name in _VIEWS]
    # To have them before the table: who reads a view has that first, and the one would wait for the other for ever.
    await _say(session, layout, views)
    await drop_views(session, layout)
    for statement in _SWAP_IN:
        await session.execute(text(layout.sql(statement)))
    await _say(session, layout, views)
    await session.execute(text(layout.sql("DROP TABLE {schema}.readings_before")))
    for shape, name in (await _index_names(session, readings)).items():
        renamed = layout.sql("ALTER INDEX {schema}.{old} RENAME TO {new}", old=name, new=indexes[shape])
        await session.execute(text(renamed))


async def _say(session: AsyncSession, layout: Layout, views: Sequence[tuple[str, str]]) -> None:
    for name, definition in views:
        named = layout.sql("CREATE OR REPLACE VIEW {view} AS ", view=layout.table(name))
        await session.execute(text(named + definition.replace(":", "\\:")))


async def _definition(session: AsyncSession, view: str) -> str:
    return await value_of(session, str, "SELECT pg_get_viewdef(to_regclass(:name))", {"name": view}) or ""


class _Defined(NamedTuple):
    """A foreign key, or an index, and what it says."""

    name: str
    definition: str


async def _foreign_keys(session: AsyncSession, layout: Layout) -> list[_Defined]:
    return await rows_of(
        session,
        _Defined,
        "SELECT conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint "
        "WHERE conrelid = to_regclass(:table) AND contype = 'f'",
        {"table": layout.table("readings")},
    )


async def _index_names(session: AsyncSession, table: str) -> dict[str, str]:
    """Return the names of a table's indexes by what they index."""
    rows = await rows_of(
        session,
        _Defined,
        "SELECT relname AS name, split_part(pg_get_indexdef(indexrelid), ' USING ', 2) AS definition FROM pg_index "
        "JOIN pg_class ON pg_class.oid = indexrelid WHERE indrelid = to_regclass(:table)",
        {"table": table},
    )
    return {each.definition: each.name for each in rows}
