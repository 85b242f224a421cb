"""What the ring's sectors look like on flash: a header, frames one behind the other, and marks that are set later.

    header   "node", number (4), dropped (4), format, 0, blocks (2), CRC (4), mark, 3 bytes not used
    frame    length of the payload, kind, payload, CRC (4), mark

Numbers are little-endian. A mark is 0xFF, or 0 for done. A frame's CRC begins with its sector's number, and where its
kind says that it leans on the base, with the base's CRC.
"""

from binascii import crc32

_MAGIC = b"node"
_FORMAT = 1
HEADER_BYTES = 24
DONE_AT = 20
_BLANK = 0xFF
OVERHEAD = 7
MOST_BYTES = 254
LEANS = 0x80
BASE_KIND = 0
_CHUNK = b"\xff" * 64


def header_of(number: int, dropped: int, count: int) -> bytes:
    """Return the header of a sector, up to its mark."""
    header = _MAGIC + number.to_bytes(4, "little") + dropped.to_bytes(4, "little")
    header += bytes((_FORMAT, 0)) + count.to_bytes(2, "little")
    return header + crc32(header).to_bytes(4, "little")


def dropped_in(header: bytearray) -> int:
    """Return how many frames had been dropped when the sector was begun."""
    return int.from_bytes(header[8:12], "little")


def number_of(header: bytearray, block: int, count: int) -> int:
    """Return the number of the sector whose header was read from a block of so many; below zero where it is none."""
    if bytes(header[:4]) != _MAGIC or crc32(memoryview(header)[:16]) != int.from_bytes(
        header[16:20], "little"
    ):
        return -1
    if header[12] != _FORMAT or int.from_bytes(header[14:16], "little") != count:
        return -1
    number = int.from_bytes(header[4:8], "little")
    return number if number % count == block else -1


def frame_crc(number: int, head_and_payload: "bytes | memoryview", base_crc: int) -> int:
    """Return the CRC of a frame's length, kind and payload."""
    seed = crc32(number.to_bytes(4, "little"))
    if head_and_payload[1] & LEANS:
        seed = crc32(base_crc.to_bytes(4, "little"), seed)
    return crc32(head_and_payload, seed)


def is_blank(data: "bytearray", start: int = 0) -> bool:
    """Return whether all bytes from `start` on are as an erase leaves them."""
    view = memoryview(data)
    while start < len(data):
        part = view[start : start + len(_CHUNK)]
        if bytes(part) != (_CHUNK if len(part) == len(_CHUNK) else _CHUNK[: len(part)]):
            return False
        start += len(part)
    return True


class Sector:
    """The frames of one block, gone through in memory."""

    def __init__(self, number: int, data: bytearray) -> None:
        self.number = number
        self.data = data
        self.base: bytes | None = None
        self.base_crc = 0
        self.end = HEADER_BYTES
        self.is_damaged = False
        self.offset = self.kind = 0
        self.payload = b""
        self.is_done = False

    def next(self) -> bool:
        """Go to the next sound frame, and return whether there is one: `offset`, `kind`, `payload`, `is_done`.

        After the last, `end` is where the next may be written; `is_damaged`: something stands there already.
        """
        offset = self.end
        while offset + OVERHEAD <= len(self.data):
            length = self.data[offset]
            if length == _BLANK and is_blank(self.data, offset):
                break
            crc = self._sound_crc(offset, length)
            if crc is None:
                # Torn or gone bad: the CRC finds the next sound one, if there is any.
                self.is_damaged = True
                offset += 1
                continue
            self.offset, self.kind = offset, self.data[offset + 1]
            self.payload = bytes(self.data[offset + 2 : offset + 2 + length])
            if self.base is None and self.kind == BASE_KIND:
                self.base, self.base_crc = self.payload, crc
            self.end = offset + OVERHEAD + length
            self.is_done = self.data[self.end - 1] == 0
            return True
        return False

    def pass_done(self, offset: int) -> None:
        """Go to behind the last frame that is acknowledged, by its mark or by its offset: that holds for all before."""
        behind = self.end
        while self.next():
            if self.is_done or self.offset <= offset:
                behind = self.end
        self.end = behind

    def _sound_crc(self, offset: int, length: int) -> "int | None":
        end = offset + 2 + length
        if length > MOST_BYTES or end + OVERHEAD - 2 > len(self.data):
            return None
        if self.data[offset + 1] & LEANS and self.base is None:
            return None
        crc = frame_crc(self.number, memoryview(self.data)[offset:end], self.base_crc)
        return crc if crc == int.from_bytes(self.data[end : end + 4], "little") else None
