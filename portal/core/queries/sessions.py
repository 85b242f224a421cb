"""Open log-ins. Whatever ends one says so on the channel `ENDED`, so that every process can close its pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from portal.core.domain.access import Actor, Role

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from asyncpg import Connection
    from sqlalchemy.ext.asyncio import AsyncSession

ENDED = "portal_session_ended"
_END = f"SELECT pg_notify('{ENDED}', token_hash), token_hash FROM gone"


@dataclass(frozen=True)
class OpenSession:
    """A session that has not expired, and when it was last used."""

    actor: Actor
    last_seen_at: datetime


@dataclass(frozen=True)
class SessionLine:
    """An open session as its owner sees it."""

    id: UUID
    address: str
    agent: str
    created_at: datetime
    last_seen_at: datetime
    is_current: bool


@dataclass(frozen=True)
class NewSession:
    """A session to be opened; `expires_at` is the end nothing puts off."""

    token_hash: str
    user_id: UUID
    address: str
    agent: str
    now: datetime
    expires_at: datetime


async def insert(session: AsyncSession, new: NewSession) -> None:
    """Open a session and forget the account's expired ones."""
    await session.execute(
        text("DELETE FROM app.sessions WHERE user_id = :id AND expires_at <= :now"),
        {"id": new.user_id, "now": new.now},
    )
    await session.execute(
        text(
            "INSERT INTO app.sessions (token_hash, user_id, address, agent, created_at, last_seen_at, expires_at) "
            "VALUES (:hash, :id, :address, :agent, :now, :now, :expires_at)"
        ),
        {
            "hash": new.token_hash,
            "id": new.user_id,
            "address": new.address,
            "agent": new.agent,
            "now": new.now,
            "expires_at": new.expires_at,
        },
    )


async def find(
    connection: Connection, token_hash: str, now: datetime, idle_since: datetime
) -> OpenSession | None:
    """Return the open session of a cookie, unless it expired, was idle, or its account is inactive.

    On a connection of the driver, which prepares the statement once: this is asked with everything a page does.
    """
    row = await connection.fetchrow(
        "SELECT u.id, u.email, u.role, s.last_seen_at FROM app.sessions s JOIN app.users u ON u.id = s.user_id "
        "WHERE s.token_hash = $1 AND s.expires_at > $2 AND s.last_seen_at > $3 AND u.is_active",
        token_hash,
        now,
        idle_since,
    )
    if row is None:
        return None
    return OpenSession(Actor(row["id"], row["email"], Role(row["role"])), row["last_seen_at"])


async def find_among(
    connection: Connection, token_hashes: Iterable[str], now: datetime, idle_since: datetime
) -> dict[str, Actor]:
    """Return the actors of those of these sessions that are open."""
    rows = await connection.fetch(
        "SELECT s.token_hash, u.id, u.email, u.role FROM app.sessions s JOIN app.users u ON u.id = s.user_id "
        "WHERE s.token_hash = ANY($1) AND s.expires_at > $2 AND s.last_seen_at > $3 AND u.is_active",
        list(token_hashes),
        now,
        idle_since,
    )
    return {row["token_hash"]: Actor(row["id"], row["email"], Role(row["role"])) for row in rows}


async def open_among(
    session: AsyncSession, token_hashes: Iterable[str], now: datetime, idle_since: datetime
) -> frozenset[str]:
    """Return which of these sessions are still open."""
    rows = await session.scalars(
        text(
            "SELECT s.token_hash FROM app.sessions s JOIN app.users u ON u.id = s.user_id "
            "WHERE s.token_hash = ANY(:hashes) AND s.expires_at > :now AND s.last_seen_at > :idle_since "
            "AND u.is_active"
        ),
        {"hashes": list(token_hashes), "now": now, "idle_since": idle_since},
    )
    return frozenset(rows)


async def touch(connection: Connection, token_hash: str, now: datetime) -> None:
    """Note that a session is in use."""
    await connection.execute(
        "UPDATE app.sessions SET last_seen_at = $1 WHERE token_hash = $2", now, token_hash
    )


async def list_open(
    session: AsyncSession, user_id: UUID, current_hash: str, now: datetime, idle_since: datetime
) -> tuple[SessionLine, ...]:
    """Return a person's open sessions, the latest used first."""
    rows = await session.execute(
        text(
            "SELECT id, address, agent, created_at, last_seen_at, token_hash = :current AS is_current "
            "FROM app.sessions WHERE user_id = :id AND expires_at > :now AND last_seen_at > :idle_since "
            "ORDER BY last_seen_at DESC"
        ),
        {"id": user_id, "current": current_hash, "now": now, "idle_since": idle_since},
    )
    return tuple(
        SessionLine(r.id, r.address, r.agent, r.created_at, r.last_seen_at, r.is_current) for r in rows
    )


async def delete(session: AsyncSession, token_hash: str) -> Actor | None:
    """End a session by its cookie; returns whose it was."""
    row = (
        await session.execute(
            text(
                "WITH gone AS (DELETE FROM app.sessions WHERE token_hash = :hash RETURNING token_hash, user_id) "
                f"SELECT pg_notify('{ENDED}', g.token_hash), u.id, u.email, u.role "
                "FROM gone g JOIN app.users u ON u.id = g.user_id"
            ),
            {"hash": token_hash},
        )
    ).one_or_none()
    return None if row is None else Actor(row.id, row.email, Role(row.role))


async def delete_one(session: AsyncSession, user_id: UUID, session_id: UUID) -> bool:
    """End one session of a person; tells whether there was one."""
    statement = text(
        "WITH gone AS (DELETE FROM app.sessions WHERE id = :id AND user_id = :user_id RETURNING token_hash) "
        + _END
    )
    return (await session.execute(statement, {"id": session_id, "user_id": user_id})).first() is not None


async def delete_all(session: AsyncSession, user_id: UUID, but: str = "") -> int:
    """End every session of a person but the one with this hash; returns how many."""
    statement = text(
        "WITH gone AS (DELETE FROM app.sessions WHERE user_id = :id AND token_hash <> :but RETURNING token_hash) "
        + _END
    )
    return len((await session.execute(statement, {"id": user_id, "but": but})).all())
