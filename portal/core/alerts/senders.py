"""What a channel is told, sent the way of its kind; its target is opened here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from portal.core.alerts.queries import alert_channels
from portal.core.alerts.rules.channels import AlertChannel, ChannelKind, mail_addresses
from portal.core.alerts.rules.messages import Composed
from portal.core.brand import queries as branding
from portal.core.cost.queries import cost_report
from portal.core.cost.queries.calendars import zone_named
from portal.core.delivery.mail import Attachment, Letterhead, send_mail
from portal.core.delivery.services import tell_service
from portal.core.delivery.webhooks import post_webhook
from portal.core.errors import Undelivered
from portal.core.identity import proof
from portal.core.identity.queries import accounts
from portal.core.languages import ENGLISH, Speech, speaking, tr
from portal.core.values.time import iso_utc
from portal.core.words import noted, say

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    import httpx

    from portal.core.database.db import AsyncSession
    from portal.core.stack import Stack

Written = tuple["Composed", "Sequence[Attachment]"]
"""A message, and the files that go with it."""
PLAIN_COLOR = "#0b6e99"
_OTHER_KEY = noted("This channel was sealed with another key: type in again where it leads")


@dataclass(frozen=True)
class OpenedChannel:
    """A channel whose target is known, and how what is sent looks."""

    channel: AlertChannel
    letterhead: Letterhead
    target: str = field(repr=False)
    # Of the addresses of mail that are people's accounts; others read English.
    speech_at: Mapping[str, Speech] = field(default_factory=dict[str, Speech], repr=False)


def sealed(stack: Stack, target: str) -> str:
    """Return a target sealed."""
    return proof.seal(stack).close(target)


async def opened(stack: Stack, session: AsyncSession, channel: AlertChannel) -> OpenedChannel:
    """Open a channel's target. Raises `Undelivered` where it was sealed with another key."""
    kept = await alert_channels.sealed_target(session, channel.id)
    target = None if kept is None else proof.seal(stack).open(kept)
    if target is None:
        raise Undelivered(_OTHER_KEY)
    letterhead = await letterhead_of(stack, session)
    if channel.kind is not ChannelKind.MAIL:
        return OpenedChannel(channel, letterhead, target)
    known = await accounts.speech_at(session, mail_addresses(target))
    return OpenedChannel(channel, letterhead, target, {email: Speech(*each) for email, each in known.items()})


async def letterhead_of(stack: Stack, session: AsyncSession) -> Letterhead:
    """Return the brand's name and colour, the stack's own where none was set."""
    brand = await branding.find(session)
    if brand is None:
        return Letterhead(stack.settings.application.name, PLAIN_COLOR)
    return Letterhead(brand.product_name, brand.primary_color)


async def send(
    stack: Stack,
    opened_channel: OpenedChannel,
    write: Callable[[], Awaitable[Written]],
    *,
    transport: httpx.AsyncBaseTransport | None = None,
) -> None:
    """Send what is written, for mail once in the language of each reader; files go with mail alone.

    Raises `Undelivered` with the reason.
    """
    if opened_channel.channel.kind is not ChannelKind.MAIL:
        message, _ = await write()
        if opened_channel.channel.kind is ChannelKind.WEBHOOK:
            await post_webhook(opened_channel.target, message.payload, transport=transport)
        else:
            await tell_service(opened_channel.target, message.title, message.text)
        return
    for speech, addresses in _readers(opened_channel).items():
        with speaking(speech):
            message, attachments = await write()
            title, text = tr(message.title), "\n".join(tr(line) for line in message.lines)
        await send_mail(stack.settings.mail, addresses, title, text, opened_channel.letterhead, attachments)


def told(message: Composed) -> Callable[[], Awaitable[Written]]:
    """Return how a message without files is written."""

    async def write() -> Written:
        return message, ()

    return write


def _readers(opened_channel: OpenedChannel) -> dict[Speech, list[str]]:
    found: dict[Speech, list[str]] = {}
    for address in mail_addresses(opened_channel.target):
        found.setdefault(opened_channel.speech_at.get(address.lower(), ENGLISH), []).append(address)
    return found


def trial(stack: Stack, opened_channel: OpenedChannel) -> Composed:
    """Return the message that a channel is tried out with."""
    name = opened_channel.letterhead.name
    title = say("{name}: a trial", name=name)
    lines = (say("{name} works: alerts arrive here.", name=opened_channel.channel.name),)
    payload: dict[str, object] = {
        "portal": name,
        "sentAt": iso_utc(stack.clock()),
        "title": str(title),
        "address": page_address(stack) or None,
        "alerts": [],
    }
    return Composed(title, lines, payload)


def page_address(stack: Stack) -> str:
    """Return where people look at alerts, empty where the stack does not know its address."""
    public_url = stack.settings.application.public_url.rstrip("/")
    return f"{public_url}/alerts" if public_url else ""


async def zone_of(stack: Stack, session: AsyncSession) -> ZoneInfo:
    """Return the zone of all sites; the stack's own where they differ."""
    zones = await cost_report.zones_in_use(session, stack.layout, None)
    known = {name for name in zones if zone_named(name) is not None}
    return ZoneInfo(known.pop() if len(known) == 1 else stack.settings.application.time_zone)
