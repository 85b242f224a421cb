"""Whether today is normal, and where the month is heading: what the Client's dashboard says beside its figures."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING
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
from portal.core.overview.rules.usual import WEEKS, usual_day
from portal.core.tariffs.queries import tariffs
from portal.core.values.time import HOUR, floor_hour, local_midnight

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal
    from uuid import UUID

    from portal.core.cost.queries.energy_hours import EnergyHour
    from portal.core.history.queries.meters import ChartedMeter
    from portal.core.overview.queries.priced_sites import Priced
    from portal.core.stack import Stack

_KEPT_SECONDS = 900
_DAY = timedelta(days=1)
_PEAK_MINUTES = 15


async def client_outlook(stack: Stack, day: date | None = None) -> ClientOutlook:
    """Return a local day (None, or a later one: today) beside what is usual, and where the month of today is heading.

    What lies before today is read every quarter of an hour.
    """
    now = stack.clock().astimezone(UTC)
    async with stack.db.snapshot() as session:
        meters = await charted_meters(session)
    zone = _zone(meters, stack.settings.application.time_zone)
    today = now.astimezone(zone).date()
    shown = today if day is None else min(day, today)
    first, midnight = _first_needed(shown, today, zone), local_midnight(today, zone)
    earlier = await _earlier_hours(stack, [meter.id for meter in meters], first, floor_hour(midnight))
    async with energy.counted(stack) as counted:
        fresh = await site_hours(counted, [meter.id for meter in meters], floor_hour(midnight), now + HOUR)
        municipalities = await tariffs.load(counted.session)
        until = now if shown == today else local_midnight(shown + _DAY, zone)
        power = await queries.power_buckets(
            counted.session, local_midnight(shown, zone), until, _PEAK_MINUTES
        )
    priced = priced_sites(
        meters, [*earlier, *fresh], municipalities, (first, month_bounds(today, zone)[1]), zone
    )
    highest = max(power, key=lambda bucket: bucket.kw, default=None)
    moment = (shown, until, zone)
    comparison = compare_day(priced.sites, shown, until, zone)
    usual_of = {
        site.id: usual
        for site in priced.sites
        if (usual := usual_day(site.known, shown, shown, zone)) is not None
    }
    return ClientOutlook(
        day=shown,
        today=today,
        zone=zone,
        hours=hours_with_usual(priced.sites, priced.energy, comparison, moment),
        sites=days_of_sites(priced.sites, priced.energy, usual_of, moment),
        comparison=comparison,
        today_comparison=comparison if shown == today else compare_day(priced.sites, today, now, zone),
        peak=None if highest is None else Peak(highest.at, highest.kw),
        month=_month(priced, now, zone),
        fixed_today=fixed_of(priced, midnight, local_midnight(today + _DAY, zone)),
    )


def _zone(meters: Sequence[ChartedMeter], fallback: str) -> ZoneInfo:
    """Return the zone of all municipalities of some meters; the fallback where they differ."""
    named = {meter.time_zone_id for meter in meters if meter.time_zone_id}
    known = zone_named(named.pop()) if len(named) == 1 else None
    return known or ZoneInfo(fallback)


def _month(priced: Priced, now: datetime, zone: ZoneInfo) -> MonthOutlook:
    today = now.astimezone(zone).date()
    begin, end = month_bounds(today, zone)
    to_come, unknown = still_to_come(priced.sites, now, end, zone)
    return MonthOutlook(
        month=today.replace(day=1),
        to_come=to_come,
        fixed=fixed_of(priced, begin, end),
        fixed_so_far=fixed_of(priced, begin, local_midnight(today + _DAY, zone)),
        compared=_last_full_month(priced, today, zone),
        measured=measured_months(priced.sites, now, zone),
        unknown=unknown,
    )


def _last_full_month(priced: Priced, today: date, zone: ZoneInfo) -> tuple[date, Decimal] | None:
    for month in months_before(today, MEASURED_MONTHS):
        if is_full(priced.sites, month, zone):
            bounds = month_bounds(month, zone)
            return month, energy_cost(priced.sites, *bounds) + fixed_of(priced, *bounds)
    return None


def _first_needed(shown: date, today: date, zone: ZoneInfo) -> datetime:
    """Return from when on hours are read: four weeks before what is shown, and before the first measured month."""
    first_month = months_before(today, MEASURED_MONTHS)[-1]
    return floor_hour(local_midnight(min(shown, first_month) - timedelta(weeks=WEEKS), zone))


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
