"""A modem on a UART of the ESP32, with its power switch and its key."""

import time

import machine

from modems.at import ModemPort

_BUFFER = 1024


class UartModem(ModemPort):
    """`power_pin` switches the supply, `key_pin` is pressed for `press_ms`, `reset_pin` held at rest."""

    def __init__(
        self,
        tx: int,
        rx: int,
        power_pin: int,
        key_pin: int,
        reset: "tuple[int, int] | None",
        press_ms: int,
        boot_ms: int,
    ) -> None:
        self.uart = machine.UART(1, 115_200, tx=tx, rx=rx, rxbuf=_BUFFER, timeout=0)
        self._supply = machine.Pin(power_pin, machine.Pin.OUT, value=0)
        self._key = machine.Pin(key_pin, machine.Pin.OUT, value=0)
        self._reset = None if reset is None else machine.Pin(reset[0], machine.Pin.OUT, value=reset[1])
        self._press_ms = press_ms
        self._boot_ms = boot_ms
        self._is_on = False

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self.uart.write(data)

    def read(self) -> bytes:
        """Return what has arrived by now."""
        return self.uart.read() or b""

    def power(self, on: bool) -> None:  # noqa: FBT001 - as its class has it
        """Switch the supply on and press the key, or cut the supply."""
        if not on:
            self._supply(0)
            self._is_on = False
            return
        if self._is_on:
            return
        self._supply(1)
        time.sleep_ms(200)
        self._key(1)
        time.sleep_ms(self._press_ms)
        self._key(0)
        time.sleep_ms(self._boot_ms)
        self._is_on = True
