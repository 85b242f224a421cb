"""What a simulated board is made of besides its meter: flash, a counter of time, and a line to a real portal."""

import mmap
import os
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from node.ports import BlockDevice, Link, Stream, Ticks

_BLOCK_BYTES = 4096
_TIMEOUT_S = 30
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SimulatedTime:
    """A time that goes by faster than ours, from some moment on, until it has reached the present."""

    def __init__(self, start_at: datetime, speedup: float, real: Callable[[], datetime]) -> None:
        self.speedup = speedup
        self._start_at = start_at
        self._real = real
        self._began = monotonic()

    def elapsed_ms(self) -> int:
        """Return how much of it has gone by; the present is never passed."""
        simulated = (monotonic() - self._began) * self.speedup
        return int(1000 * min(simulated, max(0.0, (self._real() - self._start_at).total_seconds())))

    def epoch_ms(self, elapsed_ms: int) -> int:
        """Return the milliseconds since 1970 UTC when so much had gone by."""
        return round((self._start_at - _EPOCH).total_seconds() * 1000) + elapsed_ms


class BoardTicks(Ticks):
    """The counter of one board. Sleeping takes none of our time: the board is ahead of the others for that while."""

    def __init__(self, time: SimulatedTime) -> None:
        self.time = time
        self._ahead_ms = 0

    def ms(self) -> int:
        """Return the counter."""
        return max(self._ahead_ms, self.time.elapsed_ms())

    def diff(self, later: int, earlier: int) -> int:
        """Return how many milliseconds lie between two counts."""
        return later - earlier

    def sleep_ms(self, ms: int) -> None:
        """Be so much later."""
        self._ahead_ms = self.ms() + ms

    def now(self) -> datetime:
        """Return the time where the board is."""
        return datetime.fromtimestamp(self.time.epoch_ms(self.ms()) / 1000, UTC)


class MemoryFlash(BlockDevice):
    """Flash whose writing only clears bits; gone with the process, unless it lies in a file."""

    block_size = _BLOCK_BYTES

    def __init__(self, data: bytearray | mmap.mmap) -> None:
        self._data = data

    def block_count(self) -> int:
        """Return how many blocks there are."""
        return len(self._data) // self.block_size

    def read(self, block: int, offset: int, buffer: bytearray | memoryview) -> None:
        """Fill the buffer from an offset of a block."""
        at = block * self.block_size + offset
        buffer[:] = self._data[at : at + len(buffer)]

    def write(self, block: int, offset: int, data: bytes | bytearray) -> None:
        """Clear the bits that are not set in the data."""
        at = block * self.block_size + offset
        there = self._data[at : at + len(data)]
        self._data[at : at + len(data)] = bytes(old & new for old, new in zip(there, data, strict=True))

    def erase(self, block: int) -> None:
        """Set a whole block to 0xFF."""
        at = block * self.block_size
        self._data[at : at + self.block_size] = b"\xff" * self.block_size


def blank_flash(blocks: int) -> MemoryFlash:
    """Return erased flash in memory."""
    return MemoryFlash(bytearray(b"\xff" * blocks * _BLOCK_BYTES))


def flash_in(path: Path, blocks: int) -> MemoryFlash:
    """Return the flash that lies in a file, which only its owner reads; one of another size is begun anew."""
    size = blocks * _BLOCK_BYTES
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+b") as file:
        if file.seek(0, os.SEEK_END) != size:
            file.truncate(0)
            file.write(b"\xff" * size)
            file.flush()
        return MemoryFlash(mmap.mmap(file.fileno(), size))


class SocketStream(Stream):
    """A connection over a socket of this machine."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send all of it. Raises OSError."""
        self._connection.sendall(data)

    def read(self, most: int) -> bytes:
        """Return at least one byte, or nothing where the other side has closed. Raises OSError."""
        return self._connection.recv(most)

    def close(self) -> None:
        """Give the connection up."""
        with suppress(OSError):
            self._connection.close()


class _LaterStream(SocketStream):
    """To a portal that lives later than the board: what it says of the board's clock is about the real time."""

    def read(self, most: int) -> bytes:
        """Return at least one byte; a word about the clock is one that boards do not know."""
        return super().read(most).replace(b"clockSkewSeconds", b"clockSkewOfTime_")


class NetworkLink(Link):
    """The network of this machine. It knows the time, which is the simulated one."""

    def __init__(self, ticks: BoardTicks, *, is_present: bool) -> None:
        self._ticks = ticks
        self._stream = SocketStream if is_present else _LaterStream

    def connect(self) -> None:
        """Do nothing: there is a network."""

    def open(self, host: str, port: int, tls: bool) -> Stream:  # noqa: FBT001 - as its class has it
        """Open a connection. Raises OSError."""
        connection = socket.create_connection((host, port), timeout=_TIMEOUT_S)
        if tls:
            connection = ssl.create_default_context().wrap_socket(connection, server_hostname=host)
        return self._stream(connection)

    def epoch_ms(self) -> int:
        """Return the time of the network."""
        return self._ticks.time.epoch_ms(self._ticks.ms())

    def reset(self) -> None:
        """Do nothing: it has no modem."""
