"""Refills a gap from the meter's log: a board that was dead has missed readings, and the meter has some of them.

Imported where there is a gap. What is read goes into the ring as readings of their own time, under a name of their own,
with nothing but the registers. It stops where the log does not fit what was read before and after.
"""

from node import records
from node.meter_log import MOST_RECORDS, MeterLog
from node.modbus import ModbusError
from node.quantities import ALL, FIRST_REGISTER, Reading
from node.ring import Ring
from node.sectors import LEANS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.node import Node

_MOST_OFFSET = 1 << 20
_MOST_FAILURES = 20
_MARK = " log"


class Gap:
    """From the last reading before it to the first after it, in seconds since 1970; what the meter is called."""

    def __init__(self, start_s: int, end_s: int, meter: int, decimals: int, ahead_s: int) -> None:
        self.start_s = start_s
        self.end_s = end_s
        self.meter = meter
        self.decimals = decimals
        self.ahead_s = ahead_s


class Refill:
    """Does a little at each step, while no reading of the meter waits."""

    def __init__(self, log: MeterLog, gap: Gap) -> None:
        self._log = log
        self._gap = gap
        self._low, self._high = 0, 1
        self._is_bounded = False
        self._next: int | None = None
        self._last: list[int] | None = None

    def step(self) -> "tuple[bool, list[Reading]]":
        """Return whether there is more to do, and readings that were found. Raises `ModbusError`."""
        if self._next is None:
            self._search()
            return True, []
        found: list[Reading] = []
        there = self._log.records(self._next, MOST_RECORDS)
        for record in there:
            at = record.at - self._gap.ahead_s
            if at >= self._gap.end_s or not self._fits(record.counts):
                return False, found
            if at > self._gap.start_s:
                found.append(self._reading(at, record.counts))
        self._next += len(there)
        return len(there) == MOST_RECORDS, found

    def _search(self) -> None:
        """Halve where the first record behind the gap's beginning is; doubling first, since nobody knows how many."""
        if not self._is_bounded:
            self._is_bounded = self._is_behind(self._high) or self._high >= _MOST_OFFSET
            if not self._is_bounded:
                self._low, self._high = self._high, 2 * self._high
        elif self._high - self._low > 1:
            middle = (self._low + self._high) // 2
            if self._is_behind(middle):
                self._high = middle
            else:
                self._low = middle
        else:
            self._next = self._low

    def _is_behind(self, offset: int) -> bool:
        """Return whether the record there is behind the beginning, or not there."""
        there = self._log.records(offset, 1)
        return not there or there[0].at - self._gap.ahead_s > self._gap.start_s

    def _fits(self, counts: "list[int]") -> bool:
        """Return whether registers only rise: a log of another meter, or of before a reset, is not mixed in."""
        if self._last is not None and (counts[0] < self._last[0] or counts[1] < self._last[1]):
            return False
        self._last = counts
        return True

    def _reading(self, at: int, counts: "list[int]") -> Reading:
        values: list[int | None] = [None] * len(ALL)
        for register, count in enumerate(counts):
            values[FIRST_REGISTER + register] = count
        return Reading(at, values, self._gap.decimals, self._gap.meter)


class Refilling:
    """The refills of a node. A gap is written down: one that is cut goes on with the next start."""

    def __init__(self, node: "Node") -> None:
        self._node = node
        self._before_s = last_reading_s(node.ring)
        self._refill: Refill | None = None
        self._is_over = False
        self._failures = 0

    def step(self) -> None:
        """Read a little of the log; to be called by whoever stores readings, while no reading waits."""
        if self._is_over or self._node.clock.now_ms() is None or self._node.meter.scaling is None:
            return
        if self._refill is None:
            self._refill = self._begun()
            self._is_over = self._refill is None
            return
        try:
            self._is_over = self._is_done(self._refill)
        except ModbusError:
            self._failures += 1
            self._is_over = self._failures >= _MOST_FAILURES

    def _begun(self) -> "Refill | None":
        node, settings, clock = self._node, self._node.settings, self._node.clock
        gap = settings.numbers("gap")
        start_s = ((clock.now_ms() or 0) - clock.uptime_ms()) // 1000
        if self._before_s is not None and start_s - self._before_s > 2 * settings.number("period_s", 60):
            gap = [min(gap + [self._before_s]), start_s]
            settings.keep({"gap": gap})
        decimals = node.meter.scaling.register_decimals() if node.meter.scaling else 6
        # The log has what the meter shows; beside transformers that would have to be multiplied.
        if len(gap) != 2 or decimals == 6 or "meter_ahead_s" not in settings.values:
            return None
        number = node.source_number("acuvim-ii" + _MARK)
        settings.keep({"sources": node.target.sources})
        found = Gap(gap[0], gap[1], number, decimals, settings.number("meter_ahead_s", 0))
        return Refill(MeterLog(node.master, settings.number("unit", 1), settings.number("log", 1) - 1), found)

    def _is_done(self, refill: Refill) -> bool:
        is_more, found = refill.step()
        for reading in found:
            try:
                self._node.ring.append(records.READING, records.encode(reading))
                self._node.counters.refilled += 1
            except OSError:
                self._node.counters.not_stored += 1
        if not is_more:
            self._node.settings.keep({"gap": None})
        return not is_more


def last_reading_s(ring: Ring) -> "int | None":
    """Return when the last reading that the ring has was taken, sent or not; None where that is not known."""
    for back in range(2):
        sector, last = ring.last_sector(back), None
        while sector is not None and sector.next():
            if sector.kind & ~LEANS == records.READING:
                base = sector.base if sector.kind & LEANS else None
                last = records.decode(sector.payload, records.decode(base) if base else None)
        if last is not None:
            return None if last.boot is not None else last.at
    return None
