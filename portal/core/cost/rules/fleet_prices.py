"""The prices of a local month for a whole fleet: tariffs that say the same share a calendar of hours."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from portal.core.cost.rules.rates import Price, at_hours, segments
from portal.core.values.time import HOUR, floor_hour, local_midnight

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from portal.core.tariffs.rules.tariffs import Tariff

_OUTSIDE = 0
_DAY = timedelta(days=1)


class LocalMonth(NamedTuple):
    """A month of local days by its first one."""

    first: date

    def window(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return the UTC instants `[from, to)` of the month in a zone."""
        following = (self.first + 31 * _DAY).replace(day=1)
        return local_midnight(self.first, zone), local_midnight(following, zone)


@dataclass
class FleetPrices:
    """The calendars of a month, each a price for every hour from `first_hour` on; 0 is an hour outside of the month.

    `prices[number - 1]` is the price of a number. A calendar in `uneven` has hours within which a price or the month
    begins or ends: they have the price that holds at their begin.
    """

    month: LocalMonth
    first_hour: datetime
    hours: int
    numbers: list[int] = field(default_factory=list[int])
    prices: list[Price | None] = field(default_factory=list[Price | None])
    uneven: set[int] = field(default_factory=set[int])
    _calendars: dict[object, int] = field(default_factory=dict[object, int])
    _of_price: dict[Price | None, int] = field(default_factory=dict[Price | None, int])

    def calendar_of(self, tariffs: Sequence[Tariff], zone: ZoneInfo) -> int:
        """Return the number of the calendar of some tariffs in a zone; the same for those that say the same."""
        anonymous = tuple(replace(tariff, id=0, municipality_id=0, name="") for tariff in tariffs)
        key = (anonymous, zone.key)
        found = self._calendars.get(key)
        if found is None:
            found = self._calendars[key] = len(self._calendars)
            self.numbers.extend(self._numbered(anonymous, zone, found))
        return found

    def price(self, number: int) -> Price | None:
        """Return the price of a number of an hour within the month."""
        return self.prices[number - 1]

    def _numbered(self, tariffs: Sequence[Tariff], zone: ZoneInfo, calendar: int) -> list[int]:
        from_at, to_at = self.month.window(zone)
        whole, split = at_hours(segments(tariffs, zone, from_at, to_at, zone))
        numbers = [_OUTSIDE] * self.hours
        for run in whole:
            first, end = ((at - self.first_hour) // HOUR for at in run[:2])
            numbers[first:end] = [self._number_of(run.price)] * (end - first)
        for hour in split:
            self.uneven.add(calendar)
            numbers[(hour.hour - self.first_hour) // HOUR] = self._number_of(hour.segments[0].price)
        return numbers

    def _number_of(self, price: Price | None) -> int:
        number = self._of_price.get(price)
        if number is None:
            self.prices.append(price)
            number = self._of_price[price] = len(self.prices)
        return number


def fleet_prices(month: LocalMonth, zones: Sequence[ZoneInfo]) -> FleetPrices:
    """Return no calendar yet, over the hours of a month in all of some zones."""
    windows = [month.window(zone) for zone in zones]
    first = floor_hour(min(from_at for from_at, _ in windows))
    end = max(to_at for _, to_at in windows)
    return FleetPrices(month, first, -((first - end) // HOUR))
