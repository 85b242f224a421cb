"""LilyGO T-A7670 (LTE Cat-1), 4 MB of flash, 8 MB of PSRAM: MicroPython's SPIRAM variant.

The transceiver is at free pins of the header: TX 19, RX 18, direction 14. The modem's own sockets and TLS are used.
"""

from boards.esp32 import EspBoard, EspTicks, Rs485Line
from boards.esp32_modem import UartModem
from modems.a7670 import A7670

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.settings import Settings

_LINE_TX, _LINE_RX, _LINE_DIRECTION = 19, 18, 14


def make(settings: "Settings") -> EspBoard:
    """Return the board, switched on and with its watchdog running. It has no light that is free."""
    ticks = EspTicks()
    line = Rs485Line(2, _LINE_TX, _LINE_RX, _LINE_DIRECTION, settings.number("baud", 19_200), None)
    modem = UartModem(tx=26, rx=27, power_pin=12, key_pin=4, reset=(5, 0), press_ms=1_000, boot_ms=4_000)
    apn = (settings.text("apn"), settings.text("apn_user"), settings.text("apn_password"))
    return EspBoard(line, A7670(modem, ticks, apn, settings.text("ca").encode() or None), ticks, None)
