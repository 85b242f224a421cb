"""What all ESP32 boards have alike: raw flash, a serial line with a direction, a counter of time, a watchdog.

Pins are always named: MicroPython's own choice for UART 1 and 2 is the modem's power switch on one board and the memory
on another.
"""

import os
import time

import machine
from esp32 import Partition

from node.ports import BlockDevice, Board, SerialLine, Ticks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.ports import Link

RING_LABEL = "ring"
WATCHDOG_MS = 120_000
_ERASE, _COUNT, _SIZE = 6, 4, 5
_LINE_BUFFER = 512


class RingFlash(BlockDevice):
    """The partition for readings, as raw flash."""

    def __init__(self, label: str = RING_LABEL) -> None:
        found = Partition.find(Partition.TYPE_DATA, label=label)
        if not found:
            raise OSError("no partition " + label)
        self._partition = found[0]
        self.block_size = self._partition.ioctl(_SIZE, 0)

    def block_count(self) -> int:
        """Return how many blocks there are."""
        return self._partition.ioctl(_COUNT, 0)

    def read(self, block: int, offset: int, buffer: "bytearray | memoryview") -> None:
        """Fill the buffer from an offset of a block."""
        self._partition.readblocks(block, buffer, offset)

    def write(self, block: int, offset: int, data: "bytes | bytearray") -> None:
        """Program bytes, without erasing: that is what an offset means here."""
        self._partition.writeblocks(block, data, offset)

    def erase(self, block: int) -> None:
        """Set a whole block to 0xFF."""
        self._partition.ioctl(_ERASE, block)


class Rs485Line(SerialLine):
    """A UART with a transceiver, whose direction is switched only when the last bit has left."""

    def __init__(
        self, number: int, tx: int, rx: int, direction: "int | None", baud: int, parity: "int | None"
    ) -> None:
        self._uart = machine.UART(
            number, baud, tx=tx, rx=rx, bits=8, parity=parity, stop=1, rxbuf=_LINE_BUFFER, timeout=0
        )
        self._direction = None if direction is None else machine.Pin(direction, machine.Pin.OUT, value=0)

    def send(self, frame: bytes) -> None:
        """Send a frame."""
        direction = self._direction
        if direction is not None:
            direction(1)
        self._uart.write(frame)
        self._uart.flush()
        if direction is not None:
            direction(0)

    def read(self) -> bytes:
        """Return what has arrived by now."""
        return self._uart.read() or b""


class EspTicks(Ticks):
    """MicroPython's counter."""

    def ms(self) -> int:
        """Return the counter."""
        return time.ticks_ms()

    def diff(self, later: int, earlier: int) -> int:
        """Return how many milliseconds lie between two counts."""
        return time.ticks_diff(later, earlier)

    def sleep_ms(self, ms: int) -> None:
        """Let other threads run for so long."""
        time.sleep_ms(ms)


class EspBoard(Board):
    """A board with its watchdog and its light. The watchdog runs from now on, whatever comes."""

    def __init__(
        self, line: Rs485Line, link: "Link", ticks: EspTicks, led: "int | None", lit: int = 1
    ) -> None:
        super().__init__(RingFlash(), line, link, ticks, int.from_bytes(os.urandom(4), "big") >> 1)
        import _thread  # noqa: PLC0415 - of boards alone

        self.lock = _thread.allocate_lock()
        self._watchdog = machine.WDT(timeout=WATCHDOG_MS)
        self._led: Any = None if led is None else machine.Pin(led, machine.Pin.OUT, value=1 - lit)
        self._lit = lit

    def feed(self) -> None:
        """Feed the watchdog."""
        self._watchdog.feed()

    def random_below(self, most: int) -> int:
        """Return a number below `most`, of the chip's own chance."""
        return int.from_bytes(os.urandom(4), "big") % most if most else 0

    def light(self, on: bool) -> None:  # noqa: FBT001
        """Switch the light."""
        if self._led is not None:
            self._led(self._lit if on else 1 - self._lit)
