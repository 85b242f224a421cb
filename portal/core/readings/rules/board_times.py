"""Times as boards write them: ISO 8601 in each of its forms with an offset, or seconds or milliseconds since 1970."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone

from portal.core.values.numbers import shown

_DATE = (
    r"(?P<year>\d{4})(?:-(?P<m>\d{2})-(?P<d>\d{2})|(?P<mm>\d{2})(?P<dd>\d{2})"
    r"|-?W(?P<week>\d{2})-?(?P<weekday>[1-7])|-?(?P<day>\d{3}))"
)
_CLOCK = r"(?P<hour>\d{2})(?::?(?P<minute>\d{2})(?::?(?P<second>\d{2}))?)?(?:[.,](?P<fraction>\d{1,30}))?"
_OFFSET = r"(?: ?(?P<offset>[Zz]|[-+\u2212]\d{2}(?::?\d{2})?))?"
_ISO = re.compile(rf"{_DATE}(?:[Tt]| +){_CLOCK}{_OFFSET}", re.ASCII)
_DIGITS = re.compile(r"\d{9,10}(?:\.\d+)?|\d{12,13}", re.ASCII)
_LONGEST = 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Seconds reach this in the year 5138, milliseconds did in March 1973: no reading is of either.
_FIRST_MILLISECONDS = 1e11
_LAST_MILLISECONDS = 1e14
NO_OFFSET = "a time without a UTC offset; add Z or an offset like +02:00"
_EXAMPLES = "an ISO 8601 time like 2026-05-18T08:00:00Z, nor seconds or milliseconds since 1970"


def board_instant(sent: str | float) -> datetime:
    """Return the aware UTC instant of a time as a board sent it, to the microsecond nearest to it.

    A number, or a text of as many digits, is seconds since 1970 below 1e11 and milliseconds from there on. Raises
    ValueError, in words fit for an answer, for what is no time or has no offset.
    """
    if not isinstance(sent, str):
        return _from_epoch(sent)
    text = sent.strip() if len(sent) <= _LONGEST else ""
    if _DIGITS.fullmatch(text):
        return _from_epoch(float(text))
    match = _ISO.fullmatch(text)
    at = None if match is None else _from_parts(match)
    if match is None or at is None:
        msg = f"{shown(sent)} is not {_EXAMPLES}"
        raise ValueError(msg)
    if match["offset"] is None:
        raise ValueError(NO_OFFSET)
    return at


def _from_epoch(number: float) -> datetime:
    try:
        if abs(number) < _FIRST_MILLISECONDS:
            return _EPOCH + timedelta(seconds=number)
        if abs(number) < _LAST_MILLISECONDS:
            return _EPOCH + timedelta(milliseconds=number)
    except (OverflowError, ValueError):  # before the year 1, or no number at all
        pass
    msg = f"{shown(number)} is not {_EXAMPLES}"
    raise ValueError(msg)


def _from_parts(match: re.Match[str]) -> datetime | None:
    """Return the instant, as if in UTC where there is no offset; None for a date or time that does not exist."""
    ahead = _ahead(match["offset"] or "Z")
    clock = _clock(match)
    if ahead is None or clock is None:
        return None
    try:
        at = datetime.combine(_date(match), time.min, tzinfo=timezone(ahead)) + clock
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _date(match: re.Match[str]) -> date:
    year = int(match["year"])
    if match["week"]:
        return date.fromisocalendar(year, int(match["week"]), int(match["weekday"]))
    if match["day"]:
        found = date(year, 1, 1) + timedelta(days=int(match["day"]) - 1)
        if found.year != year:
            msg = "no such day of the year"
            raise ValueError(msg)
        return found
    return date(year, int(match["m"] or match["mm"]), int(match["d"] or match["dd"]))


def _clock(match: re.Match[str]) -> timedelta | None:
    """Return the time of day: 24:00 is the day's end, a leap second the second after it; None for what is none."""
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    unit = 1_000_000 if match["second"] else 60_000_000 if match["minute"] else 3_600_000_000
    digits = match["fraction"] or "0"
    parts = 10 ** len(digits)
    microseconds = (2 * int(digits) * unit + parts) // (2 * parts)
    if hour > 24 or minute > 59 or second > 60:
        return None
    clock = timedelta(hours=hour, minutes=minute, seconds=second, microseconds=microseconds)
    return clock if hour < 24 or clock == timedelta(days=1) else None


def _ahead(offset: str) -> timedelta | None:
    if offset in "Zz":
        return timedelta(0)
    digits = offset[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 23 or minutes > 59:
        return None
    ahead = timedelta(hours=hours, minutes=minutes)
    return ahead if offset[0] == "+" else -ahead
