"""What a board hands to the node. A hardware file fills these in; on a host, simulated ones do."""


class Ticks:
    """A counter of milliseconds that wraps, as `time.ticks_ms` does."""

    def ms(self) -> int:
        """Return the counter."""
        raise NotImplementedError

    def diff(self, later: int, earlier: int) -> int:
        """Return how many milliseconds lie between two counts, over a wrap too."""
        raise NotImplementedError

    def sleep_ms(self, ms: int) -> None:
        """Let other threads run for so long."""
        raise NotImplementedError


class BlockDevice:
    """Raw flash of a partition: erased bytes are 0xFF, and writing only clears bits."""

    block_size = 4096

    def block_count(self) -> int:
        """Return how many blocks there are."""
        raise NotImplementedError

    def read(self, block: int, offset: int, buffer: bytearray | memoryview) -> None:
        """Fill the buffer from an offset of a block."""
        raise NotImplementedError

    def write(self, block: int, offset: int, data: bytes | bytearray) -> None:
        """Program bytes, without erasing."""
        raise NotImplementedError

    def erase(self, block: int) -> None:
        """Set a whole block to 0xFF."""
        raise NotImplementedError


class SerialLine:
    """The RS-485 line to the meter. Direction is the line's own matter."""

    def send(self, frame: bytes) -> None:
        """Send a frame, and return when its last bit has left and the line is being listened to again."""
        raise NotImplementedError

    def read(self) -> bytes:
        """Return what has arrived by now, at once; empty where nothing has."""
        raise NotImplementedError


class Stream:
    """A connection to the portal: TCP, or TLS over it. Every call ends within the link's time limit."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send all of it. Raises OSError."""
        raise NotImplementedError

    def read(self, most: int) -> bytes:
        """Return at least one byte, or nothing where the other side has closed. Raises OSError."""
        raise NotImplementedError

    def close(self) -> None:
        """Give the connection up; never raises."""
        raise NotImplementedError


class Link:
    """The way to the portal: a modem or WLAN. Any call may take long; none is made by whoever reads the meter."""

    def connect(self) -> None:
        """See that there is a way, or raise OSError."""
        raise NotImplementedError

    def open(self, host: str, port: int, tls: bool) -> Stream:  # noqa: FBT001 - named so in every driver
        """Open a connection. Raises OSError."""
        raise NotImplementedError

    def epoch_ms(self) -> int | None:
        """Return the time by the network or NTP, in milliseconds since 1970 UTC; None where nobody knows it."""
        raise NotImplementedError

    def signal_dbm(self) -> int | None:
        """Return how strong the network is received; None where nobody knows."""
        return None

    def reset(self) -> None:
        """Cut the modem's power, or whatever starts the link anew; never raises."""
        raise NotImplementedError


class Lock:
    """As `_thread.allocate_lock()`."""

    def __enter__(self) -> object:
        """Wait until nobody else is inside."""
        raise NotImplementedError

    def __exit__(self, *_: object) -> None:
        """Let the next one in."""
        raise NotImplementedError


class Updates:
    """Where programs of this board lie: the one that runs, and room for another."""

    running = ""
    failed = ""

    def is_trial(self) -> bool:
        """Return whether what runs has to prove itself yet."""
        raise NotImplementedError

    def begin(self, version: str) -> int:
        """Make room for a bundle; return how many bytes of it are here already."""
        raise NotImplementedError

    def refuse(self, version: str) -> None:
        """Remember a release that is not to be fetched again."""
        raise NotImplementedError

    def write(self, data: bytes) -> None:
        """Take the next bytes of the bundle. Raises OSError, ValueError."""
        raise NotImplementedError

    def finish(self) -> None:
        """Check the bundle and have the next start run it. Raises ValueError where it is not what was signed."""
        raise NotImplementedError

    def confirm(self) -> None:
        """Keep what runs: the portal has taken readings of it."""
        raise NotImplementedError


class Board:
    """What a hardware file fills in. `boot` is a number that no other start of this board has.

    `random_below` has to be good enough for a secret.
    """

    def __init__(self, flash: BlockDevice, line: SerialLine, link: Link, ticks: Ticks, boot: int) -> None:
        self.flash = flash
        self.line = line
        self.link = link
        self.ticks = ticks
        self.boot = boot
        self.lock: Lock | None = None
        self.updates: Updates | None = None

    def feed(self) -> None:
        """Feed the hardware watchdog."""

    def random_below(self, most: int) -> int:
        """Return a number from 0 to `most` - 1."""
        raise NotImplementedError
