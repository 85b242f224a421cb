"""The storage engine on plain PostgreSQL: weekly partitions, rollups kept by the application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.database.engine import Capabilities
from portal.core.database.layout import LAYOUTS
from portal.core.database.parts import Part, shrink
from portal.core.database.plain.figures import PlainFigures
from portal.core.database.plain.partitions import Partitions, partitions_of_readings
from portal.core.database.plain.schema import create_rollups
from portal.core.database.rows import value_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.db import Database
    from portal.core.settings import Settings


class PostgresStorage:
    """Readings in 7-day range partitions; hourly rollups recomputed from a queue of touched hours."""

    def __init__(self, settings: Settings) -> None:
        self.layout = LAYOUTS[settings.run_mode]
        self._partitions = Partitions(self.layout)

    async def bootstrap(self, db: Database) -> None:
        """Create the rollup tables and the real-time views over them, where they are not there yet."""
        async with db.transaction() as session:
            await create_rollups(session, self.layout)

    async def ensure_partitions(self, db: Database, times: Iterable[datetime]) -> None:
        """Create the partitions that readings of these instants (aware) need."""
        await self._partitions.ensure(db, times)

    async def figures(self, session: AsyncSession) -> PlainFigures:
        """Return what keeps the tables of hours and days."""
        return PlainFigures(self.layout)

    async def clear_moved(self, db: Database, after: datetime) -> None:
        """Drop the partitions that readings have been moved out of."""
        await self._partitions.drop_moved(db, after)

    async def finish_move(self, db: Database) -> None:
        """Leave everything: hours are kept in tables anyway."""

    async def tidy(self, db: Database) -> None:
        """Leave everything to autovacuum."""

    async def parts(self, session: AsyncSession) -> list[Part]:
        """Return the weekly partitions."""
        return await partitions_of_readings(session, self.layout)

    async def shrink(self, db: Database, name: str, rows_deleted: int) -> bool:
        """Have a partition or a table give back the space of deleted rows."""
        return await shrink(db, name, rows_deleted)

    async def capabilities(self, session: AsyncSession) -> Capabilities:
        """Probe the server; an installed TimescaleDB is reported, not yet used."""
        version = await value_of(session, str, "SHOW server_version")
        installed = "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'"
        extension = await value_of(session, str, installed)
        return Capabilities("postgresql", str(version), extension)
