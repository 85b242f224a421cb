"""The node against a Modbus meter of other people's making, over a terminal's line that does what lines do."""

from __future__ import annotations

import asyncio
import json
import os
import select
import subprocess
import sys
import threading
import tty
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from tests.firmware.simulated_meter import SimulatedMeter, VirtualTicks
from tests.firmware.test_acuvim import EXPECTED
from tests.firmware.test_micropython import ENVIRONMENT, HERE, MICROPYTHON, ROOT, needs_micropython

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Spoil = Callable[[bytes], bytes]

PYTHONS = [
    pytest.param([sys.executable], id="cpython"),
    pytest.param([str(MICROPYTHON)], id="micropython", marks=needs_micropython),
]


class Line:
    """Two terminals and a wire between them; `answers` are what is made of the next answers, one each."""

    def __init__(self) -> None:
        self.answers: list[Spoil] = []
        self.requests = 0
        self._fds = [*os.openpty(), *os.openpty()]
        for fd in self._fds:
            tty.setraw(fd)
        self.meter, self.node = os.ttyname(self._fds[1]), os.ttyname(self._fds[3])
        self._is_open = True
        self._wire = threading.Thread(target=self._carry, daemon=True)
        self._wire.start()

    def traced(self, is_sending: bool, data: bytes) -> bytes:  # noqa: FBT001 - as the server calls it
        """Spoil an answer on its way out of the meter."""
        if not is_sending:
            return data
        self.requests += 1
        return self.answers.pop(0)(data) if self.answers else data

    def say(self, data: bytes) -> None:
        """Put bytes on the line that nobody sent."""
        os.write(self._fds[2], data)

    def close(self) -> None:
        self._is_open = False
        self._wire.join()
        for fd in self._fds:
            os.close(fd)

    def _carry(self) -> None:
        meter, node = self._fds[0], self._fds[2]
        while self._is_open:
            for fd in select.select([meter, node], [], [], 0.05)[0]:
                os.write(node if fd == meter else meter, os.read(fd, 256))


@contextmanager
def _served(line: Line) -> Iterator[None]:
    registers = SimulatedMeter(VirtualTicks()).registers
    blocks = [
        SimData(first, values=[registers[first + at] for at in range(count)], datatype=DataType.REGISTERS)
        for first, count in ((0x1003, 0x1B), (0x4000, 0x62))
    ]
    ready, loop = threading.Event(), asyncio.new_event_loop()
    servers: list[ModbusSerialServer] = []

    async def serve() -> None:
        servers.append(ModbusSerialServer(SimDevice(1, blocks), port=line.meter, trace_packet=line.traced))
        await servers[0].serve_forever(background=True)
        ready.set()

    def run() -> None:
        loop.run_until_complete(serve())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(servers[0].shutdown(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


@pytest.fixture
def line() -> Iterator[Line]:
    wired = Line()
    with _served(wired):
        yield wired
    wired.close()


def read(line: Line, python: list[str], times: int) -> list[dict[str, Any]]:
    """Have a node read the meter so many times, and return what it said."""
    done = subprocess.run(
        [*python, str(HERE / "tty_meter_micropython.py"), line.node, str(times)],
        cwd=ROOT, env={**ENVIRONMENT, "PYTHONPATH": ".:firmware"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    return [json.loads(row) for row in done.stdout.splitlines()]


@pytest.mark.parametrize("python", PYTHONS)
def test_every_quantity_over_a_real_line(line: Line, python: list[str]) -> None:
    assert read(line, python, 3) == [{"values": list(EXPECTED.values()), "decimals": 1, "failed": 0}] * 3
    assert line.requests == 6


@pytest.mark.parametrize("python", PYTHONS)
def test_what_a_line_does_to_answers_is_seen_and_asked_again(line: Line, python: list[str]) -> None:
    spoils: list[Spoil] = [
        lambda _: b"",  # nobody answers
        lambda data: data[:40],  # cut
        lambda data: data[3:],  # the direction changed late
        lambda data: data[:20] + bytes([data[20] ^ 0x40]) + data[21:],
        lambda data: b"\x02" + data[1:],  # another's id
        lambda data: data[:-1],
    ]
    for spoil in spoils:
        line.answers += [spoil, lambda data: data]
    assert [said["values"] for said in read(line, python, len(spoils))] == [list(EXPECTED.values())] * len(
        spoils
    )


@pytest.mark.parametrize("python", PYTHONS)
def test_noise_before_answers_and_between_them_does_no_harm(line: Line, python: list[str]) -> None:
    line.say(b"\x00\xff\x13" * 5)
    line.answers += [lambda data: b"\xff\x00" + data] * 4
    assert read(line, python, 2)[1] == {"values": list(EXPECTED.values()), "decimals": 1, "failed": 0}


@pytest.mark.parametrize("python", PYTHONS)
def test_an_exception_is_told_and_the_next_reading_is_whole(line: Line, python: list[str]) -> None:
    busy = b"\x01\x83\x06\xc1\x32"
    line.answers += [lambda data: data, lambda _: busy]
    assert read(line, python, 2) == [
        {"refused": 6, "failed": 0},
        {"values": list(EXPECTED.values()), "decimals": 1, "failed": 0},
    ]
