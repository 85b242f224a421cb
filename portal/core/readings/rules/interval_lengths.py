"""How long the intervals of a table are, and where the one of a row begins and ends."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Self
from zoneinfo import ZoneInfo

from portal.core.readings.rules.reading_files import FileInvalid

DAY = timedelta(days=1)
_NO_LENGTH = "nothing says how long its intervals are: say it in minutes, like --interval 30"
_WORDS = {
    "hour": 60, "hourly": 60, "1 hour": 60, "half hour": 30, "half-hour": 30, "half hourly": 30, "quarter hour": 15,
    "quarter-hour": 15, "day": 1440, "daily": 1440,
}  # fmt: skip
_MINUTES = re.compile(r"(\d{1,4})\s*(?:m|min|mins|minute|minutes)?")
_HOURS = re.compile(r"(\d{1,2})\s*(?:h|hr|hrs|hours?)")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?")


def duration(text: str) -> timedelta | None:
    """Return the length that a cell names, like "Hour", "30 min" or "00:15"; a bare number is minutes.

    None for what names no length.
    """
    clean = text.strip().lower()
    minutes = _WORDS.get(clean, 0)
    if match := _MINUTES.fullmatch(clean):
        minutes = int(match[1])
    elif match := _HOURS.fullmatch(clean):
        minutes = 60 * int(match[1])
    elif match := _CLOCK.fullmatch(clean):
        minutes = 60 * int(match[1]) + int(match[2])
    return timedelta(minutes=minutes) if 0 < minutes <= 1440 else None


def length_in_words(length: timedelta | None) -> str:
    """Return a length for a person; None is one that each row says."""
    return "the length each row gives" if length is None else f"{length / timedelta(minutes=1):g} minutes"


@dataclass(frozen=True, slots=True)
class IntervalClock:
    """Where intervals begin and end. A day is a local day where the zone is known: it may have 23 or 25 hours."""

    length: timedelta | None
    zone: ZoneInfo | None
    stamped_end: bool

    @classmethod
    def of(
        cls,
        stamps: Sequence[datetime],
        durations: Sequence[timedelta | None],
        told: timedelta | None,
        zone: ZoneInfo | None,
        stamped_end: bool,  # noqa: FBT001 - as the option has it
    ) -> Self:
        """Find the length: as told, else by each row's own, else the most frequent step. Raises FileInvalid."""
        if told is None and durations and all(durations):
            return cls(None, zone, stamped_end)
        if told is None and not stamps:  # no row has a time: each says why
            return cls(None, zone, stamped_end)
        if told is None:
            steps = Counter(abs(later - earlier) for earlier, later in pairwise(stamps) if later != earlier)
            if not steps:
                raise FileInvalid(_NO_LENGTH)
            told = steps.most_common(1)[0][0]
            if told > DAY + timedelta(hours=1):  # a local day has up to 25 hours
                msg = f"its rows are {told / DAY:g} days apart: energy per interval is taken of a day at most"
                raise FileInvalid(msg)
        return cls(told, zone, stamped_end)

    def around(self, stamp: datetime, own: timedelta | None = None) -> tuple[datetime, datetime]:
        """Return start and end of the interval of an aware instant. Raises ValueError where nothing says its length."""
        length = self.length or own
        if length is None:
            raise ValueError(_NO_LENGTH)
        other = self._moved(stamp, -length if self.stamped_end else length)
        return (other, stamp) if self.stamped_end else (stamp, other)

    def _moved(self, stamp: datetime, by: timedelta) -> datetime:
        if self.zone is None or abs(by) != DAY:
            return stamp + by
        local = stamp.astimezone(self.zone).replace(tzinfo=None) + by
        return local.replace(tzinfo=self.zone).astimezone(UTC)
