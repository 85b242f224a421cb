"""Instants, hours and local days. Inside the product every instant is an aware UTC datetime."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

FIRST_YEAR, LAST_YEAR = 1970, 2200
"""The years that a question may be about: far from the ends of the calendar, where the days around them are missing."""

HOUR = timedelta(hours=1)

# Boards without a clock start in 2000; nothing of this product was installed before 2010.
EARLIEST_READING_AT = datetime(2010, 1, 1, tzinfo=UTC)
LATEST_AHEAD = timedelta(hours=24)
CLOCK_TOLERANCE = timedelta(minutes=2)
"""How far a device's clock may differ from the server's before anybody is told."""


def require_aware(at: datetime) -> datetime:
    """Return the instant in UTC. Raises ValueError for a naive datetime, whose instant nobody can know."""
    if at.tzinfo is None or at.utcoffset() is None:
        msg = f"{at.isoformat()} has no UTC offset, so its instant is unknown; add Z or an offset like +02:00"
        raise ValueError(msg)
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        msg = f"{at.isoformat()} is outside the calendar in UTC"
        raise ValueError(msg) from error


def parse_instant(text: str) -> datetime:
    """Return the UTC instant of an ISO 8601 text that carries an offset.

    Raises ValueError, in words fit for an answer, for a text that is no such time or that has no offset.
    """
    try:
        at = datetime.fromisoformat(text.strip())
    except (ValueError, AttributeError, TypeError) as error:
        msg = f"{text!r} is not an ISO 8601 time like 2026-05-18T08:00:00Z"
        raise ValueError(msg) from error
    return require_aware(at)


def iso_utc(at: datetime) -> str:
    """Return an aware instant as ISO 8601 in UTC ending in Z; microseconds only where there are any."""
    return require_aware(at).replace(tzinfo=None).isoformat() + "Z"


def floor_hour(at: datetime) -> datetime:
    """Return the start of the UTC hour that contains an aware instant."""
    return require_aware(at).replace(minute=0, second=0, microsecond=0)


def floor_day(at: datetime) -> datetime:
    """Return the start of the UTC day that contains an aware instant."""
    return floor_hour(at).replace(hour=0)


def week_start(at: datetime) -> datetime:
    """Return Monday 00:00 UTC of the week that contains an aware instant (the 7-day partitions' lower bound)."""
    utc = require_aware(at)
    monday = utc.date() - timedelta(days=utc.weekday())
    return datetime.combine(monday, time.min, tzinfo=UTC)


def local_midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the UTC instant at which a local day begins.

    Where the clock jumps over midnight the day begins at the jump; where midnight comes twice, at the first.
    """
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def spanning(times: Sequence[datetime]) -> Sequence[datetime]:
    """Return instants that lie in every week that `times` (aware) lie in: the ends, where nothing is between them."""
    if not times:
        return times
    first, last = min(times), max(times)
    return (first, last) if last - first < timedelta(days=7) else times


def reading_time_problem(at: datetime, now: datetime) -> str | None:
    """Return why a reading stamped `at` cannot be true at the aware instant `now`, or None if it can."""
    if at < EARLIEST_READING_AT:
        return "time is before 2010-01-01: the device's clock was not set"
    if at > now + LATEST_AHEAD:
        return "time is more than 24 hours ahead of the server"
    return None


def present_until(now: datetime) -> datetime:
    """Return the latest time of a reading that may be called the present, or the last, at an aware instant.

    One that is further ahead comes from a clock that is wrong: the truth is the newest of the others. The bound also
    spares a search for the newest reading every partition of the future.
    """
    return now + CLOCK_TOLERANCE


def whole_seconds(duration: timedelta) -> int:
    """Return a duration in seconds, rounded."""
    return round(duration.total_seconds())


def is_zone(name: str) -> bool:
    """Whether a name is a time zone of the IANA database, spelled as there."""
    return name in _zone_names()


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones() - {"Factory", "localtime"})


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def epoch_microseconds(at: datetime) -> int:
    """Return an aware instant in microseconds since 1970 (UTC), exactly."""
    return (at - _EPOCH) // _MICROSECOND


def instant_of(microseconds: int) -> datetime:
    """Return the UTC instant so many microseconds after 1970 (UTC). Raises OverflowError outside the calendar."""
    return _EPOCH + timedelta(microseconds=microseconds)
