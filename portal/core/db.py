"""Connections and transactions.

One `Database` is one pool. A transaction is opened here and nowhere else: leaving the block
commits it, an exception rolls it back.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from portal.core.errors import Misconfigured, Unavailable

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
# What says that the server is away, stops, is full or has no connection left: the same request may work later.
_AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError,
    asyncpg.InvalidCatalogNameError,
)
_OPEN_SECONDS = 5
_WAIT_SECONDS = 15
_STATEMENT_SECONDS = 60
# Two batches at once keep two cores of a database busy; more only wait for each other's row locks there, and would
# take the connections that single readings need. Each worker process has its own two.
_BULK_WRITERS = 2
_CHECKS_AT_ONCE = 3


def is_away(error: BaseException | None) -> bool:
    """Whether an error of the driver means that the database cannot be used just now, whatever was asked of it."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or is_away(getattr(error.orig, "__cause__", None))
    return isinstance(error, _AWAY) and not isinstance(error, ValueError)


class DirectPool:
    """Connections of the driver itself, for hot paths: no session, no ping, no clean-up between two uses.

    Opened with the first use. A connection that the server closed is replaced when it is taken, so that the
    pool needs no help after a restart of the database. `waiting` is how many wait for a connection.
    """

    def __init__(self, dsn: str, *, application_name: str, size: int) -> None:
        self._dsn = dsn
        self._settings = {"application_name": application_name, "jit": "off", "timezone": "UTC"}
        self._size = size
        self._opening = asyncio.Lock()
        self.bulk = asyncio.Semaphore(_BULK_WRITERS)
        self._pool: asyncpg.Pool | None = None
        self.waiting = 0

    @property
    def in_use(self) -> int:
        """How many connections are taken."""
        return self._pool.get_size() - self._pool.get_idle_size() if self._pool else 0

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[asyncpg.Connection, None]:
        """Take a connection in autocommit: each statement is a transaction. Raises `Unavailable`."""
        pool = self._pool or await self._open()
        self.waiting += 1
        try:
            taken = await pool.acquire(timeout=_WAIT_SECONDS)
        except (*_AWAY, asyncpg.PostgresError) as error:
            raise Unavailable(_NO_ANSWER) from error
        finally:
            self.waiting -= 1
        try:
            yield taken
        except _AWAY as error:
            raise (Unavailable(_NO_ANSWER) if is_away(error) else error) from error
        finally:
            await _give_back(pool, taken)

    async def _open(self) -> asyncpg.Pool:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._dsn,
                    min_size=0,
                    max_size=self._size,
                    reset=_leave_as_it_is,
                    server_settings=self._settings,
                    timeout=_OPEN_SECONDS,
                    command_timeout=_STATEMENT_SECONDS,
                )
            return self._pool

    async def close(self) -> None:
        """Close every connection."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            pool.terminate()


_NO_ANSWER = "The database does not answer."


async def _leave_as_it_is(_: asyncpg.Connection) -> None:
    """Nothing done here outlives its transaction, so resetting the session would be a round trip for nothing."""


async def _give_back(pool: asyncpg.Pool, taken: asyncpg.Connection) -> None:
    try:
        await pool.release(taken, timeout=_OPEN_SECONDS)
    except (*_AWAY, asyncpg.PostgresError):  # it is closed then, and the next use opens another
        taken.terminate()


class Database:
    """One connection pool to one database, one for the ingest (`direct`) and a small one for session checks (`checks`).

    `application_name` shows in `pg_stat_activity`, so that an operator sees which part holds what.
    """

    def __init__(
        self, dsn: str, *, application_name: str, pool_size: int = 5, statement_seconds: float | None = None
    ) -> None:
        """`statement_seconds` bounds the wait for a server that says nothing at all; none by default."""
        self.dsn = dsn
        self.engine = create_async_engine(
            dsn,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            hide_parameters=True,  # bound values hold readings and token hashes, which no log should repeat
            connect_args={
                "server_settings": {"application_name": application_name, "jit": "off", "timezone": "UTC"},
                "command_timeout": statement_seconds,
            },
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        plain = self.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self.direct = DirectPool(plain, application_name=f"{application_name}-ingest", size=pool_size)
        # Every request and event of a page asks who it is from: it waits for no batch and no report.
        self.checks = DirectPool(plain, application_name=f"{application_name}-sessions", size=_CHECKS_AT_ONCE)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncSession, None]:
        """Open one read-write transaction; committed at the end of the block. Raises `Unavailable`."""
        try:
            async with self._sessions.begin() as session:
                yield session
        except (DBAPIError, *_AWAY) as error:
            raise (Unavailable(_NO_ANSWER) if is_away(error) else error) from error

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[AsyncSession, None]:
        """Open one read-only transaction in which every statement sees the same moment."""
        async with self._sessions.begin() as session:
            await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            yield session

    @asynccontextmanager
    async def direct_transaction(self) -> AsyncGenerator[asyncpg.Connection, None]:
        """Open one transaction on a connection of the driver itself, for a batch by COPY. Raises `Unavailable`.

        A batch waits here while two others are being stored.
        """
        self.direct.waiting += 1
        try:
            await self.direct.bulk.acquire()
        finally:
            self.direct.waiting -= 1
        try:
            async with self.direct.connection() as connection, connection.transaction():
                yield connection
        finally:
            self.direct.bulk.release()

    async def dedicated(self) -> asyncpg.Connection:
        """Open a connection of its own outside the pool, in autocommit; the caller closes it.

        For what outlives a transaction: session-level advisory locks, LISTEN.
        """
        url = self.engine.url.set(drivername="postgresql")
        return await asyncpg.connect(url.render_as_string(hide_password=False))

    async def dispose(self) -> None:
        """Close every connection of every pool."""
        await self.direct.close()
        await self.checks.close()
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
