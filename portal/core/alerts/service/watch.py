"""Looks once a minute at what is watched, notes what happens, and tells whoever is to be told. One process does it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from portal.core.alerts import senders
from portal.core.alerts.observation import is_slow, observe
from portal.core.alerts.queries import alert_channels, alert_messages, alert_rules
from portal.core.alerts.queries import alerts as queries
from portal.core.alerts.rules.channels import APART, due_at, next_try
from portal.core.alerts.rules.conditions import conditions_of
from portal.core.alerts.rules.messages import BEGAN, ENDED, GIVEN_UP_AFTER, compose
from portal.core.alerts.rules.transitions import Begin, Change, End, GoOn, changes
from portal.core.database.leader import led
from portal.core.errors import Conflict, PortalError
from portal.core.log import logger
from portal.core.outages import Outage
from portal.core.words import kept, noted

if TYPE_CHECKING:
    from uuid import UUID
    from zoneinfo import ZoneInfo

    import httpx

    from portal.core.alerts.rules.alert_rules import AlertRule
    from portal.core.alerts.rules.channels import AlertChannel
    from portal.core.database.db import AsyncSession
    from portal.core.stack import Stack

EVERY_SECONDS = 60.0
COSTS_EVERY = timedelta(minutes=15)
MESSAGES_KEPT = timedelta(days=90)
_FIRST_SECONDS = 10.0
_LEADER_KEY = 7_301_301
_TRIES, _RETRY_SECONDS = 20, 0.5
_MOST_AT_ONCE = 500
_log = logger("alerts")


@dataclass
class Watching:
    """Since when readings could be heard here, and when costs were last looked at."""

    since: datetime
    costs_at: datetime | None = None


@dataclass(frozen=True)
class WatchReport:
    """What one look came to: alerts that began and ended, messages sent, and channels that were not reached."""

    began: int
    ended: int
    sent: int
    failed: int


async def follow(stack: Stack) -> None:
    """Look every minute for as long as the process runs; of several processes one does it."""
    await asyncio.sleep(_FIRST_SECONDS)
    watching = Watching(stack.clock())
    outage = Outage(_log, "Alerts are not looked after")
    while True:
        with outage.noted():
            async with led(stack.db, _LEADER_KEY) as leads:
                if leads:
                    await look(stack, watching)
        await asyncio.sleep(EVERY_SECONDS)


async def look_once(stack: Stack, *, transport: httpx.AsyncBaseTransport | None = None) -> WatchReport:
    """Look now, as if readings had been heard all the time: somebody asks for it.

    Raises `Conflict` while another process looks for longer than a few seconds.
    """
    for _ in range(_TRIES):
        async with led(stack.db, _LEADER_KEY) as leads:
            if leads:
                return await look(stack, Watching(datetime.min.replace(tzinfo=UTC)), transport=transport)
        await asyncio.sleep(_RETRY_SECONDS)
    message = noted("Alerts are being looked after just now; try again when that is through.")
    raise Conflict(message)


async def look(
    stack: Stack, watching: Watching, *, transport: httpx.AsyncBaseTransport | None = None
) -> WatchReport:
    """Note what begins and ends, then send what is due. Messages that fail are tried again for a day."""
    now = stack.clock()
    async with stack.db.snapshot() as session:
        rules = [rule for rule in await alert_rules.list_rules(session) if rule.is_active]
        is_idle = not rules and not await queries.open_alerts(session)
        zone = await senders.zone_of(stack, session)
    # A stack that watches nothing reads nothing.
    made = [] if is_idle else await _compare(stack, watching, rules, now)
    sent, failed = await _tell(stack, now, zone, transport)
    began, ended = (sum(isinstance(change, kind) for change in made) for kind in (Begin, End))
    if began or ended:
        _log.info("Alerts changed", began=began, ended=ended)
    return WatchReport(began, ended, sent, failed)


async def _compare(stack: Stack, watching: Watching, rules: list[AlertRule], now: datetime) -> list[Change]:
    """Hold what is watched against the open alerts, and note what changes."""
    with_costs = is_slow(rules) and (watching.costs_at is None or now - watching.costs_at >= COSTS_EVERY)
    seen = await observe(stack, rules, watching.since, with_costs=with_costs)
    if with_costs:
        watching.costs_at = now
    found = {rule.id: conditions_of(rule, seen) for rule in rules}
    async with stack.db.transaction() as session:
        made = changes(rules, found, await queries.open_alerts(session), now)
        channels = {each.id: each for each in await alert_channels.list_channels(session)}
        for change in made:
            await _note(session, change, channels, now, seen.zone)
        await alert_messages.give_up_before(session, now - GIVEN_UP_AFTER, now)
        await alert_messages.forget_before(session, now - MESSAGES_KEPT)
    return made


async def _note(
    session: AsyncSession, change: Change, channels: dict[UUID, AlertChannel], now: datetime, zone: ZoneInfo
) -> None:
    match change:
        case Begin():
            await _begin(session, change, channels, now, zone)
        case GoOn():
            values: dict[str, object] = {"clear_since": change.clear_since}
            if change.words:
                values |= {"words": str(change.words), "said": kept(change.words)}
            await queries.update_alert(session, change.alert_id, values)
        case End():
            await _end(session, change, channels, now, zone)


async def _begin(
    session: AsyncSession, change: Begin, channels: dict[UUID, AlertChannel], now: datetime, zone: ZoneInfo
) -> None:
    rule, condition = change.rule, change.condition
    alert_id = await queries.insert_alert(
        session,
        {
            "rule_id": rule.id,
            "rule_name": rule.name,
            "kind": rule.kind,
            "cause": condition.cause,
            "site_id": condition.site_id,
            "device_id": condition.device_id,
            "subject": condition.subject,
            "words": str(condition.words),
            "said": kept(condition.words),
            "began_at": now,
        },
    )
    for channel_id in rule.channels:
        channel = channels.get(channel_id)  # it may have been deleted meanwhile
        if channel is not None and channel.is_active:
            at = due_at(channel, now, zone, breaks_quiet_hours=rule.breaks_quiet_hours)
            await alert_messages.queue_message(session, alert_id, channel_id, BEGAN, at)


async def _end(
    session: AsyncSession, change: End, channels: dict[UUID, AlertChannel], now: datetime, zone: ZoneInfo
) -> None:
    await queries.update_alert(session, change.alert_id, {"ended_at": now, "ended_why": change.why})
    if not change.is_told:
        await alert_messages.drop_waiting(session, change.alert_id, now)
        return
    # Who waits for the beginning is told of both at once.
    for channel_id in await alert_messages.told_channels(session, change.alert_id):
        at = due_at(channels[channel_id], now, zone, breaks_quiet_hours=False)
        await alert_messages.queue_message(session, change.alert_id, channel_id, ENDED, at)


async def _tell(
    stack: Stack, now: datetime, zone: ZoneInfo, transport: httpx.AsyncBaseTransport | None
) -> tuple[int, int]:
    """Send each channel all that is due for it as one message; returns how many were sent, and how many not."""
    async with stack.db.snapshot() as session:
        waiting = await alert_messages.channels_to_tell(session, now, now - APART)
    done = [await _tell_one(stack, channel_id, now, zone, transport) for channel_id in waiting]
    return sum(done), len(done) - sum(done)


async def _tell_one(
    stack: Stack,
    channel_id: UUID,
    now: datetime,
    zone: ZoneInfo,
    transport: httpx.AsyncBaseTransport | None,
) -> bool:
    async with stack.db.snapshot() as session:
        channel = await alert_channels.find_channel(session, channel_id)
        news = await alert_messages.news_for(session, channel_id, now, _MOST_AT_ONCE)
    if channel is None or not news:
        return True
    failure = ""
    try:
        async with stack.db.snapshot() as session:
            opened = await senders.opened(stack, session, channel)
        message = compose(news, now, zone, opened.letterhead.name, senders.page_address(stack))
        await senders.send(stack, opened, senders.told(message), transport=transport)
    except PortalError as error:
        failure = error.message
        _log.warning("A channel was not reached", channel=channel.name, reason=failure)
    async with stack.db.transaction() as session:
        if failure:
            again_at = next_try(now, channel.failures)
            await alert_channels.note_failure(session, channel_id, failure[:500], again_at)
        else:
            await alert_messages.mark_done(session, [each.message_id for each in news], now, is_sent=True)
            await alert_channels.note_sent(session, channel_id, now)
    return not failure
