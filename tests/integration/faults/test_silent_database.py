"""A database that says nothing at all, as behind a firewall that has forgotten the connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url

from portal.core.database import db as databases
from portal.core.database.db import Database
from portal.core.errors import Unavailable
from portal.core.operations.service import health
from portal.core.stack import Stack


class Line:
    """What lies between a stack and its database; `is_silent` lets nothing through any more, and closes nothing."""

    def __init__(self, server: URL) -> None:
        self._server = server
        self._both_ways: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []
        self.is_silent = False

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await self._open()
        self._writers += [writer, back]
        for source, sink in ((reader, back), (there, writer)):
            self._both_ways.append(asyncio.create_task(self._pass_on(source, sink)))

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The embedded server has a socket in a directory, another one mostly an address."""
        host, port = self._server.host or self._server.query["host"], self._server.port or 5432
        if str(host).startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(str(host), port)

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while piece := await source.read(65_536):
                if not self.is_silent:
                    sink.write(piece)
                    await sink.drain()
            sink.close()

    def cut(self) -> None:
        for task in self._both_ways:
            task.cancel()
        for writer in self._writers:
            writer.close()


@pytest.fixture
async def line(client_stack: Stack) -> AsyncIterator[Line]:
    made = Line(make_url(client_stack.db.dsn))
    try:
        yield made
    finally:
        made.cut()


@pytest.fixture
async def stack(client_stack: Stack, line: Line) -> AsyncIterator[Stack]:
    """A stack whose database is behind the line."""
    async with await asyncio.start_server(line.carry, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        url = make_url(client_stack.db.dsn).set(host="127.0.0.1", port=port, query={})
        database = Database(url.render_as_string(hide_password=False), application_name="behind-the-line")
        try:
            yield replace(client_stack, db=database)
        finally:
            line.cut()
            await database.dispose()


async def test_nobody_waits_for_the_end_of_a_connection_that_says_nothing(
    stack: Stack, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[object] = []
    terminate = asyncpg.Connection.terminate
    monkeypatch.setattr(
        asyncpg.Connection, "terminate", lambda self: (ended.append(self), terminate(self))[1]
    )
    assert await health.is_ready(stack)
    assert await health.status(stack) is not None
    monkeypatch.setattr(health, "_PATIENCE_SECONDS", 0.1)
    line.is_silent = True
    assert not await health.is_ready(stack)
    assert await health.status(stack) is None
    assert ended == [], "the answer came after the driver's patience, not after ours"


async def test_a_statement_without_an_answer_is_an_outage(
    stack: Stack, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "_STATEMENT_SECONDS", 0.3)
    monkeypatch.setattr(databases, "_OPEN_SECONDS", 0.3)
    for pool in (stack.db.checks, stack.db.direct):
        line.is_silent = False
        async with pool.connection() as connection:
            await connection.execute("SELECT 1")
        line.is_silent = True
        with pytest.raises(Unavailable):
            async with pool.connection() as connection:
                await connection.execute("SELECT 1")
    line.is_silent = False
    async with stack.db.checks.connection() as connection:
        assert await connection.fetchval("SELECT 1") == 1
    async with stack.db.transaction() as session:
        assert await session.scalar(text("SELECT 1")) == 1
