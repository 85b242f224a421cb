"""A whole node: the parts, put together over what a board hands in."""

from node.acuvim import Acuvim, Scaling, kept_scaling
from node.backoff import Backoff
from node.cadence import Cadence
from node.clock import Clock
from node.counters import Counters
from node.meter_clock import MeterClock
from node.modbus import Master, ModbusError
from node.ring import Ring, RingDamaged
from node.sampler import Sampler
from node.settings import Settings
from node.uploader import Target, Uploader
from node.watchdog import Watchdog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.ports import Board
    from node.refill import Refilling


# Blocks of the partition: two copies of the settings, rows set aside, and everything else for readings.
SETTINGS_BLOCKS, ASIDE_BLOCKS = 2, 4
_SAMPLER_LIMIT_MS, _UPLOADER_LIMIT_MS = 180_000, 1_800_000
_SHORT_MS, _IDLE_MS, _CLAIM_MS = 5_000, 10_000, 30_000
_CLAIM_EVERY = 8
# As the portal takes it; and what the settings have room for, with a new meter every few months.
_MOST_SOURCE, _MOST_SOURCES = 50, 40


class Node:
    """`is_degraded`: the flash holds something that is no ring. It is left as it is, and readings wait in memory.

    `wants_restart`: settings or a program were fetched that hold from the next start on; the board starts anew by it.
    """

    def __init__(self, board: "Board") -> None:
        self.settings = Settings(board.flash)
        self.is_set_up = self.settings.load()
        self.is_degraded = False
        block = bytearray(board.flash.block_size)
        self.ring = self._mounted(
            Ring(board.flash, SETTINGS_BLOCKS + ASIDE_BLOCKS, None, board.lock, block), board
        )
        self.aside = self._mounted(Ring(board.flash, SETTINGS_BLOCKS, ASIDE_BLOCKS, board.lock, block), board)
        self.clock = Clock(board.ticks, board.boot)
        self.counters = Counters()
        self.target = _target(self.settings)
        self.master = Master(board.line, board.ticks)
        self.meter = _meter(self.settings, self.master)
        cadence = Cadence(self.clock, self.settings.number("period_s", 60))
        self.sampler = Sampler(self.meter, self.ring, self.clock, cadence, self.counters)
        self.sampler.meter_number = self.settings.number("meter", 0)
        self.sampler.rescaled = self._keep_scaling
        self._meter_clock = MeterClock(self.meter, self.clock, self.settings)
        self.board = board
        self._refilling: Refilling | None = None
        self.wants_restart = False
        updates = board.updates
        if updates is not None:
            self.target.running, self.target.failed_update = updates.running, updates.failed
        self.uploader = Uploader(
            self.target, self.ring, self.aside, board.link, self.clock, self.counters, Backoff(board)
        )
        if self.settings.number("log", 0):
            from node import refill  # noqa: PLC0415 - only where the meter has a log

            self._refilling = refill.Refilling(self)
        self.watchdog = Watchdog(self.clock, board)
        self._sampler_feeder = self.watchdog.feeder("sampler", _SAMPLER_LIMIT_MS)
        self._uploader_feeder = self.watchdog.feeder("uploader", _UPLOADER_LIMIT_MS)

    def sample(self) -> int:
        """Take the step of the thread that reads the meter; return how many milliseconds it may sleep."""
        try:
            # The meter's clock before the first reading of a start; else while no reading waits.
            if self.clock.best_ms() is None:
                self._meter_clock.step()
            wait_ms = self.sampler.step()
            if wait_ms > _IDLE_MS:
                self._meter_clock.step()
                if self._refilling is not None:
                    self._refilling.step()
        except MemoryError:
            # The other thread had the rest; it will be collected.
            self.counters.failed_reads += 1
            wait_ms = _SHORT_MS
        self._sampler_feeder.feed()
        self.watchdog.check()
        return wait_ms

    def upload(self) -> int:
        """Take the step of the thread that sends; return how many milliseconds it may sleep.

        Where nothing has got through for hours it feeds nobody any more, and the watchdog starts the board anew.
        """
        try:
            wait_ms = self.uploader.step() if self.target.token or not self.target.host else _CLAIM_MS
            if self._has_errand():
                # Memory that a board has to spare for it now and then, and not always.
                from node import errands  # noqa: PLC0415

                if not errands.run(self):
                    wait_ms = self.uploader.failed()
        except MemoryError:
            wait_ms = self.uploader.sends_less()
        self.rest()
        return wait_ms

    def _has_errand(self) -> bool:
        offer = self.uploader.offer
        if self.target.host and (not self.target.token or self.uploader.unwelcomes % _CLAIM_EVERY == 1):
            return True
        if self.uploader.has_stored and self.board.updates is not None and self.board.updates.is_trial():
            return True
        return offer is not None and bool(offer.settings or offer.update)

    def rest(self) -> None:
        """Say that the thread that sends is alive, also while it has nothing to do."""
        if not self.uploader.is_stuck():
            self._uploader_feeder.feed()

    def _mounted(self, ring: Ring, board: "Board") -> Ring:
        try:
            ring.mount()
        except (RingDamaged, OSError):
            self.is_degraded = True
            from node.memory_blocks import MemoryBlocks  # noqa: PLC0415 - memory is short where the flash is sound

            ring = Ring(MemoryBlocks(), lock=board.lock)
            ring.mount()
        return ring

    def _keep_scaling(self) -> None:
        """Keep what the meter is and how it is set up, when that has changed: readings say it as their source."""
        scaling = self.meter.scaling
        source = None if scaling is None else self._source(scaling)
        if scaling is None or source is None:
            return
        number = self.source_number(source)
        if scaling.kept() != self.settings.numbers("scaling") or number != self.sampler.meter_number:
            self.sampler.meter_number = number
            self.settings.keep({"scaling": scaling.kept(), "sources": self.target.sources, "meter": number})

    def source_number(self, source: str) -> int:
        """Return the number under which the settings keep what a meter is called; they are to be kept afterwards."""
        sources = self.target.sources
        if source not in sources and len(sources) < _MOST_SOURCES:
            sources.append(source)
        return sources.index(source) if source in sources else 0

    def _source(self, scaling: Scaling) -> "str | None":
        """Return what the meter is called; None where its number could not be read now."""
        source = "acuvim-ii " + scaling.name()
        at = self.settings.numbers("serial_at")
        if len(at) == 2:
            try:
                source += " SN" + self.meter.read_text(at[0], at[1])
            except ModbusError:
                return None
        return "".join([char for char in source if " " <= char <= "~" and char not in '"\\'])[:_MOST_SOURCE]


def _meter(settings: Settings, master: Master) -> Acuvim:
    ratios = settings.numbers("ratios")
    override = (ratios[0], ratios[1], ratios[2], ratios[3]) if len(ratios) == 4 else None
    meter = Acuvim(master, settings.number("unit", 1), override)
    meter.scaling = kept_scaling(settings.numbers("scaling"))
    return meter


def _target(settings: Settings) -> Target:
    target = Target(
        settings.text("host"),
        settings.number("port", 443),
        bool(settings.number("tls", 1)),
        settings.text("token"),
    )
    target.every_ms = settings.number("every_s", 1800) * 1000
    target.settings_version = settings.number("settings_version", 0)
    wanted = settings.numbers("wanted")
    target.wanted = tuple(wanted) if wanted else target.wanted
    target.sources = settings.texts("sources") or target.sources
    return target
