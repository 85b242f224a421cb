"""Who is told of alerts: added, changed, tried out, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.alerts import senders
from portal.core.alerts.queries import alert_channels as queries
from portal.core.alerts.rules import channels as rules
from portal.core.alerts.rules.channels import AlertChannel, ChannelFields, ChannelKind
from portal.core.audit import queries as audit
from portal.core.audit.rules.changes import changes_in_words, facts_in_words
from portal.core.delivery.services import service_name
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.values.versions import require_version
from portal.core.words import noted, say

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    import httpx

    from portal.core.database.db import AsyncSession
    from portal.core.stack import Stack

__all__ = ["AlertChannel", "ChannelFields", "ChannelKind"]

_NO_CHANNEL = noted("There is no such channel")


async def list_channels(stack: Stack) -> list[AlertChannel]:
    """Return every channel by name."""
    async with stack.db.snapshot() as session:
        return await queries.list_channels(session)


async def get_channel(stack: Stack, channel: UUID | str) -> AlertChannel:
    """Return a channel by its id or its name. Raises `NotFound`."""
    async with stack.db.snapshot() as session:
        return _there(await queries.find_channel(session, channel))


async def add_channel(stack: Stack, given: ChannelFields) -> AlertChannel:
    """Add a channel; its target is sealed and never told again. Raises `Invalid`, `Conflict` for a taken name."""
    kind = given.get("kind")
    if kind is None or "target" not in given:
        message = say(
            "A channel has a 'kind' ({channelkind}) and a 'target'", channelkind=", ".join(ChannelKind)
        )
        raise Invalid(message)
    rules.sound_quiet(given.get("quiet_from"), given.get("quiet_to"))
    values: dict[str, object] = {
        "kind": kind,
        "name": rules.sound_channel_name(given.get("name", "")),
        **_target(stack, kind, given["target"]),
        **_plain(given),
    }
    async with stack.db.transaction() as session:
        channel_id = await queries.insert_channel(session, values)
        if channel_id is None:
            raise Conflict(_taken(str(values["name"])))
        made = _there(await queries.find_channel(session, channel_id))
        await audit.record(session, "alert_channel.added", made.name, facts_in_words(_facts(made)))
    return made


async def change_channel(
    stack: Stack, channel_id: UUID, given: ChannelFields, *, expected: Collection[str] | None = None
) -> AlertChannel:
    """Change what is given of a channel; without a target it leads where it did. Its kind stays.

    `expected` are the versions this is meant for, None for any. Raises `NotFound`, `Outdated`, `Invalid`, `Conflict`.
    """
    async with stack.db.transaction() as session:
        before = _there(await queries.find_channel(session, channel_id, for_change=True))
        require_version(before.version, expected)
        if given.get("kind", before.kind) is not before.kind:
            message = noted("A channel stays of its kind: add another one")
            raise Invalid(message)
        values = _plain(given)
        rules.sound_quiet(given.get("quiet_from", before.quiet_from), given.get("quiet_to", before.quiet_to))
        if "name" in given:
            values["name"] = await _free_name(session, given["name"], channel_id)
        if target := given.get("target"):
            values |= _target(stack, before.kind, target)
            values |= {"last_error": "", "failures": 0, "next_try_at": None}
        if values:
            await queries.update_channel(session, channel_id, values)
        after = _there(await queries.find_channel(session, channel_id))
        words = changes_in_words(_facts(before), _facts(after))
        if before.target_mark != after.target_mark:
            words = "; ".join(filter(None, (words, "leads elsewhere: yes")))
        if words:
            await audit.record(session, "alert_channel.changed", before.name, words)
    return after


async def remove_channel(stack: Stack, channel_id: UUID, *, expected: Collection[str] | None = None) -> None:
    """Delete a channel: nobody is told by it any more. `expected` as for a change. Raises `NotFound`, `Outdated`."""
    async with stack.db.transaction() as session:
        found = _there(await queries.find_channel(session, channel_id, for_change=True))
        require_version(found.version, expected)
        await queries.delete_channel(session, channel_id)
        await audit.record(session, "alert_channel.removed", found.name, facts_in_words(_facts(found)))


async def try_channel(
    stack: Stack, channel: UUID | str, *, transport: httpx.AsyncBaseTransport | None = None
) -> AlertChannel:
    """Send a message that says it is a trial. Raises `NotFound`, `Undelivered` with the reason."""
    async with stack.db.snapshot() as session:
        found = _there(await queries.find_channel(session, channel))
        opened = await senders.opened(stack, session, found)
    await senders.send(stack, opened, senders.told(senders.trial(stack, opened)), transport=transport)
    async with stack.db.transaction() as session:
        await queries.update_channel(
            session, found.id, {"last_error": "", "failures": 0, "next_try_at": None}
        )
        await audit.record(session, "alert_channel.tried", found.name)
    return found


def _plain(given: ChannelFields) -> dict[str, object]:
    """Return what is stored as it was given."""
    plain = ("quiet_from", "quiet_to", "gets_report", "is_active")
    return {name: value for name, value in given.items() if name in plain}


def _target(stack: Stack, kind: ChannelKind, target: str) -> dict[str, object]:
    """Return a target sealed, and what may be seen of it. Raises `Invalid`."""
    if kind is ChannelKind.MAIL:
        sound = ", ".join(rules.mail_addresses(target))
        shown = rules.shown_target(kind, sound)
    elif kind is ChannelKind.WEBHOOK:
        sound = rules.web_address(target)
        shown = rules.shown_target(kind, sound)
    else:
        sound = rules.service_address(target)
        shown = f"{service_name(sound)} ({rules.shown_target(kind, sound)})"[:200]
    return {"sealed_target": senders.sealed(stack, sound), "shown": shown}


async def _free_name(session: AsyncSession, name: str, channel_id: UUID) -> str:
    sound = rules.sound_channel_name(name)
    other = await queries.find_channel(session, sound)
    if other is not None and other.id != channel_id:
        raise Conflict(_taken(sound))
    return sound


def _facts(channel: AlertChannel) -> dict[str, object]:
    quiet = None
    if channel.quiet_from is not None and channel.quiet_to is not None:
        quiet = f"{channel.quiet_from:%H:%M} to {channel.quiet_to:%H:%M}"
    return {
        "name": channel.name,
        "kind": channel.kind.value,
        "to": channel.shown,
        "quiet hours": quiet,
        "monthly report": channel.gets_report,
        "active": channel.is_active,
    }


def _taken(name: str) -> str:
    return f"There is a channel named {name!r} already"


def _there(found: AlertChannel | None) -> AlertChannel:
    if found is None:
        raise NotFound(_NO_CHANNEL)
    return found
