"""The meter's own log of energies, where it has one: what it says of a time in which nobody read it.

As collectors of the Acuvim CL read it: a request is written to 6000h (which log, how many records and from which on),
6001h says when it is ready, the records are from 6004h on. Each has a number, its time by the meter's clock, four
registers of energy and a CRC.
"""

from node.clock import seconds_of
from node.modbus import BadAnswer, Master, crc16

_AT, _READY_AT, _RECORDS_AT = 0x6000, 0x6001, 0x6004
_READY = 0x0B
_WRITE = 16
_RECORD_WORDS = 14
_RECORD_BYTES = 2 * _RECORD_WORDS
_POLLS, _POLL_MS, _ANSWER_MS = 20, 50, 600
MOST_RECORDS = 4


class LogRecord:
    """`at` counts seconds since 1970 as if the meter's clock were UTC; `counts` are the registers."""

    def __init__(self, at: int, counts: "list[int]") -> None:
        self.at = at
        self.counts = counts


class MeterLog:
    """Asks one meter for its log, by the line's master."""

    def __init__(self, master: Master, unit: int, kind: int = 0) -> None:
        self._master = master
        self._unit = unit
        self._kind = kind

    def records(self, offset: int, count: int) -> "list[LogRecord]":
        """Return up to `count` records from an offset on; fewer where the log ends. Raises `ModbusError`."""
        self._write((self._kind, count << 8, offset >> 16, offset & 0xFFFF))
        for _ in range(_POLLS):
            if self._master.read(self._unit, _READY_AT, 1)[1] == _READY:
                break
            self._master.ticks.sleep_ms(_POLL_MS)
        else:
            raise BadAnswer("the log is never ready")
        data = self._master.read(self._unit, _RECORDS_AT, _RECORD_WORDS * count)
        found: list[LogRecord] = []
        for at in range(0, len(data), _RECORD_BYTES):
            record = _record_in(data[at : at + _RECORD_BYTES])
            if record is None:
                break
            found.append(record)
        return found

    def _write(self, words: "tuple[int, ...]") -> None:
        master = self._master
        body = bytes((self._unit, _WRITE, _AT >> 8, _AT & 0xFF, 0, len(words), 2 * len(words)))
        body += b"".join([word.to_bytes(2, "big") for word in words])
        master.wait_for_silence()
        master.line.send(body + crc16(body).to_bytes(2, "little"))
        wanted = body[:6] + crc16(body[:6]).to_bytes(2, "little")
        received, started = b"", master.ticks.ms()
        while master.ticks.diff(master.ticks.ms(), started) < _ANSWER_MS:
            received += master.line.read()
            if wanted in received:
                return
            master.ticks.sleep_ms(2)
        raise BadAnswer("the log takes no request")


def _record_in(data: bytes) -> "LogRecord | None":
    """Return what is in a record; None where it is none."""
    if len(data) < _RECORD_BYTES or crc16(data[:-2]) != int.from_bytes(data[-2:], "big"):
        return None
    year, month, day, hour, minute, second = data[4:10]
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 60):
        return None
    counts = [int.from_bytes(data[at : at + 4], "big") for at in range(10, 26, 4)]
    return LogRecord(seconds_of(2000 + year, month, day, hour, minute, second), counts)
