"""A body is read once, inflated where it is gzip, and never unfolds beyond what is allowed."""

import asyncio
import gzip
import random
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any

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


@pytest.mark.parametrize("size", [1, 2, 1000])
@pytest.mark.parametrize("encoding", [None, "", "identity"])
async def test_gzip_that_nobody_named_is_told_by_its_first_bytes(encoding: str | None, size: int) -> None:
    plain = b"[]" * 5000
    assert await read_body(request(cut(gzip.compress(plain), size), encoding), LIMIT) == plain
    for body in (b"", b"\x1f", b"[", b"\x1f\x8c", b"[\x1f\x8b"):
        assert await read_body(request(cut(body, size), encoding), LIMIT) == body


async def test_gzip_that_nobody_named_is_bounded_as_any_other() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b"\0" * 1_000_000) for _ in range(100)) + packer.flush()
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            await read_body(request([bomb], None), LIMIT)
        assert tracemalloc.get_traced_memory()[1] < 10 * LIMIT
    finally:
        tracemalloc.stop()
    for damaged in (gzip.compress(b"x")[:-1], gzip.compress(b"x") + b"rest", b"\x1f\x8b"):
        with pytest.raises(Invalid, match="gzip"):
            await read_body(request([damaged], None), LIMIT)


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
    ids=["plain", "cut short", "more after it", "spoiled", "nothing"],
)
async def test_damaged_gzip_is_invalid(body: bytes) -> None:
    with pytest.raises(Invalid, match="gzip"):
        await read_body(request(cut(body), "gzip"), LIMIT)


_EMPTY_BLOCK = b"\x00\x00\x00\xff\xff"
_BARELY = zlib.compressobj(9, zlib.DEFLATED, 31)
_BEGUN = _BARELY.compress(b"x") + _BARELY.flush(zlib.Z_FULL_FLUSH)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (gzip.compress(b"") * 150_000, "far less than its size"),
        (_BEGUN + _EMPTY_BLOCK * 600_000 + _BARELY.flush(), "far less than its size"),
        (gzip.compress(b"0" * 30) * 100_000, "more than 10000 members"),
    ],
)
async def test_what_costs_more_than_it_holds_is_refused_early(
    monkeypatch: pytest.MonkeyPatch, body: bytes, reason: str
) -> None:
    begun: list[int] = []

    def counted(wbits: int) -> Any:
        begun.append(wbits)
        return real(wbits)

    real = zlib.decompressobj
    monkeypatch.setattr(zlib, "decompressobj", counted)
    with pytest.raises(Invalid, match=reason):
        await read_body(request(cut(body, 65_536), "gzip"), 8_388_608)
    assert len(begun) <= 10_000


async def test_members_of_readings_and_what_does_not_compress_are_taken() -> None:
    readings = [f'{{"time":"2026-05-18T08:{minute:02}:00Z"}}'.encode() for minute in range(60)] * 50
    members = b"".join(gzip.compress(reading) for reading in readings)
    assert await read_body(request(cut(members), "gzip"), 8_388_608) == b"".join(readings)
    noise = random.Random(5).randbytes(1_000_000)
    assert await read_body(request(cut(gzip.compress(noise), 65_536), "gzip"), len(noise)) == noise


async def test_others_have_their_turn_while_a_large_body_unfolds() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    beside = asyncio.create_task(others())
    await asyncio.sleep(0)
    await read_body(request([gzip.compress(b"0" * 8_000_000)], "gzip"), 8_000_000)
    beside.cancel()
    assert turns >= 8_000_000 // 262_144


async def test_another_encoding_is_invalid() -> None:
    with pytest.raises(Invalid, match="br"):
        await read_body(request([b"x"], "br"), LIMIT)


async def test_what_follows_a_refused_body_is_read_so_that_the_sender_hears_the_answer() -> None:
    chunks = [b"x" * LIMIT] * 5
    asked = request(chunks, None)
    with pytest.raises(TooLarge):
        await read_body(asked, LIMIT)
    assert asked._stream_consumed
