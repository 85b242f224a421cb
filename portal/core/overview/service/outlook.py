"""Whether today is normal, and where the month is heading: what the Client's dashboard says beside its figures."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from portal.core import energy
from portal.core.cost.queries.calendars import zone_named
from portal.core.cost.queries.energy_hours import site_hours
from portal.core.history.queries.meters import charted_meters
from portal.core.overview.queries import present as queries
from portal.core.overview.queries.priced_sites import fixed_of, priced_sites
from portal.core.overview.rules.comparison import compare_day
from portal.core.overview.rules.forecast import (
    MEASURED_MONTHS,
    energy_cost,
    is_full,
    measured_months,
    month_bounds,
    months_before,
    still_to_come,
)
from portal.core.overview.rules.outlook import (
    ClientOutlook,
    MonthOutlook,
    Peak,
    days_of_sites,
    hours_with_usual,
)
from portal.core.overview.rules.usual import WEEKS
from portal.core.tariffs.queries import tariffs
from portal.core.values.time import HOUR, floor_hour, local_midnight

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal
    from uuid import UUID

    from portal.core.cost.queries.energy_hours import EnergyHour
    from portal.core.history.queries.meters import ChartedMeter
    from portal.core.overview.queries.priced_sites import Priced
    from portal.core.overview.rules.forecast import MeasuredMonth
    from portal.core.stack import Stack

_KEPT_SECONDS = 900
_DAY, _LATELY, _LONGEST_AGO = timedelta(days=1), timedelta(days=8), timedelta(days=3660)
_PEAK_MINUTES = 15


@dataclass(frozen=True)
class _Moment:
    """Which local day is shown, up to which instant, and what today is."""

    now: datetime
    today: date
    shown: date
    zone: ZoneInfo

    @property
    def midnight(self) -> datetime:
        return local_midnight(self.today, self.zone)

    @property
    def until(self) -> datetime:
        return self.now if self.shown == self.today else local_midnight(self.shown + _DAY, self.zone)

    @property
    def earlier(self) -> list[tuple[datetime, datetime]]:
        """What is read seldom: from four weeks before the first measured month on, and before what is shown."""
        weeks, first_month = timedelta(weeks=WEEKS), months_before(self.today, MEASURED_MONTHS)[-1]
        first = floor_hour(local_midnight(first_month - weeks, self.zone))
        shown = floor_hour(local_midnight(self.shown - weeks, self.zone))
        long_ago = [(shown, min(first, floor_hour(self.until)))] if shown < first else []
        return [*long_ago, (first, self.lately)]

    @property
    def lately(self) -> datetime:
        """From when on hours are read each time: what comes late mostly comes within days."""
        return floor_hour(self.midnight) - _LATELY


async def client_outlook(stack: Stack, day: date | None = None) -> ClientOutlook:
    """Return a local day of the last ten years (None: today) beside what is usual, and where the month is heading.

    What lies more than a week back is read every quarter of an hour, and so is how far off forecasts were.
    """
    now = stack.clock().astimezone(UTC)
    async with stack.db.snapshot() as session:
        meters = await charted_meters(session)
    devices = [meter.id for meter in meters]
    zone = _zone(meters, stack.settings.application.time_zone)
    today = now.astimezone(zone).date()
    shown = today if day is None else max(min(day, today), today - _LONGEST_AGO)
    moment = _Moment(now, today, shown, zone)
    hours = [each for window in moment.earlier for each in await _earlier_hours(stack, devices, *window)]
    async with energy.counted(stack) as counted:
        hours += await site_hours(counted, devices, moment.lately, now + HOUR)
        municipalities = await tariffs.load(counted.session)
        shown_at = local_midnight(moment.shown, zone)
        power = await queries.power_buckets(counted.session, shown_at, moment.until, _PEAK_MINUTES)
    window = (moment.earlier[0][0], month_bounds(today, zone)[1])
    # Of a hundred sites this takes a moment, in which other pages are to be answered.
    priced = await asyncio.to_thread(priced_sites, meters, hours, municipalities, window, zone)
    known = await _known_months(stack, priced, moment)
    highest = max(power, key=lambda bucket: bucket.kw, default=None)
    peak = None if highest is None else Peak(highest.at, highest.kw)
    return await asyncio.to_thread(_outlook, priced, moment, peak, known)


def _outlook(priced: Priced, moment: _Moment, peak: Peak | None, known: _KnownMonths) -> ClientOutlook:
    sites, zone, today = priced.sites, moment.zone, moment.today
    shown = (moment.shown, moment.until, zone)
    comparison = compare_day(sites, *shown)
    is_today = moment.shown == today
    return ClientOutlook(
        day=moment.shown,
        today=today,
        zone=zone,
        hours=hours_with_usual(sites, priced.energy, comparison, shown),
        sites=days_of_sites(sites, priced.energy, shown),
        comparison=comparison,
        today_comparison=comparison if is_today else compare_day(sites, today, moment.now, zone),
        peak=peak,
        month=_month(priced, moment, known),
        fixed_today=fixed_of(priced, moment.midnight, local_midnight(today + _DAY, zone)),
    )


def _zone(meters: Sequence[ChartedMeter], fallback: str) -> ZoneInfo:
    """Return the zone of all municipalities of some meters; the fallback where they differ."""
    named = {meter.time_zone_id for meter in meters if meter.time_zone_id}
    known = zone_named(named.pop()) if len(named) == 1 else None
    return known or ZoneInfo(fallback)


def _month(priced: Priced, moment: _Moment, known: _KnownMonths) -> MonthOutlook:
    begin, end = month_bounds(moment.today, moment.zone)
    to_come, unknown = still_to_come(priced.sites, moment.now, end, moment.zone)
    return MonthOutlook(
        month=moment.today.replace(day=1),
        to_come=to_come,
        fixed=fixed_of(priced, begin, end),
        fixed_so_far=fixed_of(priced, begin, local_midnight(moment.today + _DAY, moment.zone)),
        compared=known.compared,
        measured=known.measured,
        unknown=unknown,
    )


class _KnownMonths(NamedTuple):
    """The nearest month that is fully known with its cost, and how far off forecasts of earlier months were."""

    compared: tuple[date, Decimal] | None
    measured: tuple[MeasuredMonth, ...]


async def _known_months(stack: Stack, priced: Priced, moment: _Moment) -> _KnownMonths:
    async def judge() -> _KnownMonths:
        return await asyncio.to_thread(_judged_months, priced, moment)

    return await stack.shared.answer(
        ("months that are known", moment.today, moment.zone),
        judge,
        since=monotonic() - _KEPT_SECONDS,
        keep_seconds=_KEPT_SECONDS,
    )


def _judged_months(priced: Priced, moment: _Moment) -> _KnownMonths:
    compared = None
    for month in months_before(moment.today, MEASURED_MONTHS):
        if is_full(priced.sites, month, moment.zone):
            bounds = month_bounds(month, moment.zone)
            compared = month, energy_cost(priced.sites, *bounds) + fixed_of(priced, *bounds)
            break
    return _KnownMonths(compared, measured_months(priced.sites, moment.now, moment.zone))


async def _earlier_hours(
    stack: Stack, devices: Sequence[UUID], from_at: datetime, to_at: datetime
) -> list[EnergyHour]:
    async def read() -> list[EnergyHour]:
        async with energy.counted(stack) as counted:
            return await site_hours(counted, devices, from_at, to_at)

    return await stack.shared.answer(
        ("hours of earlier days", tuple(devices), from_at, to_at),
        read,
        since=monotonic() - _KEPT_SECONDS,
        keep_seconds=_KEPT_SECONDS,
    )
