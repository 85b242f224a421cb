"""WLAN, where a meter stands near enough to an access point."""

from node.ports import Link, Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modems.sockets import Sockets
    from node.ports import Ticks

_UP_MS, _POLL_MS = 20_000, 250


class Wlan(Link):
    """`station` is MicroPython's `network.WLAN` as a station."""

    def __init__(self, station: "Any", ticks: "Ticks", sockets: "Sockets", ssid: str, key: str) -> None:
        self._station = station
        self._ticks = ticks
        self._sockets = sockets
        self._ssid = ssid
        self._key = key

    def connect(self) -> None:
        """See that there is a way. Raises OSError."""
        station = self._station
        if station.isconnected():
            return
        station.active(True)
        station.connect(self._ssid, self._key)
        started = self._ticks.ms()
        while not station.isconnected():
            if self._ticks.diff(self._ticks.ms(), started) > _UP_MS:
                raise OSError("no WLAN")
            self._ticks.sleep_ms(_POLL_MS)

    def open(self, host: str, port: int, tls: bool) -> Stream:  # noqa: FBT001 - as its class has it
        """Open a connection. Raises OSError."""
        return self._sockets.open(host, port, tls)

    def epoch_ms(self) -> "int | None":
        """Return the time by NTP; None where nobody answers."""
        return self._sockets.ntp_ms()

    def signal_dbm(self) -> "int | None":
        """Return how strong the access point is received."""
        try:
            return int(self._station.status("rssi"))
        except (OSError, ValueError, TypeError):
            return None

    def reset(self) -> None:
        """Switch the radio off and on."""
        try:
            self._station.disconnect()
            self._station.active(False)
        except OSError:
            pass
