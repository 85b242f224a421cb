"""Rows of JSON to gzip, on a board whose MicroPython can only unpack.

One row looks like the one before it: the same names, and values that begin alike. So nothing is searched for. Each
field is told as a copy of the same field in the row before, as far as it goes, and the digits that differ as
themselves. The Huffman codes are fixed ones, made from many such rows; `deflate_tables` has them, and the header that
tells them.
"""

from array import array
from binascii import crc32

from node.deflate_tables import HEADER, HEADER_BITS, LENGTHS, LITERALS

_GZIP = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_END = 256
_FIRST_LENGTH, _LONGEST_COPY = 257, 258
_SHORTEST_COPY = 3
# The brackets, the end's symbol, and the trailer.
_ENDING_BYTES = 16


def canonical_codes(lengths: bytes) -> "array[int]":
    """Return the Huffman codes of some lengths, each with its bits reversed, as deflate sends them."""
    codes = array("H", [0] * len(lengths))
    code = 0
    for length in range(1, 16):
        for symbol, its_length in enumerate(lengths):
            if its_length == length:
                codes[symbol] = _reversed(code, length)
                code += 1
        code <<= 1
    return codes


def _reversed(code: int, length: int) -> int:
    out = 0
    for _ in range(length):
        out = out << 1 | code & 1
        code >>= 1
    return out


_CODES = canonical_codes(LENGTHS[:LITERALS])
_DISTANCE_CODES = canonical_codes(LENGTHS[LITERALS:])


def length_symbol(length: int) -> "tuple[int, int, int]":
    """Return the symbol for a copy of 3 to 258 bytes, and how many extra bits follow with which value."""
    if length == _LONGEST_COPY:
        return 285, 0, 0
    return _grouped(length - _SHORTEST_COPY, 2, _FIRST_LENGTH)


def distance_symbol(distance: int) -> "tuple[int, int, int]":
    """Return the symbol for a distance of 1 to 32,768 bytes, and how many extra bits follow with which value."""
    return _grouped(distance - 1, 1, 0)


def _grouped(number: int, bits: int, first: int) -> "tuple[int, int, int]":
    # Both alphabets: groups of 2 ** bits symbols, each group with one extra bit more than the one before.
    extra = 0
    while number >> extra >= 2 << bits:
        extra += 1
    return first + (extra << bits) + (number >> extra), extra, number & (1 << extra) - 1


class RowPacker:
    """Packs rows into a buffer until it is full.

    `add` takes rows as `payload.row_fields` gives them; `finish` returns the gzip bytes of a JSON array of them, which
    lie in the buffer.
    """

    def __init__(self, buffer: bytearray) -> None:
        self._buffer = buffer
        self._view = memoryview(buffer)
        buffer[: len(_GZIP)] = _GZIP
        self._at = len(_GZIP)
        self._bits = self._bit_count = 0
        self._crc = 0
        self._size = 0
        self._before: dict[str, tuple[int, str]] = {}
        self._copy_from = self._copy_length = self._distance = 0
        self.rows = 0
        for byte in HEADER[:-1]:
            self._put(byte, 8)
        self._put(HEADER[-1], HEADER_BITS - 8 * (len(HEADER) - 1))

    def add(self, fields: "list[tuple[str, str]]") -> bool:
        """Pack one more row, and return whether there was room for it, at its worst."""
        fields = [("}," if self.rows else "[", "")] + fields
        most = _ENDING_BYTES
        for key, value in fields:
            # A symbol is two bytes at most, a copy six.
            most += 2 * len(value) + (8 if key in self._before else 2 * len(key))
        if self._at + most > len(self._buffer):
            return False
        for key, value in fields:
            self._crc = crc32(value.encode(), crc32(key.encode(), self._crc))
            self._field(self._size, key, value)
            self._before[key] = self._size, value
            self._size += len(key) + len(value)
        self._copy_ends()
        self.rows += 1
        return True

    def finish(self) -> memoryview:
        """Return the packed bytes of all rows, of which there has to be one."""
        self._literals("}]")
        self._crc = crc32(b"}]", self._crc)
        self._symbol(_END)
        if self._bit_count:
            self._put(0, 8 - self._bit_count)
        for number in (self._crc, self._size + 2):
            self._buffer[self._at : self._at + 4] = number.to_bytes(4, "little")
            self._at += 4
        return self._view[: self._at]

    def _field(self, at: int, key: str, value: str) -> None:
        from_at, old = self._before.get(key, (-1, ""))
        if self._copy_length and self._copy_from + self._copy_length != from_at:
            self._copy_ends()
        if from_at < 0:
            self._literals(key + value)
            return
        if not self._copy_length:
            self._copy_from, self._distance = from_at, at - from_at
        same, most = 0, min(len(value), len(old))
        while same < most and value[same] == old[same]:
            same += 1
        self._copy_length += len(key) + same
        if same < len(value):
            self._copy_ends()
            self._literals(value[same:])

    def _copy_ends(self) -> None:
        left, self._copy_length = self._copy_length, 0
        while left:
            length = min(left, _LONGEST_COPY)
            if 0 < left - length < _SHORTEST_COPY:
                length -= _SHORTEST_COPY
            left -= length
            symbol, extra, value = length_symbol(length)
            self._symbol(symbol)
            self._put(value, extra)
            symbol, extra, value = distance_symbol(self._distance)
            self._put(_DISTANCE_CODES[symbol], LENGTHS[LITERALS + symbol])
            self._put(value, extra)

    def _literals(self, text: str) -> None:
        for byte in text.encode():
            self._symbol(byte)

    def _symbol(self, symbol: int) -> None:
        self._put(_CODES[symbol], LENGTHS[symbol])

    def _put(self, value: int, bits: int) -> None:
        self._bits |= value << self._bit_count
        self._bit_count += bits
        while self._bit_count >= 8:
            self._buffer[self._at] = self._bits & 255
            self._at += 1
            self._bits >>= 8
            self._bit_count -= 8
