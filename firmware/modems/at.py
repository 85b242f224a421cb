"""Talks to a modem in AT commands: what it answers, among whatever else it says, and never for longer than allowed."""

from node.clock import seconds_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.ports import Ticks

_LONGEST_LINE = 512
_POLL_MS = 10


class ModemError(OSError):
    """A command that brought nothing: refused, or not answered in time."""


class ModemPort:
    """The serial line to a modem, and its power. A hardware file fills it in."""

    def write(self, data: bytes) -> None:
        """Send bytes."""
        raise NotImplementedError

    def read(self) -> bytes:
        """Return what has arrived by now, at once; empty where nothing has."""
        raise NotImplementedError

    def power(self, on: bool) -> None:  # noqa: FBT001 - named so in every port
        """Switch the modem on as its data sheet says, or cut its power."""
        raise NotImplementedError


class Modem:
    """Commands and their answers. Lines that nobody asked for go to `heard`, wherever they stand."""

    def __init__(self, port: ModemPort, ticks: "Ticks") -> None:
        self.port = port
        self.ticks = ticks
        self.raw = b""

    def heard(self, line: str) -> None:
        """Take a line that is no answer to anything."""

    def command(self, text: str, prefix: str = "", timeout_ms: int = 2_000, until: str = "OK") -> str:
        """Send a command and return its answer that begins with `prefix`, without it; "" where there is none.

        Done with `until`. Raises `ModemError` where the modem refuses, or has not answered in time.
        """
        self.forget()
        self.port.write(text.encode() + b"\r")
        return self.wait(prefix, timeout_ms, until, text)

    def wait(self, prefix: str, timeout_ms: int, until: str = "OK", echo: str = "") -> str:
        """Wait for an answer to what was sent before, as `command` does."""
        found = ""
        started = self.ticks.ms()
        while True:
            line = self.line(timeout_ms - self.ticks.diff(self.ticks.ms(), started))
            if line is None:
                raise ModemError("no answer to " + echo)
            if line == until or (until != "OK" and line.startswith(until)):
                return found or line[len(prefix) :].strip() if prefix and line.startswith(prefix) else found
            if line == "ERROR" or line.startswith(
                ("+CME ERROR", "+CMS ERROR", "NO CARRIER", "BUSY", "NO DIALTONE")
            ):
                raise ModemError(echo + ": " + line)
            if prefix and line.startswith(prefix):
                found = line[len(prefix) :].strip()
            elif line != echo:
                self.heard(line)

    def line(self, timeout_ms: int) -> "str | None":
        """Return the next line that is not empty; None where none comes in time."""
        started = self.ticks.ms()
        while True:
            end = self.raw.find(b"\n")
            if end >= 0:
                line, self.raw = self.raw[:end].strip(b"\r\n \x00"), self.raw[end + 1 :]
                if line:
                    return "".join([chr(byte) if 32 <= byte < 127 else "?" for byte in line])
                continue
            if len(self.raw) > _LONGEST_LINE:
                self.raw = b""
            if not self._came(started, timeout_ms):
                return None

    def exactly(self, count: int, timeout_ms: int) -> bytes:
        """Return so many bytes, whatever is in them. Raises `ModemError` where they do not come in time."""
        started = self.ticks.ms()
        while len(self.raw) < count:
            if not self._came(started, timeout_ms):
                raise ModemError("bytes are missing")
        data, self.raw = self.raw[:count], self.raw[count:]
        return data

    def prompt(self, timeout_ms: int) -> None:
        """Wait for the mark after which a modem takes data. Raises `ModemError`."""
        started = self.ticks.ms()
        while b">" not in self.raw:
            if b"ERROR" in self.raw or not self._came(started, timeout_ms):
                raise ModemError("takes no data")
        self.raw = self.raw[self.raw.find(b">") + 1 :]

    def forget(self) -> None:
        """Take what is left of before for what it is: lines that nobody asked for."""
        while self.line(0) is not None:
            pass
        self.raw = b""

    def _came(self, started: int, timeout_ms: int) -> bool:
        """Wait for bytes; whether some came before the time was over."""
        while True:
            came = self.port.read()
            if came:
                self.raw += came
                return True
            if self.ticks.diff(self.ticks.ms(), started) >= timeout_ms:
                return False
            self.ticks.sleep_ms(_POLL_MS)


def wake(modem: Modem, tries: int = 10) -> None:
    """Find the modem, switched on or off, and have it answer briefly. Raises `ModemError`."""
    for attempt in range(tries):
        if attempt == 2:
            modem.port.power(on=False)
            modem.ticks.sleep_ms(1_500)
        if attempt in (0, 2):
            modem.port.power(on=True)
        try:
            modem.command("AT", timeout_ms=1_000)
            modem.command("ATE0")
        except ModemError:
            continue
        return
    raise ModemError("the modem says nothing")


def register(modem: Modem, names: "tuple[str, ...]" = ("CREG",), patience_ms: int = 60_000) -> "int | None":
    """Wait until the modem is in a network; return how strong it hears it, in dBm. Raises `ModemError`."""
    if "READY" not in modem.command("AT+CPIN?", "+CPIN:", 5_000):
        raise ModemError("the SIM card is not ready")
    started = modem.ticks.ms()
    while modem.ticks.diff(modem.ticks.ms(), started) < patience_ms:
        for name in names:
            state = modem.command("AT+" + name + "?", "+" + name + ":").split(",")
            if len(state) > 1 and state[1].strip() in ("1", "5"):
                return signal_dbm(modem)
        modem.ticks.sleep_ms(2_000)
    raise ModemError("no network")


def signal_dbm(modem: Modem) -> "int | None":
    """Return how strong the network is received (3GPP TS 27.007, 8.5); None where the modem does not know."""
    level = modem.command("AT+CSQ", "+CSQ:").split(",")[0]
    return 2 * int(level) - 113 if level.isdigit() and int(level) < 32 else None


def network_time_ms(modem: Modem) -> "int | None":
    """Return what the modem's clock shows, in milliseconds since 1970 UTC; None where that is no time."""
    try:
        return epoch_of_cclk(modem.command("AT+CCLK?", "+CCLK:"))
    except ModemError:
        return None


def epoch_of_cclk(text: str) -> "int | None":
    """Return the milliseconds since 1970 UTC of `"26/11/30,17:05:09+08"`: local time, and its quarters of an hour."""
    text = text.strip('" ')
    if len(text) < 20 or text[2] + text[5] + text[8] + text[11] + text[14] != "//,::" or text[17] not in "+-":
        return None
    try:
        local_s = seconds_of(
            2000 + int(text[:2]),
            int(text[3:5]),
            int(text[6:8]),
            int(text[9:11]),
            int(text[12:14]),
            int(text[15:17]),
        )
        quarters = int(text[17:20])
    except ValueError:
        return None
    return (local_s - quarters * 900) * 1000
