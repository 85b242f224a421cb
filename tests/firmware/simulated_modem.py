"""A modem on a simulated line: a SIM800 that dials, and an A7670 with sockets of its own, in many moods.

`moods` hold until they are taken back: "silent" never answers, "late" only after a while, "chatty" puts lines that
nobody asked for between its answers, "no network", "no SIM", "brown-out" falls over when it is to send, "context gone"
has lost its address while it says it is connected, "no time".
"""

from modems.at import ModemPort
from tests.firmware.simulated_meter import VirtualTicks

_CHATTER = (
    "+CREG: 1",
    "RING",
    "*PSUTTZ: 2026,12,31,23,50,0",
    '+CMTI: "SM",3',
    "\x00\xff+garbage",
    "SMS Ready",
)


class SimulatedModem(ModemPort):
    """`portal` answers what is sent over its sockets."""

    def __init__(self, ticks: VirtualTicks, portal: object = None) -> None:
        self.ticks = ticks
        self.portal = portal
        self.moods: set[str] = set()
        self.is_on = False
        self.is_dialled = False
        self.switched_off = 0
        self.commands: list[str] = []
        self.echoes = True
        self.cclk = "26/12/31,23:50:09+08"
        self.opened: tuple[str, bool] | None = None
        self._coming: list[tuple[int, bytes]] = []
        self._typed = b""
        self._data_left = 0
        self._is_file = False
        self._sent = b""
        self._received = b""
        self._chatter = 0

    def power(self, on: bool) -> None:  # noqa: FBT001 - as its class has it
        self.switched_off += self.is_on and not on
        if on != self.is_on:
            self.is_dialled, self.opened, self.echoes = False, None, True
            self._coming, self._typed, self._data_left = [], b"", 0
        self.is_on = on

    def read(self) -> bytes:
        if self._coming and self._coming[0][0] <= self.ticks.now:
            return self._coming.pop(0)[1]
        return b""

    def write(self, data: bytes) -> None:
        if not self.is_on or "silent" in self.moods or self.is_dialled:
            return
        if self._data_left:
            data = self._take(data)
        self._typed += data
        while b"\r" in self._typed:
            line, _, self._typed = self._typed.partition(b"\r")
            text = str(line, "ascii")
            self.commands.append(text)
            if self.echoes:
                self._says(line + b"\r\r\n")
            self._answers(text)

    def _says(self, data: bytes, after_ms: int = 30) -> None:
        if "chatty" in self.moods and data.startswith(b"\r\n"):
            self._chatter += 1
            unasked = [ord(char) & 0xFF for char in _CHATTER[self._chatter % len(_CHATTER)]]
            data = b"\r\n" + bytes(unasked) + b"\r\n" + data
        at = self.ticks.now + after_ms + (20_000 if "late" in self.moods else 0)
        for start in range(0, len(data), 7):
            self._coming.append((at, data[start : start + 7]))
            at += 1

    def _lines(self, *lines: str) -> None:
        for line in lines:
            self._says(b"\r\n" + line.encode() + b"\r\n")

    def _answers(self, text: str) -> None:
        name, _, value = text[3:].partition("=")
        answer = {
            "CPIN?": ("+CPIN: READY", "OK")
            if "no SIM" not in self.moods
            else ("+CME ERROR: SIM not inserted",),
            "CREG?": ("+CREG: 0,2" if "no network" in self.moods else "+CREG: 0,1", "OK"),
            "CEREG?": ("+CEREG: 0,2" if "no network" in self.moods else "+CEREG: 0,5", "OK"),
            "CSQ": ("+CSQ: 21,0", "OK"),
            "CCLK?": (
                '+CCLK: "' + ("04/01/01,00:00:12+00" if "no time" in self.moods else self.cclk) + '"',
                "OK",
            ),
            "CGPADDR": (
                "+CGPADDR: 1," + ("0.0.0.0" if "context gone" in self.moods else "10.20.30.40"),
                "OK",
            ),
            "CCHSTART": ("OK", "+CCHSTART: 0"),
            "NETOPEN": ("OK", "+NETOPEN: 0"),
        }.get(name)
        if text == "ATE0":
            self.echoes = False
        if text == "ATD*99#":
            self._dial()
        elif not self._works(name, value):
            self._lines(*(answer or ("OK",)))

    def _works(self, name: str, value: str) -> bool:
        """Do what takes more than an answer; whether it was that."""
        if name == "CNTP":
            self._lines(*(("OK",) if value else ("OK", "+CNTP: 0")))
        elif name in ("CIPOPEN", "CCHOPEN"):
            self._open(name, value)
        elif name in ("CIPSEND", "CCHSEND"):
            self._ask(value)
        elif name == "CCERTDOWN":
            self._data_left, self._is_file = int(value.split(",")[1]), True
            self._says(b"\r\n>")
        elif name == "CIPRXGET" and value.startswith("2,0,"):
            self._give(int(value[4:]), "+CIPRXGET: 2,0,%d,%d", "OK", "+IP ERROR: No data")
        elif name == "CCHRECV":
            self._give(int(value[2:]), "+CCHRECV: DATA,0,%d", "+CCHRECV: 0,0", "+CCHRECV: 0,0")
        else:
            return False
        return True

    def _dial(self) -> None:
        if "brown-out" in self.moods:
            self._says(b"\r\nUNDER-VOLTAGE POWER DOWN\r\n")
            self.is_on = False
            return
        self._lines("CONNECT 115200")
        self.is_dialled = True

    def _open(self, name: str, value: str) -> None:
        self._lines("OK")
        is_gone = "context gone" in self.moods
        self.opened = None if is_gone else (value, name == "CCHOPEN")
        self._lines("+" + name + ": 0," + ("4" if is_gone else "0"))

    def _ask(self, value: str) -> None:
        if "brown-out" in self.moods:
            self.is_on = False
            return
        if self.opened is None:
            self._lines("ERROR")
            return
        self._data_left = int(value.split(",")[1])
        self._says(b"\r\n>")

    def _take(self, data: bytes) -> bytes:
        part, rest = data[: self._data_left], data[self._data_left :]
        self._data_left -= len(part)
        if self._is_file:
            if not self._data_left:
                self._is_file = False
                self._lines("OK")
            return rest
        self._sent += part
        if not self._data_left:
            self._lines("OK", f"+CIPSEND: 0,{len(self._sent)},{len(self._sent)}")
            head, there, body = self._sent.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0] or b"0")
            if there and len(body) >= length:
                request, self._sent = self._sent, b""
                self._received += self.portal.answer(request) if self.portal else b""
        return rest

    def _give(self, most: int, head: str, end: str, nothing: str) -> None:
        part, self._received = self._received[:most], self._received[most:]
        if not part:
            self._lines(nothing)
            return
        numbers = (len(part), len(self._received)) if head.count("%d") == 2 else (len(part),)
        self._says(b"\r\n" + (head % numbers).encode() + b"\r\n" + part + b"\r\n")
        self._lines(end)

    def hangs_up(self) -> None:
        """Have the other side, or the network, end the connection."""
        if self.opened is not None:
            self._lines("+CCH_PEER_CLOSED: 0" if self.opened[1] else "+IPCLOSE: 0,1")
            self.opened = None


class SimulatedPpp:
    """The board's PPP: made active once in a start, or it crashes the board."""

    AUTH_PAP = 1
    activated = 0

    def __init__(self, modem: SimulatedModem) -> None:
        self._modem = modem
        self._is_connecting = False

    def active(self, _on: bool) -> None:  # noqa: FBT001
        SimulatedPpp.activated += 1

    def connect(self, **_given: object) -> None:
        self._is_connecting = True

    def isconnected(self) -> bool:
        return self._is_connecting and self._modem.is_dialled and self._modem.is_on
