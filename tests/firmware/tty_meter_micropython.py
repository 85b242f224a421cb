"""Reads a meter at the end of a real line some times, under either Python: `TTY TIMES`. Prints what came of each."""

import json
import select
import sys
import time

from node.acuvim import Acuvim
from node.modbus import Master, MeterRefused, ModbusError
from node.ports import SerialLine, Ticks

_WRAP = 1 << 30


class HostTicks(Ticks):
    def ms(self) -> int:
        return int(time.time() * 1000) % _WRAP

    def diff(self, later: int, earlier: int) -> int:
        return (later - earlier + _WRAP // 2) % _WRAP - _WRAP // 2

    def sleep_ms(self, ms: int) -> None:
        time.sleep(ms / 1000)


class TtyLine(SerialLine):
    def __init__(self, path: str) -> None:
        self._file = open(path, "r+b", 0)  # noqa: PTH123, SIM115 - MicroPython has no pathlib
        self._poll = select.poll()
        self._poll.register(self._file, select.POLLIN)

    def send(self, frame: bytes) -> None:
        self._file.write(frame)

    def read(self) -> bytes:
        came = b""
        while self._poll.poll(0):
            came += self._file.read(1)
        return came


def main() -> None:
    ticks = HostTicks()
    master = Master(TtyLine(sys.argv[1]), ticks, 300, 30)
    meter = Acuvim(master, 1)
    for _ in range(int(sys.argv[2])):
        try:
            meter.read_scaling()
            values, decimals = meter.values(meter.read_block())
            said = {"values": values, "decimals": decimals}
        except MeterRefused as refused:
            said = {"refused": refused.code}
        except ModbusError as error:
            said = {"error": type(error).__name__}
        said["failed"] = master.failed_attempts
        print(json.dumps(said))


main()
