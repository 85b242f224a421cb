"""Machine keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from portal.core.domain.access import Actor, Role, Scope

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class KeyLine:
    """A key as the API keys page shows it."""

    id: UUID
    name: str
    scope: Scope
    created_at: datetime
    last_used_at: datetime | None


async def insert(session: AsyncSession, name: str, key_hash: str, scope: Scope) -> UUID | None:
    """Add a machine key; None when the name is taken by one that is in use."""
    return await session.scalar(
        text(
            "INSERT INTO app.api_keys (name, key_hash, scope) VALUES (:name, :hash, :scope) "
            "ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING RETURNING id"
        ),
        {"name": name, "hash": key_hash, "scope": scope.value},
    )


async def list_open(session: AsyncSession) -> tuple[KeyLine, ...]:
    """Return the keys that were not revoked, by name."""
    rows = await session.execute(
        text(
            "SELECT id, name, scope, created_at, last_used_at FROM app.api_keys WHERE revoked_at IS NULL ORDER BY name"
        )
    )
    return tuple(KeyLine(r.id, r.name, Scope(r.scope), r.created_at, r.last_used_at) for r in rows)


async def revoke(session: AsyncSession, key_id: UUID, now: datetime) -> str | None:
    """Revoke a key; returns its name, None when there is no such key in use."""
    return await session.scalar(
        text(
            "UPDATE app.api_keys SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL RETURNING name"
        ),
        {"id": key_id, "now": now},
    )


async def use(session: AsyncSession, key_hash: str, now: datetime) -> Actor | None:
    """Return whose key this is and note its use, at most once a minute."""
    row = (
        await session.execute(
            text("SELECT id, name, scope FROM app.api_keys WHERE key_hash = :hash AND revoked_at IS NULL"),
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
    return Actor(row.id, row.name, Role.ADMIN, "api_key", Scope(row.scope))
