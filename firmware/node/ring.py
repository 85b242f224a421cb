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

from node.sectors import (
    BASE_KIND,
    DONE_AT,
    HEADER_BYTES,
    LEANS,
    MOST_BYTES,
    OVERHEAD,
    Sector,
    dropped_in,
    frame_crc,
    header_of,
    is_blank,
    number_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.ports import BlockDevice, Lock

_MARK = b"\x00"
_FEWEST_SECTORS = 3


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
        self._header = bytearray(HEADER_BYTES)
        self._newest = -1
        self._done = (-1, 0)
        self._tail = 0
        self._offset = 0
        self._base_crc = 0
        self._longest = 0
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
            self.dropped = dropped_in(self._data)
            sector = self._gone_through(self._newest)
            self._offset = (
                len(self._data) if sector.is_damaged or not is_blank(self._data, sector.end) else sector.end
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
            self._newest, self._tail, self._done, self.dropped = -1, 0, (-1, 0), 0
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
                sector = self._pending_in(number)
                while sector is not None and len(frames) < most and sector.next():
                    if sector.offset > behind:
                        base = sector.base if sector.kind & LEANS else None
                        frames.append(
                            Frame((number, sector.offset), sector.kind & ~LEANS, sector.payload, base)
                        )
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
                sector = self._pending_in(number)
                while sector is not None and sector.next():
                    if sector.kind == kind:
                        found.append(sector.payload)
        return found

    def acknowledge(self, at: "tuple[int, int]") -> None:
        """Mark a frame, and all that are older, as done. One that is not there any more is done already."""
        number, offset = at
        with self._lock:
            # Also where flash takes no marks any more: it would be sent again and again.
            self._done = max(self._done, at)
            for older in range(self._tail, min(number, self._newest)):
                self._mark_sector(older)
            self._tail = max(self._tail, min(number, self._newest))
            if number < self._tail or not self._read(number):
                return
            self._device.write(self._block_of(number), offset + OVERHEAD - 1 + self._data[offset], _MARK)
            self._pass_what_is_done()

    def last_sector(self, back: int) -> "Sector | None":
        """Return the newest sector, or one that is `back` before it, until the ring is used again; None without it."""
        with self._lock:
            return Sector(self._newest - back, self._data) if self._read(self._newest - back) else None

    def holds(self) -> int:
        """Return how many frames fit that are as long as the longest since the start; 0 before the first."""
        if not self._longest:
            return 0
        return (self._count - 2) * ((len(self._data) - HEADER_BYTES) // self._longest)

    def sectors_waiting(self) -> int:
        """Return how many sectors hold, or may still get, frames that are not acknowledged."""
        return self._newest - self._tail + 1

    def _begin(self) -> None:
        for block in range(self._count):
            self._device.read(self._first + block, 0, self._data)
            # A cut of the very first header leaves a beginning of it, and nothing behind.
            if not is_blank(self._data, HEADER_BYTES if block == 0 else 0):
                raise RingDamaged
        self._device.erase(self._first)
        self._open_next()

    def _block_of(self, number: int) -> int:
        return self._first + number % self._count

    def _number_in(self, block: int) -> int:
        """Return the number of the sector in a block, below zero where there is none. Its header is in memory then."""
        self._device.read(self._first + block, 0, self._header)
        return number_of(self._header, block, self._count)

    def _read(self, number: int) -> bool:
        """Read a sector into memory, and return whether it is there at all."""
        if self._number_in(number % self._count) != number:
            return False
        self._device.read(self._block_of(number), 0, self._data)
        return True

    def _gone_through(self, number: int) -> Sector:
        sector = Sector(number, self._data)
        while sector.next():
            pass
        return sector

    def _pending_in(self, number: int) -> "Sector | None":
        """Return a sector before its first frame that is not acknowledged; None where it is gone or done."""
        done, offset = self._done
        if number < done or self._number_in(number % self._count) != number or self._header[DONE_AT] == 0:
            return None
        self._read(number)
        sector = Sector(number, self._data)
        sector.pass_done(offset if number == done else 0)
        return sector

    def _pass_what_is_done(self) -> None:
        """Move the tail over sectors that are done; mark those whose last frame is."""
        while self._tail < self._newest:
            sector = self._pending_in(self._tail)
            if sector is not None and sector.next():
                return
            self._mark_sector(self._tail)
            self._tail += 1

    def _mark_sector(self, number: int) -> None:
        if self._number_in(number % self._count) == number and self._header[DONE_AT]:
            self._device.write(self._block_of(number), DONE_AT, _MARK)

    def _try(self, kind: int, payload: bytes) -> bool:
        """Write a frame behind the last; whether it stands there afterwards."""
        offset, end = self._offset, self._offset + OVERHEAD + len(payload)
        if end > len(self._data):
            return False
        head = bytes((len(payload), kind)) + payload
        crc = frame_crc(self._newest, head, self._base_crc)
        frame = head + crc.to_bytes(4, "little")
        self._device.write(self._block_of(self._newest), offset, frame)
        self._offset = end
        written = bytearray(len(frame))
        self._device.read(self._block_of(self._newest), offset, written)
        if bytes(written) != frame:
            self._offset = len(self._data)
            return False
        self._longest = max(self._longest, len(frame))
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
        header = header_of(number, dropped, self._count)
        block = self._block_of(number)
        for attempt in range(2):
            if attempt:
                self._device.erase(block)
            self._device.write(block, 0, header)
            if self._number_in(number % self._count) == number:
                break
        else:
            return False
        self._newest, self._offset = number, HEADER_BYTES
        self.base, self._base_crc, self.dropped = None, 0, dropped
        self._tail = max(self._tail, number + 2 - self._count)
        self._pass_what_is_done()
        self._make_spare()
        return True

    def _unsent(self, number: int) -> int:
        count = 0
        sector = self._pending_in(number)
        while sector is not None and sector.next():
            count += 1
        return count

    def _make_spare(self) -> None:
        block = self._block_of(self._newest + 1)
        self._device.read(block, 0, self._data)
        if not is_blank(self._data):
            self._device.erase(block)
