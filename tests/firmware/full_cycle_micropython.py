"""A board's whole cycle in a board's memory, over two weeks of readings: mount, read the meter, send, acknowledge.

`FLASH BATCHES` with a file for the flash; `FLASH READINGS offline` takes readings only. Prints what it came to.
"""

import gc
import json
import sys

from node.modbus import crc16
from node.node import Node

_NOW_MS = 1_800_014_400_000


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


class _Ticks:
    now = 0

    def ms(self) -> int:
        return self.now

    def diff(self, later: int, earlier: int) -> int:
        return later - earlier

    def sleep_ms(self, ms: int) -> None:
        self.now += ms


class _Meter:
    """Every register of it is one: that is a frequency, too."""

    _coming = b""

    def send(self, frame: bytes) -> None:
        count = frame[4] << 8 | frame[5]
        body = bytes((1, 3, 2 * count)) + b"\x00\x01" * count
        self._coming = body + crc16(body).to_bytes(2, "little")

    def read(self) -> bytes:
        coming, self._coming = self._coming, b""
        return coming


class _Taking:
    """A portal that takes everything; how many rows that is, it is told."""

    def __init__(self) -> None:
        self.rows = self.bytes = 0
        self._coming = b""

    def write(self, data: "bytes | bytearray | memoryview") -> None:
        self.bytes += len(data)
        counts = {"accepted": self.rows, "rejected": 0, "duplicates": 0, "errors": []}
        body = json.dumps(counts).encode()
        self._coming = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    def read(self, most: int) -> bytes:
        coming, self._coming = self._coming, b""
        return coming

    def close(self) -> None:
        pass


class _Way:
    def __init__(self, stream: _Taking) -> None:
        self._stream = stream

    def connect(self) -> None:
        pass

    def open(self, host: str, port: int, tls: bool) -> _Taking:  # noqa: FBT001 - as its class has it
        return self._stream

    def epoch_ms(self) -> "int | None":
        return _NOW_MS


class _Board:
    boot, lock = 1, None

    def __init__(self, flash: object, ticks: object, link: object) -> None:
        self.flash, self.line, self.link, self.ticks = flash, _Meter(), link, ticks

    def random_below(self, most: int) -> int:
        return most // 2

    def feed(self) -> None:
        pass


def main() -> None:
    ticks = _Ticks()
    stream = _Taking()
    board = _Board(FileFlash(sys.argv[1]), ticks, _Way(stream))
    node = Node(board)
    post = node.uploader._post

    def counted(packed: memoryview) -> object:
        stream.rows = node.uploader.rows_sent
        return post(packed)

    node.uploader._post = counted
    largest = 0
    for _ in range(int(sys.argv[2])):
        ticks.sleep_ms(60_000)
        node.sample()
        if len(sys.argv) == 3:
            node.upload()
        largest = max(largest, gc.mem_alloc())
    gc.collect()
    print(
        json.dumps(
            {
                "sent": node.counters.sent,
                "taken": node.counters.taken,
                "failed": node.counters.failed_posts,
                "bytes": stream.bytes,
                "kept": gc.mem_alloc(),
                "largest": largest,
                "left": node.ring.sectors_waiting(),
                "dropped": node.ring.dropped,
            }
        )
    )


main()
