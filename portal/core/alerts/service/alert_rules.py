"""What is watched: added, changed, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.alerts.queries import alert_channels
from portal.core.alerts.queries import alert_rules as queries
from portal.core.alerts.rules.alert_rules import KINDS, AlertKind, AlertRule, RuleFields, sound_rule
from portal.core.audit import queries as audit
from portal.core.audit.rules.changes import amount, changes_in_words, facts_in_words
from portal.core.errors import Conflict, NotFound
from portal.core.sites.queries import devices, sites
from portal.core.values.versions import require_version
from portal.core.words import noted

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from portal.core.database.db import AsyncSession
    from portal.core.stack import Stack

__all__ = ["AlertKind", "AlertRule", "RuleFields"]

_NO_RULE = noted("There is no such rule")


async def list_rules(stack: Stack) -> list[AlertRule]:
    """Return every rule by name."""
    async with stack.db.snapshot() as session:
        return await queries.list_rules(session)


async def get_rule(stack: Stack, rule: UUID | str) -> AlertRule:
    """Return a rule by its id or its name. Raises `NotFound`."""
    async with stack.db.snapshot() as session:
        return _there(await queries.find_rule(session, rule))


async def add_rule(stack: Stack, given: RuleFields) -> AlertRule:
    """Add a rule.

    Raises `Invalid`, `NotFound` for a site, meter or channel that is none, `Conflict` for a taken name.
    """
    values = sound_rule(given)
    async with stack.db.transaction() as session:
        await _check_refers(stack, session, values)
        rule_id = await queries.insert_rule(session, _columns(values))
        if rule_id is None:
            raise Conflict(_taken(values.get("name", "")))
        await queries.put_channels(session, rule_id, values.get("channels", []))
        made = _there(await queries.find_rule(session, rule_id))
        await audit.record(
            session, "alert_rule.added", made.name, facts_in_words(await _facts(session, made))
        )
    return made


async def change_rule(
    stack: Stack, rule_id: UUID, given: RuleFields, *, expected: Collection[str] | None = None
) -> AlertRule:
    """Change what is given of a rule; an alert that it does not speak of any more ends.

    `expected` are the versions this is meant for, None for any. Raises `NotFound`, `Outdated`, `Invalid`, `Conflict`.
    """
    async with stack.db.transaction() as session:
        await queries.lock_rule(session, rule_id)
        before = _there(await queries.find_rule(session, rule_id))
        require_version(before.version, expected)
        values = sound_rule(_as_fields(before) | given)
        await _check_refers(stack, session, values)
        if await queries.name_is_taken(session, values.get("name", ""), rule_id):
            raise Conflict(_taken(values.get("name", "")))
        was = await _facts(session, before)
        await queries.update_rule(session, rule_id, _columns(values))
        await queries.put_channels(session, rule_id, values.get("channels", []))
        after = _there(await queries.find_rule(session, rule_id))
        if words := changes_in_words(was, await _facts(session, after)):
            await audit.record(session, "alert_rule.changed", before.name, words)
    return after


async def remove_rule(stack: Stack, rule_id: UUID, *, expected: Collection[str] | None = None) -> None:
    """Delete a rule; its alerts stay in the list, and end. Raises `NotFound`, `Outdated` as a change does."""
    async with stack.db.transaction() as session:
        await queries.lock_rule(session, rule_id)
        found = _there(await queries.find_rule(session, rule_id))
        require_version(found.version, expected)
        await queries.delete_rule(session, rule_id)
        words = facts_in_words(await _facts(session, found))
        await audit.record(session, "alert_rule.removed", found.name, words)


def _as_fields(rule: AlertRule) -> RuleFields:
    return RuleFields(
        name=rule.name,
        kind=rule.kind,
        site_id=rule.site_id,
        device_id=rule.device_id,
        threshold=rule.threshold,
        minutes=rule.minutes,
        breaks_quiet_hours=rule.breaks_quiet_hours,
        is_active=rule.is_active,
        channels=list(rule.channels),
    )


def _columns(values: RuleFields) -> dict[str, object]:
    return {name: value for name, value in values.items() if name != "channels"}


async def _check_refers(stack: Stack, session: AsyncSession, values: RuleFields) -> None:
    site_id, device_id = values.get("site_id"), values.get("device_id")
    if site_id is not None and await sites.get_site(session, site_id) is None:
        message = noted("There is no such site")
        raise NotFound(message)
    if device_id is not None and await devices.get_device(session, device_id, stack.clock()) is None:
        message = noted("There is no such meter")
        raise NotFound(message)
    for channel in values.get("channels", []):
        if await alert_channels.find_channel(session, channel) is None:
            message = noted("There is no such channel")
            raise NotFound(message)


async def _facts(session: AsyncSession, rule: AlertRule) -> dict[str, object]:
    names = {each.id: each.name for each in await alert_channels.list_channels(session)}
    of = f"{rule.device_name}, {rule.site_name}" if rule.device_id else rule.site_name
    return {
        "name": rule.name,
        "watched": KINDS[rule.kind].label,
        "of": of or "everything",
        "threshold": amount(rule.threshold, KINDS[rule.kind].unit.replace("money", "")),
        "minutes": rule.minutes,
        "also in quiet hours": rule.breaks_quiet_hours,
        "active": rule.is_active,
        "told": ", ".join(sorted(names[each] for each in rule.channels if each in names)) or None,
    }


def _taken(name: str) -> str:
    return f"There is a rule named {name!r} already"


def _there(found: AlertRule | None) -> AlertRule:
    if found is None:
        raise NotFound(_NO_RULE)
    return found
