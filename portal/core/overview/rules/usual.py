"""What is usual: the median of the last four days of the same kind, hour by hour.

Local days and hours are those of one zone; an hour that a clock change takes away or repeats is as any other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from portal.core.values.time import HOUR, floor_hour, local_midnight

WEEKS = 4
FEWEST_DAYS = 3
"""So many of the four days must be known, or nothing is said to be usual."""

_LEAST_COVERAGE = 0.9
_HOURS = 24
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class KnownHours:
    """The energy of a site in the UTC hours in which that of all its meters is known, in milliwatt-hours."""

    milliwh: Mapping[datetime, int] = field(default_factory=dict[datetime, int])

    def sum_of(self, hours: Sequence[datetime]) -> int:
        """Return the energy of those of some hours that are known."""
        return sum(self.milliwh.get(hour, 0) for hour in hours)


def hours_of_day(day: date, zone: ZoneInfo) -> list[datetime]:
    """Return the UTC hours that begin in a local day, in order: 23 to 25 of them."""
    return list(hours_between(local_midnight(day, zone), local_midnight(day + _DAY, zone)))


def hours_between(from_at: datetime, to_at: datetime) -> Iterator[datetime]:
    """Yield the UTC hours from the one that holds `from_at` on that begin before `to_at`."""
    hour = floor_hour(from_at)
    while hour < to_at:
        yield hour
        hour += HOUR


def usual_day(site: KnownHours, like: date, before: date, zone: ZoneInfo) -> dict[int, int] | None:
    """Return the usual energy of each local hour of days such as `like`, from those before a day.

    Of the last four days with its weekday those count of which nine tenths are known. None where there are fewer than
    three.
    """
    latest = before - timedelta(days=(before - like).days % 7 or 7)
    days = [hours_of_day(latest - timedelta(weeks=week), zone) for week in range(WEEKS)]
    known = [day for day in days if _coverage(site, day) >= _LEAST_COVERAGE]
    if len(known) < FEWEST_DAYS:
        return None
    values: dict[int, list[int]] = {hour: [] for hour in range(_HOURS)}
    for day in known:
        for hour in day:
            if (milliwh := site.milliwh.get(hour)) is not None:
                values[hour.astimezone(zone).hour].append(milliwh)
    return {hour: _median(found) for hour, found in values.items()}


def _coverage(site: KnownHours, hours: Sequence[datetime]) -> float:
    return sum(hour in site.milliwh for hour in hours) / len(hours)


def _median(found: Sequence[int]) -> int:
    """Return the middle of some values, the mean of the two in the middle."""
    if not found:
        return 0
    ordered = sorted(found)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) // 2


def coverage_of(sites: Sequence[KnownHours], hours: Sequence[datetime]) -> float:
    """Return which share of some hours of some sites is known."""
    if not sites or not hours:
        return 0.0
    return sum(hour in site.milliwh for site in sites for hour in hours) / (len(sites) * len(hours))
