"""A simulated board: its meter says what the load is, its flash is flash, and its node is the firmware's."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from node.acuvim import Acuvim
from node.modbus import Master
from node.ports import Stream
from node.quantities import ACTIVE_POWER, APPARENT_POWER, CURRENT_L1, FIRST_REGISTER, FREQUENCY, VOLTAGE
from portal.core.energy.rules.registers import REGISTER_COUNT_MILLIWH
from portal.core.errors import Invalid
from portal.simulator.board import NodeSetup, SimulatedNode
from portal.simulator.hardware import BoardTicks, MemoryFlash, SimulatedTime, blank_flash, flash_in
from portal.simulator.load_model import BuildingLoad, LoadKind
from portal.simulator.meter import SimulatedAcuvim
from tests.firmware.checks import unpacked

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)


class HandTime(SimulatedTime):
    """Goes on when it is told to."""

    def __init__(self) -> None:
        super().__init__(START, 1, lambda: START)
        self.ms = 0

    def elapsed_ms(self) -> int:
        return self.ms


@pytest.mark.parametrize("kind", list(LoadKind))
def test_the_firmware_reads_from_the_meter_what_the_load_is(kind: LoadKind) -> None:
    load, ticks = BuildingLoad(7, kind), BoardTicks(HandTime())
    meter = Acuvim(Master(SimulatedAcuvim(load, lambda: START), ticks), 1)
    meter.read_scaling()
    values, decimals = meter.values(meter.read_block())
    sample = load.sample(START)
    assert values[ACTIVE_POWER] == round(sample.active_power_kw * 10_000)
    assert values[APPARENT_POWER] == round(sample.apparent_power_kva * 10_000)
    assert values[VOLTAGE] == round(sample.voltage_v * 100)
    assert values[FREQUENCY] == round(sample.frequency_hz * 1000)
    register = FIRST_REGISTER + (kind is LoadKind.SOLAR)
    assert (values[register], decimals) == (load.register_milliwh(START) // REGISTER_COUNT_MILLIWH, 1)
    assert None not in values
    amps = [values[CURRENT_L1 + phase] or 0 for phase in range(3)]
    assert sum(amps) == pytest.approx(sample.apparent_power_kva * 1e6 / sample.voltage_v, rel=0.002)


def test_what_is_no_request_for_it_is_not_answered() -> None:
    meter = SimulatedAcuvim(BuildingLoad(1, LoadKind.OFFICE), lambda: START)
    meter.send(b"\x02\x03\x40\x00\x00\x02\xd1\xf8")
    assert meter.read() == b""


def test_flash_clears_bits_and_lies_in_its_file(tmp_path: Path) -> None:
    file = tmp_path / "one.flash"
    flash = flash_in(file, 4)
    flash.write(1, 10, b"\xf0\x0f")
    flash.write(1, 10, b"\x3f\xff")
    found = bytearray(3)
    flash_in(file, 4).read(1, 10, found)
    assert bytes(found) == b"\x30\x0f\xff"
    flash.erase(1)
    flash.read(1, 10, found)
    assert bytes(found) == b"\xff\xff\xff"
    assert file.stat().st_mode & 0o077 == 0
    assert flash_in(file, 5).block_count() == 5


def test_simulated_time_goes_faster_and_never_past_the_present() -> None:
    now = START + timedelta(seconds=100)
    time = SimulatedTime(START, 1e9, lambda: now)
    assert time.elapsed_ms() == 100_000
    assert time.epoch_ms(time.elapsed_ms()) == now.timestamp() * 1000


class _Portal(Stream):
    """Takes every row."""

    def __init__(self, rows: list[dict[str, object]]) -> None:
        self._rows = rows
        self._sent = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._sent += bytes(data)

    def read(self, _most: int) -> bytes:
        rows = json.loads(unpacked(self._sent.partition(b"\r\n\r\n")[2]))
        self._sent = b""
        self._rows += rows
        body = f'{{"accepted":{len(rows)},"rejected":0}}'.encode()
        return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)

    def close(self) -> None:
        pass


def _node(time: HandTime, flash: MemoryFlash, rows: list[dict[str, object]]) -> SimulatedNode:
    setup = NodeSetup("http://portal.example.com:8000", "token", 60, 300)
    node = SimulatedNode(BuildingLoad(3, LoadKind.OFFICE), setup, time, flash, is_present=True)
    node.link.open = lambda *_: _Portal(rows)
    return node


def _run(node: SimulatedNode, time: HandTime, seconds: int) -> None:
    until = time.ms + 1000 * seconds
    while time.ms < until:
        time.ms += max(1, min(node.sample(), node.upload(), until - time.ms))


def test_a_board_posts_a_reading_a_minute_and_goes_on_with_its_flash() -> None:
    time, flash, rows = HandTime(), blank_flash(16), []
    _run(_node(time, flash, rows), time, 1300)
    _run(_node(time, flash, rows), time, 1300)
    times = [int(str(row["time"])) for row in rows]
    assert len(times) == len(set(times))
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert max(gaps) <= 60
    assert times[-1] - times[0] >= 2000
    assert {len(row) for row in rows} == {32}, "time, thirty quantities and source"


def test_a_board_that_is_not_fed_is_started_anew_and_loses_nothing() -> None:
    time, flash, rows = HandTime(), blank_flash(16), []
    node = _node(time, flash, rows)
    _run(node, time, 600)
    before, node.node.upload = node.node, lambda: 1_000_000
    node.node.rest = lambda: None
    _run(node, time, 3600)
    assert node.starts == 2
    assert node.node is not before
    _run(node, time, 600)
    times = [int(str(row["time"])) for row in rows]
    assert max(later - earlier for earlier, later in pairwise(times)) <= 60


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(Invalid, match="no address of a Client"):
        NodeSetup("portal.example.com", "token").settings()
