"""Roles of the database server that read the views of `reporting` and nothing else: one for each who may ask."""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import b64encode
from hashlib import pbkdf2_hmac, sha256
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal.core.database import reporting
from portal.core.database.rows import is_so, value_of
from portal.core.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from portal.core.database.db import AsyncSession, Database
    from portal.core.database.layout import Layout
    from portal.core.setting_sections import Grafana

_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(7301018)"
_ITERATIONS = 4096  # PostgreSQL's own
_MOST_CONNECTIONS = 20
# What Grafana does not set itself: no dashboard may keep the server busy, or change anything.
_DEFAULTS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "30s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "30s",
    "search_path": "reporting",
    "timezone": "UTC",
}
_NOT_ALLOWED = "42501"
_HAS_MORE = """
SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls OR EXISTS (
    SELECT 1 FROM pg_auth_members m WHERE m.member = r.oid
) FROM pg_roles r WHERE rolname = :role
"""


def role_name(name: str) -> str:
    """Return the name of a role. Raises `Misconfigured` for what cannot be one."""
    if not _NAME.fullmatch(name):
        message = (
            f"{name!r} cannot be the name of a role: lower case letters, digits and underscores, at most 30."
        )
        raise Misconfigured(message)
    return name


def role_of_customer(name: str, customer_id: UUID) -> str:
    """Return the name of a role that sees one customer alone. Raises `Misconfigured`."""
    return f"{role_name(name)}_{customer_id.hex}"


async def prepare_readers(database: Database, layout: Layout, settings: Grafana) -> None:
    """Make the views of `reporting` again where they are not of this release, and have the role the settings name."""
    async with database.transaction() as session:
        await session.execute(text(_ONE_AT_A_TIME))
        await reporting.make_again(session, layout)
    password = settings.reader_password.get_secret_value()
    if password:
        await ensure_reader(database, layout, role_name(settings.reader_name), password)


async def ensure_reader(
    database: Database,
    layout: Layout,
    role: str,
    password: str,
    also: Callable[[AsyncSession], Awaitable[None]] | None = None,
) -> None:
    """Have a role that reads the views of `reporting`, with this password. Raises `Misconfigured` where it may not.

    `also` is done in the same transaction.
    The server is sent what it stores of a password and not the password, so that its log cannot have it.
    """
    try:
        async with database.transaction() as session:
            await session.execute(text(_ONE_AT_A_TIME))
            await _have_role(session, role, password)
            await reporting.let_read(session, layout, role)
            if also is not None:
                await also(session)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _NOT_ALLOWED:
            raise
        message = (
            f"The role {role} cannot be made, since the portal's own role may not make roles: have it do so "
            "(ALTER ROLE ... CREATEROLE), or leave Grafana__ReaderPassword empty."
        )
        raise Misconfigured(message) from error


async def _have_role(session: AsyncSession, role: str, password: str) -> None:
    is_there = await is_so(session, "SELECT to_regrole(:role) IS NOT NULL", {"role": role})
    if is_there and await is_so(session, _HAS_MORE, {"role": role}):
        raise Misconfigured(
            f"The role {role} has rights of its own: name another one in Grafana__ReaderName."
        )
    verb = "ALTER" if is_there else "CREATE"
    # A colon would be a parameter.
    secret = verifier(password).replace(":", "\\:")
    await session.execute(
        text(f"{verb} ROLE {role} LOGIN CONNECTION LIMIT {_MOST_CONNECTIONS} PASSWORD '{secret}'")
    )
    own = await value_of(session, str, "SELECT quote_ident(current_database())")
    for name, value in _DEFAULTS.items():
        await session.execute(text(f"ALTER ROLE {role} IN DATABASE {own} SET {name} = '{value}'"))
    await session.execute(text(f"GRANT CONNECT ON DATABASE {own} TO {role}"))


def verifier(password: str, salt: bytes | None = None) -> str:
    """Return what PostgreSQL stores of a password (RFC 5803, SCRAM-SHA-256): letters, digits and `+/=:$-`."""
    salted = salt or secrets.token_bytes(16)
    key = pbkdf2_hmac("sha256", password.encode(), salted, _ITERATIONS)
    stored = sha256(hmac.digest(key, b"Client Key", "sha256")).digest()
    server = hmac.digest(key, b"Server Key", "sha256")
    shown = [b64encode(part).decode() for part in (salted, stored, server)]
    return f"SCRAM-SHA-256${_ITERATIONS}:{shown[0]}${shown[1]}:{shown[2]}"
