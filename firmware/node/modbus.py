"""Modbus RTU, the master's side: function 3, and nothing that was not checked."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.ports import SerialLine, Ticks

_READ_HOLDING = 3
_IS_EXCEPTION = 0x80
_CRC_BYTES = 2
_EXCEPTION_BYTES = 5
MOST_REGISTERS = 125
# The remainders of every half byte: a table of 16 instead of 256 numbers, at two steps a byte.
_CRC_OF_HALF_BYTE = (
    0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
    0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400,
)  # fmt: skip


class ModbusError(Exception):
    """A request that brought no values."""


class NoAnswer(ModbusError):
    """Nothing came within the time for an answer."""


class BadAnswer(ModbusError):
    """Something came that is no answer to the request: cut, garbled, or somebody else's."""


class MeterRefused(ModbusError):
    """The meter answered with an exception; `code` is its number."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


def crc16(data: "bytes | bytearray | memoryview") -> int:
    """Return the CRC of Modbus over some bytes; it is sent low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        crc = crc >> 4 ^ _CRC_OF_HALF_BYTE[crc & 15]
        crc = crc >> 4 ^ _CRC_OF_HALF_BYTE[crc & 15]
    return crc


def request(unit: int, address: int, count: int) -> bytes:
    """Return the frame that asks for `count` holding registers from `address` (as on the wire, from 0)."""
    frame = bytes((unit, _READ_HOLDING, address >> 8, address & 255, count >> 8, count & 255))
    return frame + crc16(frame).to_bytes(2, "little")


def registers_in(received: "bytes | bytearray", unit: int, count: int) -> "bytes | None":
    """Return the registers' bytes of the answer that stands somewhere in what was received; None: not (yet) there.

    Before it may stand what a line picks up when its direction changes, and the request itself where the transceiver
    listens to its own. An answer is one with the right unit, function, length and CRC. Raises `MeterRefused`.
    """
    length = 3 + 2 * count + _CRC_BYTES
    view = memoryview(received)
    for start in range(len(received) - _EXCEPTION_BYTES + 1):
        if received[start] != unit:
            continue
        function, third = received[start + 1], received[start + 2]
        if (
            function == _READ_HOLDING
            and third == 2 * count
            and _is_whole(view[start : start + length], length)
        ):
            return bytes(view[start + 3 : start + length - _CRC_BYTES])
        if function == _READ_HOLDING | _IS_EXCEPTION and _is_whole(
            view[start : start + _EXCEPTION_BYTES], _EXCEPTION_BYTES
        ):
            raise MeterRefused(third)
    return None


def _is_whole(frame: memoryview, length: int) -> bool:
    # Over a frame with its own CRC the remainder is zero.
    return len(frame) == length and crc16(frame) == 0


class Master:
    """Asks one line. `timeout_ms` is how long the first byte of an answer may take, `gap_ms` any other."""

    def __init__(
        self, line: "SerialLine", ticks: "Ticks", timeout_ms: int = 600, gap_ms: int = 60, attempts: int = 3
    ) -> None:
        self.line = line
        self.ticks = ticks
        self._timeout_ms = timeout_ms
        self._gap_ms = gap_ms
        self._attempts = attempts
        self.failed_attempts = 0

    def read(self, unit: int, address: int, count: int) -> bytes:
        """Return `2 * count` bytes of holding registers, read in one request.

        Tries again where nothing usable comes. Raises `NoAnswer` or `BadAnswer` of the last attempt, and `MeterRefused`
        at once, because it would say so again.
        """
        frame = request(unit, address, count)
        for attempt in range(self._attempts):
            self.wait_for_silence()
            self.line.send(frame)
            try:
                return self._answer(unit, count)
            except MeterRefused:
                raise
            except ModbusError:
                self.failed_attempts += 1
                if attempt + 1 == self._attempts:
                    raise
        raise NoAnswer

    def wait_for_silence(self) -> None:
        """Throw away what is left of before, also an answer that comes too late, until the line is quiet."""
        started = last = self.ticks.ms()
        while self.ticks.diff(self.ticks.ms(), last) < self._gap_ms:
            if self.line.read():
                last = self.ticks.ms()
            if self.ticks.diff(last, started) > self._timeout_ms:
                raise BadAnswer("the line is never quiet")
            self.ticks.sleep_ms(2)

    def _answer(self, unit: int, count: int) -> bytes:
        received = bytearray()
        whole = 3 + 2 * count + _CRC_BYTES
        # The answer and what may come before it: no line keeps whoever reads the meter for ever.
        most = 3 * whole
        last = self.ticks.ms()
        while self.ticks.diff(self.ticks.ms(), last) < (self._gap_ms if received else self._timeout_ms):
            came = self.line.read()
            if not came:
                self.ticks.sleep_ms(1)
                continue
            last = self.ticks.ms()
            received += came
            if len(received) > most:
                break
            registers = registers_in(received, unit, count) if len(received) >= _EXCEPTION_BYTES else None
            if registers is not None:
                return registers
        if received:
            raise BadAnswer(f"{len(received)} bytes")
        raise NoAnswer("nothing")
