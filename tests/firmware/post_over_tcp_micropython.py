"""A node that sends what is on its flash to a portal over TCP, under either Python: `FLASH`. Prints what it counted."""

import json
import socket
import sys
import time

from node.node import Node
from tests.firmware.small_board import FileFlash, SmallBoard, SmallTicks

_SINCE_1970 = 0 if time.gmtime(0)[0] == 1970 else 946_684_800


class TcpStream:
    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.socket()
        self._socket.settimeout(20)
        self._socket.connect(socket.getaddrinfo(host, port)[0][-1])

    def write(self, data: "bytes | bytearray | memoryview") -> None:
        while data:
            sent = self._socket.send(data)
            data = memoryview(data)[sent:]

    def read(self, most: int) -> bytes:
        return self._socket.recv(most)

    def close(self) -> None:
        self._socket.close()


class TcpLink:
    opened = 0

    def connect(self) -> None:
        pass

    def open(self, host: str, port: int, tls: bool) -> TcpStream:  # noqa: FBT001 - as its class has it
        self.opened += 1
        return TcpStream(host, port)

    def epoch_ms(self) -> int:
        return (int(time.time()) + _SINCE_1970) * 1000

    def signal_dbm(self) -> "int | None":
        return None

    def reset(self) -> None:
        pass


def main() -> None:
    link = TcpLink()
    node = Node(SmallBoard(FileFlash(sys.argv[1]), SmallTicks(), link))
    while node.ring.oldest(1) and not node.counters.failed_posts:
        node.upload()
    counted = node.counters
    said = {
        "sent": counted.sent,
        "posts": counted.posts,
        "failed": counted.failed_posts,
        "opened": link.opened,
    }
    print(json.dumps(said))


main()
