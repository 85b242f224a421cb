"""What answers cost on the wire: boards on a cellular link pay for every byte."""

import json

import pytest

from tests.e2e.raw_http import exchange, request
from tests.e2e.running import RunningStack

_PATH = "/api/ingest/measurements"
_ORIGIN = "Origin: https://elsewhere.example"
_CLOSE = len("connection: close\r\n")  # asked for by these tests; boards keep their connection
_MOST = 200


@pytest.fixture(scope="module")
def board(client_stack: RunningStack) -> str:
    """A board's token as its header."""
    client_stack.command("site", "add", "On the wire")
    made = client_stack.command("device", "add", "Board", "--site", "On the wire", "--external-id", "wire-1")
    return f"Authorization: Bearer {made['token']}"


@pytest.mark.parametrize("body", [b'[{"time":"2026-05-18T08:00:00Z","activePowerKw":1}]', b"[]", b"{", b""])
@pytest.mark.parametrize("origin", [(), (_ORIGIN,)])
def test_a_boards_answer_has_under_200_bytes_of_headers(
    client_stack: RunningStack, board: str, body: bytes, origin: tuple[str, ...]
) -> None:
    sent = request("POST", _PATH, board, "Content-Type: application/json", *origin, body=body)
    head, answer = exchange(client_stack.url, sent)
    assert head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 400")), head
    assert json.loads(answer)
    assert len(head) - _CLOSE < _MOST, head


def test_a_refused_board_pays_no_more(client_stack: RunningStack) -> None:
    head, _ = exchange(client_stack.url, request("POST", _PATH, "Authorization: Bearer x", body=b"[]"))
    assert head.startswith(b"HTTP/1.1 401")
    assert len(head) - _CLOSE < _MOST, head


@pytest.mark.parametrize("path", ["/health/live", "/api/sites", "/api/nothing", "/login"])
def test_nothing_is_said_about_origins_where_none_is_allowed(client_stack: RunningStack, path: str) -> None:
    for method in ("GET", "OPTIONS"):
        head, _ = exchange(client_stack.url, request(method, path, _ORIGIN))
        assert b"access-control-" not in head.lower(), (method, head)
        assert b"\r\nvary: origin" not in head.lower(), (method, head)


def test_pages_keep_their_policy(client_stack: RunningStack) -> None:
    head, _ = exchange(client_stack.url, request("GET", "/login", "Accept: text/html"))
    assert head.startswith(b"HTTP/1.1 200")
    assert b"content-security-policy: default-src 'self'" in head
    assert b"x-frame-options: SAMEORIGIN" in head
