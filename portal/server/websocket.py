"""uvicorn's websocket connection, with an end to what its peer can make it keep."""

from asyncio import AbstractEventLoop, Transport
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from portal.server import refusals
from portal.server.config import ServerConfig
from portal.server.state import OpenConnections
from portal.server.unread import Unread

_POLICY_VIOLATION = 1008


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """One websocket. The library bounds a message's bytes; its frames, and answers nobody reads, are bounded here."""

    transport: Transport

    def __init__(
        self,
        config: ServerConfig,
        server_state: OpenConnections,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._bounds, self._open = config.bounds, server_state

    # uvicorn takes any transport of asyncio, and is given those of sockets.
    def connection_made(self, transport: Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().connection_made(transport)
        self._unread = Unread(transport, self._bounds)
        self._open.websockets.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.websockets.discard(self)
        super().connection_lost(exc)

    def let_go(self) -> None:
        """Close at once, without a word."""
        self.transport.abort()

    def look(self, now: float) -> None:
        """End what has taken too long, by the loop's clock."""
        self._unread.look(now)

    def data_received(self, data: bytes) -> None:
        # Every ping is answered, whether or not the answers are read.
        if self.transport.get_write_buffer_size() > self._bounds.socket_unread_bytes:
            self.transport.abort()
            return
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.handle_parser_exception()

    def handle_cont(self, event: Frame) -> None:
        # Empty ones count nothing towards the size of the message they belong to, and there is no end to them.
        if len(self.frames) >= self._bounds.socket_fragments:
            self.conn.fail(_POLICY_VIOLATION, "too many fragments")
            self.handle_parser_exception()
        else:
            super().handle_cont(event)

    def handle_parser_exception(self) -> None:
        if self.conn.close_sent is not None:
            super().handle_parser_exception()
            return
        # No websocket yet: a handshake the library does not take.
        self.transport.write(refusals.MALFORMED.encoded())
        self.transport.close()
