"""Energy of meters by the quarter of an hour, the hour, the day or the month, in the periods it falls into."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from portal.core import energy
from portal.core.cost.queries.calendars import zone_named
from portal.core.cost.queries.energy_hours import meter_hours
from portal.core.cost.rules.hour_prices import hour_prices
from portal.core.cost.rules.rates import segments
from portal.core.energy.queries import split_intervals
from portal.core.energy.queries.split_intervals import DeviceHour
from portal.core.energy.rules.split_intervals import split_interval
from portal.core.history.rules.buckets import whole_span
from portal.core.tariffs.queries import tariffs
from portal.core.values.time import HOUR, floor_hour, local_midnight

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID
    from zoneinfo import ZoneInfo

    from portal.core.cost.queries.energy_hours import EnergyHour
    from portal.core.cost.rules.hour_prices import HourPrice
    from portal.core.energy.rules.as_of import AsOf
    from portal.core.history.queries.meters import ChartedMeter
    from portal.core.history.rules.buckets import TimeSpan
    from portal.core.stack import Stack

NO_TARIFF = "No tariff"
"""Stands for the period of energy that no tariff covers."""

_QUARTER = timedelta(minutes=15)


class BarWidth(StrEnum):
    """What the energy of a bar is of."""

    QUARTER = "15m"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


_LONGEST = {
    BarWidth.QUARTER: timedelta(days=4),
    BarWidth.HOUR: timedelta(days=32),
    BarWidth.DAY: timedelta(days=800),
}
_SHORTEST = {BarWidth.DAY: timedelta(days=2), BarWidth.MONTH: timedelta(days=59)}
_USUAL = {
    BarWidth.HOUR: timedelta(days=7, hours=2),
    BarWidth.DAY: timedelta(days=93),
}


def widths_for(span: TimeSpan) -> tuple[BarWidth, ...]:
    """Return by what widths the energy of a span can be shown: not in too many bars, nor in one."""
    return tuple(
        width
        for width in BarWidth
        if _SHORTEST.get(width, timedelta(0)) <= span.length <= _LONGEST.get(width, timedelta.max)
    )


def width_for(span: TimeSpan) -> BarWidth:
    """Return by what width the energy of a span is shown where nobody says."""
    return next((width for width, longest in _USUAL.items() if span.length <= longest), BarWidth.MONTH)


@dataclass(frozen=True)
class EnergyBar:
    """The energy of `[at, end_at)`, by period (None: the default rate; NO_TARIFF: none), in milliwatt-hours.

    `unallocated_milliwh` is of gaps that end in it: it is known, but not of which hour it is.
    """

    at: datetime
    end_at: datetime
    milliwh_of: dict[str | None, int] = field(default_factory=lambda: defaultdict(int))
    unallocated_milliwh: int = 0

    @property
    def milliwh(self) -> int:
        """The energy of all its periods."""
        return sum(self.milliwh_of.values())


@dataclass(frozen=True)
class EnergyBars:
    """Bars of hours that are known, in order, and how far they go."""

    width: BarWidth
    bars: tuple[EnergyBar, ...]
    as_of: AsOf


async def energy_bars(
    stack: Stack, meters: Sequence[ChartedMeter], span: TimeSpan, zone: ZoneInfo, width: BarWidth
) -> EnergyBars:
    """Return the energy of some meters together in a span, in the zone's days and months.

    A bar takes the period that most of each hour lies in; quarters of an hour are told from the readings around them.
    """
    whole = whole_span(span, HOUR)
    async with energy.counted(stack) as counted:
        hours = await meter_hours(counted, [meter.id for meter in meters], whole.from_at, whole.to_at)
        prices = await _prices(counted, meters, whole, zone)
        if width is BarWidth.QUARTER:
            hours = await _quarters(stack, counted, hours)
    prices_of = {meter.id: prices.get(meter.municipality_id, {}) for meter in meters}
    return EnergyBars(width, tuple(_bars(hours, prices_of, zone, width)), counted.as_of)


def _bars(
    hours: Sequence[EnergyHour],
    prices_of: dict[UUID, dict[datetime, HourPrice]],
    zone: ZoneInfo,
    width: BarWidth,
) -> Iterator[EnergyBar]:
    bar: EnergyBar | None = None
    unallocated = 0
    for each in hours:
        if bar is None or each.hour >= bar.end_at:
            if bar is not None:
                yield replace(bar, unallocated_milliwh=unallocated)
            bar, unallocated = EnergyBar(*_bounds(each.hour, zone, width)), 0
        price = prices_of[each.id].get(floor_hour(each.hour))
        period = price.period_name if price is not None and price.is_priced else NO_TARIFF
        bar.milliwh_of[period] += each.allocated_milliwh
        unallocated += each.unallocated_milliwh
    if bar is not None:
        yield replace(bar, unallocated_milliwh=unallocated)


def _bounds(at: datetime, zone: ZoneInfo, width: BarWidth) -> tuple[datetime, datetime]:
    """Return begin and end of the bar that an hour, or a quarter of one, belongs to."""
    if width is BarWidth.QUARTER:
        return at, at + _QUARTER
    if width is BarWidth.HOUR:
        return at, at + HOUR
    day = at.astimezone(zone).date()
    if width is BarWidth.DAY:
        return local_midnight(day, zone), local_midnight(day + timedelta(days=1), zone)
    first = day.replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return local_midnight(first, zone), local_midnight(following, zone)


async def _prices(
    counted: energy.Counted, meters: Sequence[ChartedMeter], span: TimeSpan, own_zone: ZoneInfo
) -> dict[int | None, dict[datetime, HourPrice]]:
    """Return the prices of the span's hours in the municipalities of some meters; there are none without one."""
    wanted = {meter.municipality_id for meter in meters}
    prices: dict[int | None, dict[datetime, HourPrice]] = {}
    for each in await tariffs.load(counted.session):
        if each.municipality_id in wanted and (zone := zone_named(each.time_zone_id)) is not None:
            found = segments(each.tariffs, zone, span.from_at, span.to_at, own_zone)
            prices[each.municipality_id] = hour_prices(found)
    return prices


async def _quarters(stack: Stack, counted: energy.Counted, hours: Sequence[EnergyHour]) -> list[EnergyHour]:
    """Take hours apart by the readings around each quarter, as hours are where a rate changes inside one."""
    taken = [_device_hour(stack, counted, each) for each in hours]
    await split_intervals.add_readings(
        counted.session, stack.layout, None, taken, timedelta(minutes=stack.settings.billing.max_gap_minutes)
    )
    found: list[EnergyHour] = []
    for hour, device_hour in zip(hours, taken, strict=True):
        edges = [hour.hour + number * _QUARTER for number in range(4)]
        parts = split_interval(device_hour.allocated_pieces, hour.hour, hour.allocated_milliwh, edges[1:])
        found += [
            hour._replace(hour=at, allocated_milliwh=part, unallocated_milliwh=0)
            for at, part in zip(edges, parts, strict=True)
        ]
        found[-1] = found[-1]._replace(unallocated_milliwh=hour.unallocated_milliwh)
    return sorted(found, key=lambda each: (each.hour, each.id))


def _device_hour(stack: Stack, counted: energy.Counted, hour: EnergyHour) -> DeviceHour:
    found = DeviceHour(hour.id, 0, hour.hour, hour.allocated_milliwh, 0)
    found.judged = counted.live.judgement_of(stack.layout.key(hour.id), hour.hour)
    return found
