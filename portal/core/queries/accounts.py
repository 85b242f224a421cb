"""Accounts, sessions and machine keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from portal.core.domain.access import Actor, Role

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class Credentials:
    """What a log-in is checked against."""

    actor: Actor
    password_hash: str
    is_active: bool
    failed_attempts: int
    locked_until: datetime | None


@dataclass(frozen=True)
class OpenSession:
    """A session that has not expired, and when it was last used."""

    actor: Actor
    last_seen_at: datetime


async def credentials_for_update(session: AsyncSession, email: str) -> Credentials | None:
    """Read an account and hold its row, so that parallel attempts count one after the other."""
    row = (
        await session.execute(
            text(
                "SELECT id, email, role, password_hash, is_active, failed_attempts, locked_until "
                "FROM app.users WHERE email = :email FOR UPDATE"
            ),
            {"email": email},
        )
    ).one_or_none()
    if row is None:
        return None
    actor = Actor(row.id, row.email, Role(row.role))
    return Credentials(actor, row.password_hash, row.is_active, row.failed_attempts, row.locked_until)


async def insert_user(session: AsyncSession, email: str, role: Role, password_hash: str) -> UUID | None:
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


async def record_failure(
    session: AsyncSession, user_id: UUID, failures: int, locked_until: datetime | None
) -> None:
    """Store the failed attempts of an account and until when it is closed."""
    await session.execute(
        text("UPDATE app.users SET failed_attempts = :failures, locked_until = :until WHERE id = :id"),
        {"failures": failures, "until": locked_until, "id": user_id},
    )


async def insert_session(
    session: AsyncSession, user_id: UUID, token_hash: str, now: datetime, expires_at: datetime
) -> None:
    """Open a session and forget the account's failures and expired sessions."""
    await session.execute(
        text("DELETE FROM app.sessions WHERE user_id = :id AND expires_at <= :now"),
        {"id": user_id, "now": now},
    )
    await session.execute(
        text(
            "INSERT INTO app.sessions (token_hash, user_id, created_at, last_seen_at, expires_at) "
            "VALUES (:hash, :id, :now, :now, :expires_at)"
        ),
        {"hash": token_hash, "id": user_id, "now": now, "expires_at": expires_at},
    )
    await record_failure(session, user_id, 0, None)


async def find_session(
    session: AsyncSession, token_hash: str, now: datetime, idle_since: datetime
) -> OpenSession | None:
    """Return the open session of a cookie, unless it expired, was idle, or its account is inactive."""
    row = (
        await session.execute(
            text(
                "SELECT u.id, u.email, u.role, s.last_seen_at FROM app.sessions s JOIN app.users u ON u.id = s.user_id "
                "WHERE s.token_hash = :hash AND s.expires_at > :now AND s.last_seen_at > :idle_since AND u.is_active"
            ),
            {"hash": token_hash, "now": now, "idle_since": idle_since},
        )
    ).one_or_none()
    return None if row is None else OpenSession(Actor(row.id, row.email, Role(row.role)), row.last_seen_at)


async def touch_session(session: AsyncSession, token_hash: str, now: datetime) -> None:
    """Note that a session is in use."""
    await session.execute(
        text("UPDATE app.sessions SET last_seen_at = :now WHERE token_hash = :hash"),
        {"now": now, "hash": token_hash},
    )


async def delete_session(session: AsyncSession, token_hash: str) -> None:
    """End a session."""
    await session.execute(text("DELETE FROM app.sessions WHERE token_hash = :hash"), {"hash": token_hash})


async def insert_api_key(session: AsyncSession, name: str, key_hash: str) -> UUID | None:
    """Add a machine key; None when the name is taken."""
    return await session.scalar(
        text(
            "INSERT INTO app.api_keys (name, key_hash) VALUES (:name, :hash) ON CONFLICT (name) DO NOTHING RETURNING id"
        ),
        {"name": name, "hash": key_hash},
    )


async def use_api_key(session: AsyncSession, key_hash: str, now: datetime) -> Actor | None:
    """Return whose key this is and note its use, at most once a minute."""
    row = (
        await session.execute(
            text(
                "SELECT id, name, last_used_at FROM app.api_keys WHERE key_hash = :hash AND revoked_at IS NULL"
            ),
            {"hash": key_hash},
        )
    ).one_or_none()
    if row is None:
        return None
    await session.execute(
        text(
            "UPDATE app.api_keys SET last_used_at = :now "
            "WHERE id = :id "
            "AND (last_used_at IS NULL OR last_used_at < CAST(:now AS timestamptz) - interval '1 minute')"
        ),
        {"now": now, "id": row.id},
    )
    return Actor(row.id, row.name, Role.ADMIN, "api_key")
