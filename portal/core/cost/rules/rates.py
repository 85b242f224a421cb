"""The rate calendar: which rate applies to which part of a window, to the minute of local time."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from portal.core.tariffs.rules.tariffs import (
    MINUTES_PER_DAY,
    DayKind,
    Tariff,
    active_tariff,
    day_kind,
    day_schedule,
)
from portal.core.values.time import HOUR, floor_hour, local_midnight

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


class Price(NamedTuple):
    """What a kWh costs under a tariff at some time. `currency` None is the stack's own currency."""

    tariff_id: int | None
    rate_per_kwh: Decimal
    vat_rate: Decimal
    period_name: str | None
    currency: str | None


class Segment(NamedTuple):
    """A half-open run of time on one calendar day with one price; None where no tariff covers it."""

    start_at: datetime
    end_at: datetime
    price: Price | None
    day: date


class SplitInterval(NamedTuple):
    """A UTC hour of which segments begin or end inside, with those segments, cut to the hour."""

    hour: datetime
    segments: tuple[Segment, ...]


def segments(
    tariffs: Sequence[Tariff], zone: ZoneInfo, start_at: datetime, end_at: datetime, day_zone: ZoneInfo
) -> list[Segment]:
    """Return the segments that make up `[start_at, end_at)`, in order and without gaps; days are `day_zone`'s."""
    found: list[Segment] = []
    for run_start, run_end, price in _priced_runs(
        tariffs, zone, start_at.astimezone(UTC), end_at.astimezone(UTC)
    ):
        for start, end, day in _by_day(run_start, run_end, day_zone):
            if found and (found[-1].price, found[-1].day) == (price, day):
                found[-1] = found[-1]._replace(end_at=end)
            else:
                found.append(Segment(start, end, price, day))
    return found


def at_hours(found: Sequence[Segment]) -> tuple[list[Segment], list[SplitInterval]]:
    """Take segments, in order, apart: into runs of whole UTC hours, and the hours with an edge inside."""
    whole: list[Segment] = []
    split: dict[datetime, list[Segment]] = {}
    for segment in found:
        first, last = floor_hour(segment.start_at), floor_hour(segment.end_at)
        inner = first if first == segment.start_at else first + HOUR
        if inner < last:
            whole.append(segment._replace(start_at=inner, end_at=last))
        if first < inner:
            split.setdefault(first, []).append(segment._replace(end_at=min(segment.end_at, inner)))
        if last < segment.end_at and (last > first or first == inner):
            split.setdefault(last, []).append(segment._replace(start_at=last))
    return whole, [SplitInterval(hour, tuple(parts)) for hour, parts in split.items()]


def _by_day(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime, date]]:
    day = start.astimezone(zone).date()
    while start < end:
        following = min(local_midnight(day + _DAY, zone), end)
        if following > start:
            yield start, following, day
            start = following
        day += _DAY


def _priced_runs(
    tariffs: Sequence[Tariff], zone: ZoneInfo, first: datetime, last: datetime
) -> Iterator[tuple[datetime, datetime, Price | None]]:
    """Yield `[first, last)` in runs of one price; neighbours may share theirs."""
    schedules = _Schedules(tariffs)
    day = first.astimezone(zone).date()
    while (midnight := local_midnight(day, zone)) < last:
        for start, end, price in _runs_of_day(schedules, zone, midnight, day):
            if end > first and start < last:
                yield max(start, first), min(end, last), price
        day += _DAY


def _runs_of_day(
    schedules: "_Schedules", zone: ZoneInfo, midnight: datetime, day: date
) -> Iterator[tuple[datetime, datetime, Price | None]]:
    following = local_midnight(day + _DAY, zone)
    is_even = midnight.astimezone(zone).utcoffset() == following.astimezone(zone).utcoffset()
    if is_even and following - midnight == _DAY:
        for start, end, price in schedules.of(day):
            yield midnight + start * _MINUTE, midnight + end * _MINUTE, price
        return
    at = midnight
    while at < following:  # the clock changes: each minute is asked for its own local time
        local = at.astimezone(zone)
        minute = local.hour * 60 + local.minute
        schedule = schedules.of(local.date())
        yield at, at + _MINUTE, next(price for start, end, price in schedule if start <= minute < end)
        at += _MINUTE


class _Schedules:
    """Makes the schedule of each kind of day once: a year has 366 days but only a dozen kinds."""

    def __init__(self, tariffs: Sequence[Tariff]) -> None:
        self._tariffs = tuple(tariffs)
        self._by_kind: dict[tuple[int, DayKind], tuple[tuple[int, int, Price | None], ...]] = {}

    def of(self, on: date) -> tuple[tuple[int, int, Price | None], ...]:
        """Return `(start, end, price)` in minutes of a local day, without gaps."""
        tariff = active_tariff(self._tariffs, on)
        if tariff is None:
            return ((0, MINUTES_PER_DAY, None),)
        key = (self._tariffs.index(tariff), day_kind(tariff, on))
        schedule = self._by_kind.get(key)
        if schedule is None:
            schedule = self._by_kind[key] = tuple(
                (start, end, Price(tariff.id, rate, tariff.vat_rate, name, tariff.currency))
                for start, end, (rate, name) in day_schedule(tariff, key[1])
            )
        return schedule
