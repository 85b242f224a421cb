"""What charts show of meters over a span of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.core.errors import Invalid
from portal.core.history.queries import meters as meter_queries
from portal.core.history.queries.buckets import Bucket, buckets_of
from portal.core.history.queries.meters import ChartedMeter, zone_of
from portal.core.history.queries.nearest import Nearest, nearest_readings
from portal.core.history.rules.buckets import TimeSpan, is_of_hours, width_of
from portal.core.values.time import FIRST_YEAR, LAST_YEAR
from portal.core.words import noted, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from portal.core.readings.rules.quantities import Quantity
    from portal.core.stack import Stack

__all__ = [
    "ChartedMeter",
    "History",
    "MeterHistory",
    "Nearest",
    "charted_meters",
    "history",
    "nearest",
    "zone_of",
]

MOST_METERS = 12
"""Of so many meters at most a question may be: a page with more lines says nothing."""


@dataclass(frozen=True)
class MeterHistory:
    """The buckets of a meter that hold readings, in order; their lists are in the order of the asked quantities."""

    meter: ChartedMeter
    buckets: Sequence[Bucket]


@dataclass(frozen=True)
class History:
    """What some meters measured in a span, in buckets of a width; `is_read` where each reading was looked at."""

    span: TimeSpan
    width: timedelta
    meters: tuple[MeterHistory, ...]

    @property
    def is_read(self) -> bool:
        """Whether buckets are from readings, of which is known when they came in, and not from kept hours."""
        return not is_of_hours(self.width)


async def charted_meters(stack: Stack) -> tuple[ChartedMeter, ...]:
    """Return every meter with its site and zone, by site and name."""
    async with stack.db.snapshot() as session:
        return await meter_queries.charted_meters(session)


async def history(
    stack: Stack,
    meters: Sequence[ChartedMeter],
    quantities: Sequence[Quantity],
    span: TimeSpan,
    zone: str,
) -> History:
    """Return what some meters measured in a span, in at most some 750 buckets; `zone` says where days begin.

    Buckets of an hour and more are from the hours that are kept, so that ten years are read as quickly as a month.
    Raises `Invalid` for an empty span, one out of range, or too many meters.
    """
    _check(meters, span)
    width = width_of(span)
    async with stack.db.snapshot() as session:
        found = [
            MeterHistory(meter, await buckets_of(session, meter.small_key, quantities, (span, width, zone)))
            for meter in meters
        ]
    return History(span, width, tuple(found))


async def nearest(stack: Stack, meters: Sequence[ChartedMeter], span: TimeSpan) -> Nearest:
    """Return when some meters measured last before a span, and first after it."""
    async with stack.db.snapshot() as session:
        return await nearest_readings(session, [meter.small_key for meter in meters], span)


def _check(meters: Sequence[ChartedMeter], span: TimeSpan) -> None:
    if span.to_at <= span.from_at:
        message = noted("the end must be after the beginning")
        raise Invalid(message)
    if not (span.from_at.year >= FIRST_YEAR and span.to_at.year < LAST_YEAR):
        message = say(
            "the span must be between the years {first_year} and {last_year}",
            first_year=FIRST_YEAR,
            last_year=LAST_YEAR,
        )
        raise Invalid(message)
    if len(meters) > MOST_METERS:
        message = say("at most {most_meters} meters at once", most_meters=MOST_METERS)
        raise Invalid(message)
