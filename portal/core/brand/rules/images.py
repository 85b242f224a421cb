"""Which kind of image some bytes are, by their content alone: a name and a claimed type prove nothing.

SVG is not among them: it is a document, and only what `svg.sanitised` makes of one is taken.

An image is drawn by every visitor's browser. So what it unfolds to is bounded: its pixels, what the compressed parts of
a PNG hold, the scans of a JPEG; and it does not move.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_SIDE = 4096
MAX_PIXELS = 8_000_000
_PNG = b"\x89PNG\r\n\x1a\n"
# Start-of-frame markers of JPEG: all of 0xC0..0xCF but the tables (C4), the reserved (C8) and arithmetic (CC) ones.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
Size = tuple[int, int]

_MOST_SCANS = 64
_MOST_PROFILE_BYTES = 1024 * 1024
_INFLATED_AT_ONCE = 65_536
# Samples per pixel of each colour type of PNG, with its greatest depth.
_PNG_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PNG_DEPTHS = frozenset((1, 2, 4, 8, 16))


def image_type(content: bytes) -> str | None:
    """Return the media type of a still PNG, JPEG or WebP, else None.

    Its sides are 1 to MAX_SIDE pixels, its area at most MAX_PIXELS, and what it unfolds to is no more than that.
    """
    for media_type, size in (
        ("image/png", _png_size(content)),
        ("image/jpeg", _jpeg_size(content)),
        ("image/webp", _webp_size(content)),
    ):
        if size is not None and _is_bounded(size):
            return media_type
    return None


def _is_bounded(size: Size) -> bool:
    return all(0 < side <= MAX_SIDE for side in size) and size[0] * size[1] <= MAX_PIXELS


def _png_size(content: bytes) -> Size | None:
    if not content.startswith(_PNG) or content[12:16] != b"IHDR" or content[-8:-4] != b"IEND":
        return None
    size = int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    return size if _is_bounded(size) and _is_sound_png(content, size) else None


def _is_sound_png(content: bytes, size: Size) -> bool:
    samples, depth = _PNG_SAMPLES.get(content[25]), content[24]
    if samples is None or depth not in _PNG_DEPTHS:
        return False
    pixels: list[bytes] = []
    for kind, data in _png_chunks(content):
        if kind == b"acTL":  # it moves
            return False
        if kind == b"IDAT":
            pixels.append(data)
        elif kind in (b"iCCP", b"zTXt", b"iTXt") and not _inflates_to(
            _packed(kind, data), _MOST_PROFILE_BYTES
        ):
            return False
    width, height = size
    row = (width * samples * depth + 7) // 8 + 1
    # In seven passes there are more rows, each with its filter byte and its last byte filled up.
    return _inflates_to(b"".join(pixels), row * height + 4 * (width + height) + 1024)


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_PNG)
    while at + 12 <= len(content):
        end = at + 8 + int.from_bytes(content[at : at + 4], "big")
        yield content[at + 4 : at + 8], content[at + 8 : end]
        at = end + 4


def _packed(kind: bytes, data: bytes) -> bytes:
    """Return the compressed part of an ancillary chunk: after its keyword, and of iTXt two more texts."""
    rest = data.partition(b"\0")[2]
    if kind != b"iTXt":
        return rest[1:]
    return rest[2:].split(b"\0", 2)[-1] if rest[:1] == b"\x01" else b""


def _inflates_to(packed: bytes, most: int) -> bool:
    """Whether a zlib stream holds at most so many bytes; what is no stream is the browser's to refuse."""
    inflating, size = zlib.decompressobj(), 0
    try:
        while size <= most:
            part = inflating.decompress(packed, _INFLATED_AT_ONCE)
            if not part:
                return True
            size, packed = size + len(part), inflating.unconsumed_tail
    except zlib.error:
        return True
    return False


def _jpeg_size(content: bytes) -> Size | None:
    if not content.startswith(b"\xff\xd8\xff") or b"\xff\xd9" not in content[-64:]:
        return None
    if content.count(b"\xff\xda") > _MOST_SCANS:  # each scan is another pass over all of the picture
        return None
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if marker in _JPEG_FRAMES:
            height, width = content[at + 5 : at + 7], content[at + 7 : at + 9]
            return int.from_bytes(width, "big"), int.from_bytes(height, "big")
        at += 2 + length
    return None


def _webp_size(content: bytes) -> Size | None:
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP" or len(content) < 30:
        return None
    if (
        int.from_bytes(content[4:8], "little") + 8 > len(content) or b"ANMF" in content
    ):  # cut off, or it moves
        return None
    match content[12:16]:
        case b"VP8X":
            return _little(content[24:27]) + 1, _little(content[27:30]) + 1
        case b"VP8L":
            bits = _little(content[21:25])
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            return _little(content[26:28]) & 0x3FFF, _little(content[28:30]) & 0x3FFF
        case _:
            return None


def _little(part: bytes) -> int:
    return int.from_bytes(part, "little")
