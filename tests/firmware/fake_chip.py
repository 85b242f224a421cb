"""The modules of MicroPython's ESP32 port, as far as hardware files use them: what they do is written down."""

from __future__ import annotations

import sys
import time
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

    from tests.firmware.simulated_flash import SimulatedFlash
    from tests.firmware.simulated_meter import SimulatedMeter


class Chip:
    """What hardware files did, in order; `meter` answers on UART 2."""

    def __init__(self, flash: SimulatedFlash, meter: SimulatedMeter) -> None:
        self.flash, self.meter = flash, meter
        self.done: list[tuple[Any, ...]] = []
        self.resets = 0
        self.has_power_chip = True

    def put_in(self, patch: pytest.MonkeyPatch) -> None:
        """Have the modules imported, and hardware files anew."""
        for name, module in self._modules().items():
            patch.setitem(sys.modules, name, module)
        for name in [name for name in sys.modules if name.startswith("boards.") and name != "boards.light"]:
            patch.delitem(sys.modules, name)
        patch.setattr(time, "ticks_ms", self.meter.ticks.ms, raising=False)
        patch.setattr(time, "ticks_diff", self.meter.ticks.diff, raising=False)
        patch.setattr(time, "sleep_ms", self._sleep, raising=False)

    def _sleep(self, ms: int) -> None:
        self.done.append(("sleep", ms))
        self.meter.ticks.sleep_ms(ms)

    def _reset(self) -> None:
        self.resets += 1

    def _modules(self) -> dict[str, ModuleType]:  # noqa: C901 - one class after the other
        chip = self

        class Pin:
            OUT = 1

            def __init__(self, number: int, _mode: int = 0, value: int = 0) -> None:
                self.number = number
                chip.done.append(("pin", number, value))

            def __call__(self, value: int) -> None:
                chip.done.append(("pin", self.number, value))

        class Uart:
            def __init__(self, number: int, baud: int, **given: Any) -> None:
                self.number = number
                chip.done.append(("uart", number, baud, given))

            def write(self, data: bytes) -> None:
                chip.done.append(("write", self.number, bytes(data)))
                if self.number == 2:
                    chip.meter.send(bytes(data))

            def flush(self) -> None:
                chip.done.append(("flush", self.number))

            def read(self) -> bytes | None:
                return (chip.meter.read() or None) if self.number == 2 else None

        class Wires:
            def __init__(self, *_: Any, **__: Any) -> None:
                pass

            def writeto_mem(self, address: int, register: int, data: bytes) -> None:
                if not chip.has_power_chip:
                    raise OSError("nobody there")
                chip.done.append(("power chip", address, register, data))

        class Watchdog:
            def __init__(self, timeout: int) -> None:
                chip.done.append(("watchdog", timeout))

            def feed(self) -> None:
                chip.done.append(("fed",))

        class Partition:
            TYPE_DATA = 1

            @staticmethod
            def find(_kind: int, label: str) -> list[Partition]:
                return [Partition()] if label == "ring" else []

            def ioctl(self, what: int, argument: int) -> int:
                if what == 6:
                    chip.flash.erase(argument)
                return {4: chip.flash.block_count(), 5: chip.flash.block_size}.get(what, 0)

            def readblocks(self, block: int, buffer: bytearray, offset: int) -> None:
                chip.flash.read(block, offset, buffer)

            def writeblocks(self, block: int, data: bytes, offset: int) -> None:
                chip.flash.write(block, offset, data)

        class Wlan:
            def __init__(self, _interface: int) -> None:
                pass

        made = {
            "machine": {"Pin": Pin, "UART": Uart, "I2C": Wires, "WDT": Watchdog, "reset": chip._reset},
            "esp32": {"Partition": Partition},
            "network": {"WLAN": Wlan, "STA_IF": 0, "PPP": object},
        }
        modules = {name: ModuleType(name) for name in made}
        for name, parts in made.items():
            vars(modules[name]).update(parts)
        return modules
