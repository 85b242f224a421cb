"""The days a cost question is about: inclusive in the address and on the page, half-open instants for the service."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from portal.core.values.time import local_midnight
from portal.ui.range_picker import DEFAULT_RANGE, DayRange, parse_days, quick_range

UTC_DAYS = "utc"
LOCAL_DAYS = "local"


def days_asked_for(query: Mapping[str, str], today: date) -> DayRange:
    """The days in an address (`from` and `to`, both included); the last seven where it names none."""
    asked = parse_days(query.get("from", ""), query.get("to", ""))
    return asked or quick_range(DEFAULT_RANGE, today) or DayRange(today, today)


def grouping_asked_for(query: Mapping[str, str], default: str = UTC_DAYS) -> str:
    """Whether an address groups by UTC or by local days."""
    asked = query.get("days", "")
    return asked if asked in (UTC_DAYS, LOCAL_DAYS) else default


def instants_of(days: DayRange, zone: str = "UTC") -> tuple[datetime, datetime]:
    """The UTC instants `[from, to)` of days in a zone, the last one included."""
    local = ZoneInfo(zone)
    return local_midnight(days.first, local), local_midnight(days.last + timedelta(days=1), local)


def query_of(days: DayRange, grouping: str, **more: str) -> str:
    """The query of an address for these days; what is empty is left out."""
    given = {"from": days.first.isoformat(), "to": days.last.isoformat(), "days": grouping} | more
    return urlencode({name: value for name, value in given.items() if value})
