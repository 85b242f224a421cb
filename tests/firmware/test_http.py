"""As much of HTTP as posting takes: what is sent, and what is not believed."""

from node.backoff import Backoff
from node.http import MOST_BODY, post
from node.ports import Board, Stream
from tests.firmware.checks import raises


class _Wire(Stream):
    def __init__(self, coming: bytes, part: int = 7) -> None:
        self.sent = b""
        self._coming = coming
        self._part = part

    def write(self, data: "bytes | bytearray | memoryview") -> None:
        self.sent += bytes(data)

    def read(self, most: int) -> bytes:
        part = self._coming[: min(most, self._part)]
        self._coming = self._coming[len(part) :]
        return part

    def close(self) -> None:
        pass


def _post(coming: bytes) -> "tuple[int, bytes, bool]":
    answer = post(_Wire(coming), "portal.example.com", "/api/x", "TOKEN", memoryview(b"packed"))
    return answer.status, answer.body, answer.is_kept


def test_a_request_has_what_the_portal_needs_and_nothing_else() -> None:
    wire = _Wire(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    post(wire, "portal.example.com", "/api/x", "TOKEN", memoryview(b"packed"))
    assert wire.sent == (
        b"POST /api/x HTTP/1.1\r\nHost: portal.example.com\r\nAuthorization: Bearer TOKEN\r\n"
        b"Content-Encoding: gzip\r\nContent-Length: 6\r\n\r\npacked"
    )


def test_bodies_end_where_they_say() -> None:
    ok = b"HTTP/1.1 200 OK\r\n"
    assert _post(ok + b"content-length: 5\r\n\r\nhello and more") == (200, b"hello", True)
    assert _post(ok + b"Content-Length: 5\r\nConnection: close\r\n\r\nhello") == (200, b"hello", False)
    assert _post(ok + b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nt: 1\r\n\r\n") == (
        200,
        b"hello",
        True,
    )
    assert _post(ok + b"\r\nuntil it closes") == (200, b"until it closes", False)
    assert _post(b"HTTP/1.1 204 No Content\r\n\r\n") == (204, b"", False)
    assert _post(b"HTTP/1.1 100 Continue\r\n\r\n" + ok + b"Content-Length: 0\r\n\r\n") == (200, b"", True)


def test_what_is_cut_or_endless_or_no_http_is_an_error_of_the_line() -> None:
    for coming in (
        b"",
        b"+CME ERROR: 30\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ncut",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFF\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 3000,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 9000,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"y" * (MOST_BODY + 600),
        b"\xff\xfe\r\n\r\n",
    ):
        assert raises(OSError, _post, coming), coming[:60]


class _Chance(Board):
    def __init__(self, share: int) -> None:
        self._share = share

    def random_below(self, most: int) -> int:
        return (most - 1) * self._share // 100


def test_waits_double_up_to_a_quarter_of_an_hour_and_no_two_boards_wait_alike() -> None:
    shortest, longest = Backoff(_Chance(0)), Backoff(_Chance(100))
    waits = [(shortest.failed(), longest.failed()) for _ in range(12)]
    assert waits[0] == (5_000, 9_999)
    assert waits[3] == (40_000, 79_999)
    assert waits[-1] == (450_000, 899_999)
    shortest.succeeded()
    assert shortest.failed() == 5_000
    assert (shortest.spread(600_000), longest.spread(600_000)) == (600_000, 660_000)
