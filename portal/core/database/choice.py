"""Which engine a database gets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from portal.core.database.layout import LAYOUTS
from portal.core.database.plain.engine import PostgresStorage
from portal.core.database.rows import is_so, value_of
from portal.core.database.timescale.convert import SHAPE_LOCK
from portal.core.database.timescale.engine import TimescaleStorage
from portal.core.database.timescale.probe import Choice, Engine, choose, create_extension, gather, tried
from portal.core.errors import Misconfigured
from portal.core.settings import StorageChoice

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.db import Database
    from portal.core.database.engine import Capabilities, Figures, Storage
    from portal.core.database.parts import Part
    from portal.core.settings import Settings


def open_storage(settings: Settings) -> Storage:
    """Return the storage of a stack; which engine is behind it is found out by the first use."""
    return ProbedStorage(settings)


async def judge(settings: Settings, db: Database) -> Choice:
    """Return the engine a database should have, and why where another may be expected.

    Raises `Misconfigured` where `Database__Storage` and the database do not go together, or the extension in
    the database cannot be loaded, so that no query works.
    """
    facts = await gather(db, LAYOUTS[settings.run_mode])
    if settings.database.storage is not StorageChoice.PLAIN:
        facts = await tried(db, facts)
    return choose(facts, settings.database.storage)


class ProbedStorage:
    """Asks the database once which engine serves it, and hands every call on to that."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._layout = LAYOUTS[settings.run_mode]
        self._chosen: Storage | None = None
        self._note: str | None = None

    async def bootstrap(self, db: Database) -> None:
        """Choose the engine anew by what the database offers, and make what it needs.

        Raises `Misconfigured` where `Database__Storage` and the database do not go together, and while the
        readings are being moved to TimescaleDB.
        """
        self._chosen = None
        await _refuse_while_moving(db)
        choice = await judge(self._settings, db)
        if choice.engine is Engine.TIMESCALEDB:
            choice = await self._with_extension(db)
        await self._take(choice).bootstrap(db)

    async def ensure_partitions(self, db: Database, times: Iterable[datetime]) -> None:
        """Make room for readings of any of these instants (aware), years back included."""
        await (await self._engine(db)).ensure_partitions(db, times)

    async def figures(self, session: AsyncSession) -> Figures:
        """Return what keeps the figures of the engine that serves the database now."""
        engine = self._chosen or self._take(await self._by_table(session))
        return await engine.figures(session)

    async def clear_moved(self, db: Database, after: datetime) -> None:
        """Give back the disk of an earlier release's weeks from `after` on, whose readings have all been moved."""
        await (await self._engine(db)).clear_moved(db, after)

    async def finish_move(self, db: Database) -> None:
        """Keep figures in the engine's own way again, once no reading of an earlier release is left."""
        await (await self._engine(db)).finish_move(db)

    async def tidy(self, db: Database) -> None:
        """Give back disk that nothing uses any more."""
        await (await self._engine(db)).tidy(db)

    async def parts(self, session: AsyncSession) -> list[Part]:
        """Return the relations that readings lie in week by week, and the figures the engine itself keeps of them."""
        engine = self._chosen or self._take(await self._by_table(session))
        return await engine.parts(session)

    async def shrink(self, db: Database, name: str, rows_deleted: int) -> bool:
        """Have a relation give back the space of rows that were deleted from it; False where somebody holds it."""
        return await (await self._engine(db)).shrink(db, name, rows_deleted)

    async def capabilities(self, session: AsyncSession) -> Capabilities:
        """Probe the database; the engine is the one that serves it now."""
        engine = self._chosen or self._take(await self._by_table(session))
        return replace(await engine.capabilities(session), note=self._note)

    async def _engine(self, db: Database) -> Storage:
        if self._chosen is None:
            async with db.transaction() as session:
                self._take(await self._by_table(session))
        if self._chosen is None:
            raise Misconfigured("The storage engine was not chosen.")
        return self._chosen

    async def _with_extension(self, db: Database) -> Choice:
        """Create the extension; plain PostgreSQL it is where that cannot be and need not be."""
        hindrance = await create_extension(db)
        if hindrance is None:
            # Connections opened before do not know the extension yet.
            await db.engine.dispose()
            return Choice(Engine.TIMESCALEDB)
        if self._settings.database.storage is StorageChoice.TIMESCALE:
            raise Misconfigured(f"Database__Storage=timescale cannot be: {hindrance}.")
        return Choice(Engine.POSTGRESQL, hindrance)

    async def _by_table(self, session: AsyncSession) -> Choice:
        """Return the engine that the readings are in: what a process that does not bootstrap goes by."""
        kind = await value_of(
            session,
            str,
            "SELECT relkind::text FROM pg_class WHERE oid = to_regclass(:name)",
            {"name": self._layout.table("readings")},
        )
        return Choice(Engine.TIMESCALEDB if kind == "r" else Engine.POSTGRESQL)

    def _take(self, choice: Choice) -> Storage:
        kind = TimescaleStorage if choice.engine is Engine.TIMESCALEDB else PostgresStorage
        self._chosen, self._note = kind(self._settings), choice.note
        return self._chosen


async def _refuse_while_moving(db: Database) -> None:
    async with db.transaction() as session:
        if not await is_so(session, "SELECT pg_try_advisory_xact_lock_shared(:key)", {"key": SHAPE_LOCK + 1}):
            raise Misconfigured(
                "The readings are being moved by `portal storage upgrade`: start again when it has ended."
            )
