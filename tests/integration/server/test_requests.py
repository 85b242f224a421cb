"""What a stranger can make the server keep, or wait for, before it is known who they are."""

import asyncio

import pytest

from portal.server.bounds import Bounds
from tests.integration.server.conftest import Served

_BOUNDS = Bounds()
_HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"
_CHUNKED = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("begun", "piece", "status"),
    [
        (b"GET / HTTP/1.1\r\nX-Long: ", b"a", b"431"),
        (b"GET / HTTP/1.1\r\n", b"a", b"431"),
        (b"GET / HTTP/1.1\r\n", b"A: b\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n", b"A: " + b"b" * 4_000 + b"\r\n", b"431"),
        (b"GET /", b"a", b"414"),
        (b"GET /?", b"a=1&", b"414"),
    ],
)
async def test_an_endless_head_is_refused_early(
    served: Served, begun: bytes, piece: bytes, status: bytes
) -> None:
    wire = await served.connect(begun)
    kept = piece * (1_000_000 // len(piece))
    await wire.send(*[kept] * 20)
    said = await wire.rest()
    assert said.startswith(b"HTTP/1.1 " + status), said
    assert b'{"error": {"code"' in said
    await served.until(lambda: not served.server.server_state.connections)


@pytest.mark.parametrize("size", [_BOUNDS.line_bytes - len("X-Long"), _BOUNDS.line_bytes])
async def test_a_long_line_is_taken_up_to_the_bound(served: Served, size: int) -> None:
    wire = await served.connect(_HEAD + b"Content-Length: 1\r\nX-Long: " + b"a" * size + b"\r\n\r\nx")
    status = b"200" if size + len("X-Long") <= _BOUNDS.line_bytes else b"431"
    assert (await wire.answer()).startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"GET /half",
        b"GET /_event HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
        _HEAD + b"Content-Length: 10\r\n\r\nhalf",
        _HEAD + b"Content-Length: 10\r\n\r\n",
        _CHUNKED + b"5\r\nabc",
        _CHUNKED + b"5;name=",
        _CHUNKED + b"0\r\nTrailer: ",
    ],
)
async def test_whoever_stops_in_the_middle_is_told_and_let_go(served: Served, sent: bytes) -> None:
    wire = await served.connect(sent)
    said = await wire.rest()
    assert said.startswith(b"HTTP/1.1 408"), said
    assert b'"code": "timeout"' in said
    await served.until(lambda: not served.server.server_state.connections)
    assert await served.is_well()


@pytest.mark.parametrize("sent", [b"", b"\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"])
async def test_whoever_asks_nothing_is_let_go_without_a_word(served: Served, sent: bytes) -> None:
    wire = await served.connect(sent)
    if b"GET" in sent:
        await wire.answer()
    assert await wire.rest() == b""


async def test_empty_lines_for_ever_are_no_request(served: Served) -> None:
    wire = await served.connect()
    sending = asyncio.create_task(wire.send(*[b"\r\n"] * 200, every=0.1))
    assert await wire.rest() == b""
    sending.cancel()


async def test_a_board_that_keeps_sending_is_waited_for(served: Served) -> None:
    pieces = [b"x" * 100] * 10
    wire = await served.connect(_HEAD + b"Content-Length: 1000\r\n\r\n")
    await wire.send(
        *pieces, every=0.2
    )  # longer than it may be silent, and not nearly as long as a body may take
    assert (await wire.answer()).endswith(b"\r\n\r\n1000")


async def test_a_drip_is_not_sending(served: Served) -> None:
    wire = await served.connect(_HEAD + b"Content-Length: 1000\r\n\r\n")
    sending = asyncio.create_task(wire.send(*[b"x"] * 200, every=0.1))
    assert (await wire.rest()).startswith(b"HTTP/1.1 408")
    sending.cancel()
    assert served.app.disconnects == 1


async def test_no_body_takes_for_ever(served: Served) -> None:
    wire = await served.connect(_HEAD + b"Content-Length: 100000000\r\n\r\n")
    sending = asyncio.create_task(wire.send(*[b"x" * 1000] * 200, every=0.05))
    assert (await wire.rest()).startswith(b"HTTP/1.1 408")
    sending.cancel()


async def test_the_body_behind_an_answer_is_not_read_for_ever(served: Served) -> None:
    wire = await served.connect(b"POST /unread HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n")
    assert (await wire.answer()).startswith(b"HTTP/1.1 401")
    sending = asyncio.create_task(wire.send(*[b"x" * 1000] * 200, every=0.05))
    await wire.rest()
    sending.cancel()
    await served.until(lambda: not served.server.server_state.connections)


@pytest.mark.parametrize("piece", [b"1\r\na\r\n", b"1;" + b"e" * 500 + b"\r\na\r\n"])
async def test_a_body_of_framing_is_refused(served: Served, piece: bytes) -> None:
    wire = await served.connect(_CHUNKED)
    await wire.send(*[piece * 200] * 200)
    assert (await wire.rest()).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("begun", [b"5;e=", b"0\r\nTrailer: "])
async def test_framing_has_an_end(served: Served, begun: bytes) -> None:
    wire = await served.connect(_CHUNKED + begun)
    await wire.send(*[b"x" * 10_000] * 1_000)
    assert (await wire.rest()).startswith(b"HTTP/1.1 400")


async def test_small_chunks_of_a_board_are_taken_and_trailers_change_nothing(served: Served) -> None:
    wire = await served.connect(_CHUNKED)
    await wire.send(*[b"14\r\n" + b"x" * 20 + b"\r\n"] * 500, b"0\r\nContent-Encoding: gzip\r\n\r\n")
    assert (await wire.answer()).endswith(b"\r\n\r\n10000")
    assert not any(name == b"content-encoding" for name, _ in served.app.headers)


async def test_what_is_no_http_is_told_so_and_logged_by_nobody(
    served: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    for sent in (b"\x16\x03\x01\x02\x00\x01\x00", b"nonsense\r\n\r\n", _CHUNKED + b"zz\r\n"):
        wire = await served.connect(sent)
        assert (await wire.rest()).startswith(b"HTTP/1.1 400")
    odd = await served.connect(b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
    assert (await odd.answer()).startswith(b"HTTP/1.1 200")
    logged = capfd.readouterr()
    assert (logged.out, logged.err) == ("", "")


async def test_requests_sent_ahead_are_answered_in_turn_up_to_a_bound(served: Served) -> None:
    ahead = [_HEAD + b"Content-Length: %d\r\n\r\n" % size + b"x" * size for size in range(10)]
    wire = await served.connect(b"".join(ahead))
    answers = [await wire.answer() for _ in ahead]
    assert [answer.rpartition(b"\r\n\r\n")[2] for answer in answers] == [b"%d" % size for size in range(10)]
    flood = await served.connect(*[b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n" * 1000] * 50)
    assert await flood.rest() == b""
    served.app.release.set()
    assert await served.is_well()


async def test_whoever_reads_nothing_is_let_go(served: Served) -> None:
    wire = await served.connect(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    wire.reader._transport.pause_reading()  # pyright: ignore[reportAttributeAccessIssue]
    await served.until(lambda: bool(served.server.server_state.connections))
    await served.until(lambda: not served.server.server_state.connections)


async def test_whoever_reads_slowly_has_everything(served: Served) -> None:
    wire = await served.connect(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    size = 0
    while piece := await wire.reader.read(2_000_000):
        size += len(piece)
        await asyncio.sleep(0.02)
    assert size > 30_000_000


async def test_what_is_usual_works_as_ever(served: Served) -> None:
    wire = await served.connect(b"HEAD /large HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"content-length: 30000000" in await wire.reader.readuntil(b"\r\n\r\n")
    await wire.send(b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await wire.answer()).endswith(b"\r\n\r\n0")
    await wire.send(_HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert (await wire.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
    await wire.send(b"ok")
    assert (await wire.answer()).endswith(b"\r\n\r\n2")


async def test_a_server_that_stops_waits_for_no_body_that_does_not_come(
    served: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    slow = [await served.connect(_HEAD + b"Content-Length: 10\r\n\r\nhalf") for _ in range(5)]
    held = await served.connect(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n")
    await served.until(lambda: served.app.waiting == 1)
    served.server.should_exit = True
    said = [await wire.rest() for wire in slow]
    assert all(answer.startswith(b"HTTP/1.1 503") and b"retry-after: 5" in answer for answer in said), said
    served.app.release.set()
    assert (await held.answer()).endswith(b"\r\n\r\n0")
    await served.until(lambda: not served.server.server_state.connections)
    assert "Traceback" not in capfd.readouterr().err
