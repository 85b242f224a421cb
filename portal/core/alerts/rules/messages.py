"""The words of messages: what happened since the last one, together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from portal.core.alerts.rules.alert_rules import KINDS, AlertKind
from portal.core.alerts.rules.conditions import duration_words, local_words
from portal.core.values.time import iso_utc
from portal.core.words import Said, recalled, say

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
    said: str
    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class Composed:
    """A message: its title, its lines, and the same for programs. Mail is put into the reader's language."""

    title: str
    lines: tuple[str, ...]
    payload: dict[str, object]

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)


def compose(news: Sequence[News], now: datetime, zone: ZoneInfo, portal: str, address: str) -> Composed:
    """Return one message of all that is new; `address` is where alerts are looked at, empty where nobody knows it."""
    lines: list[str] = [_line(each, now, zone) for each in news[:_MOST_LINES]]
    if len(news) > _MOST_LINES:
        lines.append(say("and {more} more", more=len(news) - _MOST_LINES))
    if address:
        lines += ["", address]
    payload: dict[str, object] = {
        "portal": portal,
        "sentAt": iso_utc(now),
        "title": str(_title(news)),
        "address": address or None,
        "alerts": [_payload(each) for each in news],
    }
    return Composed(_title(news), tuple(lines), payload)


def _title(news: Sequence[News]) -> Said:
    if len(news) == 1:
        label, subject = say(KINDS[news[0].kind].label), news[0].subject
        if news[0].ended_at is None:
            return say("{label}: {subject}", label=label, subject=subject)
        return say("Over: {label}: {subject}", label=label, subject=subject)
    began = sum(each.ended_at is None for each in news)
    ended = len(news) - began
    if not ended:
        return _began(began)
    return say("{began}, {ended}", began=_began(began), ended=_ended(ended)) if began else _ended(ended)


def _began(count: int) -> Said:
    return say("1 alert began") if count == 1 else say("{count} alerts began", count=count)


def _ended(count: int) -> Said:
    return say("1 alert ended") if count == 1 else say("{count} alerts ended", count=count)


def _line(each: News, now: datetime, zone: ZoneInfo) -> Said:
    names = {
        "label": say(KINDS[each.kind].label),
        "subject": each.subject,
        "words": recalled(each.said, each.words),
        "since": local_words(each.began_at, now, zone),
        "rule": each.rule_name,
    }
    if each.ended_at is None:
        return say("{label}: {subject}. {words} (since {since}; rule: {rule})", **names)
    lasted = duration_words(each.ended_at - each.began_at)
    return say(
        "Over: {label}: {subject}. From {since}, for {lasted}. {words} (rule: {rule})", lasted=lasted, **names
    )


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
