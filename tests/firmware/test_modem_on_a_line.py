"""The driver over a real serial line, byte by byte: a modem on the other end of a pseudo-terminal."""

from __future__ import annotations

import os
import threading
import time
import tty
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from modems.a7670 import A7670
from modems.at import ModemPort
from node.http import post
from node.ports import Ticks
from tests.firmware.simulated_meter import VirtualTicks
from tests.firmware.simulated_modem import SimulatedModem
from tests.firmware.test_modems import APN, Echo

if TYPE_CHECKING:
    from collections.abc import Iterator


class RealTicks(Ticks):
    def ms(self) -> int:
        return int(time.monotonic() * 1000)

    def diff(self, later: int, earlier: int) -> int:
        return later - earlier

    def sleep_ms(self, ms: int) -> None:
        time.sleep(ms / 1000)


class LinePort(ModemPort):
    """A serial line that has been opened, and the modem's power switch."""

    def __init__(self, line: int, modem: SimulatedModem) -> None:
        self._line, self._modem = line, modem

    def write(self, data: bytes) -> None:
        os.write(self._line, data)

    def read(self) -> bytes:
        try:
            return os.read(self._line, 256)
        except BlockingIOError:
            return b""

    def power(self, on: bool) -> None:  # noqa: FBT001 - as its class has it
        self._modem.power(on)


@contextmanager
def on_a_line(*moods: str) -> Iterator[tuple[SimulatedModem, A7670]]:
    far, near = os.openpty()
    for end in (far, near):
        tty.setraw(end)
        os.set_blocking(end, False)
    ticks = VirtualTicks()
    modem = SimulatedModem(ticks, Echo())
    modem.moods.update(moods)
    over = threading.Event()

    def pump() -> None:
        while not over.wait(0.002):
            ticks.now = int(time.monotonic() * 1000)
            try:
                modem.write(os.read(far, 256))
            except BlockingIOError:
                pass
            while part := modem.read():
                os.write(far, part)

    pumping = threading.Thread(target=pump)
    pumping.start()
    try:
        yield modem, A7670(LinePort(near, modem), RealTicks(), APN)
    finally:
        over.set()
        pumping.join()
        os.close(far)
        os.close(near)


@pytest.mark.parametrize("mood", ["", "chatty"])
def test_readings_go_over_a_real_line(mood: str) -> None:
    with on_a_line(mood) as (_, link):
        link.connect()
        stream = link.open("portal.example.com", 443, tls=True)
        for size in (100, 800):
            answer = post(stream, "portal.example.com", "/api/x", "token", memoryview(b"\r\nOK\r\n>" * size))
            assert answer.status == 200
            assert len(answer.body) > size
        assert link.signal_dbm() == -71
