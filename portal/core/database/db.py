"""Connections and transactions.

One `Database` is one pool. A transaction is opened here and nowhere else: leaving the block
commits it, an exception rolls it back.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING

import asyncpg
from sqlalchemy import event, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from portal.core import outages
from portal.core.access import limited_person
from portal.core.database import scoped_role
from portal.core.database.connection_strings import plain
from portal.core.errors import Refused, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping
    from uuid import UUID

    from sqlalchemy.engine import Connection, ExceptionContext
    from sqlalchemy.engine.interfaces import DBAPIConnection

_OPEN_SECONDS = 5
_WAIT_SECONDS = 15
# A batch or a report takes seconds, so the queue for its turn may take longer than the one for a connection.
_TURN_SECONDS = 30
_STATEMENT_SECONDS = 60
# A year of a thousand meters takes a few; who waits for longer is better told to come again.
_READ_SECONDS = 30
# Two batches at once keep two cores of a database busy; more only wait for each other's row locks there, and would
# take the connections that single readings need. Each worker process has its own two.
_BULK_WRITERS = 2
_CHECKS_AT_ONCE = 3
# A report reads a year: more at once would only take each other's time, and every connection of the rest.
_REPORTS_AT_ONCE = 3


# Unless the server, or who runs it, has a shorter one.
_LIMIT = """
SELECT set_config('statement_timeout', CAST(:milliseconds AS integer)::text, true)
WHERE current_setting('statement_timeout')::interval
    NOT BETWEEN interval '1 ms' AND CAST(:milliseconds AS integer) * interval '1 ms'
"""
_ONE_MOMENT: Mapping[str, object] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_LIMITED: Mapping[str, object] = {"schema_translate_map": {"fleet": scoped_role.SCHEMA}, "is_limited": True}
_WHOSE = f"SELECT set_config('{scoped_role.PERSON}', :person, true), set_config('role', '{scoped_role.ROLE}', true)"
_NOT_LIMITED = "This cannot be done on behalf of an operator who is limited to some customers."


class DirectPool:
    """Connections of the driver itself, for hot paths: no session, no ping, no clean-up between two uses.

    Opened with the first use. A connection that the server closed is replaced when it is taken, and all of them where
    one turns out to be read-only, so that the pool needs no help after a restart or a change-over of the database.
    `waiting` is how many wait for a connection.
    """

    def __init__(
        self,
        dsn: str,
        *,
        application_name: str,
        size: int,
        note: Callable[[BaseException], object],
        is_for_all: bool = False,
    ) -> None:
        """`note` is told of every error that means that the database cannot be used just now.

        Where it `is_for_all`, nothing is asked that a limited operator may not see.
        """
        self._dsn = dsn
        self._is_for_all = is_for_all
        self._settings = {"application_name": application_name, "jit": "off", "timezone": "UTC"}
        self._size = size
        self._note = note
        self._opening = asyncio.Lock()
        self.bulk = _Turns(_BULK_WRITERS)
        self._pool: asyncpg.Pool | None = None
        self.waiting = 0

    @property
    def in_use(self) -> int:
        """How many connections are taken."""
        return self._pool.get_size() - self._pool.get_idle_size() if self._pool else 0

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[asyncpg.Connection, None]:
        """Take a connection in autocommit: each statement is a transaction. Raises `Unavailable`.

        Two writers that collided are told so by the driver's own errors: whoever can, tries again. On behalf of a
        limited operator it is `Refused`: what they see is held by transactions.
        """
        if not self._is_for_all and limited_person() is not None:
            raise Refused(_NOT_LIMITED)
        pool = self._pool or await self._open()
        self.waiting += 1
        try:
            with outages.translated(_is_refused, self._note):
                taken = await pool.acquire(timeout=_WAIT_SECONDS)
        finally:
            self.waiting -= 1
        try:
            with outages.translated(outages.is_away, self._note):
                yield taken
        except Unavailable as error:
            if error.__cause__ is not None and outages.is_read_only(error.__cause__):
                await pool.expire_connections()
            raise
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


async def _leave_as_it_is(_: asyncpg.Connection) -> None:
    """Nothing done here outlives its transaction, so resetting the session would be a round trip for nothing."""


async def _give_back(pool: asyncpg.Pool, taken: asyncpg.Connection) -> None:
    try:
        await pool.release(taken, timeout=_OPEN_SECONDS)
    except Exception as error:  # it is closed then, and the next use opens another
        if not _is_refused(error):
            raise
        with suppress(asyncpg.InterfaceError):  # mostly the pool has closed it already
            taken.terminate()


def _is_refused(error: BaseException) -> bool:
    """Whether there is no connection to be had, whatever the server says about it."""
    return outages.is_away(error) or isinstance(error, asyncpg.PostgresError)


class _Turns:
    """Lets so many in at a time; who waits for longer than half a minute is told to come again."""

    def __init__(self, at_once: int) -> None:
        self._free = asyncio.Semaphore(at_once)

    async def __aenter__(self) -> None:
        try:
            async with asyncio.timeout(_TURN_SECONDS):
                await self._free.acquire()
        except TimeoutError as error:
            raise outages.too_busy() from error

    async def __aexit__(self, *_: object) -> None:
        self._free.release()


class Database:
    """One connection pool to one database, one for the ingest (`direct`) and a small one for session checks (`checks`).

    `application_name` shows in `pg_stat_activity`, so that an operator sees which part holds what.
    """

    def __init__(
        self, dsn: str, *, application_name: str, pool_size: int = 5, statement_seconds: float | None = None
    ) -> None:
        """`statement_seconds` bounds the wait for a server that says nothing at all; none by default."""
        self.dsn = dsn
        self.is_full = False
        self.reports = _Turns(_REPORTS_AT_ONCE)
        self._statement_seconds = statement_seconds
        self._settings = {"application_name": application_name, "jit": "off", "timezone": "UTC"}
        self.engine = create_async_engine(
            dsn,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=_WAIT_SECONDS,
            hide_parameters=True,  # bound values hold readings and token hashes, which no log should repeat
            async_creator=self._connect,
        )
        event.listen(self.engine.sync_engine, "checkout", _replace_what_is_closed)
        event.listen(self.engine.sync_engine, "handle_error", _drop_what_is_read_only)
        event.listen(self.engine.sync_engine, "before_cursor_execute", _put_to_scoped, retval=True)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self.direct = self._direct_pool(f"{application_name}-ingest", pool_size)
        # Every request and event of a page asks who it is from: it waits for no batch and no report.
        self.checks = self._direct_pool(f"{application_name}-sessions", _CHECKS_AT_ONCE, is_for_all=True)

    def _direct_pool(self, application_name: str, size: int, *, is_for_all: bool = False) -> DirectPool:
        return DirectPool(
            plain(self.dsn),
            application_name=application_name,
            size=size,
            note=self._note,
            is_for_all=is_for_all,
        )

    async def _connect(self, **_: object) -> asyncpg.Connection:
        """Open a connection of the pool; the URL is read by the driver, which knows `sslmode` and the like."""
        with outages.translated(_is_refused, self._note):
            return await asyncpg.connect(
                plain(self.dsn),
                server_settings=self._settings,
                timeout=_WAIT_SECONDS,
                command_timeout=self._statement_seconds,
            )

    def _note(self, error: BaseException) -> None:
        self.is_full = self.is_full or outages.is_full(error)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncSession, None]:
        """Open one read-write transaction; committed at the end of the block.

        Raises `Unavailable`, and `Conflict` where another one came first and a key does not hold any more.
        """
        with outages.translated(note=self._note), outages.clashes_refused():
            async with self._sessions.begin() as session:
                await _take_over(session, {}, limited_person())
                yield session

    @asynccontextmanager
    async def snapshot(
        self, *, statement_seconds: float = _READ_SECONDS
    ) -> AsyncGenerator[AsyncSession, None]:
        """Open one read-only transaction in which every statement sees the same moment. Raises `Unavailable`.

        A statement that takes longer than `statement_seconds` is ended (0: never), and `Unavailable` says to try again:
        a page does not wait for ever, and what nobody waits for any more takes nothing from the others.
        """
        with outages.translated(_hinders_reading, self._note):
            async with self._sessions.begin() as session:
                await _take_over(session, _ONE_MOMENT, limited_person())
                if statement_seconds:
                    given = {"milliseconds": round(statement_seconds * 1000)}
                    await session.execute(text(_LIMIT), given)
                yield session

    @asynccontextmanager
    async def direct_transaction(self) -> AsyncGenerator[asyncpg.Connection, None]:
        """Open one transaction on a connection of the driver itself, for a batch by COPY. Raises `Unavailable`.

        A batch waits here while two others are being stored.
        """
        self.direct.waiting += 1
        async with AsyncExitStack() as turn:
            try:
                await turn.enter_async_context(self.direct.bulk)
            finally:
                self.direct.waiting -= 1
            async with self.direct.connection() as connection, connection.transaction():
                yield connection

    async def dedicated(self, **server_settings: str) -> asyncpg.Connection:
        """Open a connection of its own outside the pool, in autocommit; the caller closes it. Raises `Unavailable`.

        For what outlives a transaction (session-level advisory locks, LISTEN) or cannot run in one.
        """
        if limited_person() is not None:
            raise Refused(_NOT_LIMITED)
        with outages.translated(_is_refused, self._note):
            return await asyncpg.connect(
                plain(self.dsn), server_settings=server_settings, timeout=_WAIT_SECONDS
            )

    async def dispose(self) -> None:
        """Close every connection of every pool."""
        await self.direct.close()
        await self.checks.close()
        await self.engine.dispose()


async def _take_over(session: AsyncSession, options: Mapping[str, object], person: UUID | None) -> None:
    """Begin a transaction with these options, of a limited operator as the role that sees their customers alone."""
    if person is not None:
        options = {**options, **_LIMITED}
    if options:
        await session.connection(execution_options=options)
    if person is not None:
        await session.execute(text(_WHOSE), {"person": str(person)})


def _put_to_scoped(
    connection: Connection,
    _: object,
    statement: str,
    parameters: object,
    __: object,
    ___: object,
) -> tuple[str, object]:
    """Word a statement of a limited operator's transaction for what they see; without that it would be refused."""
    if connection.get_execution_options().get("is_limited"):
        return scoped_role.to_scoped(statement), parameters
    return statement, parameters


def _hinders_reading(error: BaseException) -> bool:
    """A write in a snapshot is a fault of our own, not of the server's."""
    return outages.is_unusable(error) and not outages.is_read_only(error)


def _replace_what_is_closed(connection: DBAPIConnection, *_: object) -> None:
    """Have another connection opened in the place of one that the server closed, as after its restart.

    The driver knows, without asking: a question to the server before each use would be three round trips.
    """
    driver = getattr(connection, "driver_connection", None)
    if isinstance(driver, asyncpg.Connection) and driver.is_closed():
        raise DisconnectionError


def _drop_what_is_read_only(context: ExceptionContext) -> None:
    """Open new connections where one takes no changes: it belongs to a server that is not the leader any more."""
    if outages.is_read_only(context.original_exception):
        context.is_disconnect = True


async def driver_connection(session: AsyncSession) -> asyncpg.Connection:
    """Return the asyncpg connection under a session, inside the session's own transaction (for COPY)."""
    await session.execute(text("SELECT 1"))  # SQLAlchemy begins the transaction with the first statement
    raw = await (await session.connection()).get_raw_connection()
    connection = raw.driver_connection
    if not isinstance(connection, asyncpg.Connection):
        message = "the session does not run on asyncpg"
        raise TypeError(message)
    return connection
