"""The product's server over a small application, with bounds short enough to wait for."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvloop

from portal.server import serving
from portal.server.bounds import Bounds
from portal.server.config import ServerConfig
from portal.server.serving import BoundedServer

QUICK = Bounds(
    head_seconds=0.5,
    body_idle_seconds=1.2,
    body_seconds=4,
    body_grace_seconds=1.5,
    unread_seconds=0.5,
    linger_seconds=0.5,
    stopping_idle_seconds=0.2,
)
_PATIENCE_S = 60


class Application:
    """Says how much of a body came, or does what its path says. It keeps what it was told."""

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.disconnects = 0
        self.release = asyncio.Event()
        self.waiting = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for answer in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{answer}.complete"})
        elif scope["type"] == "websocket":
            await self._websocket(receive, send)
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Any, receive: Any, send: Any) -> None:
        self.headers = scope["headers"]
        if scope["path"] == "/unread":  # answers without having looked at the body
            await _answer(send, 401, b"no")
            return
        if scope["path"] == "/large":
            await _answer(send, 200, b"x" * 30_000_000)
            return
        if scope["path"] == "/held":
            self.waiting += 1
            await self.release.wait()
            self.waiting -= 1
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.disconnects += 1
                return
            size, more = size + len(message.get("body", b"")), message.get("more_body", False)
        await _answer(send, 200, str(size).encode())

    async def _websocket(self, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": str(len(message.get("text") or ""))})


async def _answer(send: Any, status: int, body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [length]})
    await send({"type": "http.response.body", "body": body})


@dataclass
class Wire:
    """One connection of a client."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *pieces: bytes, every: float = 0) -> None:
        """Write piece by piece; whoever was cut off goes on in vain."""
        with suppress(ConnectionError):
            for piece in pieces:
                self.writer.write(piece)
                await self.writer.drain()
                await asyncio.sleep(every)

    async def rest(self) -> bytes:
        """Everything that comes until the other side closes."""
        found = b""
        with suppress(ConnectionError):
            async with asyncio.timeout(_PATIENCE_S):
                while piece := await self.reader.read(65_536):
                    found += piece
        return found

    async def answer(self) -> bytes:
        """One answer with a length, its head and its body."""
        async with asyncio.timeout(_PATIENCE_S):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            return head + await self.reader.readexactly(length)


@dataclass
class Served:
    """A running server."""

    server: BoundedServer
    app: Application
    opened: list[asyncio.StreamWriter] = field(default_factory=list)

    async def connect(self, *sent: bytes) -> Wire:
        port = self.server.servers[0].socket.getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        self.opened.append(writer)
        wire = Wire(reader, writer)
        await wire.send(*sent)
        return wire

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - what is waited for knows of no event
                await asyncio.sleep(0.02)

    async def is_well(self) -> bool:
        """Whether somebody else is answered."""
        wire = await self.connect(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
        return (await wire.answer()).endswith(b"\r\n\r\n3")


LoopFactory = Callable[[], asyncio.AbstractEventLoop]


@asynccontextmanager
async def _serving(bounds: Bounds) -> AsyncIterator[Served]:
    app = Application()
    config = ServerConfig(app, bounds=bounds, host="127.0.0.1", port=0, timeout_graceful_shutdown=5)
    server = BoundedServer(config)
    running = asyncio.create_task(server._serve())
    served = Served(server, app)
    await served.until(lambda: server.started)
    try:
        yield served
    finally:
        app.release.set()
        for writer in served.opened:
            writer.close()
        server.should_exit = True
        await running


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, LoopFactory]:
    """`portal serve` runs on asyncio's own loop, `portal ingest` on uvloop."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def served(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    monkeypatch.setattr(serving, "_TICKS", 1)  # connections are looked at ten times a second
    async with _serving(QUICK) as found:
        yield found
