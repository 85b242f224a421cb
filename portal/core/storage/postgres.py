"""The storage engine on plain PostgreSQL: weekly partitions, rollups kept by the application."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.storage.engine import Capabilities
from portal.core.storage.layout import LAYOUTS
from portal.core.storage.partitions import Partitions
from portal.core.storage.plain_schema import create_rollups
from portal.core.storage.rollup import front_of_queue, refresh_queue, requeue, requeue_all
from portal.core.storage.rule import note_rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.db import Database
    from portal.core.settings import Settings
    from portal.core.storage.meters import MeterKey


class PostgresStorage:
    """Readings in 7-day range partitions; hourly rollups recomputed from a queue of touched hours."""

    def __init__(self, settings: Settings) -> None:
        self.layout = LAYOUTS[settings.run_mode]
        self._partitions = Partitions(self.layout)
        self._max_gap = timedelta(minutes=settings.billing.max_gap_minutes)

    async def bootstrap(self, db: Database) -> None:
        """Create the rollup tables and the real-time views over them, where they are not there yet."""
        async with db.transaction() as session:
            await create_rollups(session, self.layout)
            await note_rule(session, self.layout, self._max_gap)

    async def ensure_partitions(self, db: Database, times: Iterable[datetime]) -> None:
        """Create the partitions that readings of these instants (aware) need."""
        await self._partitions.ensure(db, times)

    async def refresh(self, db: Database) -> int:
        """Bring the rollups up to date with every committed reading; returns the (meter, hour) recomputed."""
        return await refresh_queue(db, self.layout, self._max_gap)

    async def requeue_all(self, db: Database, meters: Sequence[MeterKey] | None = None) -> int:
        """Have the next refresh recompute these meters' hours (None: all) from their readings; returns how many."""
        return await requeue_all(db, self.layout, self._max_gap, meters)

    async def requeue(self, session: AsyncSession, meters: Sequence[MeterKey]) -> None:
        """Have these meters recomputed, in a transaction that changes what their readings are judged by."""
        await requeue(session, self.layout, meters)

    async def front_of_queue(self, db: Database) -> str | None:
        """Return a mark of what has waited longest for a refresh; None where nothing waits."""
        return await front_of_queue(db, self.layout)

    async def tidy(self, db: Database) -> None:
        """Leave everything to autovacuum."""

    async def capabilities(self, session: AsyncSession) -> Capabilities:
        """Probe the server; an installed TimescaleDB is reported, not yet used."""
        version = await session.scalar(text("SHOW server_version"))
        extension = await session.scalar(
            text("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'")
        )
        return Capabilities("postgresql", str(version), extension)
