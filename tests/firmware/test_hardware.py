"""Hardware files, over a chip that writes down what is done to it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import pytest

from node.node import Node
from node.settings import Settings
from tests.firmware.fake_chip import Chip
from tests.firmware.simulated_flash import SimulatedFlash
from tests.firmware.simulated_meter import SimulatedMeter, VirtualTicks

if TYPE_CHECKING:
    from boards.esp32 import EspBoard

BOARDS = ("ttgo_tcall", "lilygo_a7670", "esp32_wlan")
# The memory of boards with PSRAM is at 16 and 17; 6 to 11 are every board's flash.
TAKEN = {"ttgo_tcall": {16, 17}, "lilygo_a7670": {16, 17}, "esp32_wlan": set[int]()}


@pytest.fixture
def chip(monkeypatch: pytest.MonkeyPatch) -> Chip:
    chip = Chip(SimulatedFlash(24, 1024), SimulatedMeter(VirtualTicks()))
    chip.put_in(monkeypatch)
    return chip


def made(name: str, chip: Chip) -> EspBoard:
    return importlib.import_module(f"boards.{name}").make(Settings(chip.flash))


def all_of(chip: Chip, kind: str) -> list[tuple[Any, ...]]:
    return [each for each in chip.done if each[0] == kind]


@pytest.mark.parametrize("name", BOARDS)
def test_a_node_reads_and_stores_within_seconds_of_a_start(chip: Chip, name: str) -> None:
    board = made(name, chip)
    started = chip.meter.ticks.now
    node = Node(board)
    node.sample()
    assert node.counters.taken == 1
    assert len(node.ring.oldest(5)) == 1
    assert chip.meter.ticks.now - started < 10_000
    assert not node.is_degraded
    assert all_of(chip, "fed")
    assert len({board.random_below(1 << 30) for _ in range(8)}) > 4


@pytest.mark.parametrize("name", BOARDS)
def test_the_direction_changes_before_the_first_bit_and_after_the_last(chip: Chip, name: str) -> None:
    board = made(name, chip)
    chip.done.clear()
    board.line.send(b"\x01\x03")
    kinds = [(each[0], each[-1]) for each in chip.done]
    assert kinds == [("pin", 1), ("write", b"\x01\x03"), ("flush", 2), ("pin", 0)]


@pytest.mark.parametrize("name", BOARDS)
def test_pins_are_named_and_are_nobody_elses(chip: Chip, name: str) -> None:
    made(name, chip)
    used: list[int] = []
    for _, _, _, given in all_of(chip, "uart"):
        used += [given["tx"], given["rx"]]
        assert given["rxbuf"] >= 256, "an answer of 201 bytes has to fit"
    used += list({pin for _, pin, _ in all_of(chip, "pin")})
    assert len(used) == len(set(used)), "one pin for two things"
    assert not set(used) & ({*range(6, 12)} | TAKEN[name])
    assert all_of(chip, "watchdog")


def test_the_power_chip_of_a_t_call_is_told_to_stay_on_before_anything_else(chip: Chip) -> None:
    made("ttgo_tcall", chip)
    assert chip.done[[each[0] for each in chip.done].index("power chip")] == ("power chip", 0x75, 0, b"\x37")
    assert [each[0] for each in chip.done].index("power chip") < [each[0] for each in chip.done].index("uart")
    chip.has_power_chip = False
    made("ttgo_tcall", chip)


@pytest.mark.parametrize("name", BOARDS[:2])
def test_a_modem_is_switched_on_by_its_key_and_off_by_its_supply(chip: Chip, name: str) -> None:
    board: Any = made(name, chip)
    link = board.link
    port = getattr(link, "modem", None) or link._modem
    chip.done.clear()
    port.port.power(on=True)
    pins = [each for each in chip.done if each[0] in ("pin", "sleep")]
    assert [each[-1] for each in pins if each[0] == "pin"] == [1, 1, 0]
    assert sum(each[1] for each in pins if each[0] == "sleep") >= 3_000
    port.port.power(on=True)
    assert len([each for each in chip.done if each[0] == "pin"]) == 3, "once"
    port.port.power(on=False)
    assert chip.done[-1] == ("pin", pins[0][1], 0)
