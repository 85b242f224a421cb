"""Codes that were typed in for devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from portal.core.boards.tables import BoardClaim

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


async def store_claim(session: AsyncSession, device_id: UUID, code: str, expires_at: datetime) -> bool:
    """Keep the code for a device, in place of one before; tells whether no other device has it."""
    other = select(col(BoardClaim.device_id)).where(
        col(BoardClaim.code) == code, col(BoardClaim.device_id) != device_id
    )
    if await session.scalar(other) is not None:
        return False
    values = {"code": code, "expires_at": expires_at}
    new = insert(BoardClaim).values(device_id=device_id, **values)
    await session.execute(new.on_conflict_do_update(index_elements=[col(BoardClaim.device_id)], set_=values))
    return True


async def claimed_by(session: AsyncSession, code: str, now: datetime) -> UUID | None:
    """Return the device that a code was typed in for, as long as that holds; nobody else collects it meanwhile."""
    found = select(col(BoardClaim.device_id)).where(
        col(BoardClaim.code) == code, col(BoardClaim.expires_at) > now
    )
    return await session.scalar(found.with_for_update())


async def drop_expired(session: AsyncSession, now: datetime) -> None:
    """Forget codes that nobody came with."""
    await session.execute(delete(BoardClaim).where(col(BoardClaim.expires_at) <= now))
