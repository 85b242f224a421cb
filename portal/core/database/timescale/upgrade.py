"""Moves an existing plain database to TimescaleDB without losing a reading, whenever it is interrupted.

Week by week the readings are copied into a hypertable beside the partitioned table, compared with the
original by count and hash, and compressed. The old table stays whole and in use until the last
transaction, which locks it, counts every week once more, drops it and gives the hypertable its name. Killed
before that commit, the database is the plain one it was, and the next run copies only what is missing.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from portal.core.database.autocommit import autocommit
from portal.core.database.rows import fetch_value, row_of, rows_of, value_of, values_of
from portal.core.database.timescale import convert
from portal.core.database.timescale.kept_hours import is_any_wide
from portal.core.database.timescale.probe import ReadingsTable, create_extension, gather, obstacle
from portal.core.database.timescale.schema import build, complete
from portal.core.database.timescale.windows import refresh_noted
from portal.core.errors import Conflict, Misconfigured

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.db import Database
    from portal.core.database.layout import Layout

_WEEK = timedelta(days=7)
_MOVING_LOCK = convert.SHAPE_LOCK + 1
# Readings that arrive between the copy and the swap are fetched by another round.
_ROUNDS = 3
_TO_BE_MOVED = (
    "Readings of an earlier release are still to be moved to where readings lie now: run `portal migrate`, or let "
    "`portal serve` end it, then run this again."
)
_DELETE_WEEK = "DELETE FROM {readings_twin} WHERE time >= :start AND time < :end"
_COPY_WEEK = """
INSERT INTO {readings_twin}
SELECT * FROM {readings} WHERE time >= :start AND time < :end
"""
_DIGEST = """
SELECT count(*) AS readings, coalesce(sum(hash_record_extended(r, 0)::numeric), 0) AS hash FROM {table} r
WHERE time >= :start AND time < :end
"""
_COUNTS = """
SELECT date_bin(interval '7 days', time, timestamptz '2001-01-01 00:00Z') AS week, count(*) AS readings
FROM {table} GROUP BY 1
"""


@dataclass(frozen=True)
class Week:
    """One week as it was copied."""

    week_start_at: datetime
    readings: int
    position: int
    weeks: int


@dataclass(frozen=True)
class Upgraded:
    """What an upgrade did; no weeks when the database was TimescaleDB's already."""

    weeks: int
    readings: int
    timescaledb_version: str


class _Digest(NamedTuple):
    readings: int
    hash: Decimal


class _ReadingsOfWeek(NamedTuple):
    week: datetime
    readings: int


async def upgrade(db: Database, layout: Layout, report: Callable[[Week], None]) -> Upgraded:
    """Move the readings, calling `report` after each week that had to be copied.

    Raises `Misconfigured` where TimescaleDB cannot serve this database, and `Conflict` while a stack uses it,
    another upgrade runs, or readings keep arriving.
    """
    async with _alone(db):
        version = await _ready(db, layout)
        async with db.transaction() as session:
            if await is_any_wide(session, layout):
                raise Conflict(_TO_BE_MOVED)
            if not await convert.is_partitioned(session, layout):
                await build(session, layout)
                return Upgraded(0, 0, version)
            await _fresh_twin(session, layout)
        weeks, readings = await _copy_until_equal(db, layout, report)
        await refresh_noted(db, layout)
        return Upgraded(weeks, readings, version)


@asynccontextmanager
async def _alone(db: Database) -> AsyncGenerator[None, None]:
    """Keep stacks from starting, and refuse when one is there."""
    async with autocommit(db, application_name="portal-upgrade") as connection:
        if not await fetch_value(connection, bool, "SELECT pg_try_advisory_lock($1)", _MOVING_LOCK):
            raise Conflict("Another `portal storage upgrade` is under way, or a stack is just starting.")
        names = await fetch_value(connection, str, _USERS)
        if names:
            raise Conflict(f"The database is in use by {names}: stop the stack first, then run this again.")
        yield


# Each part of a stack names its connections; this command's own are told apart by their names.
_USERS = """
SELECT string_agg(DISTINCT application_name, ', ') FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
AND (application_name LIKE 'portal%' OR application_name LIKE 'ingest%')
AND application_name NOT IN ('portal-upgrade', 'portal-upgrade-ingest', 'portal-storage')
"""


async def _ready(db: Database, layout: Layout) -> str:
    facts = await gather(db, layout)
    if facts.readings is ReadingsTable.MISSING:
        raise Misconfigured("The database has no schema yet: run `portal migrate` first.")
    hindrance = obstacle(facts) or await create_extension(db)
    if hindrance:
        raise Misconfigured(f"The readings cannot move to TimescaleDB: {hindrance}.")
    await db.engine.dispose()  # its connections do not know the extension yet
    return facts.installed or str(facts.default_version)


async def _fresh_twin(session: AsyncSession, layout: Layout) -> None:
    """Make the twin, anew where an interrupted upgrade of an older schema left one of other columns."""
    await convert.lock_shape(session)
    shape = (
        "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) "
        "FROM pg_attribute WHERE attrelid = to_regclass(:name) AND attnum > 0 AND NOT attisdropped"
    )
    names = (layout.table("readings"), layout.table(convert.TWIN))
    shapes = [await value_of(session, str, shape, {"name": name}) for name in names]
    if shapes[1] is not None and shapes[0] != shapes[1]:
        await session.execute(text(layout.sql("DROP TABLE {readings_twin}")))
    await convert.make_twin(session, layout)


async def _copy_until_equal(db: Database, layout: Layout, report: Callable[[Week], None]) -> tuple[int, int]:
    for _ in range(_ROUNDS):
        weeks = await _weeks(db, layout)
        for position, week in enumerate(weeks, 1):
            copied = await _copy(db, layout, week)
            if copied is not None:
                report(Week(week, copied, position, len(weeks)))
            await _compress_before(db, layout, week + _WEEK)
        readings = await _swap(db, layout)
        if readings is not None:
            return len(weeks), readings
    raise Conflict("Readings keep arriving while they are being moved: stop whatever writes them.")


async def _weeks(db: Database, layout: Layout) -> list[datetime]:
    """Return the first instant of each partition; their names carry it."""
    async with db.transaction() as session:
        names = await values_of(
            session,
            str,
            "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid "
            "WHERE inhparent = to_regclass(:parent) ORDER BY relname",
            {"parent": layout.table("readings")},
        )
        return [datetime.strptime(name.rsplit("_", 1)[1], "%Y%m%d").replace(tzinfo=UTC) for name in names]


async def _copy(db: Database, layout: Layout, week: datetime) -> int | None:
    """Copy one week in one transaction unless it is there already; returns how many readings it has then."""
    bounds = {"start": week, "end": week + _WEEK}
    async with db.transaction() as session:
        original = await _digest(session, layout, "readings", bounds)
        if original == await _digest(session, layout, convert.TWIN, bounds):
            return None
        await session.execute(text(layout.sql(_DELETE_WEEK)), bounds)
        await session.execute(text(layout.sql(_COPY_WEEK)), bounds)
        copy = await _digest(session, layout, convert.TWIN, bounds)
        if copy.readings < original.readings:
            raise Conflict(f"The copy of the week from {week:%Y-%m-%d} differs from the original.")
        return copy.readings


async def _digest(session: AsyncSession, layout: Layout, table: str, bounds: dict[str, datetime]) -> _Digest:
    """Return count and order-free hash of the readings of a week."""
    return await row_of(session, _Digest, layout.sql(_DIGEST, table=layout.table(table)), bounds)


async def _compress_before(db: Database, layout: Layout, end: datetime) -> None:
    """Compress what is copied and older than a week, so that the copy takes a fraction of the original's disk."""
    async with db.transaction() as session:
        await session.execute(
            text(
                "SELECT compress_chunk(format('%I.%I', chunk_schema, chunk_name)::regclass) "
                "FROM timescaledb_information.chunks WHERE hypertable_schema = :schema "
                "AND hypertable_name = 'readings_twin' AND NOT is_compressed "
                "AND range_end <= least(:end, now() - interval '7 days')"
            ),
            {"schema": layout.schema, "end": end},
        )


async def _swap(db: Database, layout: Layout) -> int | None:
    """Put the hypertable in place; returns its readings, or None when the old table has got more since."""
    async with db.transaction() as session:
        await convert.lock_shape(session)
        await session.execute(text("SET LOCAL lock_timeout = '30s'"))
        await session.execute(text(layout.sql("LOCK TABLE {readings} IN ACCESS EXCLUSIVE MODE")))
        counts = [await _counts(session, layout, name) for name in ("readings", convert.TWIN)]
        if counts[0] != counts[1]:
            return None
        await convert.swap_in(session, layout)
        await complete(session, layout)
        return sum(counts[0].values())


async def _counts(session: AsyncSession, layout: Layout, table: str) -> dict[datetime, int]:
    return dict(await rows_of(session, _ReadingsOfWeek, layout.sql(_COUNTS, table=layout.table(table))))
