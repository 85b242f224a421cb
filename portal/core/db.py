"""Connections and transactions.

One `Database` is one pool. A transaction is opened here and nowhere else: leaving the block
commits it, an exception rolls it back.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from portal.core.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from portal.core.settings import Settings

_DRIVER = "postgresql+asyncpg"
_FORM_KEYS = {
    "host": "host",
    "server": "host",
    "port": "port",
    "database": "database",
    "username": "username",
    "user id": "username",
    "password": "password",
}


class Database:
    """One connection pool to one database.

    `application_name` shows in `pg_stat_activity`, so that an operator sees which part holds what.
    """

    def __init__(self, dsn: str, *, application_name: str, pool_size: int = 5) -> None:
        self.dsn = dsn
        self.engine = create_async_engine(
            dsn,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            hide_parameters=True,  # bound values hold readings and token hashes, which no log should repeat
            connect_args={
                "server_settings": {"application_name": application_name, "jit": "off", "timezone": "UTC"}
            },
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncSession, None]:
        """Open one read-write transaction; committed at the end of the block."""
        async with self._sessions.begin() as session:
            yield session

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[AsyncSession, None]:
        """Open one read-only transaction in which every statement sees the same moment."""
        async with self._sessions.begin() as session:
            await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            yield session

    async def dedicated(self) -> asyncpg.Connection:
        """Open a connection of its own outside the pool, in autocommit; the caller closes it.

        For what outlives a transaction: session-level advisory locks, LISTEN.
        """
        url = self.engine.url.set(drivername="postgresql")
        return await asyncpg.connect(url.render_as_string(hide_password=False))

    async def dispose(self) -> None:
        """Close every connection of the pool."""
        await self.engine.dispose()


async def driver_connection(session: AsyncSession) -> asyncpg.Connection:
    """Return the asyncpg connection under a session, inside the session's own transaction (for COPY)."""
    await session.execute(text("SELECT 1"))  # SQLAlchemy begins the transaction with the first statement
    raw = await (await session.connection()).get_raw_connection()
    connection = raw.driver_connection
    if not isinstance(connection, asyncpg.Connection):
        message = "the session does not run on asyncpg"
        raise TypeError(message)
    return connection


def parse_connection_string(value: str) -> str:
    """Turn a `postgresql://` URL or the `Host=..;Port=..;Database=..` form into the DSN `Database` takes.

    Raises `Misconfigured` without repeating the value, which holds a password.
    """
    if "://" in value:
        try:
            url = make_url(value)
        except ArgumentError:
            url = None
        if url is None or url.get_backend_name() not in {"postgresql", "postgres"}:
            message = "Database__ConnectionString is not a postgresql:// URL"
            raise Misconfigured(message)
        return url.set(drivername=_DRIVER).render_as_string(hide_password=False)
    return _parse_form(value)


def _parse_form(value: str) -> str:
    fields: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in value.split(";"))):
        key, separator, content = part.partition("=")
        name = _FORM_KEYS.get(key.strip().lower())
        if not separator or name is None:
            message = f"Database__ConnectionString has an unknown part {key.strip()!r}"
            raise Misconfigured(message)
        fields[name] = content.strip()
    if "host" not in fields or "database" not in fields:
        message = "Database__ConnectionString needs at least Host and Database"
        raise Misconfigured(message)
    return _compose(**fields)


def _compose(*, host: str, database: str, port: str = "5432", username: str = "", password: str = "") -> str:
    if not port.isdigit():
        message = "the database port is not a number"
        raise Misconfigured(message)
    url = URL.create(_DRIVER, username or None, password or None, host, int(port), database)
    return url.render_as_string(hide_password=False)


def configured_dsn(settings: Settings) -> str | None:
    """Return the DSN the settings name: the connection string, else composed from its parts, else None."""
    database = settings.database
    explicit = database.connection_string.get_secret_value()
    if explicit:
        return parse_connection_string(explicit)
    if database.host:
        return _compose(
            host=database.host,
            port=str(database.port),
            database=database.name or "portal",
            username=database.username,
            password=database.password.get_secret_value(),
        )
    return None
