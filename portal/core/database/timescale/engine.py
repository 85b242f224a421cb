"""The storage engine on TimescaleDB: a compressed hypertable, real-time continuous aggregates.

Billed energy is kept by the application here as well: no aggregate can follow a register over its resets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.engine import Capabilities
from portal.core.database.layout import LAYOUTS, Layout
from portal.core.database.parts import Part, shrink
from portal.core.database.rows import row_of
from portal.core.database.timescale.after_move import finish_move
from portal.core.database.timescale.chunks import PACKED, Chunks, chunks_of_readings, shrink_indexes
from portal.core.database.timescale.kept_hours import KeptFigures, are_kept, kept_figures
from portal.core.database.timescale.moved_chunks import clear_moved
from portal.core.database.timescale.probe import Engine
from portal.core.database.timescale.schema import build
from portal.core.database.timescale.windows import note_hours, refresh_noted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.db import Database
    from portal.core.database.layout import MeterKey
    from portal.core.database.queue import QueuedHour
    from portal.core.settings import Settings


class _Versions(NamedTuple):
    server: str
    extension: str | None


class AggregatedFigures:
    """Continuous aggregates follow by themselves, but for hours so late that no policy reaches them."""

    waiting = "rollup_windows"

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    async def rewrite(self, session: AsyncSession, hours: Sequence[QueuedHour]) -> None:
        """Note the hours whose aggregates must be refreshed by hand."""
        await note_hours(session, self._layout, [(each.key, each.hour) for each in hours])

    async def rewrite_span(
        self, session: AsyncSession, key: MeterKey, first: datetime | None, until: datetime | None
    ) -> None:
        """Leave them: the database keeps its aggregates in line with what it stores."""

    async def is_filling(self, session: AsyncSession) -> bool:
        """Tell that nothing is: of hours that are not refreshed yet an aggregate computes what it shows."""
        return False

    async def fill(self, session: AsyncSession) -> bool:
        """Leave everything to `finish`."""
        return False

    async def finish(self, db: Database) -> None:
        """Refresh the aggregates of the noted hours, which cannot be in a transaction."""
        await refresh_noted(db, self._layout)


class TimescaleStorage:
    """Readings in 7-day chunks, compressed after a week; figures from continuous aggregates."""

    def __init__(self, settings: Settings) -> None:
        self.layout = LAYOUTS[settings.run_mode]
        self._chunks = Chunks(self.layout)

    async def bootstrap(self, db: Database) -> None:
        """Make or repair hypertable, compression, aggregates and policies, and aggregate what is there."""
        async with db.transaction() as session:
            await build(session, self.layout)
            is_kept = await are_kept(session, self.layout)
        if not is_kept:
            await refresh_noted(db, self.layout)

    async def ensure_partitions(self, db: Database, times: Iterable[datetime]) -> None:
        """Create the chunks that readings of these instants (aware) need."""
        await self._chunks.ensure(db, times)

    async def figures(self, session: AsyncSession) -> AggregatedFigures | KeptFigures:
        """Return what keeps the aggregates complete, or the tables in their place while readings are moved."""
        return await kept_figures(session, self.layout) or AggregatedFigures(self.layout)

    async def clear_moved(self, db: Database, after: datetime) -> None:
        """Drop the chunks that readings have been moved out of, and compress those that they have been moved to."""
        await clear_moved(db, self.layout, after)

    async def finish_move(self, db: Database) -> None:
        """Have aggregates show the hours, now that all readings lie where these look."""
        await finish_move(db, self.layout)

    async def tidy(self, db: Database) -> None:
        """Shrink what compressed chunks keep of readings that came late."""
        await shrink_indexes(db, self.layout)

    async def parts(self, session: AsyncSession) -> list[Part]:
        """Return the chunks of readings and of aggregates."""
        return await chunks_of_readings(session, self.layout)

    async def shrink(self, db: Database, name: str, rows_deleted: int) -> bool:
        """Have a chunk and what it is compressed into, or a table, give back the space of deleted rows."""
        return await shrink(db, name, rows_deleted, PACKED)

    async def capabilities(self, session: AsyncSession) -> Capabilities:
        """Probe the server."""
        found = await row_of(
            session,
            _Versions,
            "SELECT current_setting('server_version') AS server, "
            "(SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS extension",
        )
        return Capabilities(Engine.TIMESCALEDB, found.server, found.extension)
