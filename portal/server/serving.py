"""The product's HTTP server: uvicorn's, with bounds on what a connection may take."""

import asyncio
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from uvicorn.config import STARTUP_FAILURE

from portal.core.errors import Misconfigured
from portal.server.accepting import Acceptor, most_connections, raise_descriptor_limit
from portal.server.config import ServerConfig
from portal.server.http import BoundedHttp
from portal.server.objects import search_cycles_less
from portal.server.state import OpenConnections

# uvicorn ticks ten times a second; connections are looked at once a second.
_TICKS = 10
_AGAIN_SECONDS = 2


class BoundedServer(uvicorn.Server):
    """Serves one application on its own sockets, or on those it is given as a worker."""

    config: ServerConfig
    server_state: OpenConnections

    def __init__(self, config: ServerConfig) -> None:
        super().__init__(config)
        self.server_state = OpenConnections()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then listen. Raises `Misconfigured` where the address is not to be had."""
        raise_descriptor_limit()
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            if sockets:  # a worker, which is started again
                await asyncio.sleep(_AGAIN_SECONDS)
            sys.exit(STARTUP_FAILURE)
        try:
            listening = sockets or await _listening(self.config)
        except OSError as error:
            await self.lifespan.shutdown()
            where = f"{self.config.host}:{self.config.port}"
            message = f"{where} cannot be listened on: {error.strerror or error}"
            raise Misconfigured(message) from None
        self.server_state.most = most_connections()
        # uvicorn says servers of asyncio; it only closes them, which an acceptor can be as well.
        self.servers: list[Acceptor] = [  # pyright: ignore[reportIncompatibleVariableOverride]
            Acceptor(found, self._connection, self.server_state) for found in listening
        ]
        for server in self.servers:
            server.start(self.config.backlog)
        self.started = True
        search_cycles_less()

    async def on_tick(self, counter: int) -> bool:
        """Look at every connection once a second."""
        if counter % _TICKS == 0:
            self._look()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop in uvicorn's order, and look at connections until the last is closed."""
        looking = asyncio.create_task(self._look_on())
        try:
            await super().shutdown(sockets)
        finally:
            looking.cancel()

    async def _look_on(self) -> None:
        while True:
            self._look()
            await asyncio.sleep(1)

    def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        for connection in list(self.server_state.connections):
            connection.look(now)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at SIGTERM and SIGINT; uvicorn's own raises them again at the end, before anything is closed."""
        before = {
            number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _connection(self) -> asyncio.Protocol:
        return BoundedHttp(self.config, self.server_state, self.lifespan.state)


async def _listening(config: ServerConfig) -> Sequence[socket.socket]:
    """Return a socket for each address of the host's name."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    made: list[socket.socket] = []
    try:
        for family, address in dict.fromkeys((family, address) for family, *_, address in found):
            made.append(socket.create_server(address[:2], family=family, backlog=config.backlog))
    except OSError:
        for opened in made:
            opened.close()
        raise
    return made
