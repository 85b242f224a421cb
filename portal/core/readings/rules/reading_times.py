"""Times as people's files write them: ISO 8601, epoch seconds or milliseconds, and local times once a zone is said.

What could be two instants is refused in words that name both and the option that says which: a date of day and month
without their order, a time without a zone. A local time that comes twice when clocks go back is the first, or the
second where the file has passed the first.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum
from zoneinfo import ZoneInfo

from portal.core.readings.rules.reading_files import CellInvalid
from portal.core.values.numbers import shown
from portal.core.values.time import require_aware

_CLOCK = r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
_TIME = rf"(?:[T ,]\s*{_CLOCK}\s*(?P<half>[AaPp])?(?(half)\.?[Mm]\.?))?"
_OFFSET = r"\s*(?P<offset>Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?"
_YEAR_FIRST = re.compile(
    rf"(?P<y>\d{{4}})(?P<sep>[-/.])(?P<m>\d{{1,2}})(?P=sep)(?P<d>\d{{1,2}}){_TIME}{_OFFSET}"
)
_BASIC = re.compile(rf"(?P<y>\d{{4}})(?P<m>\d{{2}})(?P<d>\d{{2}}){_TIME}{_OFFSET}")
_YEAR_LAST = re.compile(
    rf"(?P<a>\d{{1,2}})(?P<sep>[-/.])(?P<b>\d{{1,2}})(?P=sep)(?P<y>\d{{4}}|\d{{2}}){_TIME}{_OFFSET}"
)
_NAMED = re.compile(rf"(?P<d>\d{{1,2}})[- ](?P<name>[A-Za-z]{{3,9}})[- ,]+(?P<y>\d{{4}}){_TIME}{_OFFSET}")
_EPOCH = re.compile(r"(?P<seconds>\d{9,10})(?:\.\d+)?|(?P<millis>\d{12,13})")
_LONGEST = 60
_MONTH_NAMES = "january february march april may june july august september october november december"
_MONTHS = _MONTH_NAMES.split()
_DAY = timedelta(days=1)
NO_ZONE = "time without an offset"
NO_ORDER = "order of day and month"


class DateOrder(StrEnum):
    """Which of two numbers of a date is the day."""

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


class TimeReader:
    """Reads the times of one file, from the first to the last."""

    def __init__(self, zone: ZoneInfo | None = None, order: DateOrder | None = None) -> None:
        self._zone = zone
        self._order = order
        self._last: datetime | None = None
        self._is_falling = False

    def instant(self, text: str) -> datetime:
        """Return the aware UTC instant of a text. Raises CellInvalid, saying what is wrong and which option helps."""
        clean = text.strip()
        at = self._read(clean) if len(clean) <= _LONGEST else None
        if at is None:
            msg = f"{shown(clean)} is not an ISO 8601 time like 2026-05-18T08:00:00Z, nor another that can be read"
            raise CellInvalid(msg, "not a time")
        self._is_falling = self._last is not None and at < self._last
        self._last = at
        return at

    def _read(self, text: str) -> datetime | None:
        if match := _EPOCH.fullmatch(text):
            return _from_epoch(match, text)
        for shape in (_YEAR_FIRST, _BASIC, _YEAR_LAST, _NAMED):
            if match := shape.fullmatch(text):
                return self._from_parts(match, text)
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return None
        return self._instant(at, text)

    def _from_parts(self, match: re.Match[str], text: str) -> datetime | None:
        day = self._date(match.groupdict(), text)
        clock = None if day is None else _clock(match)
        if day is None or clock is None:
            return None
        at = datetime.combine(day, time.min) + clock
        if offset := match["offset"]:
            return require_aware(at.replace(tzinfo=_offset(offset)))
        return self._instant(at, text)

    def _date(self, parts: dict[str, str | None], text: str) -> date | None:
        year = int(parts["y"] or 0)
        if parts.get("a") is not None:
            first, second = int(parts["a"] or 0), int(parts["b"] or 0)
            year += 2000 if year < 100 else 0
            if self._order is None:
                raise _unordered(text, _day(year, second, first), _day(year, first, second))
            return _day(year, *((second, first) if self._order is DateOrder.DAY_FIRST else (first, second)))
        if name := parts.get("name"):
            found = [n for n, month in enumerate(_MONTHS, 1) if month.startswith(name.lower())]
            return _day(year, found[0], int(parts["d"] or 0)) if found else None
        return _day(year, int(parts["m"] or 0), int(parts["d"] or 0))

    def _instant(self, at: datetime, text: str) -> datetime:
        """Return the instant of a local time, or of one with an offset."""
        if at.tzinfo is not None:
            return require_aware(at)
        if self._zone is None:
            msg = f"{shown(text)} has no UTC offset: say in which time zone it is, like --time-zone Africa/Johannesburg"
            raise CellInvalid(msg, NO_ZONE)
        first, second = (at.replace(tzinfo=self._zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if first == second:
            return first
        if first > second:  # clocks jump over it
            msg = f"{shown(text)} does not exist in {self._zone.key}: clocks go forward over it"
            raise CellInvalid(msg, "time that does not exist")
        if self._is_falling:
            return second if self._last is None or second < self._last else first
        return first if self._last is None or first > self._last else second


def _from_epoch(match: re.Match[str], text: str) -> datetime:
    milliseconds = int(match["millis"]) if match["millis"] else round(float(text) * 1000)
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _clock(match: re.Match[str]) -> timedelta | None:
    """Return the time of day; 24:00 is the end of the day. None for what is none."""
    if match["hour"] is None:
        return timedelta(0)
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    if half := match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half in "Pp" else 0)
    elif match["minute"] is None:
        return None
    clock = timedelta(hours=hour, minutes=minute, seconds=second)
    if minute > 59 or second > 59 or clock > _DAY:
        return None
    return clock + timedelta(microseconds=int((match["fraction"] or "0")[:6].ljust(6, "0")))


def _offset(text: str) -> timezone:
    if not text.startswith(("+", "-")):
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if ahead >= _DAY:
        msg = f"{text!r} is no offset from UTC"
        raise CellInvalid(msg, "not a time")
    return timezone(-ahead if text.startswith("-") else ahead)


def _unordered(text: str, day_first: date | None, month_first: date | None) -> CellInvalid:
    readings = [
        f"{each.day} {_MONTHS[each.month - 1].title()} {each.year} (--date-order {order})"
        for each, order in ((day_first, DateOrder.DAY_FIRST), (month_first, DateOrder.MONTH_FIRST))
        if each
    ]
    if not readings:
        return CellInvalid(f"{shown(text)} is no date", "not a time")
    return CellInvalid(f"{shown(text)} is {' or '.join(readings)}: say which", NO_ORDER)
