"""Readings of a Client's device, page by page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from portal.core.errors import Invalid, NotFound
from portal.core.readings.queries import measurements as queries
from portal.core.readings.queries.measurements import MeasurementRow, MeasurementsAsked
from portal.core.readings.rules.quantities import Quantity, quantities_named
from portal.core.readings.rules.readings import QUANTITIES
from portal.core.values.time import FIRST_YEAR, LAST_YEAR
from portal.core.words import noted, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from portal.core.database.db import AsyncSession
    from portal.core.stack import Stack

BUCKETS = {
    "raw": None,
    "1m": timedelta(minutes=1),
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "1d": timedelta(days=1),
}
MAX_LIMIT = 10_000
EIGHT = quantities_named(QUANTITIES)
"""What is answered where nobody says which quantities: all that releases knew which could not be asked."""
# One page never reads more than a year of readings, however wide its buckets.
_MAX_SCAN = timedelta(days=366)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class MeasurementPage:
    """Readings or buckets by time; `next_from_at` is where the next page begins, None after the last."""

    samples: Sequence[MeasurementRow]
    next_from_at: datetime | None


@dataclass(frozen=True, slots=True)
class WantedMeasurements:
    """How a page is to be: a bucket of BUCKETS, at most so many samples, and the quantities of each in their order."""

    bucket: str = "raw"
    limit: int = 1000
    quantities: Sequence[Quantity] = EIGHT


async def read_page(
    stack: Stack, device_id: UUID, window: tuple[datetime, datetime], wanted: WantedMeasurements
) -> MeasurementPage:
    """Return the first page of a device's readings of the window `[from, to)`, aware instants.

    A bucket counts whole where it begins before the window: pages and windows never cut one in two.
    Raises `NotFound` for an unknown device and `Invalid` for an unknown bucket, a limit or a window out of range.
    """
    from_at, to_at = window
    limit = wanted.limit
    _check(from_at, to_at, wanted.bucket, limit)
    width = BUCKETS[wanted.bucket]
    async with stack.db.snapshot() as session:
        key = await queries.key_of(session, device_id)
        if key is None:
            message = noted("There is no such device")
            raise NotFound(message)
        asked = MeasurementsAsked(key, from_at, to_at, wanted.quantities)
        if width is None:
            found = await queries.raw(session, asked, limit + 1)
            following = found[limit].at if len(found) > limit else None
            return MeasurementPage(found[:limit], following)
        return await _buckets(session, asked, width, limit)


async def _buckets(
    session: AsyncSession, asked: MeasurementsAsked, width: timedelta, limit: int
) -> MeasurementPage:
    """Return a page that begins with the first bucket that has readings: no page is empty and has a next one."""
    begin, end = _whole_buckets(asked.from_at, asked.to_at, width)
    first = await queries.first_at(session, replace(asked, from_at=begin, to_at=end))
    if first is None:
        return MeasurementPage((), None)
    begin = _bucket_of(first, width)
    page_end = min(end, begin + min(width * limit, _MAX_SCAN))
    found = await queries.buckets(session, replace(asked, from_at=begin, to_at=page_end), width)
    following = await queries.first_at(session, replace(asked, from_at=page_end, to_at=end))
    return MeasurementPage(found, None if following is None else _bucket_of(following, width))


def _bucket_of(at: datetime, width: timedelta) -> datetime:
    return at - (at - _EPOCH) % width


def _whole_buckets(from_at: datetime, to_at: datetime, width: timedelta) -> tuple[datetime, datetime]:
    begin = _bucket_of(from_at, width)
    rest = (to_at - _EPOCH) % width
    return begin, to_at + (width - rest if rest else timedelta(0))


def _check(from_at: datetime, to_at: datetime, bucket: str, limit: int) -> None:
    if bucket not in BUCKETS:
        message = say("'bucket' must be one of {buckets}", buckets=", ".join(BUCKETS))
        raise Invalid(message)
    if not 1 <= limit <= MAX_LIMIT:
        message = say("'limit' must be 1 to {max_limit}", max_limit=MAX_LIMIT)
        raise Invalid(message)
    if to_at <= from_at:
        message = noted("'to' must be after 'from'")
        raise Invalid(message)
    if not (from_at.year >= FIRST_YEAR and to_at.year <= LAST_YEAR):
        message = say(
            "'from' and 'to' must be between the years {first_year} and {last_year}",
            first_year=FIRST_YEAR,
            last_year=LAST_YEAR,
        )
        raise Invalid(message)
