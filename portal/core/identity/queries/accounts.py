"""People's accounts and the links by which they set their password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from portal.core.access import Role
from portal.core.identity.queries.actors import ACTOR_COLUMNS, actor_in
from portal.core.identity.tables import LoginStep, PasswordLinkRow, SecondFactor, User

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.access import Actor

_HAS_SECOND_FACTOR = (
    exists()
    .where(col(SecondFactor.user_id) == col(User.id), col(SecondFactor.confirmed_at).is_not(None))
    .correlate(User)
)


@dataclass(frozen=True)
class Credentials:
    """What a log-in is checked against; without a hash the password was never set."""

    actor: Actor
    password_hash: str | None
    is_active: bool
    has_second_factor: bool


@dataclass(frozen=True)
class UserLine:
    """A person as the Users page shows them."""

    id: UUID
    email: str
    role: Role
    is_active: bool
    has_password: bool
    has_second_factor: bool
    last_sign_in_at: datetime | None
    link_expires_at: datetime | None
    is_limited: bool = False


async def find_credentials(session: AsyncSession, email: str) -> Credentials | None:
    """Return what a log-in of this address is checked against."""
    return await _credentials(session, col(User.email) == email)


async def credentials_of(session: AsyncSession, user_id: UUID) -> Credentials | None:
    """Return what this person's password is checked against."""
    return await _credentials(session, col(User.id) == user_id)


async def _credentials(session: AsyncSession, condition: ColumnElement[bool]) -> Credentials | None:
    asked = select(
        *ACTOR_COLUMNS,
        col(User.password_hash),
        col(User.is_active),
        _HAS_SECOND_FACTOR,
    ).where(condition)
    row = (await session.execute(asked)).one_or_none()
    if row is None:
        return None
    *person, password_hash, is_active, has_second_factor = row
    return Credentials(actor_in(person), password_hash, is_active, has_second_factor)


async def insert_user(
    session: AsyncSession, email: str, role: Role, password_hash: str | None
) -> UUID | None:
    """Add an account; None when the address is taken."""
    new = insert(User).values(email=email, role=role, password_hash=password_hash)
    return await session.scalar(
        new.on_conflict_do_nothing(index_elements=[col(User.email)]).returning(col(User.id))
    )


async def count_users(session: AsyncSession) -> int:
    """Return how many accounts there are."""
    return await session.scalar(select(func.count()).select_from(User)) or 0


async def list_users(session: AsyncSession, now: datetime) -> tuple[UserLine, ...]:
    """Return everybody, by address, with a link that is still open."""
    open_link = and_(col(PasswordLinkRow.user_id) == col(User.id), col(PasswordLinkRow.expires_at) > now)
    rows = await session.execute(
        select(
            col(User.id),
            col(User.email),
            col(User.role),
            col(User.is_active),
            col(User.password_hash).is_not(None),
            _HAS_SECOND_FACTOR,
            col(User.last_sign_in_at),
            col(PasswordLinkRow.expires_at),
            col(User.is_limited),
        )
        .join(PasswordLinkRow, open_link, isouter=True)
        .order_by(col(User.email))
    )
    return tuple(UserLine(*row) for row in rows)


async def renew_hash(session: AsyncSession, user_id: UUID, password_hash: str) -> None:
    """Store the hash of the same password anew."""
    await session.execute(update(User).where(col(User.id) == user_id).values(password_hash=password_hash))


async def note_sign_in(session: AsyncSession, user_id: UUID, now: datetime) -> None:
    """Note a log-in."""
    await session.execute(update(User).where(col(User.id) == user_id).values(last_sign_in_at=now))


async def set_password(session: AsyncSession, user_id: UUID, password_hash: str, now: datetime) -> None:
    """Store a new password; an open link to set one and a log-in that waits for its code are void from then on."""
    changed = update(User).where(col(User.id) == user_id)
    await session.execute(changed.values(password_hash=password_hash, password_changed_at=now))
    await session.execute(delete(PasswordLinkRow).where(col(PasswordLinkRow.user_id) == user_id))
    await session.execute(delete(LoginStep).where(col(LoginStep.user_id) == user_id))


async def other_admins(session: AsyncSession, user_id: UUID) -> int:
    """Return how many other active admins there are, and hold all admins: two cannot demote each other at once."""
    admins = (
        select(col(User.id))
        .where(col(User.role) == Role.ADMIN, col(User.is_active))
        .order_by(col(User.id))
        .with_for_update()
    )
    return sum(found != user_id for found in await session.scalars(admins))


async def set_role(session: AsyncSession, user_id: UUID, role: Role) -> str | None:
    """Give somebody another role; returns the address, None when there is no such account."""
    changed = update(User).where(col(User.id) == user_id).values(role=role)
    return await session.scalar(changed.returning(col(User.email)))


async def set_limited(session: AsyncSession, user_id: UUID, *, is_limited: bool) -> None:
    """Limit what a person sees, or no longer; one who is limited has to be a user."""
    await session.execute(update(User).where(col(User.id) == user_id).values(is_limited=is_limited))


async def set_speech(session: AsyncSession, user_id: UUID, language: str, locale: str) -> str | None:
    """Set how a person is spoken to, and return their address."""
    changed = update(User).where(col(User.id) == user_id).values(language=language, locale=locale)
    return (await session.execute(changed.returning(col(User.email)))).scalar_one_or_none()


async def speech_at(session: AsyncSession, addresses: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return the language and locale of those of these addresses that are people's accounts, by the address."""
    asked = [address.lower() for address in addresses]
    found = select(col(User.email), col(User.language), col(User.locale)).where(col(User.email).in_(asked))
    return {email: (language, locale) for email, language, locale in await session.execute(found)}


async def set_active(session: AsyncSession, user_id: UUID, *, is_active: bool) -> str | None:
    """Open or close an account; returns the address, None when there is no such account."""
    changed = update(User).where(col(User.id) == user_id).values(is_active=is_active)
    return await session.scalar(changed.returning(col(User.email)))


async def put_link(
    session: AsyncSession, user_id: UUID, token_hash: str, now: datetime, expires_at: datetime
) -> None:
    """Issue a link; the one before is void."""
    issued = {"token_hash": token_hash, "created_at": now, "expires_at": expires_at}
    new = insert(PasswordLinkRow).values(user_id=user_id, **issued)
    await session.execute(
        new.on_conflict_do_update(index_elements=[col(PasswordLinkRow.user_id)], set_=issued)
    )


async def link_owner(session: AsyncSession, token_hash: str, now: datetime) -> Credentials | None:
    """Return whose link this is while it is open, and hold it: it is used once."""
    link = select(col(PasswordLinkRow.user_id)).join(User, col(PasswordLinkRow.user_id) == col(User.id))
    is_open = (
        col(PasswordLinkRow.token_hash) == token_hash,
        col(PasswordLinkRow.expires_at) > now,
        col(User.is_active),
    )
    user_id = await session.scalar(link.where(*is_open).with_for_update(of=PasswordLinkRow))
    return None if user_id is None else await credentials_of(session, user_id)
