"""The interface both storage engines implement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.db import Database
    from portal.core.database.layout import MeterKey
    from portal.core.database.parts import Part
    from portal.core.database.queue import QueuedHour


@dataclass(frozen=True)
class Capabilities:
    """What the database offers, as `portal doctor` shows it."""

    engine: str
    server_version: str
    timescaledb_version: str | None
    note: str | None = None  # why it is this engine, where another may be expected


class Figures(Protocol):
    """What an engine keeps of each hour of readings (`hour_columns`), and of each customer's day."""

    @property
    def waiting(self) -> str | None:
        """The table of what waits for `finish`; None where nothing ever does."""
        ...

    async def rewrite(self, session: AsyncSession, hours: Sequence[QueuedHour]) -> None:
        """Bring the figures of hours taken from the queue, by meter and hour, up to date.

        The session must see no reading whose queue entry it does not.
        """
        ...

    async def rewrite_span(
        self, session: AsyncSession, key: MeterKey, first: datetime | None, until: datetime | None
    ) -> None:
        """Bring the figures of a meter's hours from `first` to before `until` (None: open) in line with its readings.

        For where they are in doubt. Nothing to do where they follow the readings by themselves.
        """
        ...

    async def is_filling(self, session: AsyncSession) -> bool:
        """Tell whether an upgrade has left hours to `fill` in."""
        ...

    async def fill(self, session: AsyncSession) -> bool:
        """Fill in a small part of what an upgrade has left; False where nothing is left, or it cannot be just now.

        What views show is right before and after.
        """
        ...

    async def finish(self, db: Database) -> None:
        """Do what `rewrite` had to leave until its transaction was committed, also of earlier processes."""
        ...


class Storage(Protocol):
    """Where readings and their figures live."""

    async def bootstrap(self, db: Database) -> None:
        """Make what this engine adds to the migrated schema; idempotent, and repairs a half-made one."""
        ...

    async def ensure_partitions(self, db: Database, times: Iterable[datetime]) -> None:
        """Make room for readings of any of these instants (aware), years back included."""
        ...

    async def figures(self, session: AsyncSession) -> Figures:
        """Return what keeps the hourly and daily figures of the readings."""
        ...

    async def clear_moved(self, db: Database, after: datetime) -> None:
        """Give back the disk of an earlier release's weeks from `after` on, whose readings have all been moved.

        What somebody holds is left: it goes with the next ones, or with its table.
        """
        ...

    async def finish_move(self, db: Database) -> None:
        """Keep figures in the engine's own way again, once no reading of an earlier release is left.

        Raises `Unavailable` where that has to be tried again.
        """
        ...

    async def tidy(self, db: Database) -> None:
        """Give back disk that nothing uses any more; now and then, while the stack runs."""
        ...

    async def parts(self, session: AsyncSession) -> list[Part]:
        """Return the relations that readings lie in week by week, and the figures the engine itself keeps of them."""
        ...

    async def shrink(self, db: Database, name: str, rows_deleted: int) -> bool:
        """Have a relation give back the space of rows that were deleted from it; False where somebody holds it."""
        ...

    async def capabilities(self, session: AsyncSession) -> Capabilities:
        """Probe the database."""
        ...
