"""Any ESP32 with 4 MB of flash and WLAN, without PSRAM: MicroPython's ESP32_GENERIC.

The transceiver: TX 17, RX 16, direction 4; the light at 2. Not for a board with PSRAM, which needs 16 and 17.
"""

import socket
import ssl

import network

from boards.esp32 import EspBoard, EspTicks, Rs485Line
from modems.sockets import Sockets
from modems.wlan import Wlan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.settings import Settings

_LINE_TX, _LINE_RX, _LINE_DIRECTION = 17, 16, 4
_LED = 2


def make(settings: "Settings") -> EspBoard:
    """Return the board, with its watchdog running."""
    ticks = EspTicks()
    line = Rs485Line(2, _LINE_TX, _LINE_RX, _LINE_DIRECTION, settings.number("baud", 19_200), None)
    sockets = Sockets(socket, ssl, ticks, settings.text("ca").encode() or None)
    station = network.WLAN(network.STA_IF)
    link = Wlan(station, ticks, sockets, settings.text("ssid"), settings.text("wlan_key"))
    return EspBoard(line, link, ticks, _LED)
