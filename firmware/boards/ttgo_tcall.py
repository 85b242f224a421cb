"""TTGO T-Call v1.4 with SIM800 (2G), 4 MB of flash, 8 MB of PSRAM: MicroPython's SPIRAM variant.

The transceiver is at free pins of the header: TX 19, RX 18, direction 14. On v1.3 they are the same.
"""

import socket
import ssl

import machine
import network

from boards.esp32 import EspBoard, EspTicks, Rs485Line
from boards.esp32_modem import UartModem
from modems.sim800 import Sim800
from modems.sockets import Sockets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.settings import Settings

_LINE_TX, _LINE_RX, _LINE_DIRECTION = 19, 18, 14
_LED = 13
_POWER_CHIP, _POWER_CONTROL, _KEEP_ON = 0x75, 0x00, 0x37


def make(settings: "Settings") -> EspBoard:
    """Return the board, switched on and with its watchdog running."""
    _keep_power()
    ticks = EspTicks()
    line = Rs485Line(2, _LINE_TX, _LINE_RX, _LINE_DIRECTION, settings.number("baud", 19_200), None)
    modem = UartModem(tx=27, rx=26, power_pin=23, key_pin=4, reset=(5, 1), press_ms=1_000, boot_ms=2_000)
    apn = (settings.text("apn"), settings.text("apn_user"), settings.text("apn_password"))
    ca = settings.text("ca").encode() or None
    link = Sim800(
        modem,
        ticks,
        Sockets(socket, ssl, ticks, ca),
        apn,
        lambda: network.PPP(modem.uart),
        machine.reset,
    )
    return EspBoard(line, link, ticks, _LED)


def _keep_power() -> None:
    """Have the power chip (IP5306) stay on under a light load: else it cuts the board off between two posts."""
    wires = machine.I2C(0, sda=machine.Pin(21), scl=machine.Pin(22), freq=100_000)
    try:
        wires.writeto_mem(_POWER_CHIP, _POWER_CONTROL, bytes((_KEEP_ON,)))
    except OSError:
        # A board of another batch, with another chip that needs nothing of it.
        pass
