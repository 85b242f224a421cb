"""Who is told: addresses of mail, a webhook, or a service of other people; and when it stays quiet."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.core.errors import Invalid
from portal.core.values.texts import sound_name, text_problem
from portal.core.values.versions import version_of
from portal.core.words import noted, say

LONGEST_CHANNEL_NAME, LONGEST_TARGET, MOST_ADDRESSES = 100, 2000, 20
APART = timedelta(minutes=5)
"""A channel gets its next message so long after the last at the earliest: what comes meanwhile is one message."""
_ADDRESS = re.compile(r"[^@\s<>,;\"()]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_WEB = re.compile(
    r"(?P<scheme>https?)://(?:[^/?#@\s]*@)?(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)"
    r"(?::(?P<port>[0-9]{1,5}))?(?:[/?#]\S*)?",
    re.IGNORECASE,
)
_PORTS = range(1, 65_536)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://.+", re.IGNORECASE)


class ChannelKind(StrEnum):
    """How a channel is reached."""

    MAIL = "mail"
    WEBHOOK = "webhook"
    SERVICE = "service"


class ChannelFields(TypedDict, total=False):
    """What may be said of a channel; `target` is its addresses or URL, which is sealed and never told again."""

    name: str
    kind: ChannelKind
    target: str
    quiet_from: time | None
    quiet_to: time | None
    gets_report: bool
    is_active: bool


@dataclass(frozen=True)
class AlertChannel:
    """A channel; `shown` is what may be seen of where it leads, and `last_error` why nothing arrives, if so."""

    id: UUID
    name: str
    kind: ChannelKind
    shown: str
    quiet_from: time | None
    quiet_to: time | None
    gets_report: bool
    is_active: bool
    last_sent_at: datetime | None
    last_error: str
    failures: int
    target_mark: str

    @property
    def version(self) -> str:
        """Another text after every change of the channel; what it delivered has no part in it."""
        return version_of(
            self.id,
            self.name,
            self.kind,
            self.shown,
            self.quiet_from,
            self.quiet_to,
            self.gets_report,
            self.is_active,
            self.target_mark,
        )


def sound_channel_name(name: str) -> str:
    """Return a channel's name. Raises `Invalid`."""
    return sound_name("A channel's name", name, LONGEST_CHANNEL_NAME)


def sound_quiet(quiet_from: time | None, quiet_to: time | None) -> None:
    """Raise `Invalid` where quiet hours have one end alone, or none between their ends."""
    if (quiet_from is None) is not (quiet_to is None):
        message = noted("Quiet hours have a beginning and an end")
        raise Invalid(message)
    if quiet_from is not None and quiet_from == quiet_to:
        message = noted("Quiet hours end at another time than they begin")
        raise Invalid(message)


def mail_addresses(target: str) -> list[str]:
    """Return the addresses in a text, each once. Raises `Invalid`."""
    found = [each for each in re.split(r"[\s,;]+", target) if each]
    wrong = next((each for each in found if not _ADDRESS.fullmatch(each)), None)
    if not found or wrong is not None or len(found) > MOST_ADDRESSES:
        named = f", and {wrong!r} is none" if wrong else ""
        message = say(
            "Mail goes to 1 to {most_addresses} addresses with commas between them{named}",
            most_addresses=MOST_ADDRESSES,
            named=named,
        )
        raise Invalid(message)
    return list(dict.fromkeys(found))


def web_address(target: str) -> str:
    """Return a webhook's URL. Raises `Invalid`, which does not repeat it."""
    url = target.strip()
    parts = _WEB.fullmatch(url)
    if (
        parts is None
        or text_problem(url)
        or len(url) > LONGEST_TARGET
        or int(parts["port"] or 1) not in _PORTS
    ):
        message = noted("A webhook is an address like https://example.com/hooks/energy")
        raise Invalid(message)
    return url


def shown_target(kind: ChannelKind, target: str) -> str:
    """Return what may be seen of a sound target: addresses of mail, else no more than scheme and host."""
    if kind is ChannelKind.MAIL:
        addresses = mail_addresses(target)
        more = f" and {len(addresses) - 2} more" if len(addresses) > 2 else ""
        return f"{', '.join(addresses[:2])}{more}"[:200]
    if kind is ChannelKind.WEBHOOK:
        parts = _WEB.fullmatch(target)
        port = "" if parts is None or parts["port"] is None else f":{parts['port']}"
        return "" if parts is None else f"{parts['scheme']}://{parts['host']}{port}/…"[:200]
    return f"{target.partition('://')[0].lower()}://…"


def service_address(target: str) -> str:
    """Return the address of a service. Raises `Invalid`, which does not repeat it, for what cannot be one."""
    url = target.strip()
    if text_problem(url) is not None or not _SCHEME.fullmatch(url) or len(url) > LONGEST_TARGET:
        message = noted("A service has an address like ntfy://ntfy.sh/topic or slack://token/token/token")
        raise Invalid(message)
    return url


def due_at(channel: AlertChannel, now: datetime, zone: ZoneInfo, *, breaks_quiet_hours: bool) -> datetime:
    """Return when a channel may be told of what happens at `now` (aware): at once, or at the end of its quiet hours."""
    begin, end = channel.quiet_from, channel.quiet_to
    if breaks_quiet_hours or begin is None or end is None:
        return now
    local = now.astimezone(zone)
    clock = local.time()
    is_quiet = begin <= clock < end if begin < end else clock >= begin or clock < end
    if not is_quiet:
        return now
    day = local.date() + timedelta(days=1 if clock >= end else 0)
    return max(now, datetime.combine(day, end, tzinfo=zone).astimezone(now.tzinfo))


def next_try(now: datetime, failures: int) -> datetime:
    """Return when a channel that failed so many times in a row is tried again: soon at first, then hourly."""
    return now + timedelta(minutes=min(2 ** min(failures, 6), 60))
