"""The words of messages: what happened since the last one, together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from portal.core.alerts.rules.alert_rules import KINDS, AlertKind
from portal.core.alerts.rules.conditions import duration_words, local_words
from portal.core.values.time import iso_utc

BEGAN, ENDED = "began", "ended"
GIVEN_UP_AFTER = timedelta(hours=24)
_MOST_LINES = 50


@dataclass(frozen=True)
class News:
    """What a channel is to be told of an alert: that it began, or that it ended."""

    message_id: int
    event: str
    alert_id: int
    rule_name: str
    kind: AlertKind
    subject: str
    words: str
    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class Composed:
    """A message: its title, its lines, and the same for programs."""

    title: str
    lines: tuple[str, ...]
    payload: dict[str, object]

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)


def compose(news: Sequence[News], now: datetime, zone: ZoneInfo, portal: str, address: str) -> Composed:
    """Return one message of all that is new; `address` is where alerts are looked at, empty where nobody knows it."""
    lines = [_line(each, now, zone) for each in news[:_MOST_LINES]]
    if len(news) > _MOST_LINES:
        lines.append(f"and {len(news) - _MOST_LINES} more")
    if address:
        lines += ["", address]
    payload: dict[str, object] = {
        "portal": portal,
        "sentAt": iso_utc(now),
        "title": _title(news),
        "address": address or None,
        "alerts": [_payload(each) for each in news],
    }
    return Composed(_title(news), tuple(lines), payload)


def _title(news: Sequence[News]) -> str:
    if len(news) == 1:
        over = "" if news[0].ended_at is None else "Over: "
        return f"{over}{KINDS[news[0].kind].label}: {news[0].subject}"
    began = sum(each.ended_at is None for each in news)
    parts = [
        f"{count} {'alert' if count == 1 else 'alerts'} {word}"
        for count, word in ((began, "began"), (len(news) - began, "ended"))
        if count
    ]
    return ", ".join(parts)


def _line(each: News, now: datetime, zone: ZoneInfo) -> str:
    label = KINDS[each.kind].label
    since = local_words(each.began_at, now, zone)
    if each.ended_at is None:
        return f"{label}: {each.subject}. {each.words} (since {since}; rule: {each.rule_name})"
    lasted = duration_words(each.ended_at - each.began_at)
    return f"Over: {label}: {each.subject}. From {since}, for {lasted}. {each.words} (rule: {each.rule_name})"


def _payload(each: News) -> dict[str, object]:
    return {
        "id": each.alert_id,
        "event": each.event,
        "kind": each.kind.value,
        "rule": each.rule_name,
        "subject": each.subject,
        "words": each.words,
        "beganAt": iso_utc(each.began_at),
        "endedAt": None if each.ended_at is None else iso_utc(each.ended_at),
    }
