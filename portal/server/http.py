"""uvicorn's HTTP connection, with an end to everything a stranger can make it wait for or keep."""

from asyncio import AbstractEventLoop, Transport
from typing import Any, NoReturn

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from portal.server import refusals
from portal.server.config import ServerConfig
from portal.server.refusals import ServerRefusal
from portal.server.state import OpenConnections
from portal.server.unread import Unread

# What is parsed at once until the headers are there, so that no more than this is kept beyond their bound.
_PIECE = 16_384


class BoundedHttp(HttpToolsProtocol):
    """One HTTP connection. What the parser says is counted here, time is looked at from outside once a second."""

    transport: Transport
    parser: httptools.HttpRequestParser

    def __init__(
        self,
        config: ServerConfig,
        server_state: OpenConnections,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._bounds, self._open = config.bounds, server_state
        self._running: RequestResponseCycle | None = None
        self._refusal: ServerRefusal | None = None
        self._slow_body = refusals.SLOW_BODY
        self._ended_at = 0.0
        self._waiting_since = self.loop.time()
        self._in_head = self._in_body = False
        self._head_unparsed = self._head_bytes = 0
        self._body_raw = self._body_bytes = 0
        self._body_began_at = self._body_moved_at = self._looked_at = 0.0
        self._body_seen = 0

    def connection_made(self, transport: Transport) -> None:
        self._open.arriving -= 1
        super().connection_made(transport)
        self._unread = Unread(transport, self._bounds)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.waiting.pop(self, None)
        super().connection_lost(exc)
        self._drop_running()

    def let_go(self) -> None:
        """Close at once, without a word."""
        self.transport.abort()

    # What comes in

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        while data and not self._ended_at:
            is_short = self._in_body or len(data) <= _PIECE
            piece, data = (data, b"") if is_short else (data[:_PIECE], data[_PIECE:])
            self._feed(piece)

    def _feed(self, piece: bytes) -> None:
        if self._in_body:
            self._body_raw += len(piece)
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            self._upgrade()
        except httptools.HttpParserError:
            self._refuse(self._refusal or refusals.MALFORMED)
        else:
            self._look_at_sizes(len(piece))

    def _look_at_sizes(self, arrived: int) -> None:
        """Look at what the parser has taken in and not said yet: a line without an end, the framing of chunks."""
        if self._in_head:
            self._head_unparsed += arrived
            if self._head_unparsed > self._bounds.head_bytes + _PIECE:
                self._refuse(refusals.LARGE_HEAD)
        elif self._in_body and self._body_raw - 2 * self._body_bytes > self._bounds.framing_bytes:
            self._refuse(refusals.TINY_CHUNKS)

    def _upgrade(self) -> None:
        if not self._should_upgrade():
            return  # an upgrade nobody offers: the request is answered as it is
        if self.pipeline or self._is_answering():
            self.transport.close()
        elif not self._open.has_room_for_websocket():
            self._refuse(refusals.FULL)
        else:
            self._ended_at = self.loop.time()
            self.handle_websocket_upgrade()

    # What the parser says

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= self._bounds.pipelined:
            self._stop(refusals.MALFORMED)
        super().on_message_begin()
        self._in_head = True
        self._head_unparsed = self._head_bytes = 0
        if not self._is_answering():
            self._waiting_since = self.loop.time()

    def on_url(self, url: bytes) -> None:
        self._head_bytes += len(url)
        if self._head_bytes > self._bounds.line_bytes:
            self._stop(refusals.LONG_TARGET)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # a trailer: the request is with the application already, and its headers are what they were
        line = len(name) + len(value)
        self._head_bytes += line
        if (
            line > self._bounds.line_bytes
            or self._head_bytes > self._bounds.head_bytes
            or len(self.headers) >= self._bounds.fields
        ):
            self._stop(refusals.LARGE_HEAD)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head, self._in_body = False, True
        self._body_raw = self._body_bytes = self._body_seen = 0
        self._body_began_at = self._body_moved_at = self.loop.time()
        self._open.waiting.pop(self, None)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        super().on_message_complete()

    def _stop(self, refusal: ServerRefusal) -> NoReturn:
        """Have the parser stop in the middle: it hands on that its callback failed, not why."""
        self._refusal = refusal
        raise ValueError(refusal.code)

    # What goes out

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.pipeline and not self.transport.is_closing():
            self._wait()

    def _wait(self) -> None:
        self._waiting_since = self.loop.time()
        self._open.waiting[self] = None

    def _is_answering(self) -> bool:
        return self._running is not None and not self._running.response_complete

    def _refuse(self, refusal: ServerRefusal) -> None:
        """Answer instead of the application where nothing is answered yet, and read on a little, so that it is read."""
        if self._ended_at or self.transport.is_closing():
            return
        self._ended_at = self.loop.time()
        running = self._running if self._is_answering() else None
        is_first = running is None or (self._in_body and not running.response_started)
        may_answer = is_first and not self.pipeline
        self._drop_running()
        if not may_answer or not self.transport.can_write_eof():
            self.transport.close()
            return
        self._open.waiting[self] = None
        self.transport.write(refusal.encoded())
        self.transport.write_eof()
        self.flow.resume_reading()

    def _drop_running(self) -> None:
        """Tell the application that nobody waits for its answers any more."""
        self.pipeline.clear()
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()

    def shutdown(self) -> None:
        """Finish what can be finished; a body that still arrives has a moment left, and is to be sent again later."""
        super().shutdown()
        self._bounds = self._bounds.while_stopping(self.loop.time() - self._body_began_at)
        self._slow_body = refusals.STOPPING

    # What time says

    def look(self, now: float) -> None:
        """End what has taken too long, by the loop's clock."""
        if self._unread.look(now) or self.transport.is_closing():
            return
        if self._ended_at:
            if now - self._ended_at > self._bounds.linger_seconds:
                self.transport.abort()
        elif not self._is_answering():
            self._look_at_waiting(now - self._waiting_since)
        elif self._in_body:
            self._look_at_body(now)
        self._looked_at = now

    def _look_at_waiting(self, waited: float) -> None:
        if self._in_body:  # answered already, and still sending
            if waited > self._bounds.body_idle_seconds:
                self.transport.close()
        elif waited > self._bounds.head_seconds:
            if self._in_head:
                self._refuse(refusals.SLOW_HEAD)
            else:
                self.transport.close()

    def _look_at_body(self, now: float) -> None:
        if self.flow.read_paused:  # it is the application that does not read
            self._body_began_at += now - max(self._looked_at, self._body_began_at)
            self._body_moved_at = now
        elif self._body_bytes != self._body_seen:
            self._body_seen, self._body_moved_at = self._body_bytes, now
        bounds, took = self._bounds, now - self._body_began_at
        is_slow = took > bounds.body_grace_seconds and self._body_bytes < took * bounds.body_bytes_a_second
        is_silent = now - self._body_moved_at > bounds.body_idle_seconds
        if is_slow or is_silent or took > bounds.body_seconds:
            self._refuse(self._slow_body)
