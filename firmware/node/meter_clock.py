"""The meter's own clock: what dates the readings of a board that starts without a network.

A board has no battery for a clock, the meter has. Nobody sets that one well, so what is kept is by how much it is ahead
of the time of the network; with that it is good for seconds, in whatever zone it was set. It stays a guess, since
somebody may have set it meanwhile: the network's time, when it comes, dates the readings of this start anew.
"""

from node.acuvim import Acuvim
from node.clock import Clock
from node.modbus import ModbusError
from node.settings import Settings

_AHEAD = "meter_ahead_s"
_AGAIN_MS, _ASK_MS = 3_600_000, 60_000
# A clock drifts by a second a day; written down when it matters, so that flash does not wear by it.
_KEPT_WITHIN_S = 2


class MeterClock:
    """Learns from the network how wrong the meter's clock is, and knows the time by it where there is none."""

    def __init__(self, meter: Acuvim, clock: Clock, settings: Settings) -> None:
        self._meter = meter
        self._clock = clock
        self._settings = settings
        self._learnt_ms: int | None = None
        self._asked_ms: int | None = None

    def step(self) -> None:
        """Ask the meter where that helps: at a start without the time, and now and then while it is known."""
        if self._clock.now_ms() is not None:
            self._learn()
        elif self._clock.start_s is None and _AHEAD in self._settings.values and self._is_time_to_ask():
            shown_s = self._shown_s()
            if shown_s is not None:
                self._clock.guess((shown_s - self._settings.number(_AHEAD, 0)) * 1000)

    def _is_time_to_ask(self) -> bool:
        """A meter that says nothing is asked once a minute, so that its silence does not stop the rest."""
        uptime_ms = self._clock.uptime_ms()
        if self._asked_ms is not None and uptime_ms - self._asked_ms < _ASK_MS:
            return False
        self._asked_ms = uptime_ms
        return True

    def _learn(self) -> None:
        uptime_ms = self._clock.uptime_ms()
        if self._learnt_ms is not None and uptime_ms - self._learnt_ms < _AGAIN_MS:
            return
        self._learnt_ms = uptime_ms
        shown_s, now_ms = self._shown_s(), self._clock.now_ms()
        if shown_s is None or now_ms is None:
            return
        ahead_s = shown_s - now_ms // 1000
        if (
            _AHEAD not in self._settings.values
            or abs(ahead_s - self._settings.number(_AHEAD, 0)) >= _KEPT_WITHIN_S
        ):
            self._settings.keep({_AHEAD: ahead_s})

    def _shown_s(self) -> "int | None":
        try:
            return self._meter.read_clock()
        except ModbusError:
            return None
