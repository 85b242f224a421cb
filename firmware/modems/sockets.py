"""Connections over sockets of the board's own, as WLAN and PPP have them; TLS is the board's too.

`socket` and `ssl` are MicroPython's modules of these names. Certificates are checked against `ca`, where there is one.
"""

from node.ports import Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.ports import Ticks

_CONNECT_S, _ANSWER_MS, _POLL_MS = 20, 30_000, 20
_AGAIN = (11, 35, 110, 115, 116)  # EAGAIN and its kin, by port
_NTP_PORT, _NTP_BYTES, _NTP_MS = 123, 48, 5_000
_NTP_TO_1970 = 2_208_988_800


class SocketStream(Stream):
    """One connection: it never blocks for longer than an answer may take."""

    def __init__(self, connection: "Any", ticks: "Ticks") -> None:
        self._connection = connection
        self._ticks = ticks
        self._read = getattr(connection, "recv", None) or connection.read
        self._write = getattr(connection, "send", None) or connection.write

    def write(self, data: "bytes | bytearray | memoryview") -> None:
        """Send all of it. Raises OSError."""
        view, sent = memoryview(data), 0
        started = self._ticks.ms()
        while sent < len(view):
            count = _or_none(self._write, view[sent:])
            if count is None:
                self._wait(started)
            else:
                sent += count

    def read(self, most: int) -> bytes:
        """Return at least one byte, or nothing where the other side has closed. Raises OSError."""
        started = self._ticks.ms()
        while True:
            data = _or_none(self._read, most)
            if data is not None:
                return data
            self._wait(started)

    def close(self) -> None:
        """Give the connection up."""
        try:
            self._connection.close()
        except OSError:
            pass

    def _wait(self, started: int) -> None:
        if self._ticks.diff(self._ticks.ms(), started) > _ANSWER_MS:
            raise OSError("no answer in time")
        self._ticks.sleep_ms(_POLL_MS)


def _or_none(call: "Any", argument: "Any") -> "Any":
    """Return what a call gives; None where it would have to wait."""
    try:
        return call(argument)
    except OSError as error:
        if error.args and error.args[0] in _AGAIN:
            return None
        raise


class Sockets:
    """Opens connections, and asks what time it is."""

    def __init__(self, socket: "Any", ssl: "Any", ticks: "Ticks", ca: "bytes | None" = None) -> None:
        self._socket = socket
        self._ssl = ssl
        self._ticks = ticks
        self._ca = ca

    def open(self, host: str, port: int, tls: bool) -> Stream:  # noqa: FBT001 - as ports have it
        """Open a connection. Raises OSError."""
        address = self._socket.getaddrinfo(host, port, 0, self._socket.SOCK_STREAM)[0][-1]
        connection = self._socket.socket()
        try:
            connection.settimeout(_CONNECT_S)
            connection.connect(address)
            if tls:
                connection = self._context().wrap_socket(connection, server_hostname=host)
            connection.setblocking(False)
        except ValueError as error:
            # A certificate that is not good, in MicroPython's words.
            connection.close()
            raise OSError("no TLS: " + str(error)) from error
        except OSError:
            connection.close()
            raise
        return SocketStream(connection, self._ticks)

    def _context(self) -> "Any":
        context = self._ssl.SSLContext(self._ssl.PROTOCOL_TLS_CLIENT)
        if self._ca:
            context.verify_mode = self._ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=self._ca)
        else:
            context.verify_mode = self._ssl.CERT_NONE
        return context

    def ntp_ms(self, host: str = "pool.ntp.org", port: int = _NTP_PORT) -> "int | None":
        """Return the milliseconds since 1970 UTC by NTP (RFC 4330); None where nobody answers."""
        try:
            address = self._socket.getaddrinfo(host, port, 0, self._socket.SOCK_DGRAM)[0][-1]
            asking = self._socket.socket(self._socket.AF_INET, self._socket.SOCK_DGRAM)
        except OSError:
            return None
        try:
            asking.settimeout(_NTP_MS // 1000)
            asking.sendto(b"\x1b" + bytes(_NTP_BYTES - 1), address)
            answer = asking.recv(_NTP_BYTES)
        except OSError:
            return None
        finally:
            asking.close()
        # Of a server (4) that is itself in time (leap not 3), and names its distance.
        if len(answer) < _NTP_BYTES or answer[0] & 7 != 4 or answer[0] >> 6 == 3 or not 0 < answer[1] < 16:
            return None
        seconds = int.from_bytes(answer[40:44], "big")
        # The era of 2036 begins at 0 again.
        seconds += (1 << 32) if seconds < _NTP_TO_1970 else 0
        return (seconds - _NTP_TO_1970) * 1000 + (int.from_bytes(answer[44:48], "big") * 1000 >> 32)
