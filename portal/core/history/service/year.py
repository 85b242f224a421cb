"""A year of a meter by its hours: what a heat map shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from portal.core import energy
from portal.core.cost.queries.energy_hours import meter_hours
from portal.core.history.queries.buckets import buckets_of
from portal.core.history.rules.buckets import TimeSpan
from portal.core.readings.rules.quantities import QUANTITY_OF
from portal.core.values.money import MILLIWH_PER_KWH
from portal.core.values.time import HOUR, local_midnight

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from portal.core.history.queries.meters import ChartedMeter
    from portal.core.stack import Stack

HOURS_OF_DAY = 24
YEAR_DAYS = 365
ENERGY, HIGHEST_POWER = "energy", "power"
"""What a year may be of: kWh of each hour, or the highest kW in it."""


@dataclass(frozen=True)
class YearOfHours:
    """`days` days from `first_day` on, each with the values of its 24 local hours: None where there is none.

    Where the clock is set back an hour comes twice, and the second counts; where it is set forward one has no value.
    `hour_count` is how many hours there are up to now, `known_count` how many of them have a value.
    """

    first_day: date
    days: tuple[tuple[float | None, ...], ...]
    hour_count: int
    known_count: int

    @property
    def highest(self) -> float:
        """The highest value; 0 without any."""
        return max((value for day in self.days for value in day if value is not None), default=0.0)


async def year_of_hours(
    stack: Stack, meters: Sequence[ChartedMeter], last_day: date, zone: ZoneInfo, measure: str = ENERGY
) -> YearOfHours:
    """Return the 365 days up to and with `last_day` of some meters together, by the zone's hours."""
    first_day = last_day - timedelta(days=YEAR_DAYS - 1)
    span = TimeSpan(local_midnight(first_day, zone), local_midnight(last_day + timedelta(days=1), zone))
    found = await (_energy if measure == ENERGY else _power)(stack, meters, span)
    days: list[list[float | None]] = [[None] * HOURS_OF_DAY for _ in range(YEAR_DAYS)]
    for at, value in found:
        local = at.astimezone(zone)
        index = (local.date() - first_day).days
        if 0 <= index < YEAR_DAYS:
            days[index][local.hour] = value
    passed = max(0, (min(span.to_at, stack.clock()) - span.from_at) // HOUR)
    known = sum(value is not None for day in days for value in day)
    return YearOfHours(first_day, tuple(map(tuple, days)), max(passed, known), known)


async def _energy(
    stack: Stack, meters: Sequence[ChartedMeter], span: TimeSpan
) -> Iterable[tuple[datetime, float]]:
    async with energy.counted(stack) as counted:
        hours = await meter_hours(counted, [meter.id for meter in meters], span.from_at, span.to_at)
    sums: dict[datetime, int] = {}
    for each in hours:
        sums[each.hour] = sums.get(each.hour, 0) + each.allocated_milliwh
    return [(hour, milliwh / MILLIWH_PER_KWH) for hour, milliwh in sums.items()]


async def _power(
    stack: Stack, meters: Sequence[ChartedMeter], span: TimeSpan
) -> Iterable[tuple[datetime, float]]:
    """Return the highest power of each hour; of several meters their highest added up, which all may not have had."""
    sums: dict[datetime, float] = {}
    async with stack.db.snapshot() as session:
        for meter in meters:
            asked = (QUANTITY_OF["active_power_kw"],)
            for bucket in await buckets_of(session, meter.small_key, asked, (span, HOUR, "UTC")):
                [high] = bucket.highs
                if high is not None:
                    sums[bucket.at] = sums.get(bucket.at, 0.0) + high
    return sums.items()
