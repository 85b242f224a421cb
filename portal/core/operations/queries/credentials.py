"""Which of many credentials are known: one question for all of them, by the index that finds one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ARRAY, ColumnElement, String, any_, bindparam, select, union_all
from sqlmodel import col

from portal.core.database.prepared import Prepared
from portal.core.fleet.tables import Customer
from portal.core.identity.tables import ApiKey, Session, User
from portal.core.sites.tables import Device

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    import asyncpg
    from sqlalchemy.orm import Mapped


def _is_asked(hashed: Mapped[str] | Mapped[str | None]) -> ColumnElement[bool]:
    return hashed == any_(bindparam("hashes", type_=ARRAY(String)))


_DEVICES = Prepared(
    union_all(
        select(col(Device.token_hash)).where(_is_asked(col(Device.token_hash)), col(Device.is_active)),
        select(col(Device.previous_token_hash)).where(
            _is_asked(col(Device.previous_token_hash)),
            col(Device.previous_token_expires_at) > bindparam("now"),
            col(Device.is_active),
        ),
    )
)
_CUSTOMERS = Prepared(
    union_all(
        select(col(Customer.token_hash)).where(_is_asked(col(Customer.token_hash)), col(Customer.is_active)),
        select(col(Customer.previous_token_hash)).where(
            _is_asked(col(Customer.previous_token_hash)),
            col(Customer.previous_token_expires_at) > bindparam("now"),
            col(Customer.is_active),
        ),
    )
)
_API_KEYS = Prepared(
    select(col(ApiKey.key_hash)).where(_is_asked(col(ApiKey.key_hash)), col(ApiKey.revoked_at).is_(None))
)
_SESSIONS = Prepared(
    select(col(Session.token_hash))
    .join(User, col(User.id) == col(Session.user_id))
    .where(
        _is_asked(col(Session.token_hash)),
        col(Session.expires_at) > bindparam("now"),
        col(Session.last_seen_at) > bindparam("idle_since"),
        col(User.is_active),
    )
)


async def known_devices(
    connection: asyncpg.Connection, hashes: Collection[str], now: datetime
) -> frozenset[str]:
    """Return those that are present tokens of active devices, or previous ones that are still honoured."""
    return _texts(await _DEVICES.all(connection, hashes=list(hashes), now=now))


async def known_customers(
    connection: asyncpg.Connection, hashes: Collection[str], now: datetime
) -> frozenset[str]:
    """Return those that are present tokens of active customers, or previous ones that are still honoured."""
    return _texts(await _CUSTOMERS.all(connection, hashes=list(hashes), now=now))


async def known_api_keys(connection: asyncpg.Connection, hashes: Collection[str]) -> frozenset[str]:
    """Return those that are keys in use."""
    return _texts(await _API_KEYS.all(connection, hashes=list(hashes)))


async def known_sessions(
    connection: asyncpg.Connection, hashes: Collection[str], now: datetime, idle_since: datetime
) -> frozenset[str]:
    """Return those that are cookies of open sessions."""
    return _texts(await _SESSIONS.all(connection, hashes=list(hashes), now=now, idle_since=idle_since))


def _texts(rows: Iterable[tuple[str | None]]) -> frozenset[str]:
    return frozenset(text for (text,) in rows if text is not None)
