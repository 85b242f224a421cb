"""A whole node: the parts, put together over what a board hands in."""

from node.acuvim import Acuvim, Scaling, kept_scaling
from node.backoff import Backoff
from node.cadence import Cadence
from node.clock import Clock
from node.counters import Counters
from node.meter_clock import MeterClock
from node.modbus import Master, ModbusError
from node.ring import Ring
from node.sampler import Sampler
from node.settings import Settings
from node.uploader import Target, Uploader
from node.watchdog import Watchdog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.ports import Board


# Blocks of the partition: two copies of the settings, rows set aside, and everything else for readings.
SETTINGS_BLOCKS, ASIDE_BLOCKS = 2, 4
_SAMPLER_LIMIT_MS, _UPLOADER_LIMIT_MS = 180_000, 1_800_000
_MOST_SOURCE = 50


class Node:
    """Raises `RingDamaged` where the partition holds something that is no ring; nothing is written then."""

    def __init__(self, board: "Board") -> None:
        self.settings = Settings(board.flash)
        self.is_set_up = self.settings.load()
        block = bytearray(board.flash.block_size)
        self.ring = Ring(board.flash, SETTINGS_BLOCKS + ASIDE_BLOCKS, None, board.lock, block)
        self.aside = Ring(board.flash, SETTINGS_BLOCKS, ASIDE_BLOCKS, board.lock, block)
        self.ring.mount()
        self.aside.mount()
        self.clock = Clock(board.ticks, board.boot)
        self.counters = Counters()
        self.target = _target(self.settings)
        self._meter = _meter(self.settings, board)
        cadence = Cadence(self.clock, self.settings.number("period_s", 60))
        self.sampler = Sampler(self._meter, self.ring, self.clock, cadence, self.counters)
        self.sampler.meter_number = self.settings.number("meter", 0)
        self.sampler.rescaled = self._keep_scaling
        self._meter_clock = MeterClock(self._meter, self.clock, self.settings)
        self.uploader = Uploader(
            self.target, self.ring, self.aside, board.link, self.clock, self.counters, Backoff(board)
        )
        self.watchdog = Watchdog(self.clock, board)
        self._sampler_feeder = self.watchdog.feeder("sampler", _SAMPLER_LIMIT_MS)
        self._uploader_feeder = self.watchdog.feeder("uploader", _UPLOADER_LIMIT_MS)

    def sample(self) -> int:
        """Take the step of the thread that reads the meter; return how many milliseconds it may sleep."""
        self._meter_clock.step()
        wait_ms = self.sampler.step()
        self._sampler_feeder.feed()
        self.watchdog.check()
        return wait_ms

    def upload(self) -> int:
        """Take the step of the thread that sends; return how many milliseconds it may sleep.

        Where nothing has got through for hours it feeds nobody any more, and the watchdog starts the board anew.
        """
        wait_ms = self.uploader.step()
        self.rest()
        return wait_ms

    def rest(self) -> None:
        """Say that the thread that sends is alive, also while it has nothing to do."""
        if not self.uploader.is_stuck():
            self._uploader_feeder.feed()

    def _keep_scaling(self) -> None:
        """Keep what the meter is and how it is set up, when that has changed: readings say it as their source."""
        scaling = self._meter.scaling
        if scaling is None or scaling.kept() == self.settings.numbers("scaling"):
            return
        sources = self.target.sources
        source = self._source(scaling)
        if source not in sources:
            sources.append(source)
        self.sampler.meter_number = sources.index(source)
        self.settings.values.update(
            {"scaling": scaling.kept(), "sources": sources, "meter": self.sampler.meter_number}
        )
        self.settings.store()

    def _source(self, scaling: Scaling) -> str:
        source = "acuvim-ii " + scaling.name()
        at = self.settings.numbers("serial_at")
        if len(at) == 2:
            try:
                source += " SN" + self._meter.read_text(at[0], at[1])
            except ModbusError:
                pass
        return "".join([char for char in source if " " <= char <= "~" and char not in '"\\'])[:_MOST_SOURCE]


def _meter(settings: Settings, board: "Board") -> Acuvim:
    ratios = settings.numbers("ratios")
    override = (ratios[0], ratios[1], ratios[2], ratios[3]) if len(ratios) == 4 else None
    meter = Acuvim(Master(board.line, board.ticks), settings.number("unit", 1), override)
    meter.scaling = kept_scaling(settings.numbers("scaling"))
    return meter


def _target(settings: Settings) -> Target:
    target = Target(
        settings.text("host"),
        settings.number("port", 443),
        bool(settings.number("tls", 1)),
        settings.text("token"),
    )
    target.every_ms = settings.number("every_s", 900) * 1000
    wanted = settings.numbers("wanted")
    target.wanted = tuple(wanted) if wanted else target.wanted
    target.sources = settings.texts("sources") or target.sources
    return target
