"""The queue of hours that wait to be recomputed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def count_queued(session: AsyncSession, queue: str) -> int:
    """Return how many entries the queue table `queue` holds."""
    return int(await session.scalar(text(f"SELECT count(*) FROM {queue}")) or 0)
