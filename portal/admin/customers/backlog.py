"""What a customer's stack says it has not pushed yet, in one quiet line."""

from datetime import datetime

from portal.core.fleet.service.customers import PushBacklog
from portal.ui import formats

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def backlog_line(push: PushBacklog | None, now: datetime) -> str:
    """`12 430 readings wait, oldest 3 h ago, about 25 min to go`; empty while everything is here."""
    if push is None:
        return ""
    parts = []
    if push.waiting_rows:
        oldest = f", oldest {formats.relative(push.oldest_at, now)}" if push.oldest_at else ""
        parts.append(f"{_wait(push.waiting_rows)}{oldest}, about {_duration(push.drain_seconds)} to go")
    if push.given_up_rows:
        parts.append(f"{formats.number(push.given_up_rows, 0)} given up")
    return "; ".join(parts)


def backlog_detail(push: PushBacklog | None, now: datetime) -> str:
    """When the oldest of it arrived there, and how old this news is."""
    if push is None or not backlog_line(push, now):
        return ""
    news = f"Told {formats.relative(push.reported_at, now)}"
    return news if push.oldest_at is None else f"Oldest: {formats.utc_time(push.oldest_at)}. {news}"


def _wait(rows: int) -> str:
    return f"{formats.count(rows, 'reading')} {'waits' if rows == 1 else 'wait'}"


def _duration(seconds: int) -> str:
    if seconds < _HOUR:
        return f"{max(-(-seconds // _MINUTE), 1)} min"
    if seconds < 2 * _DAY:
        return f"{round(seconds / _HOUR)} h"
    return f"{round(seconds / _DAY)} days"
