"""A board's whole cycle in a board's memory, over two weeks of readings: mount, read the meter, send, acknowledge.

`FLASH BATCHES` with a file for the flash; `FLASH READINGS offline` takes readings only. Prints what it came to.
"""

import gc
import json
import sys

from node.node import Node
from tests.firmware.small_board import NOW_MS, FileFlash, SmallBoard, SmallTicks


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
        return NOW_MS

    def signal_dbm(self) -> "int | None":
        return -71

    def reset(self) -> None:
        pass


def main() -> None:
    ticks = SmallTicks()
    stream = _Taking()
    board = SmallBoard(FileFlash(sys.argv[1]), ticks, _Way(stream))
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
