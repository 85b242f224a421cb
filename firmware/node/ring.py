"""Frames on raw flash, in a ring of sectors: written once, found again after any cut of power, oldest dropped last.

A sector is one erase block. It begins with a header (its number, how many frames were ever dropped unsent), and frames
follow, each with a CRC over itself and its sector's number. Numbers go up by one and block is number modulo count, so
all blocks wear alike, and what is left of an earlier life of a block is not mistaken for data. The block behind the
newest is always the spare: it holds nothing, or a sector that the newest header has declared dropped. That header is
what drops it, in one write, with the count; erasing it comes after, and may be cut as often as it likes.

What was acknowledged is marked in place, which flash allows: a byte of the frame goes from 0xFF to 0, and so does one
of the header when all frames of a sector are done. A mark that was cut is no mark: the frame is sent again, which the
portal does not mind.

A frame may lean on the first of kind 0 in its sector, its base: its CRC goes over the base's too, so that it cannot be
read with another.
"""

from binascii import crc32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.ports import BlockDevice, Lock

_MAGIC = b"node"
_FORMAT = 1
_HEADER_BYTES = 24
_DONE_AT = 20
_MARK = b"\x00"
_BLANK = 0xFF
_OVERHEAD = 7  # length, kind, CRC, mark
MOST_BYTES = 254
_FEWEST_SECTORS = 3
LEANS = 0x80
BASE_KIND = 0
_CHUNK = b"\xff" * 64


class _Alone:
    """The lock of a node that has one thread."""

    def __enter__(self) -> object:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class RingDamaged(Exception):
    """There is something on the flash, and it is no ring: nothing is erased until a person says so."""


class Frame:
    """What was stored: `kind` and `payload` as they were given, and the payload of the base where it leans on one."""

    def __init__(self, at: "tuple[int, int]", kind: int, payload: bytes, base: "bytes | None") -> None:
        self.at = at
        self.kind = kind
        self.payload = payload
        self.base = base


class _Sector:
    """The frames of one block, gone through in memory."""

    def __init__(self, number: int, data: bytearray) -> None:
        self.number = number
        self.data = data
        self.base: bytes | None = None
        self.base_crc = 0
        self.end = _HEADER_BYTES
        self.is_damaged = False
        self.offset = self.kind = 0
        self.payload = b""
        self.is_done = False

    def next(self) -> bool:
        """Go to the next sound frame, and return whether there is one: `offset`, `kind`, `payload`, `is_done`.

        After the last, `end` is where the next may be written; `is_damaged`: something stands there already.
        """
        offset = self.end
        while offset + _OVERHEAD <= len(self.data):
            length = self.data[offset]
            if length == _BLANK and _is_blank(self.data, offset):
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
            self.end = offset + _OVERHEAD + length
            self.is_done = self.data[self.end - 1] == 0
            return True
        return False

    def _sound_crc(self, offset: int, length: int) -> "int | None":
        end = offset + 2 + length
        if length > MOST_BYTES or end + _OVERHEAD - 2 > len(self.data):
            return None
        if self.data[offset + 1] & LEANS and self.base is None:
            return None
        crc = _frame_crc(self.number, memoryview(self.data)[offset:end], self.base_crc)
        return crc if crc == int.from_bytes(self.data[end : end + 4], "little") else None


def _frame_crc(number: int, head_and_payload: "bytes | memoryview", base_crc: int) -> int:
    seed = crc32(number.to_bytes(4, "little"))
    if head_and_payload[1] & LEANS:
        seed = crc32(base_crc.to_bytes(4, "little"), seed)
    return crc32(head_and_payload, seed)


def _is_blank(data: "bytearray", start: int = 0) -> bool:
    view = memoryview(data)
    while start < len(data):
        part = view[start : start + len(_CHUNK)]
        if bytes(part) != (_CHUNK if len(part) == len(_CHUNK) else _CHUNK[: len(part)]):
            return False
        start += len(part)
    return True


class Ring:
    """A ring over some blocks of a device. Every method may be called from any thread that has the same lock.

    `block` is memory for one block of the device; rings that share a lock may share it.
    `dropped` counts the frames that a full ring has given up unsent since it was made.
    """

    def __init__(
        self,
        device: "BlockDevice",
        first: int = 0,
        count: "int | None" = None,
        lock: "Lock | None" = None,
        block: "bytearray | None" = None,
    ) -> None:
        self._device = device
        self._first = first
        self._count = device.block_count() - first if count is None else count
        if self._count < _FEWEST_SECTORS:
            raise ValueError("a ring needs three blocks")
        self._lock = lock or _Alone()
        self._data = bytearray(device.block_size) if block is None else block
        self._header = bytearray(_HEADER_BYTES)
        self._newest = -1
        self._tail = 0
        self._offset = 0
        self._base_crc = 0
        self.base: bytes | None = None
        self.dropped = 0

    def mount(self) -> None:
        """Find what is there. A blank device becomes an empty ring. Raises `RingDamaged` for anything else."""
        with self._lock:
            for block in range(self._count):
                self._newest = max(self._newest, self._number_in(block))
            if self._newest < 0:
                self._begin()
                return
            self._read(self._newest)
            self.dropped = int.from_bytes(self._data[8:12], "little")
            sector = self._gone_through(self._newest)
            self._offset = (
                len(self._data) if sector.is_damaged or not _is_blank(self._data, sector.end) else sector.end
            )
            self.base, self._base_crc = sector.base, sector.base_crc
            self._tail = max(0, self._newest + 2 - self._count)
            self._pass_what_is_done()
            self._make_spare()

    def format(self) -> None:
        """Make an empty ring of whatever is there. Only a person asks for it."""
        with self._lock:
            for block in range(self._count):
                self._device.erase(self._first + block)
            self._newest = -1
            self._open_next()

    def append(
        self, kind: int, payload: bytes, lean: "bytes | None" = None, base: "bytes | None" = None
    ) -> None:
        """Store a frame; when it returns, no cut of power takes it away.

        `kind` is from 0 to 127. `lean` is a shorter payload that goes with `base`, which the ring had a moment ago; it
        is taken where the frame goes into the same sector. Raises ValueError for a payload that is too long, OSError
        where no block takes it.
        """
        if len(payload) > MOST_BYTES or kind & LEANS:
            raise ValueError("no such frame")
        with self._lock:
            for _ in range(_FEWEST_SECTORS):
                if (
                    lean is not None
                    and base is not None
                    and base is self.base
                    and self._try(kind | LEANS, lean)
                ):
                    return
                if self._try(kind, payload):
                    return
                self._open_next()
            raise OSError("the flash takes no data")

    def oldest(self, most: int, after: "tuple[int, int] | None" = None) -> "list[Frame]":
        """Return the oldest frames that are not acknowledged, oldest first; those behind `after` only."""
        frames: list[Frame] = []
        with self._lock:
            number = self._tail if after is None else max(self._tail, after[0])
            while number <= self._newest and len(frames) < most:
                behind = after[1] if after is not None and after[0] == number else 0
                self._append_pending(number, frames, most, behind)
                number += 1
        return frames

    def read(self, at: "tuple[int, int]") -> "Frame | None":
        """Return one frame that was there a moment ago; None where the ring has dropped it meanwhile."""
        frames = self.oldest(1, (at[0], at[1] - 1))
        return frames[0] if frames and frames[0].at == at else None

    def find(self, kind: int) -> "list[bytes]":
        """Return the payloads of all frames of a kind that are not acknowledged, wherever they are."""
        found: list[bytes] = []
        with self._lock:
            for number in range(self._tail, self._newest + 1):
                frames: list[Frame] = []
                self._append_pending(number, frames, len(self._data))
                found += [frame.payload for frame in frames if frame.kind == kind]
        return found

    def acknowledge(self, at: "tuple[int, int]") -> None:
        """Mark a frame, and all that are older, as done. One that is not there any more is done already."""
        number, offset = at
        with self._lock:
            for older in range(self._tail, min(number, self._newest)):
                self._mark_sector(older)
            self._tail = max(self._tail, min(number, self._newest))
            if number < self._tail or not self._read(number):
                return
            self._device.write(self._block_of(number), offset + _OVERHEAD - 1 + self._data[offset], _MARK)
            self._pass_what_is_done()

    def sectors_waiting(self) -> int:
        """Return how many sectors hold, or may still get, frames that are not acknowledged."""
        return self._newest - self._tail + 1

    def _begin(self) -> None:
        for block in range(self._count):
            self._device.read(self._first + block, 0, self._data)
            # A cut of the very first header leaves a beginning of it, and nothing behind.
            if not _is_blank(self._data, _HEADER_BYTES if block == 0 else 0):
                raise RingDamaged
        self._device.erase(self._first)
        self._open_next()

    def _block_of(self, number: int) -> int:
        return self._first + number % self._count

    def _number_in(self, block: int) -> int:
        """Return the number of the sector in a block, below zero where there is none. Its header is in memory then."""
        self._device.read(self._first + block, 0, self._header)
        return _number_of(self._header, block, self._count)

    def _read(self, number: int) -> bool:
        """Read a sector into memory, and return whether it is there at all."""
        if self._number_in(number % self._count) != number:
            return False
        self._device.read(self._block_of(number), 0, self._data)
        return True

    def _gone_through(self, number: int) -> _Sector:
        sector = _Sector(number, self._data)
        while sector.next():
            pass
        return sector

    def _append_pending(self, number: int, frames: "list[Frame]", most: int, behind: int = 0) -> None:
        if self._number_in(number % self._count) != number or self._header[_DONE_AT] == 0:
            return
        self._read(number)
        sector = _Sector(number, self._data)
        before = len(frames)
        while sector.next():
            if sector.is_done:
                # A mark holds for all that is before it.
                del frames[before:]
            elif len(frames) < most and sector.offset > behind:
                base = sector.base if sector.kind & LEANS else None
                frames.append(Frame((number, sector.offset), sector.kind & ~LEANS, sector.payload, base))
        del frames[most:]

    def _pass_what_is_done(self) -> None:
        """Move the tail over sectors that are done; mark those whose last frame is."""
        while self._tail < self._newest:
            frames: list[Frame] = []
            self._append_pending(self._tail, frames, 1)
            if frames:
                return
            self._mark_sector(self._tail)
            self._tail += 1

    def _mark_sector(self, number: int) -> None:
        if self._number_in(number % self._count) == number and self._header[_DONE_AT]:
            self._device.write(self._block_of(number), _DONE_AT, _MARK)

    def _try(self, kind: int, payload: bytes) -> bool:
        """Write a frame behind the last; whether it stands there afterwards."""
        offset, end = self._offset, self._offset + _OVERHEAD + len(payload)
        if end > len(self._data):
            return False
        head = bytes((len(payload), kind)) + payload
        crc = _frame_crc(self._newest, head, self._base_crc)
        frame = head + crc.to_bytes(4, "little")
        self._device.write(self._block_of(self._newest), offset, frame)
        self._offset = end
        written = bytearray(len(frame))
        self._device.read(self._block_of(self._newest), offset, written)
        if bytes(written) != frame:
            self._offset = len(self._data)
            return False
        if self.base is None and kind == BASE_KIND:
            self.base, self._base_crc = payload, crc
        return True

    def _open_next(self) -> None:
        for _ in range(_FEWEST_SECTORS):
            if self._open(self._newest + 1):
                return
            # A block that takes no header any more is left out: its number is nobody's.
            self._newest += 1
        raise OSError("the flash takes no header")

    def _open(self, number: int) -> bool:
        """Write a sector's header into the spare: that drops what its own spare holds, and counts it."""
        dropped = self.dropped
        for given_up in range(self._tail, number + 2 - self._count):
            dropped += self._unsent(given_up)
        header = _MAGIC + number.to_bytes(4, "little") + dropped.to_bytes(4, "little")
        header += bytes((_FORMAT, 0)) + self._count.to_bytes(2, "little")
        header += crc32(header).to_bytes(4, "little")
        block = self._block_of(number)
        for attempt in range(2):
            if attempt:
                self._device.erase(block)
            self._device.write(block, 0, header)
            if self._number_in(number % self._count) == number:
                break
        else:
            return False
        self._newest, self._offset = number, _HEADER_BYTES
        self.base, self._base_crc, self.dropped = None, 0, dropped
        self._tail = max(self._tail, number + 2 - self._count)
        self._pass_what_is_done()
        self._make_spare()
        return True

    def _unsent(self, number: int) -> int:
        frames: list[Frame] = []
        self._append_pending(number, frames, len(self._data))
        return len(frames)

    def _make_spare(self) -> None:
        block = self._block_of(self._newest + 1)
        self._device.read(block, 0, self._data)
        if not _is_blank(self._data):
            self._device.erase(block)


def _number_of(header: bytearray, block: int, count: int) -> int:
    if bytes(header[:4]) != _MAGIC or crc32(memoryview(header)[:16]) != int.from_bytes(
        header[16:20], "little"
    ):
        return -1
    if header[12] != _FORMAT or int.from_bytes(header[14:16], "little") != count:
        return -1
    number = int.from_bytes(header[4:8], "little")
    return number if number % count == block else -1
