"""Open log-ins. Whatever ends one says so on the channel `ENDED`, so that every process can close its pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import ARRAY, String, any_, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as insert_into
from sqlmodel import col

from portal.core.database.prepared import Prepared, PreparedChange
from portal.core.identity.queries.actors import ACTOR_COLUMNS, actor_in
from portal.core.identity.tables import Session, User

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from asyncpg import Connection
    from sqlalchemy import Delete
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.access import Actor

ENDED = "portal_session_ended"
_BY_PERSON = col(User.id) == col(Session.user_id)
_IS_OPEN = (
    col(Session.expires_at) > bindparam("now"),
    col(Session.last_seen_at) > bindparam("idle_since"),
    col(User.is_active),
)
_FIND = Prepared(
    select(*ACTOR_COLUMNS, col(Session.last_seen_at))
    .join(User, _BY_PERSON)
    .where(col(Session.token_hash) == bindparam("hash"), *_IS_OPEN)
)
_AMONG = col(Session.token_hash) == any_(bindparam("hashes", type_=ARRAY(String)))
_FIND_AMONG = Prepared(
    select(col(Session.token_hash), *ACTOR_COLUMNS).join(User, _BY_PERSON).where(_AMONG, *_IS_OPEN)
)
_TOUCH = PreparedChange(
    update(Session).where(col(Session.token_hash) == bindparam("hash")).values(last_seen_at=bindparam("now"))
)


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
    expired = (col(Session.user_id) == new.user_id, col(Session.expires_at) <= new.now)
    await session.execute(delete(Session).where(*expired))
    await session.execute(
        insert_into(Session).values(
            token_hash=new.token_hash,
            user_id=new.user_id,
            address=new.address,
            agent=new.agent,
            created_at=new.now,
            last_seen_at=new.now,
            expires_at=new.expires_at,
        )
    )


async def find(
    connection: Connection, token_hash: str, now: datetime, idle_since: datetime
) -> OpenSession | None:
    """Return the open session of a cookie, unless it expired, was idle, or its account is inactive.

    On a connection of the driver, which prepares the statement once: this is asked with everything a page does.
    """
    row = await _FIND.first(connection, hash=token_hash, now=now, idle_since=idle_since)
    if row is None:
        return None
    *person, last_seen_at = row
    return OpenSession(actor_in(person), last_seen_at)


async def find_among(
    connection: Connection, token_hashes: Iterable[str], now: datetime, idle_since: datetime
) -> dict[str, Actor]:
    """Return the actors of those of these sessions that are open."""
    rows = await _FIND_AMONG.all(connection, hashes=list(token_hashes), now=now, idle_since=idle_since)
    return {found: actor_in(person) for found, *person in rows}


async def open_among(
    session: AsyncSession, token_hashes: Iterable[str], now: datetime, idle_since: datetime
) -> frozenset[str]:
    """Return which of these sessions are still open."""
    asked = (
        select(col(Session.token_hash))
        .join(User, _BY_PERSON)
        .where(col(Session.token_hash).in_(list(token_hashes)), *_IS_OPEN)
    )
    return frozenset(await session.scalars(asked, {"now": now, "idle_since": idle_since}))


async def touch(connection: Connection, token_hash: str, now: datetime) -> None:
    """Note that a session is in use."""
    await _TOUCH.run(connection, hash=token_hash, now=now)


async def list_open(
    session: AsyncSession, user_id: UUID, current_hash: str, now: datetime, idle_since: datetime
) -> tuple[SessionLine, ...]:
    """Return a person's open sessions, the latest used first."""
    rows = await session.execute(
        select(
            col(Session.id),
            col(Session.address),
            col(Session.agent),
            col(Session.created_at),
            col(Session.last_seen_at),
            col(Session.token_hash) == current_hash,
        )
        .where(
            col(Session.user_id) == user_id,
            col(Session.expires_at) > now,
            col(Session.last_seen_at) > idle_since,
        )
        .order_by(col(Session.last_seen_at).desc())
    )
    return tuple(SessionLine(*row) for row in rows)


async def delete_by_hash(session: AsyncSession, token_hash: str) -> Actor | None:
    """End a session by its cookie; returns whose it was."""
    ended = await _end(session, delete(Session).where(col(Session.token_hash) == token_hash))
    if not ended:
        return None
    person = select(*ACTOR_COLUMNS).where(col(User.id) == ended[0])
    return actor_in((await session.execute(person)).one())


async def delete_one(session: AsyncSession, user_id: UUID, session_id: UUID) -> bool:
    """End one session of a person; tells whether there was one."""
    its = (col(Session.id) == session_id, col(Session.user_id) == user_id)
    return bool(await _end(session, delete(Session).where(*its)))


async def delete_all(session: AsyncSession, user_id: UUID, but: str = "") -> int:
    """End every session of a person but the one with this hash; returns how many."""
    return len(
        await _end(
            session, delete(Session).where(col(Session.user_id) == user_id, col(Session.token_hash) != but)
        )
    )


async def _end(session: AsyncSession, ending: Delete) -> list[UUID]:
    """End sessions and say so to every process; returns whose they were."""
    gone = await session.execute(
        ending.returning(col(Session.user_id), func.pg_notify(ENDED, col(Session.token_hash)))
    )
    return [user_id for user_id, _ in gone]
