"""What Olga reads about a customer whose readings are late."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.admin.customers.backlog import backlog_detail, backlog_line
from portal.core.fleet.service.customers import PushBacklog

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def _push(waiting: int = 0, given_up: int = 0, drain: int = 0, hours: int | None = None) -> PushBacklog:
    oldest = None if hours is None else NOW - timedelta(hours=hours)
    return PushBacklog(NOW - timedelta(minutes=2), waiting, given_up, oldest, drain)


@pytest.mark.parametrize(
    ("push", "line"),
    [
        (None, ""),
        (_push(), ""),
        (_push(1, drain=60), "1 reading waits, about 1 min to go"),
        (
            _push(12_430, drain=1_441, hours=3),
            "12\u2009430 readings wait, oldest 3 h ago, about 25 min to go",
        ),
        (_push(500_000, drain=6 * 3600), "500\u2009000 readings wait, about 6 h to go"),
        (_push(9_000_000, drain=72 * 3600), "9\u2009000\u2009000 readings wait, about 3 days to go"),
        (_push(given_up=3), "3 given up"),
        (_push(2, given_up=1, drain=60), "2 readings wait, about 1 min to go; 1 given up"),
    ],
)
def test_only_what_is_late_is_said(push: PushBacklog | None, line: str) -> None:
    assert backlog_line(push, NOW) == line


def test_the_detail_says_since_when_and_how_old_the_news_is() -> None:
    assert backlog_detail(_push(5, hours=3), NOW) == "Oldest: 2026-11-20 09:00:00 UTC. Told 2 min ago"
    assert backlog_detail(_push(given_up=1), NOW) == "Told 2 min ago"
    assert backlog_detail(_push(), NOW) == ""
