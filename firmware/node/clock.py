"""Time on a board without a clock: a counter that never goes back, and what an hour it turned out to be.

Everything is integers: as a 32-bit float the seconds since 1970 are exact to two minutes.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.ports import Ticks

# Before the first release nobody can have been; a board without a battery starts in 2000, a modem in 1980 or 2004.
EARLIEST_S = 1_767_225_600  # 2026-01-01
LATEST_S = EARLIEST_S + 40 * 366 * 86_400
_STEP_MS = 2_000
_DAYS_TO_1970 = 719_468


class Clock:
    """Uptime, and the time once somebody has said it. `boot` tells one start of the board from others.

    `first_sync` says when that was: seconds since the start, and since 1970. `start_s` is when it started, by a guess.
    """

    def __init__(self, ticks: "Ticks", boot: int) -> None:
        self.boot = boot
        self.steps = 0
        self.first_sync: tuple[int, int] | None = None
        self.start_s: int | None = None
        self._ticks = ticks
        self._last = ticks.ms()
        self._uptime_ms = 0
        self._epoch_at_start_ms: int | None = None

    def uptime_ms(self) -> int:
        """Return the milliseconds since the start; to be asked at least once in six days, while the counter wraps."""
        now = self._ticks.ms()
        self._uptime_ms += max(0, self._ticks.diff(now, self._last))
        self._last = now
        return self._uptime_ms

    def now_ms(self) -> "int | None":
        """Return the milliseconds since 1970 UTC; None as long as nobody has said."""
        at_start_ms = self._epoch_at_start_ms
        return None if at_start_ms is None else at_start_ms + self.uptime_ms()

    def best_ms(self) -> "int | None":
        """Return the same, or a guess where there is one: good enough for round minutes."""
        if self._epoch_at_start_ms is None and self.start_s is not None:
            return self.start_s * 1000 + self.uptime_ms()
        return self.now_ms()

    def set(self, epoch_ms: int) -> bool:
        """Take a time that somebody trustworthy said just now; whether it can be true at all.

        The first dates the readings of this boot that had no time. A later one that differs by two seconds or more is a
        step, for readings from now on: what is stamped stays as it is, since it may have been sent.
        """
        uptime_ms = self.uptime_ms()
        if not _is_plausible(epoch_ms):
            return False
        if self.first_sync is None:
            self.first_sync = uptime_ms // 1000, (epoch_ms - uptime_ms % 1000) // 1000
        elif abs(epoch_ms - (self.now_ms() or 0)) >= _STEP_MS:
            self.steps += 1
        self._epoch_at_start_ms = epoch_ms - uptime_ms
        return True

    def guess(self, epoch_ms: int) -> None:
        """Take a time that is probably right, until somebody knows better."""
        if self.start_s is None and _is_plausible(epoch_ms):
            self.start_s = (epoch_ms - self.uptime_ms()) // 1000


def _is_plausible(epoch_ms: int) -> bool:
    return EARLIEST_S <= epoch_ms // 1000 < LATEST_S


def seconds_of(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> int:
    """Return the seconds since 1970 of a date in UTC; ports count `time` from different years."""
    # Years begin in March, so that the leap day is the last (Howard Hinnant, days_from_civil).
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    days = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - _DAYS_TO_1970
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def seconds_of_text(text: str) -> "int | None":
    """Return the seconds since 1970 of a time as the portal answers it, `2026-05-18T12:00:00Z`; None for any other."""
    if len(text) < 20 or text[-1] != "Z" or text[4] + text[7] + text[10] + text[13] + text[16] != "--T::":
        return None
    try:
        return seconds_of(
            int(text[:4]),
            int(text[5:7]),
            int(text[8:10]),
            int(text[11:13]),
            int(text[14:16]),
            int(text[17:19]),
        )
    except ValueError:
        return None
