"""Images are known by their content."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.domain.images import image_type


def png(width: int = 4, height: int = 4) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress((b"\0" + b"\x20\x60\xd0" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


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


@given(
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBPVP8X"]),
    st.binary(max_size=80),
)
def test_no_bytes_break_it(start: bytes, rest: bytes) -> None:
    assert image_type(start + rest) in (None, "image/png", "image/jpeg", "image/webp")
