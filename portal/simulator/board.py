"""One simulated board: the firmware's node over simulated hardware, started anew where its watchdog bites."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from urllib.parse import urlsplit

from node.node import Node
from node.ports import Board
from node.ports import Lock as NodeLock
from node.quantities import ALL
from node.settings import Settings
from node.version import VERSION
from portal.core.errors import Invalid
from portal.simulator.hardware import BoardTicks, MemoryFlash, NetworkLink, SimulatedTime
from portal.simulator.load_model import BuildingLoad
from portal.simulator.meter import SimulatedAcuvim

_WATCHDOG_MS = 120_000
# While it sleeps, whoever sends says that it is alive.
_REST_MS = 60_000
_ADDRESS = ("host", "port", "tls", "token")


@dataclass(frozen=True)
class NodeSetup:
    """What a board is told when it is set up: the Client's address, its token, and its periods in seconds."""

    url: str
    token: str
    period_s: int = 60
    every_s: int = 300

    def settings(self) -> dict[str, object]:
        """Return it as the firmware's settings. Raises `Invalid` for what is no address."""
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            msg = f"{self.url!r} is no address of a Client, such as http://127.0.0.1:8000"
            raise Invalid(msg)
        tls = parts.scheme == "https"
        return {
            "host": parts.hostname,
            "port": parts.port or (443 if tls else 80),
            "tls": tls,
            "token": self.token,
            "period_s": self.period_s,
            "every_s": self.every_s,
            "wanted": list(ALL),
        }


class BoardLock(NodeLock):
    """What keeps the two threads of a board from its flash at the same time."""

    def __init__(self) -> None:
        self._lock = Lock()

    def __enter__(self) -> bool:
        """Wait until nobody else is inside."""
        return self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        """Let the next one in."""
        self._lock.release()


class SimulatedNode(Board):
    """A board that runs. `sample` and `upload` are called by two threads, as on a board."""

    def __init__(
        self,
        load: BuildingLoad,
        setup: NodeSetup,
        time: SimulatedTime,
        flash: MemoryFlash,
        *,
        is_present: bool,
    ) -> None:
        """`is_present`: the simulated time is the portal's own."""
        ticks = BoardTicks(time)
        meter = SimulatedAcuvim(load, ticks.now)
        super().__init__(flash, meter, NetworkLink(ticks, is_present=is_present), ticks, secrets.randbits(31))
        self.lock = BoardLock()
        self._now = ticks.now
        self.starts = 0
        self._sending = Lock()
        self._fed_ms = self._upload_at_ms = ticks.ms()
        _set_up(flash, setup)
        self.node = self._started()

    def sample(self) -> int:
        """Read the meter where that is due; return the milliseconds there is nothing to do."""
        is_stuck = self.ticks.ms() - self._fed_ms > _WATCHDOG_MS
        if (is_stuck or self.node.wants_restart) and self._sending.acquire(blocking=False):
            try:
                self.node = self._started()
            finally:
                self._sending.release()
        return self.node.sample()

    def upload(self) -> int:
        """Send a batch where that is due; return the milliseconds there is nothing to do."""
        with self._sending:
            left_ms = self._upload_at_ms - self.ticks.ms()
            if left_ms <= 0:
                left_ms = self.node.upload()
                self._upload_at_ms = self.ticks.ms() + left_ms
            self.node.rest()
        return min(left_ms, _REST_MS)

    def now(self) -> datetime:
        """Return the time where the board is."""
        return self._now()

    def feed(self) -> None:
        """Feed the watchdog."""
        self._fed_ms = self.ticks.ms()

    def random_below(self, most: int) -> int:
        """Return a number below `most`."""
        return secrets.randbelow(most) if most else 0

    def _started(self) -> Node:
        self.starts += 1
        self.boot = secrets.randbits(31)
        self._fed_ms = self._upload_at_ms = self.ticks.ms()
        node = Node(self)
        node.target.running = VERSION
        return node


def _set_up(flash: MemoryFlash, setup: NodeSetup) -> None:
    settings = Settings(flash)
    settings.load()
    wanted = setup.settings()
    if settings.number("settings_version", 0):
        # How it is read and sent, the portal has said meanwhile.
        wanted = {name: wanted[name] for name in _ADDRESS}
    if any(settings.values.get(name) != value for name, value in wanted.items()):
        settings.values.update(wanted)
        settings.store()
