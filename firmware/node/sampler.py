"""Reads the meter when it is due and puts what it said into the ring. Knows nothing of modem and portal."""

from node import records
from node.acuvim import Acuvim
from node.cadence import Cadence
from node.clock import Clock
from node.counters import Counters
from node.modbus import ModbusError
from node.quantities import Reading
from node.ring import Ring

_RESCALE_MS = 3_600_000
_IDLE_MS = 10_000
_TRIES, _RETRY_MS = 3, 5_000


def _nobody() -> None:
    """Nobody wants to know."""


class Sampler:
    """Everything that is stored is stored by it, so that order and bases of the ring are its own.

    `rescaled` is called when the meter has said how it is set up, before the reading that this is for;
    `meter_number` is the number under which the settings keep what the meter is called.
    """

    def __init__(self, meter: Acuvim, ring: Ring, clock: Clock, cadence: Cadence, counters: Counters) -> None:
        self._meter = meter
        self._ring = ring
        self._clock = clock
        self._cadence = cadence
        self._counters = counters
        self._bases = records.Bases()
        self._clock_is_kept = False
        self._scaled_ms: int | None = None
        self._tries = 0
        self._retry_ms: int | None = None
        self.is_meter_there = True
        self.meter_number = 0
        self.rescaled = _nobody

    def step(self) -> int:
        """Do what is due, and return how many milliseconds there is nothing to do."""
        self._keep_clock()
        wait_ms = self._cadence.wait_ms()
        if wait_ms:
            # The meter is asked how it is set up while no reading waits: one is of the instant it says.
            if wait_ms > _IDLE_MS:
                self._ask_again()
            return wait_ms
        if self._retry_ms is not None and self._clock.uptime_ms() < self._retry_ms:
            return self._retry_ms - self._clock.uptime_ms()
        if self._take():
            self._cadence.take()
            self._tries, self._retry_ms = 0, None
        return 0

    def _keep_clock(self) -> None:
        """Date the readings of this boot on flash, as soon as the time is known."""
        sync = self._clock.first_sync
        if sync is not None and not self._clock_is_kept:
            self._clock_is_kept = True
            try:
                self._ring.append(records.CLOCK, records.encode_clock(self._clock.boot, sync[0], sync[1]))
            except OSError:
                self._counters.not_stored += 1

    def _take(self) -> bool:
        """Take a reading, and return whether this period is dealt with."""
        try:
            if self._scaled_ms is None:
                self._rescale()
            at, boot, guess = self._clock.now_ms(), None, None
            if at is None:
                at, boot, guess = self._clock.uptime_ms(), self._clock.boot, self._clock.start_s
            values, decimals = self._meter.values(self._meter.read_block())
        except (ModbusError, ValueError):
            self._counters.failed_reads += 1
            self._tries += 1
            self.is_meter_there = False
            self._retry_ms = self._clock.uptime_ms() + _RETRY_MS
            return self._tries >= _TRIES
        self.is_meter_there = True
        self._counters.taken += 1
        self._store(Reading(at // 1000, values, decimals, self.meter_number, boot, guess))
        return True

    def _ask_again(self) -> None:
        if self._scaled_ms is not None and self._clock.uptime_ms() - self._scaled_ms >= _RESCALE_MS:
            self._rescale()

    def _rescale(self) -> None:
        """Ask how the meter is set up. Without an answer, what it last said holds; it has to have said something."""
        try:
            self._meter.read_scaling()
        except (ModbusError, ValueError):
            if self._meter.scaling is None:
                raise
        else:
            self.rescaled()
        self._scaled_ms = self._clock.uptime_ms()

    def _store(self, reading: Reading) -> None:
        base = self._ring.base
        lean = records.lean(reading, self._bases.reading(base))
        try:
            self._ring.append(records.READING, records.encode(reading), lean, base)
        except OSError:
            self._counters.not_stored += 1
