"""A body is read once, inflated where it is gzip, and never unfolds beyond what is allowed."""

import gzip
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
from starlette.requests import Request

from fleet_ingest.bodies import read_body
from portal.core.errors import Invalid, TooLarge

LIMIT = 100_000


def request(chunks: list[bytes], encoding: str | None) -> Request:
    """A request whose body arrives in these pieces."""
    pieces: Iterator[bytes] = iter(chunks)
    left = len(chunks)

    async def receive() -> dict[str, object]:
        nonlocal left
        left -= 1
        return {"type": "http.request", "body": next(pieces, b""), "more_body": left > 0}

    headers = [] if encoding is None else [(b"content-encoding", encoding.encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def cut(body: bytes, size: int = 1000) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)] or [b""]


@pytest.mark.parametrize("size", [1, 7, 1000, 1_000_000])
async def test_gzip_in_any_pieces_is_the_plain_body(size: int) -> None:
    plain = bytes(range(256)) * 200
    members = gzip.compress(plain[:1000]) + gzip.compress(plain[1000:])
    for packed in (gzip.compress(plain), members):
        assert await read_body(request(cut(packed, size), "gzip"), LIMIT) == plain
    assert await read_body(request(cut(plain, size), None), LIMIT) == plain


@pytest.mark.parametrize("encoding", [None, "gzip"])
async def test_the_limit_is_exact(encoding: str | None) -> None:
    for length, allowed in ((LIMIT, True), (LIMIT + 1, False)):
        plain = b"x" * length
        chunks = cut(gzip.compress(plain) if encoding else plain)
        if allowed:
            assert len(await read_body(request(chunks, encoding), LIMIT)) == LIMIT
        else:
            with pytest.raises(TooLarge, match=str(LIMIT)):
                await read_body(request(chunks, encoding), LIMIT)


async def test_a_bomb_costs_no_memory() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b"\0" * 1_000_000) for _ in range(100)) + packer.flush()
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            await read_body(request([bomb], "gzip"), LIMIT)
        assert tracemalloc.get_traced_memory()[1] < 10 * LIMIT
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "body",
    [
        b"plain",
        gzip.compress(b"x")[:-1],
        gzip.compress(b"x") + b"rest",
        gzip.compress(b"x")[:5] + b"\xff" * 20,
        b"",
    ],
)
async def test_damaged_gzip_is_invalid(body: bytes) -> None:
    with pytest.raises(Invalid, match="gzip"):
        await read_body(request(cut(body), "gzip"), LIMIT)


async def test_another_encoding_is_invalid() -> None:
    with pytest.raises(Invalid, match="br"):
        await read_body(request([b"x"], "br"), LIMIT)


async def test_what_follows_a_refused_body_is_read_so_that_the_sender_hears_the_answer() -> None:
    chunks = [b"x" * LIMIT] * 5
    asked = request(chunks, None)
    with pytest.raises(TooLarge):
        await read_body(asked, LIMIT)
    assert asked._stream_consumed
