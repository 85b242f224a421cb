"""A board in as little memory as it takes: its flash is a file, its meter says the same for ever."""

from node.modbus import crc16

NOW_MS = 1_800_014_400_000


class FileFlash:
    block_size = 4096

    def __init__(self, path: str) -> None:
        self._file = open(path, "r+b")  # noqa: PTH123, SIM115 - MicroPython has no pathlib
        self._blocks = self._file.seek(0, 2) // self.block_size
        self._blank = b"\xff" * 256

    def block_count(self) -> int:
        return self._blocks

    def read(self, block: int, offset: int, buffer: "bytearray | memoryview") -> None:
        self._file.seek(block * self.block_size + offset)
        self._file.readinto(buffer)

    def write(self, block: int, offset: int, data: "bytes | bytearray") -> None:
        self._file.seek(block * self.block_size + offset)
        self._file.write(data)

    def erase(self, block: int) -> None:
        self._file.seek(block * self.block_size)
        for _ in range(self.block_size // 256):
            self._file.write(self._blank)


class SmallTicks:
    now = 0

    def ms(self) -> int:
        return self.now

    def diff(self, later: int, earlier: int) -> int:
        return later - earlier

    def sleep_ms(self, ms: int) -> None:
        self.now += ms


class SmallMeter:
    """Every register of it is one: that is a frequency, too."""

    _coming = b""

    def send(self, frame: bytes) -> None:
        count = frame[4] << 8 | frame[5]
        body = bytes((1, 3, 2 * count)) + b"\x00\x01" * count
        self._coming = body + crc16(body).to_bytes(2, "little")

    def read(self) -> bytes:
        coming, self._coming = self._coming, b""
        return coming


class SmallBoard:
    boot, lock, updates = 1, None, None

    def __init__(self, flash: object, ticks: object, link: object) -> None:
        self.flash, self.line, self.link, self.ticks = flash, SmallMeter(), link, ticks

    def random_below(self, most: int) -> int:
        return most // 2

    def feed(self) -> None:
        pass
