"""What is watched."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from portal.core.alerts.rules.alert_rules import AlertRule
from portal.core.alerts.tables import AlertRuleChannel, AlertRuleRow
from portal.core.sites.tables import Device, Site

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

_RULES = (
    select(
        col(AlertRuleRow.id),
        col(AlertRuleRow.name),
        col(AlertRuleRow.kind),
        col(AlertRuleRow.site_id),
        col(AlertRuleRow.device_id),
        col(AlertRuleRow.threshold),
        col(AlertRuleRow.minutes),
        col(AlertRuleRow.breaks_quiet_hours),
        col(AlertRuleRow.is_active),
        func.coalesce(col(Site.name), ""),
        func.coalesce(col(Device.name), ""),
    )
    .outerjoin(Device, col(Device.id) == col(AlertRuleRow.device_id))
    .outerjoin(Site, col(Site.id) == func.coalesce(col(Device.site_id), col(AlertRuleRow.site_id)))
)


async def list_rules(session: AsyncSession) -> list[AlertRule]:
    """Return every rule by name, with its channels."""
    channels: dict[UUID, list[UUID]] = {}
    links = select(col(AlertRuleChannel.rule_id), col(AlertRuleChannel.channel_id))
    for rule_id, channel_id in await session.execute(links):
        channels.setdefault(rule_id, []).append(channel_id)
    found = await session.execute(_RULES.order_by(col(AlertRuleRow.name)))
    return [replace(AlertRule(*row), channels=tuple(sorted(channels.get(row[0], ())))) for row in found]


async def find_rule(session: AsyncSession, rule: UUID | str) -> AlertRule | None:
    """Return a rule by its id or its name."""
    rules = await list_rules(session)
    return next((each for each in rules if rule in {each.id, each.name}), None)


async def lock_rule(session: AsyncSession, rule_id: UUID) -> None:
    """Keep a rule as it is until the end of the transaction."""
    await session.execute(
        select(col(AlertRuleRow.id)).where(col(AlertRuleRow.id) == rule_id).with_for_update()
    )


async def insert_rule(session: AsyncSession, values: Mapping[str, object]) -> UUID | None:
    """Add a rule; None where its name is taken."""
    new = insert(AlertRuleRow).values(**values)
    return await session.scalar(new.on_conflict_do_nothing().returning(col(AlertRuleRow.id)))


async def name_is_taken(session: AsyncSession, name: str, but: UUID) -> bool:
    """Whether another rule has a name."""
    other = select(col(AlertRuleRow.id)).where(col(AlertRuleRow.name) == name, col(AlertRuleRow.id) != but)
    return await session.scalar(other) is not None


async def update_rule(session: AsyncSession, rule_id: UUID, values: Mapping[str, object]) -> None:
    """Change a rule."""
    await session.execute(update(AlertRuleRow).where(col(AlertRuleRow.id) == rule_id).values(**values))


async def put_channels(session: AsyncSession, rule_id: UUID, channels: Sequence[UUID]) -> None:
    """Have a rule tell these channels, and no others."""
    await session.execute(delete(AlertRuleChannel).where(col(AlertRuleChannel.rule_id) == rule_id))
    if channels:
        links = [{"rule_id": rule_id, "channel_id": channel} for channel in channels]
        await session.execute(insert(AlertRuleChannel), links)


async def delete_rule(session: AsyncSession, rule_id: UUID) -> None:
    """Delete a rule; what happened by it stays."""
    await session.execute(delete(AlertRuleRow).where(col(AlertRuleRow.id) == rule_id))
