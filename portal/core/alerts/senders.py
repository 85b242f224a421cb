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
from portal.core.values.time import iso_utc

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

    from portal.core.database.db import AsyncSession
    from portal.core.stack import Stack

PLAIN_COLOR = "#0b6e99"
_OTHER_KEY = "This channel was sealed with another key: type in again where it leads"


@dataclass(frozen=True)
class OpenedChannel:
    """A channel whose target is known, and how what is sent looks."""

    channel: AlertChannel
    letterhead: Letterhead
    target: str = field(repr=False)


def sealed(stack: Stack, target: str) -> str:
    """Return a target sealed."""
    return proof.seal(stack).close(target)


async def opened(stack: Stack, session: AsyncSession, channel: AlertChannel) -> OpenedChannel:
    """Open a channel's target. Raises `Undelivered` where it was sealed with another key."""
    kept = await alert_channels.sealed_target(session, channel.id)
    target = None if kept is None else proof.seal(stack).open(kept)
    if target is None:
        raise Undelivered(_OTHER_KEY)
    return OpenedChannel(channel, await letterhead_of(stack, session), target)


async def letterhead_of(stack: Stack, session: AsyncSession) -> Letterhead:
    """Return the brand's name and colour, the stack's own where none was set."""
    brand = await branding.find(session)
    if brand is None:
        return Letterhead(stack.settings.application.name, PLAIN_COLOR)
    return Letterhead(brand.product_name, brand.primary_color)


async def send(
    stack: Stack,
    opened_channel: OpenedChannel,
    message: Composed,
    attachments: Sequence[Attachment] = (),
    *,
    transport: httpx.AsyncBaseTransport | None = None,
) -> None:
    """Send a message; files go with mail alone. Raises `Undelivered` with the reason."""
    target, letterhead = opened_channel.target, opened_channel.letterhead
    match opened_channel.channel.kind:
        case ChannelKind.MAIL:
            addresses = mail_addresses(target)
            await send_mail(
                stack.settings.mail, addresses, message.title, message.text, letterhead, attachments
            )
        case ChannelKind.WEBHOOK:
            await post_webhook(target, message.payload, transport=transport)
        case ChannelKind.SERVICE:
            await tell_service(target, message.title, message.text)


def trial(stack: Stack, opened_channel: OpenedChannel) -> Composed:
    """Return the message that a channel is tried out with."""
    name = opened_channel.letterhead.name
    title = f"{name}: a trial"
    lines = (f"{opened_channel.channel.name} works: alerts arrive here.",)
    payload: dict[str, object] = {
        "portal": name,
        "sentAt": iso_utc(stack.clock()),
        "title": title,
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
