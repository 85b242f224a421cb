"""Flash that is memory: what a node keeps readings in whose own flash holds something that it must not erase."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.ports import BlockDevice
else:
    BlockDevice = object


class MemoryBlocks(BlockDevice):
    """What is in it is gone with the power."""

    def __init__(self, blocks: int = 6, block_size: int = 512) -> None:
        self.block_size = block_size
        self._blocks = [bytearray(b"\xff" * block_size) for _ in range(blocks)]

    def block_count(self) -> int:
        """Return how many blocks there are."""
        return len(self._blocks)

    def read(self, block: int, offset: int, buffer: "bytearray | memoryview") -> None:
        """Fill the buffer from an offset of a block."""
        buffer[:] = self._blocks[block][offset : offset + len(buffer)]

    def write(self, block: int, offset: int, data: "bytes | bytearray") -> None:
        """Set bytes; they were erased before."""
        self._blocks[block][offset : offset + len(data)] = data

    def erase(self, block: int) -> None:
        """Set a whole block to 0xFF."""
        for index in range(self.block_size):
            self._blocks[block][index] = 0xFF
