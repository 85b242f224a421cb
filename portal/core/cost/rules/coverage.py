"""How much of a window has energy from readings: without it no figure is an average, a comparison or a forecast."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from portal.core.values.time import HOUR, floor_hour, local_midnight

_DAY = timedelta(days=1)


class DayCover(NamedTuple):
    """A day of a report: hours of meters that are asked for, and those of them with energy from readings.

    Asked for are the hours that are over, of meters that had begun to send.
    """

    day: date
    asked: int
    covered: int


class MeterBeginning(NamedTuple):
    """The first hour of a meter of which anything is known, and whether it still sends or is to."""

    first_hour: datetime
    is_active: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """The days of a report, ascending."""

    days: tuple[DayCover, ...] = ()

    @property
    def asked(self) -> int:
        """All hours that are asked for."""
        return sum(each.asked for each in self.days)

    @property
    def covered(self) -> int:
        """Those with energy from readings."""
        return sum(each.covered for each in self.days)

    @property
    def is_whole(self) -> bool:
        """Whether every hour asked for has energy from readings, and there is one."""
        return 0 < self.asked == self.covered

    @property
    def empty_days(self) -> tuple[date, ...]:
        """The days without any."""
        return tuple(each.day for each in self.days if not each.covered)


NO_COVERAGE = Coverage()
"""Of an answer that was not asked how far it is covered."""


def coverage_of(
    meters: Sequence[MeterBeginning],
    covered: Iterable[tuple[date, int]],
    window: tuple[datetime, datetime],
    zone: ZoneInfo,
    now: datetime,
) -> Coverage:
    """Return the coverage of a window by the days of a zone; `covered` are hours of meters by day.

    A day is in it that has an hour which is over, whether a meter had begun to send or not.
    """
    found = dict(covered)
    from_at, until = floor_hour(window[0]), min(window[1], floor_hour(now))
    days: list[DayCover] = []
    day = from_at.astimezone(zone).date()
    while (begins := max(local_midnight(day, zone), from_at)) < until:
        ends = min(local_midnight(day + _DAY, zone), until)
        asked = sum(_hours(max(begins, each.first_hour), ends) for each in meters if each.is_active)
        has = found.get(day, 0)
        days.append(DayCover(day, max(asked, has), has))
        day += _DAY
    return Coverage(tuple(days))


def _hours(begins: datetime, ends: datetime) -> int:
    return max(0, -((begins - ends) // HOUR))
