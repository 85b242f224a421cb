"""A stack with few descriptors goes on answering while strangers hold connections that say nothing."""

import select
import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync import client

from tests.e2e.raw_http import connected, exchange, request
from tests.e2e.running import RunningStack

_STRANGERS = 300
_READING = b'[{"time":"2026-05-18T08:%02d:00Z","activePowerKw":1}]'


@pytest.fixture(scope="module")
def board(narrow_stack: RunningStack) -> str:
    """A board's token as its header."""
    narrow_stack.command("site", "add", "Narrow")
    made = narrow_stack.command("device", "add", "Board", "--site", "Narrow", "--external-id", "narrow-1")
    return f"Authorization: Bearer {made['token']}"


@pytest.fixture(params=[b"", b"GET / HTTP/1.1\r\nHost: x\r\n", b"GET /login HTTP/1.1\r\nHost: x\r\n\r\n"])
def strangers(narrow_stack: RunningStack, request: pytest.FixtureRequest) -> Iterator[list[socket.socket]]:
    """More connections than the stack may have, which say nothing, half of something, or nothing any more."""
    opened: list[socket.socket] = []
    for _ in range(_STRANGERS):
        opened.append(connected(narrow_stack.url))
        try:
            opened[-1].sendall(request.param)
        except ConnectionError:
            continue  # it has been let go already
    yield opened
    for stranger in opened:
        stranger.close()


def test_boards_pages_and_health_go_on(
    narrow_stack: RunningStack, board: str, strangers: list[socket.socket]
) -> None:
    logged = narrow_stack.log_bytes()
    for minute in range(5):
        head, body = exchange(narrow_stack.url, request("GET", "/health/live"))
        assert head.startswith(b"HTTP/1.1 200"), (head, body)
        reading = request("POST", "/api/ingest/measurements", board, body=_READING % minute)
        head, body = exchange(narrow_stack.url, reading)
        assert head.startswith(b"HTTP/1.1 200"), (head, body)
        head, _ = exchange(narrow_stack.url, request("GET", "/login", "Accept: text/html"))
        assert head.startswith(b"HTTP/1.1 200"), head
    assert narrow_stack.log_bytes() - logged < 10_000


def test_whoever_says_nothing_is_let_go_within_seconds(narrow_stack: RunningStack) -> None:
    began = time.monotonic()
    with closing(connected(narrow_stack.url)) as silent, closing(connected(narrow_stack.url)) as half:
        half.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        assert silent.recv(1) == b""
        assert time.monotonic() - began > 1  # there was time to say something
        ready, _, _ = select.select([half], [], [], 60)
        assert ready
        assert half.recv(1000).startswith(b"HTTP/1.1 408")


def test_a_websocket_that_joins_no_page_is_let_go(narrow_stack: RunningStack) -> None:
    address = narrow_stack.url.replace("http", "ws")
    with client.connect(f"{address}/_event/?EIO=4&transport=websocket") as opened:
        assert str(opened.recv(30)).startswith("0{")  # engine.io says who it is
        with pytest.raises(ConnectionClosed) as closed:
            opened.recv(60)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008
