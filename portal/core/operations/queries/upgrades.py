"""What an upgrade holds still while the schema changes, and compares: all energy that is billed, by day."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from portal.core.database.rows import is_so, row_of, value_of
from portal.core.errors import PortalError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

    from portal.core.database.layout import Layout

_ENERGY = """
SELECT count(*) AS days, coalesce(sum(allocated_milliwh + unallocated_milliwh), 0)::bigint AS milliwh,
    coalesce(sum(hashtextextended(format('%s %s %s %s', device_id, day, allocated_milliwh, unallocated_milliwh), 0)
        ::numeric), 0)::text AS day_sum
FROM {daily_energy}
"""
_MAY_MAKE_DATABASES = "SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user"


class BilledEnergy(NamedTuple):
    """How many days of meters have energy, how much in milliwatt-hours, and a sum that tells every day of it."""

    days: int
    milliwh: int
    day_sum: str


@asynccontextmanager
async def energy_held(connection: AsyncConnection, layout: Layout) -> AsyncGenerator[BilledEnergy, None]:
    """Let nobody change energy in a transaction under way, and have every day of it be the same after the block.

    Raises `PortalError` where it is not.
    """
    await connection.execute(text(layout.sql("LOCK TABLE {daily_energy} IN SHARE MODE")))
    before = await _energy(connection, layout)
    yield before
    if await _energy(connection, layout) != before:
        raise PortalError("The new schema would hold other energy than the one before; nothing was changed.")


async def _energy(connection: AsyncConnection, layout: Layout) -> BilledEnergy:
    return await row_of(connection, BilledEnergy, layout.sql(_ENERGY))


async def may_make_databases(session: AsyncSession) -> bool:
    """Whether the role of the settings may make a database beside the stack's own."""
    return await is_so(session, _MAY_MAKE_DATABASES)


async def size_of_database(session: AsyncSession) -> int:
    """Return how many bytes the database takes on its server's disk."""
    return await value_of(session, int, "SELECT pg_database_size(current_database())") or 0
