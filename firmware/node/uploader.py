"""Sends what is in the ring, oldest first, and takes it away only when the portal has said that it has it."""

from node import outcome as outcomes
from node import records
from node.backoff import Backoff
from node.clock import Clock
from node.counters import Counters
from node.http import Answer, TooLong, post
from node.outcome import Outcome, outcome_of
from node.packing import RowPacker
from node.payload import row_fields
from node.quantities import ALL, EIGHT, Reading
from node.ring import Frame, Ring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from node.ports import Link, Stream


PATH = "/api/ingest/measurements"
_MOST_REASON = 60
# Some thirty rows of all quantities, twice as many of the eight.
_MOST_PACKED = 4096
_FRAMES_AT_ONCE = 4
_LINK_RESET_AFTER = 5
_UNWELCOME_MS = 900_000
_UNSET_MS, _SOON_MS = 60_000, 1_000
_MOST_SUSPECTS, _MOST_REFUSED_ROUNDS = 3, 96
_MOST_TIMELESS = 10
_RESYNC_MS = 86_400_000
_STUCK_MS = 6 * 3_600_000


class Target:
    """Where to send: the portal, the device's token, which quantities, and how often."""

    def __init__(self, host: str, port: int = 443, tls: bool = True, token: str = "") -> None:  # noqa: FBT001, FBT002
        self.host = host
        self.port = port
        self.tls = tls
        self.token = token
        self.wanted: tuple[int, ...] = EIGHT
        self.most_rows = 60
        self.every_ms = 1_800_000
        self.full_until_ms = 0
        self.settings_version = 0
        self.running = ""
        self.failed_update = ""
        self.sources: list[str] = ["acuvim-ii"]

    def authority(self) -> str:
        """Return the host as a request names it: with its port where that is not the usual one."""
        return self.host if self.port == (443 if self.tls else 80) else f"{self.host}:{self.port}"


class Uploader:
    """One round at a time. `aside` is a small ring for rows that the portal will never take."""

    def __init__(
        self,
        target: Target,
        ring: Ring,
        aside: Ring,
        link: "Link",
        clock: Clock,
        counters: Counters,
        backoff: Backoff,
    ) -> None:
        self.target = target
        self._ring = ring
        self._aside = aside
        self._link = link
        self._clock = clock
        self._counters = counters
        self.backoff = backoff
        self._buffer = bytearray(_MOST_PACKED)
        self._stream: Stream | None = None
        self._most_rows = target.most_rows
        self._synced_ms: int | None = None
        self._timeless = self._refused_rounds = 0
        self._stored_ms = clock.uptime_ms()
        self._clocks: dict[int, tuple[int, int]] | None = None
        self._undated: list[tuple[int, int]] = []
        self._suspects: list[tuple[int, int]] = []
        self._bases = records.Bases()
        self.rows_sent = 0
        self.offer: Outcome | None = None
        self.unwelcomes = 0
        self.has_stored = False

    def is_stuck(self) -> bool:
        """Return whether nothing has got through for so long that a fresh start is worth a try.

        Without any time it never is: the readings of this start could not be dated after the next.
        """
        return self._clock.best_ms() is not None and self._clock.uptime_ms() - self._stored_ms > _STUCK_MS

    def sends_less(self) -> int:
        """Send fewer rows at once from now on, and return how many milliseconds to wait before."""
        self._most_rows = max(1, self.rows_sent // 2)
        return self.failed()

    def step(self) -> int:
        """Send at most one batch, and return how many milliseconds to wait before the next step."""
        if not self.target.host:
            # Not set up yet: the meter is read all the same.
            self._stored_ms = self._clock.uptime_ms()
            return self.backoff.spread(_UNSET_MS)
        try:
            self.get_ready()
            return self._send_oldest()
        except TooLong:
            # Each refused row is told with its reason.
            return self.sends_less()
        except OSError:
            return self.failed()

    def get_ready(self) -> None:
        """See that there is a way to the portal, and that the time is known: certificates need it. Raises OSError."""
        self._link.connect()
        self._know_the_time()

    def failed(self) -> int:
        """Count a round that came to nothing; return how many milliseconds to wait before the next."""
        self._close()
        self._counters.failed_posts += 1
        wait_ms = self.backoff.failed()
        if self.backoff.failures % _LINK_RESET_AFTER == 0:
            self._link.reset()
        return wait_ms

    def _know_the_time(self) -> None:
        """Before anything is sent: rows need it, and so do certificates. Afterwards once a day."""
        now_ms = self._clock.uptime_ms()
        if self._synced_ms is not None and now_ms - self._synced_ms < _RESYNC_MS:
            return
        epoch_ms = self._link.epoch_ms()
        if epoch_ms is not None and self._clock.set(epoch_ms):
            self._synced_ms = now_ms
            self._timeless = 0
        elif self._clock.now_ms() is None:
            self._timeless += 1
            guess_ms = self._clock.best_ms()
            if self._timeless < _MOST_TIMELESS or guess_ms is None:
                raise OSError("nobody knows the time")
            # A way to the portal, and nobody on it who knows the time: the guess has to do, for good.
            self._clock.set(guess_ms)

    def _send_oldest(self) -> int:
        packer = RowPacker(self._buffer)
        rows: list[tuple[int, int]] = []
        last = self._pack(packer, rows)
        if last is None:
            self._stored_ms = self._clock.uptime_ms()
            return self.backoff.spread(self.target.every_ms)
        if not rows and self._suspects:
            # Nothing else to tell by, yet.
            self._suspects = []
            return self.backoff.failed()
        if not rows:
            self._done(last)
            return 0
        self.rows_sent = len(rows)
        answer = self._post(packer.finish())
        return self._heard(outcome_of(answer, len(rows)), rows, last)

    def _pack(self, packer: RowPacker, rows: "list[tuple[int, int]]") -> "tuple[int, int] | None":
        """Pack the oldest readings; where they are goes into `rows`. Return where the last frame is that was seen to.

        A few frames at a time: all of a batch beside their text is more than a board without PSRAM has.
        """
        self._undated = []
        last = None
        while len(rows) < self._most_rows:
            frames = self._ring.oldest(min(_FRAMES_AT_ONCE, self._most_rows - len(rows)), last)
            if not frames:
                break
            for frame in frames:
                fields = None if frame.at in self._suspects else self._fields_of(frame)
                if fields is not None:
                    if not packer.add(fields):
                        return last
                    rows.append(frame.at)
                last = frame.at
        return last

    def _post(self, packed: memoryview) -> Answer:
        self._counters.posts += 1
        target = self.target
        # What the board says of itself: release, version of its settings, signal, an update that it fell back from.
        word = f"{target.running} {target.settings_version} {self._link.signal_dbm() or 0} {target.failed_update}"
        word = f"X-Board: {word.rstrip()}\r\n" if target.running else ""
        if word and self._ring.holds():
            word += f"X-Ring: {self._ring.holds()}\r\n"
        return self.exchanged(
            lambda stream: post(stream, target.authority(), PATH, target.token, packed, word)
        )

    def exchanged(self, exchange: "Callable[[Stream], Answer]") -> Answer:
        """Return what comes of an exchange over the connection, or over a new one. Raises OSError."""
        if self._stream is not None:
            # A connection of before may be dead without anybody having said so.
            try:
                return self._answered(self._stream, exchange)
            except OSError:
                self._close()
        target = self.target
        self._stream = self._link.open(target.host, target.port, target.tls)
        return self._answered(self._stream, exchange)

    def _answered(self, stream: "Stream", exchange: "Callable[[Stream], Answer]") -> Answer:
        answer = exchange(stream)
        if not answer.is_kept:
            self._close()
        return answer

    def _close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _heard(self, outcome: Outcome, rows: "list[tuple[int, int]]", last: "tuple[int, int]") -> int:
        if outcome.kind == outcomes.STORED:
            return self._stored(outcome, rows, last)
        if outcome.kind == outcomes.SMALLER:
            return self._refused(rows)
        self._counters.failed_posts += 1
        wait_ms = self.backoff.failed()
        if outcome.kind == outcomes.UNWELCOME:
            self.unwelcomes += 1
            self._stored_ms = self._clock.uptime_ms()
            wait_ms = self.backoff.spread(_UNWELCOME_MS)
        return max(wait_ms, self.backoff.spread(outcome.wait_s * 1000))

    def _refused(self, rows: "list[tuple[int, int]]") -> int:
        """Send less at once. A single row is left out for now: whether it is the row, the others will tell."""
        self._most_rows = max(1, len(rows) // 2)
        if len(rows) > 1:
            return _SOON_MS
        if len(self._suspects) < _MOST_SUSPECTS:
            self._suspects.append(rows[0])
            return _SOON_MS
        self._suspects = []
        self._counters.failed_posts += 1
        return self.backoff.failed()

    def _stored(self, outcome: Outcome, rows: "list[tuple[int, int]]", last: "tuple[int, int]") -> int:
        if outcome.server_s is not None:
            self._clock.set(outcome.server_s * 1000)
        self.unwelcomes, self.has_stored, self.offer = 0, True, outcome
        self._most_rows = min(2 * self._most_rows, self.target.most_rows)
        if len(outcome.refused) == len(rows) and self._refused_rounds < _MOST_REFUSED_ROUNDS:
            # Not one of them: rather something is set wrongly, here or there, that a day may mend.
            self._refused_rounds += 1
            self._stored_ms = self._clock.uptime_ms()
            return self.backoff.spread(_UNWELCOME_MS)
        self._refused_rounds = 0
        for index, reason in outcome.refused:
            self._set_aside(rows[index], reason)
        self._done(last)
        self._counters.sent += len(rows) - len(outcome.refused)
        self._counters.refused += len(outcome.refused)
        self.backoff.succeeded()
        self._stored_ms = self._clock.uptime_ms()
        return 0 if self._ring.oldest(1) else self.backoff.spread(self.target.every_ms)

    def _fields_of(self, frame: Frame) -> "list[tuple[str, str]] | None":
        """Return a frame as the fields of a row; None for one that is no reading, or has no time."""
        if frame.kind != records.READING:
            return None
        reading = records.decode(frame.payload, self._bases.reading(frame.base))
        at = self._time_of(reading, frame.at)
        if at is None:
            self._undated.append(frame.at)
            return None
        sources = self.target.sources
        source = sources[reading.meter] if reading.meter < len(sources) else "acuvim-ii"
        is_new = self._clock.uptime_ms() < self.target.full_until_ms
        return row_fields(reading, at, ALL if is_new else self.target.wanted, source)

    def _time_of(self, reading: Reading, where: "tuple[int, int]") -> "int | None":
        """Return the seconds since 1970 of a reading that lies somewhere in the ring.

        One that was taken before its boot knew the time is dated by the first that this boot was told, or by its guess
        where that is over, and always by that: sent twice it has to be the same row.
        """
        if reading.boot is None:
            return reading.at
        if reading.boot == self._clock.boot:
            sync = self._clock.first_sync
        else:
            if self._clocks is None:
                clocks = [records.decode_clock(payload) for payload in self._ring.find(records.CLOCK)]
                self._clocks = {boot: (uptime_s, epoch_s) for boot, uptime_s, epoch_s in clocks}
            sync = self._clocks.get(reading.boot)
            if sync is None:
                guess = reading.guess or self._later_guess(reading.boot, where)
                sync = None if guess is None else (0, guess)
        return None if sync is None else sync[1] + reading.at - sync[0]

    def _later_guess(self, boot: int, where: "tuple[int, int]") -> "int | None":
        """Return what the next readings of a boot say of its start: the meter's clock may have been silent at first."""
        for frame in self._ring.oldest(_FRAMES_AT_ONCE, where):
            if frame.kind == records.READING:
                reading = records.decode(frame.payload, self._bases.reading(frame.base))
                if reading.boot != boot or reading.guess is not None:
                    return reading.guess if reading.boot == boot else None
        return None

    def _done(self, last: "tuple[int, int]") -> None:
        """Take away what was dealt with; what has no time and never will is set aside first."""
        for at in self._undated:
            self._set_aside(at, "its time is not known")
        for at in self._suspects:
            self._set_aside(at, "the portal takes others, and not this one")
        self._counters.undated += len(self._undated)
        self._undated, self._suspects = [], []
        self._ring.acknowledge(last)

    def _set_aside(self, at: "tuple[int, int]", reason: str) -> None:
        """Keep what will never be sent, for a person to look at."""
        frame = self._ring.read(at)
        if frame is not None:
            self._counters.set_aside += 1
            text = reason.encode()[:_MOST_REASON]
            reading = records.encode(records.decode(frame.payload, self._bases.reading(frame.base)))
            try:
                self._aside.append(records.REFUSED, bytes((len(text),)) + text + reading)
            except OSError:
                self._counters.not_stored += 1
