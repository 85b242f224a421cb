"""A websocket is a connection that stays: what its peer can make the server keep has an end."""

import asyncio
import struct

import pytest

from portal.server.bounds import Bounds
from tests.integration.server.conftest import Served, Wire

_BOUNDS = Bounds()
_HANDSHAKE = (
    b" /_event HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)
_TEXT, _CONTINUED, _CLOSE, _PING = 0x1, 0x0, 0x8, 0x9


def _frame(opcode: int, payload: bytes = b"", *, is_last: bool = True) -> bytes:
    """A frame as a client sends it: masked, here with zeros."""
    size = (
        struct.pack("!B", 0x80 | len(payload))
        if len(payload) < 126
        else struct.pack("!BQ", 0xFF, len(payload))
    )
    return bytes([opcode | (0x80 if is_last else 0)]) + size + b"\0\0\0\0" + payload


async def _opened(served: Served) -> Wire:
    wire = await served.connect(b"GET" + _HANDSHAKE + b"\r\n")
    assert (await wire.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
    return wire


async def test_messages_are_answered_up_to_the_largest(served: Served) -> None:
    wire = await _opened(served)
    await wire.send(_frame(_TEXT, b"x" * _BOUNDS.socket_message_bytes))
    assert await wire.reader.readexactly(9) == b"\x81\x07%d" % _BOUNDS.socket_message_bytes
    await wire.send(_frame(_TEXT, b"x" * (_BOUNDS.socket_message_bytes + 1)))
    assert struct.pack("!H", 1009) in await wire.rest()


async def test_a_message_may_not_be_cut_into_pieces_without_end(served: Served) -> None:
    wire = await _opened(served)
    pieces = [_frame(_CONTINUED, b"x", is_last=False)] * 500 + [_frame(_CONTINUED)]
    await wire.send(_frame(_TEXT, is_last=False), *pieces)
    assert await wire.reader.readexactly(5) == b"\x81\x03500"
    await wire.send(_frame(_TEXT, is_last=False), *[_frame(_CONTINUED, is_last=False) * 1_000] * 3)
    await wire.rest()
    assert not served.server.server_state.websockets


async def test_whoever_pings_and_reads_nothing_is_let_go(served: Served) -> None:
    wire = await _opened(served)
    wire.reader._transport.pause_reading()  # pyright: ignore[reportAttributeAccessIssue]
    sending = asyncio.create_task(wire.send(*[_frame(_PING, b"x" * 100) * 2_000] * 500))
    await served.until(lambda: not served.server.server_state.websockets)
    sending.cancel()


@pytest.mark.parametrize("odd", [b"", b"Content-Length: 5\r\n", b"Sec-WebSocket-Version: 8\r\n"])
async def test_a_handshake_that_is_none_is_refused_and_logged_by_nobody(
    served: Served, capfd: pytest.CaptureFixture[str], odd: bytes
) -> None:
    method = b"GET" if odd else b"POST"
    wire = await served.connect(method + _HANDSHAKE + odd + b"\r\n")
    assert (await wire.rest()).startswith(b"HTTP/1.1 4")
    await served.until(lambda: not served.server.server_state.connections)
    logged = capfd.readouterr()
    assert (logged.out, logged.err) == ("", "")


async def test_half_of_the_connections_are_kept_for_requests(served: Served) -> None:
    served.server.server_state.most = 6
    wires = [await _opened(served) for _ in range(3)]
    refused = await served.connect(b"GET" + _HANDSHAKE + b"\r\n")
    assert (await refused.rest()).startswith(b"HTTP/1.1 503")
    assert await served.is_well()
    await wires[0].send(_frame(_CLOSE, struct.pack("!H", 1000)))
    await wires[0].rest()
    await served.until(lambda: len(served.server.server_state.websockets) < 3)
    await _opened(served)


async def test_no_websocket_opens_behind_a_request_that_is_still_answered(served: Served) -> None:
    wire = await served.connect(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\nGET" + _HANDSHAKE + b"\r\n")
    assert await wire.rest() == b""
