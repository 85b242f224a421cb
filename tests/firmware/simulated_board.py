"""A whole board in simulated time: the meter, the flash, a modem with moods, and the portal behind it.

There is one thread here. While the modem has the uploader wait, the reader of the meter is given its turns, as the
other thread has them on a board.
"""

import json

from node.clock import seconds_of
from node.node import ASIDE_BLOCKS, SETTINGS_BLOCKS, Node
from node.ports import Board, Link, Stream
from node.settings import Settings
from tests.firmware.checks import unpacked
from tests.firmware.simulated_flash import SimulatedFlash
from tests.firmware.simulated_meter import SimulatedMeter, VirtualTicks

START_MS = 1_798_761_000_000  # 2026-12-31 23:50 UTC: ten minutes before a new year
_SLICE_MS = 10_000


class SimulatedPortal:
    """Keeps rows by their time, as the device ingest does: a row that is there already is a duplicate or a conflict."""

    def __init__(self) -> None:
        self.rows: dict[int, dict[str, object]] = {}
        self.duplicates = 0
        self.conflicts = 0
        self.posts = 0
        self.bytes = 0
        self.token = "token"
        self.refuses: object = None
        self.reason = "not a finite number"
        self.most_rows = 1000
        self.chokes_on: set[int] = set()
        self.says: dict[str, object] = {}

    def answer(self, request: bytes) -> bytes:
        """Return what is answered to a request, headers and all."""
        head, _, body = request.partition(b"\r\n\r\n")
        self.posts += 1
        self.bytes += len(body)
        if f"Bearer {self.token}".encode() not in head:
            return answered(401, '{"error":{"code":"unauthenticated","message":"unknown"}}')
        rows = json.loads(unpacked(body))
        if any(register_of(row) in self.chokes_on for row in rows):
            return answered(400, '{"error":{"code":"invalid","message":"not JSON"}}')
        if len(rows) > self.most_rows:
            return answered(413, '{"error":{"code":"too_large","message":"too many"}}')
        counts = {"accepted": 0, "rejected": 0, "duplicates": 0, "completed": 0, "conflicts": 0}
        errors = []
        for index, row in enumerate(rows):
            counts[self._outcome(row)] += 1
            if callable(self.refuses) and self.refuses(row):
                errors.append({"row": index, "reason": self.reason})
        said = dict(counts)
        said.update(self.says)
        said["errors"] = errors
        return answered(200, json.dumps(said))

    def _outcome(self, row: "dict[str, object]") -> str:
        if callable(self.refuses) and self.refuses(row):
            return "rejected"
        before = self.rows.get(row["time"])
        if before is None:
            self.rows[row["time"]] = row
            return "accepted"
        if before == row:
            self.duplicates += 1
            return "duplicates"
        self.conflicts += 1
        return "conflicts"


def register_of(row: "dict[str, object]") -> int:
    """Return the register of a row in counts of 0.1 kWh."""
    return int(float(str(row["energyImportedKwh"])) * 10 + 0.5)


def answered(status: int, body: str, headers: str = "") -> bytes:
    return f"HTTP/1.1 {status} x\r\ncontent-length: {len(body)}\r\n{headers}\r\n{body}".encode()


class SimulatedStream(Stream):
    """A connection to the portal; what goes wrong on it, its link says."""

    def __init__(self, link: "SimulatedLink") -> None:
        self._link = link
        self._sent = b""
        self._coming = b""
        self.is_dead = False

    def write(self, data: "bytes | bytearray | memoryview") -> None:
        if self.is_dead:
            raise OSError("reset")
        self._sent += bytes(data)

    def read(self, most: int) -> bytes:
        if self._sent:
            sent, self._sent = self._sent, b""
            self._coming = self._link.exchanged(sent)
        part = self._coming[: min(most, 100)]
        self._coming = self._coming[len(part) :]
        return part

    def close(self) -> None:
        self._link.closed += 1


class SimulatedLink(Link):
    """`moods` are what happens to the next exchanges, one each."""

    def __init__(self, board: "SimulatedBoard", portal: SimulatedPortal) -> None:
        self._board = board
        self.portal = portal
        self.moods: list[str] = []
        self.is_up = True
        self.knows_time = True
        self.wrong_by_ms = 0
        self.opened = self.closed = self.resets = 0
        self.stream: SimulatedStream | None = None

    def connect(self) -> None:
        if not self.is_up:
            self._board.block(30_000)
            raise OSError("no way")

    def open(self, host: str, port: int, tls: bool) -> Stream:  # noqa: FBT001 - as its class has it
        assert self._board.node is not None
        assert self._board.node.clock.now_ms() is not None, "certificates cannot be checked without the time"
        self._board.block(4_000)
        self.opened += 1
        self.stream = SimulatedStream(self)
        return self.stream

    def epoch_ms(self) -> "int | None":
        self._board.block(2_000)
        return self._board.true_ms() + self.wrong_by_ms if self.knows_time else 946_684_800_000

    def reset(self) -> None:
        self.resets += 1

    def exchanged(self, request: bytes) -> bytes:
        mood = self.moods.pop(0) if self.moods else ""
        self._board.block(1_500)
        if mood == "never answers":
            self._board.block(60_000)
            raise OSError("timed out")
        if mood == "request lost":
            raise OSError("reset")
        if mood == "captive portal":
            return answered(200, "<html>Please log in</html>")
        if mood[:1].isdigit():
            return answered(int(mood[:3]), "", "retry-after: 90\r\n" if mood[:3] in ("429", "503") else "")
        answer = self.portal.answer(request)
        if mood == "answer lost":
            raise OSError("reset")
        if mood == "answer cut":
            return answer[:-10]
        if mood == "connection dies afterwards" and self.stream is not None:
            self.stream.is_dead = True
        return answer


class SimulatedBoard(Board):
    """One start of the board after another over the same flash; `taken` has what was certainly stored, by register."""

    def __init__(self, blocks: int = 16, block_size: int = 1024) -> None:
        self.ticks = VirtualTicks(12_345)
        self.boot = 0
        self.lock = None
        self.flash = SimulatedFlash(blocks, block_size)
        self.line = self.meter = SimulatedMeter(self.ticks)
        self.portal = SimulatedPortal()
        self.link = SimulatedLink(self, self.portal)
        self.updates = None
        self.node: Node | None = None
        self.meter_ahead_s = 7_237  # set to local time, and not well
        self.meter.shows = self._shown
        self.taken: dict[int, int] = {}
        self.unsure: set[int] = set()
        self.fed_ms = 0
        self._sampled = False
        self._upload_at = 0
        self._chance = 99

    def set_up(self, **settings: object) -> None:
        kept = Settings(self.flash)
        kept.values = {"host": "portal.example.com", "token": "token", "every_s": 300}
        kept.values.update(settings)
        kept.store()

    def start(self) -> Node:
        """Start the board: everything that was in memory is gone."""
        self.boot += 1
        self.ticks.now += 3_000
        self.node = Node(self)
        self.fed_ms = self._upload_at = self.ticks.now
        self._watch(self.node)
        return self.node

    def true_ms(self) -> int:
        return START_MS + self.ticks.now

    def run(self, seconds: int) -> None:
        """Let the board be for a while: both threads, each as soon as it has something to do."""
        assert self.node is not None
        until = self.ticks.now + seconds * 1000
        while self.ticks.now < until:
            if self.ticks.now >= self._upload_at:
                self._upload_at = self.ticks.now + self.node.upload()
            self.node.rest()
            self._sleep(min(self._sample(), self._upload_at - self.ticks.now, until - self.ticks.now))

    def drain(self) -> None:
        """Let it send what it has, without any further reading."""
        assert self.node is not None
        self._sampled = True
        for _ in range(1000):
            self.ticks.sleep_ms(self.node.upload())
            if not self.node.ring.oldest(1):
                break
        self._sampled = False

    def block(self, ms: int) -> None:
        """Pass the time that the modem takes, with the reader of the meter going on beside it."""
        until = self.ticks.now + ms
        while self.ticks.now < until:
            self._sleep(min(self._sample(), until - self.ticks.now))

    def feed(self) -> None:
        self.fed_ms = self.ticks.now

    def random_below(self, most: int) -> int:
        self._chance = (self._chance * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._chance >> 8) % most if most else 0

    def _sleep(self, ms: int) -> None:
        self.ticks.sleep_ms(min(max(ms, 1), _SLICE_MS))

    def _sample(self) -> int:
        assert self.node is not None
        if self._sampled:
            return _SLICE_MS
        self._sampled = True
        try:
            return self.node.sample()
        finally:
            self._sampled = False

    def _shown(self) -> "dict[int, int]":
        """Return what the meter's own clock shows, by register."""
        days, second = divmod(self.true_ms() // 1000 + self.meter_ahead_s, 86_400)
        year = 2026
        while days >= seconds_of(year + 1, 1, 1) // 86_400:
            year += 1
        month = 1
        while month < 12 and days >= seconds_of(year, month + 1, 1) // 86_400:
            month += 1
        day = days - seconds_of(year, month, 1) // 86_400 + 1
        shown = (year, month, day, second // 3600, second // 60 % 60, second % 60)
        return {0x1040 + index: word for index, word in enumerate(shown)}

    def _watch(self, node: Node) -> None:
        """Have the meter count up with every reading, and note which readings were stored, and when they were taken."""
        append = node.ring.append

        def watched(
            kind: int, payload: bytes, lean: "bytes | None" = None, base: "bytes | None" = None
        ) -> None:
            if kind:
                append(kind, payload, lean, base)
                return
            count = self.meter.registers[0x4048] << 16 | self.meter.registers[0x4049]
            following = (count + 1) % 1_000_000_000
            self.meter.registers.update({0x4048: following >> 16, 0x4049: following & 0xFFFF})
            self.unsure.add(count)
            append(kind, payload, lean, base)
            self.unsure.discard(count)
            self.taken[count] = self.true_ms() // 1000

        node.ring.append = watched


def stored_registers(portal: SimulatedPortal) -> "dict[int, int]":
    """Return the time of each reading that the portal has, by its register in counts of 0.1 kWh."""
    found: dict[int, int] = {}
    for at, row in portal.rows.items():
        count = register_of(row)
        assert count not in found, "the same reading twice"
        found[count] = at
    return found


__all__ = [
    "ASIDE_BLOCKS",
    "SETTINGS_BLOCKS",
    "SimulatedBoard",
    "SimulatedPortal",
    "answered",
    "stored_registers",
]
