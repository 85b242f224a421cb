"""The interface both storage engines implement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.db import Database
    from portal.core.storage.meters import MeterKey


@dataclass(frozen=True)
class Capabilities:
    """What the database offers, as `portal doctor` shows it."""

    engine: str
    server_version: str
    timescaledb_version: str | None
    note: str | None = None  # why it is this engine, where another may be expected


class Storage(Protocol):
    """Where readings and their rollups live."""

    async def bootstrap(self, db: Database) -> None:
        """Make what this engine adds to the migrated schema; idempotent, and repairs a half-made one."""
        ...

    async def ensure_partitions(self, db: Database, times: Iterable[datetime]) -> None:
        """Make room for readings of any of these instants (aware), years back included."""
        ...

    async def refresh(self, db: Database) -> int:
        """Recompute every hour that stored readings touched since; returns how many (device, hour) there were."""
        ...

    async def requeue_all(self, db: Database, meters: Sequence[MeterKey] | None = None) -> int:
        """Have the next refresh recompute these meters' hours (None: all) from their readings; returns how many."""
        ...

    async def requeue(self, session: AsyncSession, meters: Sequence[MeterKey]) -> None:
        """Have these meters recomputed, in a transaction that changes what their readings are judged by."""
        ...

    async def front_of_queue(self, db: Database) -> str | None:
        """Return a mark of what has waited longest for a refresh; None where nothing waits.

        The same mark twice says that nobody took it in between.
        """
        ...

    async def tidy(self, db: Database) -> None:
        """Give back disk that nothing uses any more; now and then, while the stack runs."""
        ...

    async def capabilities(self, session: AsyncSession) -> Capabilities:
        """Probe the database."""
        ...
