"""Which of many credentials are known: one question for all of them, by the index that finds one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    import asyncpg

_DEVICES = "SELECT token_hash FROM monitoring.devices WHERE token_hash = ANY($1::text[]) AND is_active"
_CUSTOMERS = """
SELECT token_hash FROM fleet.customers WHERE token_hash = ANY($1::text[]) AND is_active
UNION ALL
SELECT previous_token_hash FROM fleet.customers
WHERE previous_token_hash = ANY($1::text[]) AND previous_token_expires_at > $2 AND is_active
"""
_API_KEYS = "SELECT key_hash FROM app.api_keys WHERE key_hash = ANY($1::text[]) AND revoked_at IS NULL"
_SESSIONS = (
    "SELECT s.token_hash FROM app.sessions s JOIN app.users u ON u.id = s.user_id "
    "WHERE s.token_hash = ANY($1::text[]) AND s.expires_at > $2 AND s.last_seen_at > $3 AND u.is_active"
)


async def known_devices(connection: asyncpg.Connection, hashes: Collection[str]) -> frozenset[str]:
    """Return those that are tokens of active devices."""
    return _texts(await connection.fetch(_DEVICES, list(hashes)))


async def known_customers(
    connection: asyncpg.Connection, hashes: Collection[str], now: datetime
) -> frozenset[str]:
    """Return those that are present tokens of active customers, or previous ones that are still honoured."""
    return _texts(await connection.fetch(_CUSTOMERS, list(hashes), now))


async def known_api_keys(connection: asyncpg.Connection, hashes: Collection[str]) -> frozenset[str]:
    """Return those that are keys in use."""
    return _texts(await connection.fetch(_API_KEYS, list(hashes)))


async def known_sessions(
    connection: asyncpg.Connection, hashes: Collection[str], now: datetime, idle_since: datetime
) -> frozenset[str]:
    """Return those that are cookies of open sessions."""
    return _texts(await connection.fetch(_SESSIONS, list(hashes), now, idle_since))


def _texts(rows: Iterable[Any]) -> frozenset[str]:
    return frozenset(str(row[0]) for row in rows)
