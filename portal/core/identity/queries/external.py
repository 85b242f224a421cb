"""Who people are to providers of single sign-on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update
from sqlmodel import col

from portal.core.identity.tables import ExternalIdentity, User

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.access import Role


async def owner_of(session: AsyncSession, issuer: str, subject: str) -> UUID | None:
    """Return whose account it is that a provider means, and hold the link."""
    return await session.scalar(
        select(col(ExternalIdentity.user_id))
        .where(col(ExternalIdentity.issuer) == issuer, col(ExternalIdentity.subject) == subject)
        .with_for_update()
    )


async def link(session: AsyncSession, issuer: str, subject: str, user_id: UUID) -> None:
    """Note that a provider means this account."""
    await session.execute(insert(ExternalIdentity).values(issuer=issuer, subject=subject, user_id=user_id))


async def take_rights(session: AsyncSession, user_id: UUID, role: Role, *, is_limited: bool) -> None:
    """Give a person the rights that their groups say."""
    await session.execute(
        update(User).where(col(User.id) == user_id).values(role=role, is_limited=is_limited)
    )
