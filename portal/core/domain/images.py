"""Which kind of image some bytes are, by their content alone: a name and a claimed type prove nothing.

SVG is not among them: it is a document, and only what `svg.sanitised` makes of one is taken.
"""

from __future__ import annotations

MAX_SIDE = 4096
_PNG = b"\x89PNG\r\n\x1a\n"
# Start-of-frame markers of JPEG: all of 0xC0..0xCF but the tables (C4), the reserved (C8) and arithmetic (CC) ones.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
Size = tuple[int, int]


def image_type(content: bytes) -> str | None:
    """Return the media type of a PNG, JPEG or WebP whose sides are 1 to 4096 pixels, else None."""
    for media_type, size in (
        ("image/png", _png_size(content)),
        ("image/jpeg", _jpeg_size(content)),
        ("image/webp", _webp_size(content)),
    ):
        if size is not None and all(0 < side <= MAX_SIDE for side in size):
            return media_type
    return None


def _png_size(content: bytes) -> Size | None:
    if not content.startswith(_PNG) or content[12:16] != b"IHDR" or content[-8:-4] != b"IEND":
        return None
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


def _jpeg_size(content: bytes) -> Size | None:
    if not content.startswith(b"\xff\xd8\xff") or b"\xff\xd9" not in content[-64:]:
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
    if int.from_bytes(content[4:8], "little") + 8 > len(content):
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
