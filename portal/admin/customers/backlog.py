"""What a customer's stack says it has not pushed yet, in one quiet line."""

from datetime import datetime

from portal.core.fleet.service.customers import PushBacklog
from portal.core.languages import tr
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
        oldest = (
            tr(", oldest {oldest_at}", oldest_at=formats.relative(push.oldest_at, now))
            if push.oldest_at
            else ""
        )
        parts.append(
            tr(
                "{waiting_rows}{oldest}, about {drain_seconds} to go",
                waiting_rows=_wait(push.waiting_rows),
                oldest=oldest,
                drain_seconds=_duration(push.drain_seconds),
            )
        )
    if push.given_up_rows:
        parts.append(tr("{given_up_rows} given up", given_up_rows=formats.number(push.given_up_rows, 0)))
    return "; ".join(parts)


def backlog_detail(push: PushBacklog | None, now: datetime) -> str:
    """When the oldest of it arrived there, and how old this news is."""
    if push is None or not backlog_line(push, now):
        return ""
    news = tr("Told {reported_at}", reported_at=formats.relative(push.reported_at, now))
    return (
        news
        if push.oldest_at is None
        else tr("Oldest: {oldest_at}. {news}", oldest_at=formats.utc_time(push.oldest_at), news=news)
    )


def _wait(rows: int) -> str:
    return f"{formats.counted(rows, '{count} reading', '{count} readings')} {tr('waits') if rows == 1 else tr('wait')}"


def _duration(seconds: int) -> str:
    if seconds < _HOUR:
        return f"{max(-(-seconds // _MINUTE), 1)} min"
    if seconds < 2 * _DAY:
        return f"{round(seconds / _HOUR)} h"
    return tr("{seconds} days", seconds=round(seconds / _DAY))
