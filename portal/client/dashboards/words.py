"""What the page of charts says of times and gaps."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from portal.core.history.rules.buckets import TimeSpan
from portal.core.languages import tr
from portal.ui import formats

_DAY: Final = timedelta(days=1)
_NAMED: Final = 3


def span_in_words(span: TimeSpan, zone: ZoneInfo, span_name: str, *, is_zoomed: bool) -> str:
    """The stretch of time that is shown, as short as it can be said."""
    first = span.from_at.astimezone(zone)
    last = (span.to_at - timedelta(seconds=1)).astimezone(zone)
    if is_zoomed:
        return _exact(first, span.to_at.astimezone(zone))
    if span_name == "day":
        return f"{formats.week_day(first.date())} {first.year}"
    if span_name == "month":
        return formats.month(first)
    if span_name in ("year", "decade"):
        return f"{first.year}" if first.year == last.year else f"{first.year} \u2013 {last.year}"
    return formats.day_range(first.date(), last.date())


def _exact(first: datetime, last: datetime) -> str:
    if last - first > 3 * _DAY:
        return formats.day_range(first.date(), last.date())
    if first.date() == last.date():
        return f"{formats.week_day(first.date())}, {first:%H:%M} \u2013 {last:%H:%M}"
    return f"{formats.day_of_month(first)}, {first:%H:%M} \u2013 {formats.day_of_month(last)}, {last:%H:%M}"


def period_name(span: TimeSpan, zone: ZoneInfo) -> str:
    """What a line of a stretch of time is called beside another of it."""
    first = span.from_at.astimezone(zone)
    length = span.to_at - span.from_at
    if length <= 1.1 * _DAY:
        return f"{formats.weekday_short(first)} {formats.day_of_month(first)}"
    if length <= 32 * _DAY:
        return tr("from {first}", first=formats.day_of_month(first))
    return tr("from {first} {year}", first=formats.month_short(first), year=first.year)


def width_in_words(width: timedelta) -> str:
    """How wide buckets are: `5-minute averages`."""
    if width < timedelta(hours=1):
        return tr("{width}-minute averages", width=width // timedelta(minutes=1))
    if width < _DAY:
        hours = width // timedelta(hours=1)
        return tr("hourly averages") if hours == 1 else tr("{hours}-hour averages", hours=hours)
    return tr("daily averages") if width == _DAY else tr("weekly averages")


def gaps_in_words(gaps: Sequence[TimeSpan], zone: ZoneInfo) -> str:
    """When nothing was measured; the first few gaps are named. Nothing without any."""
    if not gaps:
        return ""
    named = [_from_to(gap, zone) for gap in gaps[:_NAMED]]
    more = len(gaps) - len(named)
    return tr("No readings, {named}", named=", ".join(named)) + (
        tr(", and {gap}", gap=formats.counted(more, "{count} more gap", "{count} more gaps")) if more else ""
    )


def late_in_words(late: Sequence[tuple[TimeSpan, datetime]], zone: ZoneInfo) -> str:
    """Which readings came late, and when; the first few stretches of them are named. Nothing without any."""
    if not late:
        return ""
    named = [
        tr("{span}, at {at}", span=_from_to(span, zone), at=_moment(at, span, zone))
        for span, at in late[:_NAMED]
    ]
    more = len(late) - len(named)
    return tr("Arrived late: {named}", named="; ".join(named)) + (
        f"; and {formats.counted(more, '{count} more time', '{count} more times')}" if more else ""
    )


def _from_to(span: TimeSpan, zone: ZoneInfo) -> str:
    first, last = span.from_at.astimezone(zone), span.to_at.astimezone(zone)
    if span.to_at - span.from_at >= 2 * _DAY:
        return _days(first.date(), (span.to_at - timedelta(seconds=1)).astimezone(zone).date())
    if first.date() == last.date() or f"{last:%H:%M}" == "00:00":
        end = "24:00" if first.date() != last.date() else f"{last:%H:%M}"
        return tr(
            "{first} {first_2} to {end}", first=formats.day_of_month(first), first_2=f"{first:%H:%M}", end=end
        )
    return tr(
        "{first} {first_2} to {last} {last_2}",
        first=formats.day_of_month(first),
        first_2=f"{first:%H:%M}",
        last=formats.day_of_month(last),
        last_2=f"{last:%H:%M}",
    )


def _days(first: date, last: date) -> str:
    return formats.day_range(first, last)


def _moment(at: datetime, span: TimeSpan, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    if local.date() == span.to_at.astimezone(zone).date():
        return f"{local:%H:%M}"
    return formats.near_time(at, zone)
