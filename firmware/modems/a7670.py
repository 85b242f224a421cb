"""A7670 (LTE Cat-1): its own sockets and its own TLS, by AT commands, so that nothing has to run on the board.

Bytes are fetched when they are wanted (`CIPRXGET`, `CCHRECV`), so that no unsolicited line has data in it.
"""

from modems.at import Modem, ModemError, ModemPort, network_time_ms, register, wake
from node.ports import Link, Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.ports import Ticks

_OPEN_MS, _SEND_MS, _ANSWER_MS, _POLL_MS = 40_000, 15_000, 30_000, 100
_MOST_SENT, _MOST_READ = 1024, 512
_NTP_MS = 15_000
_CA_FILE = "ca.pem"
_NO_ADDRESS = "0.0.0.0"  # noqa: S104 - what a context has that is gone


class A7670Stream(Stream):
    """Connection 0 of the modem."""

    def __init__(self, link: "A7670", tls: bool) -> None:  # noqa: FBT001
        self._link = link
        self._tls = tls

    def write(self, data: "bytes | bytearray | memoryview") -> None:
        """Send all of it. Raises OSError."""
        modem, view = self._link.modem, memoryview(data)
        for at in range(0, len(view), _MOST_SENT):
            part = bytes(view[at : at + _MOST_SENT])
            if self._link.is_closed:
                raise OSError("closed")
            modem.forget()
            modem.port.write(
                (f"AT+CCHSEND=0,{len(part)}\r" if self._tls else f"AT+CIPSEND=0,{len(part)}\r").encode()
            )
            modem.prompt(_SEND_MS)
            modem.port.write(part)
            modem.wait("", _SEND_MS)

    def read(self, most: int) -> bytes:
        """Return at least one byte, or nothing where the other side has closed. Raises OSError."""
        ticks = self._link.modem.ticks
        started = ticks.ms()
        while True:
            data = self._fetched(min(most, _MOST_READ))
            if data:
                return data
            if self._link.is_closed:
                return b""
            if ticks.diff(ticks.ms(), started) > _ANSWER_MS:
                raise OSError("no answer in time")
            ticks.sleep_ms(_POLL_MS)

    def _fetched(self, most: int) -> bytes:
        modem = self._link.modem
        text, head = (
            (f"AT+CCHRECV=0,{most}", "+CCHRECV: DATA,0,")
            if self._tls
            else (f"AT+CIPRXGET=2,0,{most}", "+CIPRXGET: 2,0,")
        )
        modem.forget()
        modem.port.write(text.encode() + b"\r")
        while True:
            line = modem.line(_SEND_MS)
            if line is None:
                raise ModemError("no answer to " + text)
            if line.startswith(head):
                length = int(line[len(head) :].split(",")[0])
                data = modem.exactly(length, _SEND_MS)
                modem.wait("", _SEND_MS, "+CCHRECV: 0," if self._tls else "OK")
                return data
            # Nothing there (yet): said with an error, or with an empty answer.
            if line == "ERROR" or line.startswith(("+IP ERROR", "+CME ERROR", "+CCHRECV: 0,")):
                return b""
            if line not in ("OK", text):
                modem.heard(line)

    def close(self) -> None:
        """Give the connection up."""
        self._link.close()


class _A7670Modem(Modem):
    is_closed = False

    def heard(self, line: str) -> None:
        """Take a line that is no answer: the other side, or the network, may have gone."""
        if line.startswith(
            ("+IPCLOSE: 0", "+CIPCLOSE: 0", "+CCH_PEER_CLOSED: 0", "+CCHCLOSE: 0", "+CIPEVENT", "+CGEV: NW")
        ):
            self.is_closed = True


class A7670(Link):
    """`ca` is the certificate that the portal's has to lead to, as PEM; without it TLS takes any."""

    def __init__(
        self, port: ModemPort, ticks: "Ticks", apn: "tuple[str, str, str]", ca: "bytes | None" = None
    ) -> None:
        self.modem = _A7670Modem(port, ticks)
        self._apn, self._user, self._password = apn
        self._ca = ca
        self._is_ready = False
        self._signal: int | None = None
        self._open_tls: bool | None = None

    @property
    def is_closed(self) -> bool:
        """Whether the connection is over."""
        return self.modem.is_closed or self._open_tls is None

    def connect(self) -> None:
        """See that there is a way. Raises OSError."""
        modem = self.modem
        if self._is_ready:
            # A context may be gone while everything looks connected: asked each time.
            if modem.command("AT+CGPADDR=1", "+CGPADDR: 1,").strip('"') in ("", _NO_ADDRESS):
                self._is_ready = False
                raise ModemError("the network has taken the address away")
            self._signal = register(modem, ("CEREG", "CREG"), 1)
            return
        wake(modem)
        modem.command("AT+CTZU=1")
        self._signal = register(modem, ("CEREG", "CREG"))
        modem.command('AT+CGDCONT=1,"IP","' + self._apn + '"')
        if self._user:
            modem.command(f'AT+CGAUTH=1,1,"{self._password}","{self._user}"')
        modem.command("AT+CGACT=1,1", timeout_ms=_OPEN_MS)
        self._prepare()
        self._is_ready = True

    def _prepare(self) -> None:
        modem = self.modem
        modem.command("AT+CIPRXGET=1")
        modem.command("AT+CCHSET=0,1")
        if self._ca:
            modem.forget()
            modem.port.write(f'AT+CCERTDOWN="{_CA_FILE}",{len(self._ca)}\r'.encode())
            modem.prompt(_SEND_MS)
            modem.port.write(self._ca)
            modem.wait("", _SEND_MS)
            modem.command(f'AT+CSSLCFG="cacert",0,"{_CA_FILE}"')
        modem.command('AT+CSSLCFG="sslversion",0,4')
        modem.command('AT+CSSLCFG="authmode",0,' + ("1" if self._ca else "0"))
        modem.command('AT+CSSLCFG="enableSNI",0,1')
        modem.command("AT+CCHSSLCFG=0,0")

    def open(self, host: str, port: int, tls: bool) -> Stream:  # noqa: FBT001 - as its class has it
        """Open a connection. Raises OSError."""
        self.close()
        self._started(tls)
        name = "CCHOPEN" if tls else "CIPOPEN"
        self.modem.is_closed = False
        text = f'AT+CCHOPEN=0,"{host}",{port},2' if tls else f'AT+CIPOPEN=0,"TCP","{host}",{port}'
        self._open_tls = tls
        state = self.modem.command(text, f"+{name}: 0,", _OPEN_MS, f"+{name}: 0,")
        if state != "0":
            self._open_tls = None
            raise ModemError("no connection: " + state)
        return A7670Stream(self, tls)

    def _started(self, tls: bool) -> None:  # noqa: FBT001
        """Start the modem's service; one that has been started already says so by an error."""
        try:
            self.modem.command(
                "AT+CCHSTART" if tls else "AT+NETOPEN",
                timeout_ms=_OPEN_MS,
                until="+CCHSTART:" if tls else "+NETOPEN:",
            )
        except ModemError:
            pass

    def close(self) -> None:
        """Give the connection up."""
        if self._open_tls is not None:
            text = "AT+CCHCLOSE=0" if self._open_tls else "AT+CIPCLOSE=0"
            self._open_tls = None
            try:
                self.modem.command(text, timeout_ms=5_000)
            except ModemError:
                pass

    def epoch_ms(self) -> "int | None":
        """Return the time by NTP, or by the network; None where nobody knows it."""
        try:
            self.modem.command('AT+CNTP="pool.ntp.org",0')
            self.modem.command("AT+CNTP", "+CNTP:", _NTP_MS, "+CNTP:")
        except ModemError:
            pass
        return network_time_ms(self.modem)

    def signal_dbm(self) -> "int | None":
        """Return how strong the network is received."""
        return self._signal

    def reset(self) -> None:
        """Cut the modem's power."""
        self.modem.port.power(on=False)
        self._is_ready, self._open_tls = False, None
