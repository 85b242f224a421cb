"""The days a cost question is about: inclusive in the address and on the page, half-open instants for the service."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from portal.ui.range_picker import DEFAULT_RANGE, DayRange, parse_days, quick_range


def days_asked_for(query: Mapping[str, str], today: date) -> DayRange:
    """The days in an address (`from` and `to`, both included); the last seven where it names none."""
    asked = parse_days(query.get("from", ""), query.get("to", ""))
    return asked or quick_range(DEFAULT_RANGE, today) or DayRange(today, today)


def instants_of(days: DayRange) -> tuple[datetime, datetime]:
    """The UTC instants `[from, to)` of UTC days, the last one included."""
    start = datetime.combine(days.first, time.min, UTC)
    return start, datetime.combine(days.last + timedelta(days=1), time.min, UTC)


def address(customer_id: str, days: DayRange) -> str:
    """The address of the tab for these days."""
    return f"/customers/{customer_id}?tab=cost&from={days.first.isoformat()}&to={days.last.isoformat()}"
