"""Images are known by their content."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.brand.rules.images import image_type


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    width: int = 4,
    height: int = 4,
    *between: bytes,
    pixels: bytes | None = None,
    depth: int = 8,
    interlaced: int = 0,
) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, interlaced)
    drawn = (b"\0" + b"\x20\x60\xd0" * width) * height if pixels is None else pixels
    parts = (chunk(b"IHDR", header), *between, chunk(b"IDAT", zlib.compress(drawn)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffc0000b080010002001011100ffd9")
WEBP = b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + b"\x1f\0\0\x0f\0\0"


@pytest.mark.parametrize(
    ("content", "media_type"), [(png(), "image/png"), (JPEG, "image/jpeg"), (WEBP, "image/webp")]
)
def test_what_is_taken(content: bytes, media_type: str) -> None:
    assert image_type(content) == media_type


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a" + bytes(40),
        b"\x89PNG\r\n\x1a\n<html>",
        png()[:-4],
        png(5000, 4),
        png(0, 4),
        JPEG[:-2],
        b"\xff\xd8\xff" + bytes(60),
        WEBP[:20],
        b"<html>" + png(),
    ],
    ids=[
        "nothing",
        "svg",
        "gif",
        "half a png",
        "cut png",
        "wide",
        "flat",
        "cut jpeg",
        "no jpeg",
        "cut webp",
        "late",
    ],
)
def test_what_is_not(content: bytes) -> None:
    assert image_type(content) is None


BOMB = zlib.compress(bytes(2 * 1024 * 1024))
SCAN = bytes.fromhex("ffda0008010100003f00")


@pytest.mark.parametrize(
    "content",
    [
        png(4000, 2001, pixels=b""),
        png(4, 4, pixels=bytes(5_000)),
        png(4, 4, chunk(b"iCCP", b"sRGB\0\0" + BOMB)),
        png(4, 4, chunk(b"zTXt", b"Comment\0\0" + BOMB)),
        png(4, 4, chunk(b"iTXt", b"Comment\0\x01\0\0\0" + BOMB)),
        png(4, 4, chunk(b"acTL", struct.pack(">II", 1000, 0))),
        png(4, 4, depth=7),
        JPEG[:-2] + SCAN * 65 + JPEG[-2:],
        WEBP + b"ANMF" + bytes(20),
    ],
    ids=["area", "pixels", "profile", "text", "long text", "moving png", "depth", "scans", "moving webp"],
)
def test_what_unfolds_to_more_than_a_picture_is_not_taken(content: bytes) -> None:
    assert image_type(content) is None


@pytest.mark.parametrize(
    "content",
    [
        png(4, 4, chunk(b"iCCP", b"sRGB\0\0" + zlib.compress(bytes(3000)))),
        png(4, 4, chunk(b"iTXt", b"Comment\0\0\0\0\0plain")),
        png(4, 4, pixels=bytes(60), interlaced=1),
        png(300, 200, pixels=bytes((300 * 3 * 2 + 1) * 200), depth=16),
        JPEG[:-2] + SCAN * 10 + JPEG[-2:],
    ],
    ids=["profile", "text", "interlaced", "deep", "progressive"],
)
def test_what_programs_write_is_taken(content: bytes) -> None:
    assert image_type(content) is not None


@given(
    st.sampled_from([b"", png()[:33], b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBPVP8X"]),
    st.binary(max_size=80),
)
def test_no_bytes_break_it(start: bytes, rest: bytes) -> None:
    assert image_type(start + rest) in (None, "image/png", "image/jpeg", "image/webp")
