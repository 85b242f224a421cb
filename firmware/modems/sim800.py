"""SIM800 (2G): dials, and PPP of the board does the rest.

PPP is never made active a second time in one start of the board: MicroPython's is known to hang or crash then. Where
the way is lost the modem's power is cut and the board starts anew; what was read is on the flash.
"""

from modems.at import Modem, ModemError, ModemPort, network_time_ms, register, wake
from node.ports import Link, Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from modems.sockets import Sockets
    from node.ports import Ticks

_UP_MS, _POLL_MS = 30_000, 250
_DIAL_MS = 30_000


class Sim800(Link):
    """`new_ppp` makes the board's PPP over the modem's line, `restart` starts the board anew."""

    def __init__(
        self,
        port: ModemPort,
        ticks: "Ticks",
        sockets: "Sockets",
        apn: "tuple[str, str, str]",
        new_ppp: "Callable[[], Any]",
        restart: "Callable[[], None]",
    ) -> None:
        self._modem = Modem(port, ticks)
        self._ticks = ticks
        self._sockets = sockets
        self._apn, self._user, self._password = apn
        self._new_ppp = new_ppp
        self._restart = restart
        self._ppp: Any = None
        self._signal: int | None = None
        self._told: tuple[int, int] | None = None

    def connect(self) -> None:
        """See that there is a way. Raises OSError."""
        if self._ppp is not None:
            if self._ppp.isconnected():
                return
            raise OSError("the way is lost")
        modem = self._modem
        wake(modem)
        # Have the network set the modem's clock, from the next time that it is registered.
        modem.command("AT+CLTS=1")
        self._signal = register(modem)
        epoch_ms = network_time_ms(modem)
        self._told = None if epoch_ms is None else (epoch_ms, self._ticks.ms())
        modem.command('AT+CGDCONT=1,"IP","' + self._apn + '"')
        modem.command("ATD*99#", timeout_ms=_DIAL_MS, until="CONNECT")
        self._dial()

    def _dial(self) -> None:
        self._ppp = self._new_ppp()
        self._ppp.active(True)
        if self._user:
            self._ppp.connect(authmode=self._ppp.AUTH_PAP, username=self._user, password=self._password)
        else:
            self._ppp.connect()
        started = self._ticks.ms()
        while not self._ppp.isconnected():
            if self._ticks.diff(self._ticks.ms(), started) > _UP_MS:
                raise ModemError("PPP does not come up")
            self._ticks.sleep_ms(_POLL_MS)

    def open(self, host: str, port: int, tls: bool) -> Stream:  # noqa: FBT001 - as its class has it
        """Open a connection. Raises OSError."""
        return self._sockets.open(host, port, tls)

    def epoch_ms(self) -> "int | None":
        """Return the time by NTP, or by the network as it was told at the start; None where nobody knows it."""
        epoch_ms = self._sockets.ntp_ms()
        if epoch_ms is None and self._told is not None:
            return self._told[0] + self._ticks.diff(self._ticks.ms(), self._told[1])
        return epoch_ms

    def signal_dbm(self) -> "int | None":
        """Return how strong the network was when it was dialled: while PPP runs the modem cannot be asked."""
        return self._signal

    def reset(self) -> None:
        """Cut the modem's power; where PPP was up in this start, the board starts anew as well."""
        self._modem.port.power(on=False)
        if self._ppp is not None:
            self._restart()
