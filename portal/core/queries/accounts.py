"""People's accounts and the links by which they set their password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from portal.core.domain.access import Actor, Role

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


_HAS_SECOND_FACTOR = (
    "EXISTS (SELECT FROM app.second_factors f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL) "
    "AS has_second_factor"
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


async def find_credentials(session: AsyncSession, email: str) -> Credentials | None:
    """Return what a log-in of this address is checked against."""
    return await _credentials(session, "u.email = :key", email)


async def credentials_of(session: AsyncSession, user_id: UUID) -> Credentials | None:
    """Return what this person's password is checked against."""
    return await _credentials(session, "u.id = :key", user_id)


async def _credentials(session: AsyncSession, condition: str, key: object) -> Credentials | None:
    row = (
        await session.execute(
            text(
                f"SELECT u.id, u.email, u.role, u.password_hash, u.is_active, {_HAS_SECOND_FACTOR} "
                f"FROM app.users u WHERE {condition}"
            ),
            {"key": key},
        )
    ).one_or_none()
    if row is None:
        return None
    actor = Actor(row.id, row.email, Role(row.role))
    return Credentials(actor, row.password_hash, row.is_active, row.has_second_factor)


async def insert_user(
    session: AsyncSession, email: str, role: Role, password_hash: str | None
) -> UUID | None:
    """Add an account; None when the address is taken."""
    return await session.scalar(
        text(
            "INSERT INTO app.users (email, role, password_hash) VALUES (:email, :role, :password_hash) "
            "ON CONFLICT (email) DO NOTHING RETURNING id"
        ),
        {"email": email, "role": role.value, "password_hash": password_hash},
    )


async def count_users(session: AsyncSession) -> int:
    """Return how many accounts there are."""
    return int(await session.scalar(text("SELECT count(*) FROM app.users")) or 0)


async def list_users(session: AsyncSession, now: datetime) -> tuple[UserLine, ...]:
    """Return everybody, by address, with a link that is still open."""
    rows = await session.execute(
        text(
            "SELECT u.id, u.email, u.role, u.is_active, u.password_hash IS NOT NULL AS has_password, "
            f"{_HAS_SECOND_FACTOR}, u.last_sign_in_at, l.expires_at FROM app.users u "
            "LEFT JOIN app.password_links l ON l.user_id = u.id AND l.expires_at > :now ORDER BY u.email"
        ),
        {"now": now},
    )
    return tuple(
        UserLine(
            r.id,
            r.email,
            Role(r.role),
            r.is_active,
            r.has_password,
            r.has_second_factor,
            r.last_sign_in_at,
            r.expires_at,
        )
        for r in rows
    )


async def id_of(session: AsyncSession, email: str) -> UUID | None:
    """Return whose address this is."""
    return await session.scalar(text("SELECT id FROM app.users WHERE email = :email"), {"email": email})


async def renew_hash(session: AsyncSession, user_id: UUID, password_hash: str) -> None:
    """Store the hash of the same password anew."""
    await session.execute(
        text("UPDATE app.users SET password_hash = :hash WHERE id = :id"),
        {"hash": password_hash, "id": user_id},
    )


async def note_sign_in(session: AsyncSession, user_id: UUID, now: datetime) -> None:
    """Note a log-in."""
    await session.execute(
        text("UPDATE app.users SET last_sign_in_at = :now WHERE id = :id"), {"now": now, "id": user_id}
    )


async def set_password(session: AsyncSession, user_id: UUID, password_hash: str, now: datetime) -> None:
    """Store a new password; an open link to set one and a log-in that waits for its code are void from then on."""
    await session.execute(
        text("UPDATE app.users SET password_hash = :hash, password_changed_at = :now WHERE id = :id"),
        {"hash": password_hash, "now": now, "id": user_id},
    )
    await session.execute(text("DELETE FROM app.password_links WHERE user_id = :id"), {"id": user_id})
    await session.execute(text("DELETE FROM app.login_steps WHERE user_id = :id"), {"id": user_id})


async def other_admins(session: AsyncSession, user_id: UUID) -> int:
    """Return how many other active admins there are, and hold all admins: two cannot demote each other at once."""
    rows = await session.execute(
        text("SELECT id FROM app.users WHERE role = 'admin' AND is_active ORDER BY id FOR UPDATE")
    )
    return sum(row.id != user_id for row in rows)


async def update_user(session: AsyncSession, user_id: UUID, **values: Any) -> str | None:
    """Change `role` or `is_active`; returns the address, None when there is no such account."""
    [(column, value)] = values.items()
    return await session.scalar(
        text(f"UPDATE app.users SET {column} = :value WHERE id = :id RETURNING email"),
        {"value": value, "id": user_id},
    )


async def put_link(
    session: AsyncSession, user_id: UUID, token_hash: str, now: datetime, expires_at: datetime
) -> None:
    """Issue a link; the one before is void."""
    await session.execute(
        text(
            "INSERT INTO app.password_links (token_hash, user_id, created_at, expires_at) "
            "VALUES (:hash, :id, :now, :expires_at) ON CONFLICT (user_id) DO UPDATE SET "
            "token_hash = excluded.token_hash, created_at = excluded.created_at, expires_at = excluded.expires_at"
        ),
        {"hash": token_hash, "id": user_id, "now": now, "expires_at": expires_at},
    )


async def link_owner(session: AsyncSession, token_hash: str, now: datetime) -> Credentials | None:
    """Return whose link this is while it is open, and hold it: it is used once."""
    user_id = await session.scalar(
        text(
            "SELECT l.user_id FROM app.password_links l JOIN app.users u ON u.id = l.user_id "
            "WHERE l.token_hash = :hash AND l.expires_at > :now AND u.is_active FOR UPDATE OF l"
        ),
        {"hash": token_hash, "now": now},
    )
    return None if user_id is None else await credentials_of(session, user_id)
