"""Weekly range partitions of the readings on plain PostgreSQL, made on demand."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.database.parts import Part
from portal.core.database.rows import rows_of, values_of
from portal.core.errors import Unavailable
from portal.core.values.time import week_start

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.db import Database
    from portal.core.database.layout import Layout

_WEEK = timedelta(days=7)
_PARTITION_LOCK = 7_301_002
# Attaching takes a weaker lock than CREATE .. PARTITION OF: readers and writers of other weeks go on.
_CREATE = """
CREATE TABLE {readings}_{day} (LIKE {readings} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)
"""
_ATTACH = """
ALTER TABLE {readings} ATTACH PARTITION {readings}_{day}
FOR VALUES FROM ('{start}') TO ('{end}')
"""
# Those of an earlier release, by what they hold. Readers wait behind whoever waits for them, and where each has what
# the other needs one of them fails after a second: it is never to be the reader.
_MOVED = """
SELECT c.oid::regclass::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = to_regclass(:name) AND c.relispartition
AND CAST(substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM \\(''([^'']+)''\\)') AS timestamptz) >= :after
"""
_PARTS = """
SELECT i.inhrelid::regclass::text AS name, p.key, false AS is_packed
FROM (VALUES ('{readings}', 'customer'), ('{power_measurements_wide}', 'customer_id')) AS p (parent, key)
JOIN pg_inherits i ON i.inhparent = to_regclass(p.parent) ORDER BY 1
"""
_NOT_FOR_LONG = "SET LOCAL lock_timeout = '250ms'"


class Partitions:
    """Makes the partitions of one table; remembers those it has seen, so that a known week costs nothing."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._known: set[datetime] = set()

    async def ensure(self, db: Database, times: Iterable[datetime]) -> None:
        """Create the partition of every week that `times` (aware) fall into, in a transaction of its own.

        It is its own so that no writer's transaction, however long, makes another wait for a new week; a
        partition that is then not used does no harm.
        """
        wanted = {week_start(at) for at in times} - self._known
        if not wanted:
            return
        async with db.transaction() as session:
            if wanted - await self._existing(session):
                await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _PARTITION_LOCK})
                for week in sorted(wanted - await self._existing(session)):
                    await self._create(session, week)
        self._known |= wanted

    async def drop_moved(self, db: Database, after: datetime) -> None:
        """Drop the partitions of an earlier release that begin at or after an instant; nothing is in them any more.

        Where somebody holds one they are left.
        """
        given = {"name": self._layout.table("power_measurements_wide"), "after": after}
        with suppress(Unavailable):
            async with db.transaction() as session:
                found = await values_of(session, str, _MOVED, given)
                await session.execute(text(_NOT_FOR_LONG))
                for name in found:
                    await session.execute(text(self._layout.sql("DROP TABLE {partition}", partition=name)))

    async def _existing(self, session: AsyncSession) -> set[datetime]:
        names = await values_of(
            session,
            str,
            "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid "
            "WHERE inhparent = to_regclass(:parent)",
            {"parent": self._layout.table("readings")},
        )
        return {_week_of(name) for name in names}

    async def _create(self, session: AsyncSession, week: datetime) -> None:
        first, end = f"{week:%Y%m%d}", (week + _WEEK).isoformat()
        for statement in (_CREATE, _ATTACH):
            made = self._layout.sql(statement, day=first, start=week.isoformat(), end=end)
            await session.execute(text(made))


def _week_of(relation: str) -> datetime:
    return datetime.strptime(relation.rsplit("_", 1)[1], "%Y%m%d").replace(tzinfo=UTC)


async def partitions_of_readings(session: AsyncSession, layout: Layout) -> list[Part]:
    """Return all partitions that readings lie in, those of an earlier release too."""
    return await rows_of(session, Part, layout.sql(_PARTS))
