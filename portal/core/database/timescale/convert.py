"""Puts a hypertable in the place of the partitioned table that the migrations make.

TimescaleDB cannot convert a partitioned table, so a twin of the same columns, keys and indexes is made beside
it, and takes its name in the transaction in which the old one goes. Everything else hangs on that name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

# Any constant of our own: whoever changes the shape of the tables does it alone.
SHAPE_LOCK = 7_301_006
CHUNK = "interval '7 days'"


def twin_of(layout: Layout) -> str:
    """Return the name of the hypertable until it takes the old table's place."""
    return f"{layout.measurements}_twin"


async def lock_shape(session: AsyncSession) -> None:
    """Wait until nobody else changes the shape of the tables, and keep others out until the commit."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SHAPE_LOCK})


async def is_partitioned(session: AsyncSession, layout: Layout) -> bool:
    """Tell whether the readings are still in the migrations' partitioned table."""
    kind = await session.scalar(
        text("SELECT relkind::text FROM pg_class WHERE oid = to_regclass(:name)"),
        {"name": layout.measurements},
    )
    return kind == "p"


async def has_readings(session: AsyncSession, layout: Layout) -> bool:
    """Tell whether there is any reading."""
    return bool(await session.scalar(text(f"SELECT EXISTS (SELECT 1 FROM {layout.measurements})")))


async def make_twin(session: AsyncSession, layout: Layout) -> None:
    """Create the twin as a compressing hypertable, where it is not there yet."""
    twin = twin_of(layout)
    if await session.scalar(text("SELECT to_regclass(:name)"), {"name": twin}):
        return
    await session.execute(
        text(
            f"CREATE TABLE {twin} (LIKE {layout.measurements} "
            "INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)"
        )
    )
    for name, definition in await _foreign_keys(session, layout):
        await session.execute(text(f"ALTER TABLE {twin} ADD CONSTRAINT {name} {definition}"))
    await session.execute(
        text(
            f"SELECT create_hypertable('{twin}', by_range('time', {CHUNK}), create_default_indexes => false)"
        )
    )
    await enable_compression(session, layout, twin)


async def enable_compression(session: AsyncSession, layout: Layout, table: str) -> None:
    """Have chunks of a hypertable compressed: a meter's readings together, the newest first."""
    await session.execute(
        text(
            f"ALTER TABLE {table} SET (timescaledb.compress, "
            f"timescaledb.compress_segmentby = '{layout.key_list()}', timescaledb.compress_orderby = 'time DESC')"
        )
    )


async def take_place(session: AsyncSession, layout: Layout) -> None:
    """Drop the partitioned table and what plain PostgreSQL keeps about it, and give the twin its name."""
    indexes = await _index_names(session, layout.measurements)
    for statement in (
        f"DROP VIEW IF EXISTS {layout.daily}",
        f"DROP VIEW IF EXISTS {layout.hourly}",
        f"DROP FUNCTION IF EXISTS {layout.schema}.day_of_customer",
        f"DROP TABLE IF EXISTS {layout.daily_rollup}, {layout.hourly_rollup}",
        f"DROP TABLE {layout.measurements}",
        f"ALTER TABLE {twin_of(layout)} RENAME TO power_measurements",
    ):
        await session.execute(text(statement))
    for shape, name in (await _index_names(session, layout.measurements)).items():
        await session.execute(text(f"ALTER INDEX {layout.schema}.{name} RENAME TO {indexes[shape]}"))


async def _foreign_keys(session: AsyncSession, layout: Layout) -> list[tuple[str, str]]:
    rows = await session.execute(
        text(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE conrelid = to_regclass(:table) AND contype = 'f'"
        ),
        {"table": layout.measurements},
    )
    return [(name, definition) for name, definition in rows]


async def _index_names(session: AsyncSession, table: str) -> dict[str, str]:
    """Return the names of a table's indexes by what they index."""
    rows = await session.execute(
        text(
            "SELECT split_part(pg_get_indexdef(indexrelid), ' USING ', 2), relname FROM pg_index "
            "JOIN pg_class ON pg_class.oid = indexrelid WHERE indrelid = to_regclass(:table)"
        ),
        {"table": table},
    )
    return {row[0]: row[1] for row in rows}
