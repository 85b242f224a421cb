"""Which engine a database gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.storage.postgres import PostgresStorage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.db import Database
    from portal.core.settings import Settings
    from portal.core.storage.engine import Capabilities, Storage


def open_storage(settings: Settings) -> Storage:
    """Return the storage of a stack; which engine is behind it is found out by the first use."""
    return ProbedStorage(settings)


class ProbedStorage:
    """Asks the database once which engine serves it, and hands every call on to that."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._chosen: Storage | None = None

    async def bootstrap(self, db: Database) -> None:
        """Choose the engine anew by what the database offers, and make what it needs."""
        self._chosen = None
        await (await self._engine(db)).bootstrap(db)

    async def ensure_partitions(self, db: Database, times: Iterable[datetime]) -> None:
        """Make room for readings of any of these instants (aware), years back included."""
        await (await self._engine(db)).ensure_partitions(db, times)

    async def refresh(self, db: Database) -> int:
        """Bring rollups and energy up to date; returns how many (meter, hour) were queued."""
        return await (await self._engine(db)).refresh(db)

    async def capabilities(self, session: AsyncSession) -> Capabilities:
        """Probe the database."""
        return await (await self._probe(session)).capabilities(session)

    async def _engine(self, db: Database) -> Storage:
        if self._chosen is None:
            async with db.transaction() as session:
                self._chosen = await self._probe(session)
        return self._chosen

    async def _probe(self, session: AsyncSession) -> Storage:
        """Return the engine for this database."""
        del session  # plain PostgreSQL serves every database
        return PostgresStorage(self._settings)
