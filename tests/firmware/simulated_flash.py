"""NOR flash whose power can be cut at any byte: what the ring and the settings are tested on, under both Pythons."""

from node.ports import BlockDevice


class PowerCut(Exception):
    """The supply is gone: whatever ran on it has ended."""


class SimulatedFlash(BlockDevice):
    """Erased bytes are 0xFF, and writing clears bits and sets none.

    `cut_after` is how many operations (a byte programmed, an eighth of a block erased) still come about. The one at
    which the power goes is done by halves: of a byte some bits, of a block some of its bytes, some of their bits.
    """

    def __init__(self, blocks: int, block_size: int = 4096) -> None:
        self.block_size = block_size
        self.data = [bytearray(b"\xff" * block_size) for _ in range(blocks)]
        self.cut_after: int | None = None
        self.operations = 0
        self.erases = [0] * blocks
        self.stuck: set[int] = set()
        self._noise = 12345

    def block_count(self) -> int:
        return len(self.data)

    def read(self, block: int, offset: int, buffer: "bytearray | memoryview") -> None:
        buffer[:] = self.data[block][offset : offset + len(buffer)]

    def write(self, block: int, offset: int, data: "bytes | bytearray") -> None:
        if offset + len(data) > self.block_size:
            raise OSError("beyond the block")
        here = self.data[block]
        for index, byte in enumerate(data):
            kept = self._random(256) if self._is_last() else 0
            if block not in self.stuck:
                here[offset + index] &= byte | kept
            self._count()

    def erase(self, block: int) -> None:
        self.erases[block] += 1
        part = self.block_size // 8
        for start in range(0, self.block_size, part):
            is_last = self._is_last()
            for index in range(start, start + part):
                if block not in self.stuck:
                    if is_last:
                        self.data[block][index] |= self._random(256)
                    else:
                        self.data[block][index] = 0xFF
            self._count()

    def powered_again(self) -> "SimulatedFlash":
        """Return the flash as the next start finds it."""
        self.cut_after = None
        return self

    def copy(self) -> "SimulatedFlash":
        other = SimulatedFlash(len(self.data), self.block_size)
        other.data = [bytearray(block) for block in self.data]
        return other

    def _is_last(self) -> bool:
        if self.cut_after is not None and self.cut_after < 0:
            raise PowerCut
        return self.cut_after == 0

    def _count(self) -> None:
        self.operations += 1
        if self.cut_after is not None:
            self.cut_after -= 1
            if self.cut_after < 0:
                raise PowerCut

    def _random(self, most: int) -> int:
        self._noise = (self._noise * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._noise >> 12) % most
