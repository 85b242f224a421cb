"""Chunks of the hypertable: made ahead of the transaction that needs them, and kept small."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import asyncpg
from sqlalchemy import text

from portal.core.database.autocommit import autocommit
from portal.core.database.parts import Part
from portal.core.database.rows import fetch_rows, rows_of, values_of
from portal.core.database.timescale.convert import lock_shape
from portal.core.values.time import require_aware

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.db import Database
    from portal.core.database.layout import Layout

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CHUNK = timedelta(days=7)
_MICROSECOND = timedelta(microseconds=1)
_CREATE = "SELECT _timescaledb_functions.create_chunk('{readings}', CAST(:slices AS jsonb))"


class Chunks:
    """Makes the chunks of one hypertable; remembers those it has seen, so that a known week costs nothing.

    A chunk that comes into being with an insert keeps every other writer of a new week waiting for that
    insert's commit, and two such writers with the same reading for ever.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._known: set[datetime] = set()

    async def ensure(self, db: Database, times: Iterable[datetime]) -> None:
        """Create the chunk of every week that `times` (aware) fall into, in a transaction of its own."""
        wanted = {_start(at) for at in times} - self._known
        if not wanted:
            return
        async with db.transaction() as session:
            missing = wanted - await self._existing(session, wanted)
            if missing:
                await lock_shape(session)
                for start in sorted(missing):
                    await self._create(session, start)
        self._known |= wanted

    async def _existing(self, session: AsyncSession, wanted: set[datetime]) -> set[datetime]:
        rows = await values_of(
            session,
            datetime,
            "SELECT range_start FROM timescaledb_information.chunks "
            "WHERE hypertable_schema = :schema AND hypertable_name = 'readings' "
            "AND range_start = ANY (:starts)",
            {"schema": self._layout.schema, "starts": sorted(wanted)},
        )
        return set(rows)

    async def _create(self, session: AsyncSession, start: datetime) -> None:
        """Ask for a chunk; where a chunk of another width is there already, it is taken as it is."""
        bounds = [(at - _EPOCH) // _MICROSECOND for at in (start, start + _CHUNK)]
        await session.execute(
            text(self._layout.sql(_CREATE)),
            {"slices": f'{{"time": [{bounds[0]}, {bounds[1]}]}}'},
        )


def _start(at: datetime) -> datetime:
    """Return the start of the 7-day chunk of an aware instant: TimescaleDB counts them from 1970."""
    return _EPOCH + (require_aware(at) - _EPOCH) // _CHUNK * _CHUNK


# Of a chunk that is compressed whole: what its own indexes still hold is nothing.
_SWOLLEN = """
SELECT name FROM (
    SELECT format('%I.%I', chunk_schema, chunk_name) AS name FROM timescaledb_information.chunks
    WHERE hypertable_schema = $1 AND hypertable_name = 'readings' AND is_compressed
) chunk
WHERE _timescaledb_functions.chunk_status(name::regclass) & 8 = 0 AND pg_indexes_size(name::regclass) > 262144
"""
_PATIENCE = "2s"


class _Swollen(NamedTuple):
    name: str


async def shrink_indexes(db: Database, layout: Layout) -> int:
    """Give back the disk that indexes keep of late readings after these were compressed too; returns the chunks.

    A chunk that somebody holds is left for the next time.
    """
    async with autocommit(db, lock_timeout=_PATIENCE) as connection:
        done = 0
        for chunk in await fetch_rows(connection, _Swollen, _SWOLLEN, layout.schema):
            try:
                await connection.execute(f"VACUUM {chunk.name}")
                await connection.execute(f"REINDEX TABLE {chunk.name}")
            except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
                continue
            done += 1
        return done


# Aggregates are hypertables of their own. Of compressed chunks whole packs of a meter's readings are deleted.
_PARTS = """
SELECT chunk::text AS name, p.key, coalesce((
    SELECT k.compressed_chunk_id IS NOT NULL FROM _timescaledb_catalog.chunk k
    WHERE format('%I.%I', k.schema_name, k.table_name)::regclass = chunk
), false) AS is_packed
FROM (
    SELECT to_regclass('{readings}') AS parent, 'customer' AS key
    UNION ALL SELECT to_regclass('{power_measurements_wide}'), 'customer_id'
    UNION ALL SELECT format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name)::regclass,
        'customer' FROM timescaledb_information.continuous_aggregates WHERE view_schema = '{schema}'
) p
JOIN _timescaledb_catalog.hypertable h ON to_regclass(format('%I.%I', h.schema_name, h.table_name)) = p.parent
CROSS JOIN LATERAL show_chunks(p.parent) chunk ORDER BY 1
"""
PACKED = """
SELECT format('%I.%I', c.schema_name, c.table_name) AS name, s.numrows_pre_compression::integer AS rows
FROM _timescaledb_catalog.chunk k JOIN _timescaledb_catalog.chunk c ON c.id = k.compressed_chunk_id
JOIN _timescaledb_catalog.compression_chunk_size s ON s.chunk_id = k.id
WHERE to_regclass(format('%I.%I', k.schema_name, k.table_name)) = to_regclass($1)
"""


async def chunks_of_readings(session: AsyncSession, layout: Layout) -> list[Part]:
    """Return all chunks that readings and the aggregates over them lie in, those of an earlier release too."""
    return await rows_of(session, Part, layout.sql(_PARTS))
