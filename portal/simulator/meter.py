"""An Acuvim II on a simulated line: what a load model makes of an instant, as the meter's registers show it.

The layout is the one that `docs/firmware.md` names; everything is in primary units.
"""

import struct
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from node.acuvim import SETTINGS_AT
from node.modbus import crc16
from node.ports import SerialLine
from portal.core.energy.rules.registers import REGISTER_COUNT_MILLIWH
from portal.simulator.load_model import BuildingLoad, Sample

_BLOCK_AT, _BLOCK_WORDS = 0x4000, 0x62
_SETTINGS = {0x1003: 0, 0x1004: 0, 0x1006: 400, 0x1007: 400, 0x1008: 200, 0x1009: 5, 0x101D: 1}
_CLOCK_AT, _CLOCK_WORDS = 0x1040, 6
_REQUEST_BYTES, _READ_HOLDING, _ILLEGAL_ADDRESS = 8, 3, 2
_MOST_COUNTS = 1_000_000_000
# What each phase carries of a load, and by how many volts it differs from the average: no building is balanced.
_SHARES, _VOLTS_OFF = (0.355, 0.330, 0.315), (0.4, -0.3, -0.1)
_NEUTRAL_SHARE = 0.04
_VOLTS_DISTORTED, _AMPS_DISTORTED = 210, 1150  # of a hundredth of a per cent
_ROOT_3 = 3**0.5


class Shown(NamedTuple):
    """What the meter measures at an instant, and what its registers stand at, in counts of 0.1 kWh."""

    sample: Sample
    imported: int
    exported: int


class SimulatedAcuvim(SerialLine):
    """Answers function 3 at once. `now` says what time it is where the meter hangs; `unit` is its address."""

    def __init__(self, load: BuildingLoad, now: Callable[[], datetime], unit: int = 1) -> None:
        self._load = load
        self._now = now
        self._unit = unit
        self._answer = b""

    def send(self, frame: bytes) -> None:
        """Take a request."""
        if len(frame) != _REQUEST_BYTES or crc16(frame) or frame[:2] != bytes((self._unit, _READ_HOLDING)):
            return
        address, count = struct.unpack(">HH", frame[2:6])
        words = self._words(address, count)
        body = bytes((self._unit, _READ_HOLDING | 0x80, _ILLEGAL_ADDRESS))
        if words is not None:
            body = bytes((self._unit, _READ_HOLDING, 2 * count)) + struct.pack(f">{count}H", *words)
        self._answer = body + crc16(body).to_bytes(2, "little")

    def read(self) -> bytes:
        """Return what has arrived."""
        answer, self._answer = self._answer, b""
        return answer

    def _words(self, address: int, count: int) -> list[int] | None:
        if address >= _BLOCK_AT and address + count <= _BLOCK_AT + _BLOCK_WORDS:
            block = block_of(self._shown())
            return block[address - _BLOCK_AT : address - _BLOCK_AT + count]
        if (address, count) == (_CLOCK_AT, _CLOCK_WORDS):
            now = self._now().astimezone(UTC)
            return [now.year, now.month, now.day, now.hour, now.minute, now.second]
        if address >= SETTINGS_AT and address + count <= _CLOCK_AT:
            return [_SETTINGS.get(address + index, 0) for index in range(count)]
        return None

    def _shown(self) -> Shown:
        at = self._now()
        counts = self._load.register_milliwh(at) // REGISTER_COUNT_MILLIWH % _MOST_COUNTS
        is_export = self._load.is_export
        return Shown(self._load.sample(at), 0 if is_export else counts, counts if is_export else 0)


def block_of(shown: Shown) -> list[int]:
    """Return the registers 4000h to 4061h for what is measured."""
    words = [0] * _BLOCK_WORDS
    for at, value in _floats(shown.sample).items():
        words[at], words[at + 1] = struct.unpack(">HH", struct.pack(">f", value))
    for at, counts in _counts(shown).items():
        words[at], words[at + 1] = counts >> 16, counts & 0xFFFF
    words[0x5B:0x5E] = [_VOLTS_DISTORTED] * 3
    words[0x5F:0x62] = [_AMPS_DISTORTED] * 3
    return words


def _counts(shown: Shown) -> dict[int, int]:
    """Return the registers of energy: reactive and apparent ones go with the active one."""
    active = shown.imported or shown.exported
    reactive = active * 36 // 100 % _MOST_COUNTS
    return {
        0x48: shown.imported,
        0x4A: shown.exported,
        0x4C: reactive,
        0x50: active,
        0x54: reactive,
        0x58: active * 106 // 100 % _MOST_COUNTS,
    }


def _floats(sample: Sample) -> dict[int, float]:
    watts, vars_, volt_amps = (
        1000 * each
        for each in (sample.active_power_kw, sample.reactive_power_kvar, sample.apparent_power_kva)
    )
    volts = [sample.voltage_v + off for off in _VOLTS_OFF]
    amps = [volt_amps * share / phase_volts for share, phase_volts in zip(_SHARES, volts, strict=True)]
    lines = [_ROOT_3 * (volts[a] + volts[b]) / 2 for a, b in ((0, 1), (1, 2), (2, 0))]
    averages = {
        0x08: sum(volts) / 3,
        0x10: sum(lines) / 3,
        0x18: sum(amps) / 3,
        0x1A: sum(amps) * _NEUTRAL_SHARE,
    }
    totals = {0x22: watts, 0x2A: vars_, 0x32: volt_amps, 0x3A: sample.power_factor}
    demands = {0x42: watts, 0x44: vars_, 0x46: volt_amps}
    # Of 4.6 % unbalance of the currents, and as much as the voltages have.
    rest = {
        0x00: sample.frequency_hz,
        0x3C: max(volts) / averages[0x08] - 1,
        0x3E: 3 * max(_SHARES) - 1,
        0x40: 76.0,
    }
    phases = _by_phase({0x02: volts, 0x0A: lines, 0x12: amps})
    shares = _by_phase(
        {
            at: [total * share for share in _SHARES]
            for at, total in ((0x1C, watts), (0x24, vars_), (0x2C, volt_amps))
        }
    )
    return averages | totals | demands | rest | phases | shares | _by_phase({0x34: [sample.power_factor] * 3})


def _by_phase(values: dict[int, list[float]]) -> dict[int, float]:
    return {at + 2 * phase: value for at, row in values.items() for phase, value in enumerate(row)}
