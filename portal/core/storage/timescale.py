"""The storage engine on TimescaleDB: a compressed hypertable, real-time continuous aggregates.

Billed energy is kept by the application here as well: no aggregate can follow a register over its resets.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from portal.core.storage.engine import Capabilities
from portal.core.storage.layout import LAYOUTS, Layout
from portal.core.storage.rollup import front_of_queue, refresh_queue, requeue, requeue_all
from portal.core.storage.rule import note_rule
from portal.core.storage.timescale_chunks import Chunks, shrink_indexes
from portal.core.storage.timescale_probe import Engine
from portal.core.storage.timescale_schema import build
from portal.core.storage.timescale_windows import note_hours, refresh_noted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.db import Database
    from portal.core.settings import Settings
    from portal.core.storage.meters import MeterKey


class TimescaleStorage:
    """Readings in 7-day chunks, compressed after a week; figures from continuous aggregates."""

    def __init__(self, settings: Settings) -> None:
        self.layout = LAYOUTS[settings.run_mode]
        self._chunks = Chunks(self.layout)
        self._max_gap = timedelta(minutes=settings.billing.max_gap_minutes)

    async def bootstrap(self, db: Database) -> None:
        """Make or repair hypertable, compression, aggregates and policies, and aggregate what is there."""
        async with db.transaction() as session:
            await build(session, self.layout)
            await note_rule(session, self.layout, self._max_gap)
        await refresh_noted(db, self.layout)

    async def ensure_partitions(self, db: Database, times: Iterable[datetime]) -> None:
        """Create the chunks that readings of these instants (aware) need."""
        await self._chunks.ensure(db, times)

    async def refresh(self, db: Database) -> int:
        """Bring energy and aggregates up to date with every committed reading; returns the (meter, hour)."""
        recomputed = await refresh_queue(db, self.layout, self._max_gap, _note)
        await refresh_noted(db, self.layout)
        return recomputed

    async def requeue_all(self, db: Database, meters: Sequence[MeterKey] | None = None) -> int:
        """Have the next refresh recompute these meters' hours (None: all) from their readings; returns how many."""
        return await requeue_all(db, self.layout, self._max_gap, meters)

    async def requeue(self, session: AsyncSession, meters: Sequence[MeterKey]) -> None:
        """Have these meters recomputed, in a transaction that changes what their readings are judged by."""
        await requeue(session, self.layout, meters)

    async def front_of_queue(self, db: Database) -> str | None:
        """Return a mark of what has waited longest for a refresh; None where nothing waits."""
        return await front_of_queue(db, self.layout, or_of=self.layout.windows)

    async def tidy(self, db: Database) -> None:
        """Shrink what compressed chunks keep of readings that came late."""
        await shrink_indexes(db, self.layout)

    async def capabilities(self, session: AsyncSession) -> Capabilities:
        """Probe the server."""
        row = (
            await session.execute(
                text(
                    "SELECT current_setting('server_version'), "
                    "(SELECT extversion FROM pg_extension WHERE extname = 'timescaledb')"
                )
            )
        ).one()
        return Capabilities(Engine.TIMESCALEDB, str(row[0]), row[1])


async def _note(session: AsyncSession, layout: Layout, taken: list[tuple[Any, ...]]) -> None:
    await note_hours(session, layout, taken)
