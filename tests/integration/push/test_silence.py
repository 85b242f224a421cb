"""Servers that accept and never answer: no page waits for them, and the push finds its way back."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Self

import pytest
from sqlalchemy.engine import make_url

from portal.core.database.db import Database
from portal.core.overview.service import overview as dashboard
from portal.push import task
from tests.integration.push.rig import Rig, with_fleet
from tests.integration.push.test_task import QUICK, _mirrored, _running, _until
from tests.pace import within

OpenRig = Callable[..., Awaitable[Rig]]
# A page that waited would wait for a time-out of ten seconds and more, also on a busy machine.
_SLOW, _SLOWEST = 5.0, 9.0


@dataclass
class Line:
    """A way to the database that can fall silent: bytes are accepted and go nowhere."""

    dsn: str
    is_silent: bool = False
    port: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    @property
    def through(self) -> str:
        url = make_url(self.dsn)
        return url._replace(host="127.0.0.1", port=self.port, query={}).render_as_string(hide_password=False)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        url = make_url(self.dsn)
        sockets = url.query.get("host")
        if url.host is None and isinstance(sockets, str):
            far = await asyncio.open_unix_connection(f"{sockets}/.s.PGSQL.{url.port or 5432}")
        else:
            far = await asyncio.open_connection(url.host, url.port or 5432)
        self._writers |= {writer, far[1]}
        await asyncio.gather(self._pump(reader, far[1]), self._pump(far[0], writer))

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                while self.is_silent:  # noqa: ASYNC110 - a test sets it from outside
                    await asyncio.sleep(0.05)
                sink.write(data)
                await sink.drain()
        sink.close()


@asynccontextmanager
async def _black_hole() -> AsyncIterator[int]:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while await reader.read(65536):
                pass
        writer.close()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _open_pages(rig: Rig, seconds: float = 2) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with within(_SLOW, at_most=_SLOWEST):
            await dashboard.client_overview(rig.client)


async def test_an_admin_that_never_answers_slows_no_page(rigs: OpenRig) -> None:
    rig = await rigs(**QUICK)
    await rig.store(await rig.add_device(), 500)
    async with _black_hole() as port:
        fleet = rig.client.settings.fleet_ingest
        far = with_fleet(rig, fleet.model_copy(update={"url": f"http://127.0.0.1:{port}/api/fleet/ingest"}))
        running = asyncio.create_task(task.run(far.client))
        await asyncio.sleep(0.5)
        await _open_pages(rig)
        running.cancel()
        with within(1, at_most=_SLOWEST):
            await asyncio.gather(running, return_exceptions=True)


async def test_a_database_that_never_answers_the_push_slows_no_page(rigs: OpenRig) -> None:
    rig = await rigs(**QUICK)
    await rig.store(await rig.add_device(), 500)
    async with _black_hole() as port:
        dead = Database(f"postgresql+asyncpg://postgres@127.0.0.1:{port}/none", application_name="dead")
        running = asyncio.create_task(task.run(replace(rig.client, db=dead), transport=rig.network))
        await asyncio.sleep(0.3)
        await _open_pages(rig)
        running.cancel()
        with within(1, at_most=_SLOWEST):
            await asyncio.gather(running, return_exceptions=True)


async def test_a_line_to_the_database_that_falls_silent_is_given_up_and_opened_again(
    rigs: OpenRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task, "_HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr(task, "_REOPEN_SECONDS", 0.1)
    monkeypatch.setattr("portal.push.lock._ANSWER_SECONDS", 0.5)
    rig = await rigs(**QUICK)
    device = await rig.add_device()
    async with Line(rig.client.db.dsn) as line:
        far = Database(line.through, application_name="far")
        async with _running(replace(rig, client=replace(rig.client, db=far))):
            await rig.store(device, 10)
            await _until(lambda: _mirrored(rig, 10))
            line.is_silent = True
            await asyncio.sleep(1.5)
            line.is_silent = False
            await rig.store(device, 10, start=rig.client.clock())
            await _until(lambda: _mirrored(rig, 20))
