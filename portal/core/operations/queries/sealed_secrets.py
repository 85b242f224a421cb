"""Everything that is sealed, wherever it lies: secrets of second factors, and at a Client where its alerts go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlmodel import col

from portal.core.alerts.tables import AlertChannelRow
from portal.core.identity.tables import SecondFactor

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

# Any: columns of two tables, a key and what is sealed
_Sealed = tuple[Any, Any, Any]
_EVERYWHERE: Sequence[_Sealed] = ((SecondFactor, col(SecondFactor.user_id), col(SecondFactor.sealed_secret)),)
_AT_A_CLIENT: Sequence[_Sealed] = (
    (AlertChannelRow, col(AlertChannelRow.id), col(AlertChannelRow.sealed_target)),
)


def sealed_columns(layout: Layout) -> Sequence[_Sealed]:
    """Return the tables of a run mode in which something is sealed, each with its key and the column."""
    return _EVERYWHERE if layout.has_customers else (*_EVERYWHERE, *_AT_A_CLIENT)


async def kept(session: AsyncSession, sealed: _Sealed) -> list[tuple[UUID, str]]:
    """Return the keys and what is sealed, and let nobody change one before the transaction is over."""
    _, key, column = sealed
    return [(row[0], row[1]) for row in await session.execute(select(key, column).with_for_update())]


async def put(session: AsyncSession, sealed: _Sealed, row: UUID, text: str) -> None:
    """Put what was sealed anew in its place."""
    table, key, column = sealed
    await session.execute(update(table).where(key == row).values({column: text}))
