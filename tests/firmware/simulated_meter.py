"""An Acuvim II on a simulated line, and the time it all happens in."""

import struct

from node.modbus import crc16
from node.ports import SerialLine, Ticks

_WRAP = 1 << 30
# The registers behind 4000h that hold floats, of a small three-phase load in primary units.
_FLOATS = {
    0x00: 50.02, 0x02: 230.1, 0x04: 229.9, 0x06: 230.6, 0x08: 230.2,
    0x0A: 398.4, 0x0C: 398.9, 0x0E: 399.2, 0x10: 398.8,
    0x12: 10.5, 0x14: 11.25, 0x16: 9.75, 0x18: 10.5, 0x1A: 0.5,
    0x1C: 2295.2, 0x1E: 2457.1, 0x20: 2136.0, 0x22: 6888.3,
    0x24: 754.4, 0x26: 807.6, 0x28: 702.1, 0x2A: 2264.1,
    0x2C: 2416.0, 0x2E: 2586.4, 0x30: 2248.4, 0x32: 7250.8,
    0x34: 0.95, 0x36: 0.95, 0x38: 0.95, 0x3A: 0.95,
    0x3C: 0.0017, 0x3E: 0.0714, 0x40: 76.0, 0x42: 6500.0, 0x44: 2200.0, 0x46: 6900.0,
}  # fmt: skip
_COUNTS = {
    0x48: 381089,
    0x4A: 12,
    0x4C: 91223,
    0x4E: 7,
    0x50: 381101,
    0x52: 381077,
    0x54: 91230,
    0x56: 91216,
    0x58: 399121,
}
_DISTORTIONS = (205, 213, 198, 205, 1127, 1201, 1099, 1142)
_SETTINGS = {
    0x1003: 0, 0x1004: 0, 0x1005: 0, 0x1006: 400, 0x1007: 400, 0x1008: 200, 0x1009: 5,
    0x1015: 0, 0x1019: 0, 0x101D: 1,
}  # fmt: skip


class VirtualTicks(Ticks):
    """A counter that wraps as the board's does, and goes on only when somebody sleeps."""

    def __init__(self, start: int = 0) -> None:
        self.now = start

    def ms(self) -> int:
        return self.now % _WRAP

    def diff(self, later: int, earlier: int) -> int:
        return (later - earlier + _WRAP // 2) % _WRAP - _WRAP // 2

    def sleep_ms(self, ms: int) -> None:
        self.now += ms


def float_bits(value: float) -> int:
    return struct.unpack(">I", struct.pack(">f", value))[0]


def words_of_block() -> "list[int]":
    """Return the registers 4000h to 4061h."""
    words = [0] * 0x62
    for at, value in _FLOATS.items():
        put(words, at, float_bits(value))
    for at, count in _COUNTS.items():
        put(words, at, count)
    words[0x5A:] = list(_DISTORTIONS)
    return words


def put(words: "list[int]", at: int, bits: int) -> None:
    words[at], words[at + 1] = bits >> 16, bits & 0xFFFF


def bytes_of(words: "list[int]") -> bytes:
    return b"".join([word.to_bytes(2, "big") for word in words])


class SimulatedMeter(SerialLine):
    """Answers function 3. `faults` are what happens to the next answers, one each."""

    def __init__(self, ticks: VirtualTicks, unit: int = 1) -> None:
        self.ticks = ticks
        self.unit = unit
        self.registers = {0x4000 + at: word for at, word in enumerate(words_of_block())}
        self.registers.update(dict.fromkeys(range(4099, 4126), 0))
        self.registers.update(_SETTINGS)
        self.most_registers = 125
        self.faults: list[str] = []
        self.requests: list[tuple[int, int]] = []
        self.answer_ms = 40
        self._coming: list[tuple[int, bytes]] = []
        self.shows: object = None
        self.log: object = None

    def send(self, frame: bytes) -> None:
        if len(frame) > 8 and frame[1] == 16 and not crc16(frame) and self.log is not None:
            words = [frame[at] << 8 | frame[at + 1] for at in range(7, len(frame) - 2, 2)]
            self.registers.update(self.log(words[2] << 16 | words[3], words[1] >> 8))
            self._fail(self.faults.pop(0) if self.faults else "", frame, self.framed(frame[:6]))
            return
        if len(frame) != 8 or crc16(frame) or frame[0] != self.unit or frame[1] != 3:
            return
        address, count = frame[2] << 8 | frame[3], frame[4] << 8 | frame[5]
        self.requests.append((address, count))
        self._fail(self.faults.pop(0) if self.faults else "", frame, self._answer(address, count))

    def read(self) -> bytes:
        if self._coming and self._coming[0][0] <= self.ticks.now:
            return self._coming.pop(0)[1]
        return b""

    def _answer(self, address: int, count: int) -> bytes:
        if callable(self.shows):
            self.registers.update(self.shows())
        words = [self.registers.get(address + index) for index in range(count)]
        if None in words or count > self.most_registers:
            return self.framed(bytes((self.unit, 0x83, 2)))
        return self.framed(bytes((self.unit, 3, 2 * count)) + bytes_of(words))

    def framed(self, body: bytes) -> bytes:
        return body + crc16(body).to_bytes(2, "little")

    def comes(self, data: bytes, after_ms: int) -> None:
        """Have bytes arrive, as a serial line has them: by and by."""
        at = self.ticks.now + after_ms
        for start in range(0, len(data), 24):
            self._coming.append((at, data[start : start + 24]))
            at += 13

    def _fail(self, fault: str, request: bytes, answer: bytes) -> None:
        if fault != "silent":
            spoiled = {
                "cut": answer[: len(answer) // 2],
                "first byte lost": answer[1:],
                "bit": answer[:9] + bytes((answer[9] ^ 0x10,)) + answer[10:]
                if len(answer) > 9
                else answer[:-1],
                "other unit": self.framed(bytes((self.unit + 1,)) + answer[1:-2]),
                "noise before": b"\x00\xff\x01\x03" + answer,
                "echo": request + answer,
                "busy": self.framed(bytes((self.unit, 0x83, 6))),
                "shorter": self.framed(answer[:2] + bytes((max(0, answer[2] - 4),)) + answer[3:-6]),
            }
            self.comes(spoiled.get(fault, answer), 2000 if fault == "late" else self.answer_ms)
