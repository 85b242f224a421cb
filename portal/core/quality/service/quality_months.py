"""A month of readings as the Data quality page shows it: coverage by device and day, suspects, gaps, clocks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from portal.core.energy.rules.judging import SuspectReason
from portal.core.errors import NotFound
from portal.core.fleet.queries import customers as customer_queries
from portal.core.fleet.queries import fleet_devices
from portal.core.quality.queries import months as queries
from portal.core.quality.queries.months import GapEnd, MonthSpan, QualityDevice, SuspectRun
from portal.core.sites.queries import board_clocks
from portal.core.values.time import floor_hour, local_midnight
from portal.core.words import noted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from portal.core.database.db import AsyncSession
    from portal.core.stack import Stack

_MOST_LISTED = 200
_ALL_DAY = (1 << 24) - 1
_HOUR = timedelta(hours=1)


class DayCoverage(NamedTuple):
    """The local hours of a day as bits, the first hour the lowest: asked for, with energy from readings, doubtful."""

    day: date
    asked: int
    covered: int
    suspects: int


@dataclass(frozen=True)
class DeviceCoverage:
    """A device and the days of a month."""

    device: QualityDevice
    days: tuple[DayCoverage, ...]

    @property
    def asked(self) -> int:
        """How many hours of it are asked for."""
        return sum(day.asked.bit_count() for day in self.days)

    @property
    def covered(self) -> int:
        """How many of these have energy from readings."""
        return sum((day.covered & day.asked).bit_count() for day in self.days)


class WrongClock(NamedTuple):
    """An active device whose clock is wrong, and how far it is ahead (negative: behind)."""

    device_name: str
    external_id: str
    skew: timedelta


@dataclass(frozen=True)
class QualityMonth:
    """A month (its first day) by the days of `zone`; `devices` have hours asked for. Lists show the latest.

    `has_whole_hour` tells whether an hour of it is over.
    """

    month: date
    zone: str
    devices: tuple[DeviceCoverage, ...]
    suspects: tuple[SuspectRun, ...]
    gaps: tuple[GapEnd, ...]
    clocks: tuple[WrongClock, ...]
    names: dict[UUID, QualityDevice]
    has_whole_hour: bool = True

    @property
    def conflicts(self) -> tuple[SuspectRun, ...]:
        """The suspects that are another value of an instant."""
        return tuple(each for each in self.suspects if each.reason is SuspectReason.CONFLICT)

    @property
    def unrated(self) -> tuple[QualityDevice, ...]:
        """Active devices without a rated power, whose odd readings are found later."""
        return tuple(each for each in self.names.values() if each.is_active and not each.has_rated_power)


async def quality_month(
    stack: Stack, month: date, zone: str, customer_id: UUID | None = None, site_id: UUID | None = None
) -> QualityMonth:
    """Return a month of a Client's meters, or of a customer's, at one site or all, by the days of a zone.

    Raises `NotFound` for an unknown customer.
    """
    days = _days_of(month)
    here = ZoneInfo(zone)
    bounds = local_midnight(days[0], here), local_midnight(days[-1] + timedelta(days=1), here)
    async with stack.db.snapshot() as session:
        if customer_id is not None and not await customer_queries.is_known(session, customer_id):
            message = noted("There is no such customer")
            raise NotFound(message)
        layout, span = stack.layout, MonthSpan(customer_id, *bounds)
        names = {each.id: each for each in await queries.list_devices(session, layout, customer_id, site_id)}
        hours = await queries.hours_by_day(session, layout, span, zone)
        suspects = await queries.suspects(session, layout, span, _MOST_LISTED)
        gaps = await queries.gaps(session, layout, span, _MOST_LISTED)
        clocks = await _clocks(session, customer_id)
    found: dict[UUID, dict[date, queries.HoursOfDay]] = defaultdict(dict)
    for each in hours:
        found[each.device_id][each.day] = each
    until = min(bounds[1], floor_hour(stack.clock()))
    coverage = [_coverage(device, days, found[device.id], until, here) for device in names.values()]
    return QualityMonth(
        month,
        zone,
        tuple(each for each in coverage if each.asked),
        tuple(each for each in suspects if each.device_id in names),
        tuple(each for each in gaps if each.device_id in names),
        clocks,
        names,
        until > bounds[0],
    )


def _days_of(month: date) -> list[date]:
    following = (month.replace(day=1) + timedelta(days=32)).replace(day=1)
    first = month.replace(day=1)
    return [first + timedelta(days=n) for n in range((following - first).days)]


def _coverage(
    device: QualityDevice,
    days: Sequence[date],
    found: dict[date, queries.HoursOfDay],
    until: datetime,
    zone: ZoneInfo,
) -> DeviceCoverage:
    first = device.first_hour
    lines: list[DayCoverage] = []
    for day in days:
        hours = found.get(day)
        asked = (
            0
            if first is None or (hours is None and not device.is_active)
            else _asked(day, first, until, zone)
        )
        covered, doubtful = (hours.covered, hours.suspects) if hours else (0, 0)
        lines.append(DayCoverage(day, asked, covered, doubtful))
    return DeviceCoverage(device, tuple(lines))


def _asked(day: date, first: datetime, until: datetime, zone: ZoneInfo) -> int:
    """Return the hours of a local day from the device's first on and before `until`, as bits."""
    begins, ends = local_midnight(day, zone), local_midnight(day + timedelta(days=1), zone)
    if first <= begins and ends <= until and ends - begins == timedelta(days=1):
        return _ALL_DAY
    at, bits = max(begins, first.astimezone(UTC)), 0
    while at < min(ends, until):
        bits |= 1 << at.astimezone(zone).hour
        at += _HOUR
    return bits


async def _clocks(session: AsyncSession, customer_id: UUID | None) -> tuple[WrongClock, ...]:
    if customer_id is None:
        return tuple(
            WrongClock(each.name, each.external_id, each.skew)
            for each in await board_clocks.clocks_off(session)
        )
    found = await fleet_devices.clocks_off(session, customer_id)
    return tuple(WrongClock(*each[:2], timedelta(seconds=each.skew_seconds)) for each in found)
