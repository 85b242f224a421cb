"""Machine keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_into
from sqlmodel import col

from portal.core.access import Actor, Role, Scope
from portal.core.identity.tables import ApiKey

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

_IS_IN_USE = col(ApiKey.revoked_at).is_(None)
# Worded once: every request of a machine asks it.
_BY_HASH = select(col(ApiKey.id), col(ApiKey.name), col(ApiKey.scope), col(ApiKey.last_used_at)).where(
    col(ApiKey.key_hash) == bindparam("hash"), _IS_IN_USE
)
_NOTED_EVERY = timedelta(minutes=1)


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
    new = insert_into(ApiKey).values(name=name, key_hash=key_hash, scope=scope)
    return await session.scalar(
        new.on_conflict_do_nothing(index_elements=[col(ApiKey.name)], index_where=_IS_IN_USE).returning(
            col(ApiKey.id)
        )
    )


_LINE = (
    col(ApiKey.id),
    col(ApiKey.name),
    col(ApiKey.scope),
    col(ApiKey.created_at),
    col(ApiKey.last_used_at),
)


async def list_open(session: AsyncSession) -> tuple[KeyLine, ...]:
    """Return the keys that were not revoked, by name."""
    rows = await session.execute(select(*_LINE).where(_IS_IN_USE).order_by(col(ApiKey.name)))
    return tuple(KeyLine(*row) for row in rows)


async def revoke(session: AsyncSession, key: UUID | str, now: datetime) -> KeyLine | None:
    """Revoke a key, given by its id or its name; returns it, None when there is no such key in use."""
    named = col(ApiKey.name) == key if isinstance(key, str) else col(ApiKey.id) == key
    revoked = update(ApiKey).where(named, _IS_IN_USE).values(revoked_at=now)
    row = (await session.execute(revoked.returning(*_LINE))).one_or_none()
    return None if row is None else KeyLine(*row)


async def use(session: AsyncSession, key_hash: str, now: datetime) -> Actor | None:
    """Return whose key this is and note its use, at most once a minute."""
    row = (await session.execute(_BY_HASH, {"hash": key_hash})).one_or_none()
    if row is None:
        return None
    key_id, name, scope, last_used_at = row
    if last_used_at is None or last_used_at < now - _NOTED_EVERY:
        await _note_use(session, key_id, now)
    return Actor(key_id, name, Role.ADMIN, "api_key", scope)


async def _note_use(session: AsyncSession, key_id: UUID, now: datetime) -> None:
    """Note a use, unless somebody else has just done so."""
    last_used_at = col(ApiKey.last_used_at)
    is_old = or_(last_used_at.is_(None), last_used_at < now - _NOTED_EVERY)
    await session.execute(update(ApiKey).where(col(ApiKey.id) == key_id, is_old).values(last_used_at=now))
