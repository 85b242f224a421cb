"""Who is told of alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import String, delete, func, select, type_coerce, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from portal.core.alerts.rules.channels import AlertChannel
from portal.core.alerts.tables import AlertChannelRow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

_TARGET_MARK = type_coerce(func.right(col(AlertChannelRow.sealed_target), 16), String)
_CHANNELS = select(
    col(AlertChannelRow.id),
    col(AlertChannelRow.name),
    col(AlertChannelRow.kind),
    col(AlertChannelRow.shown),
    col(AlertChannelRow.quiet_from),
    col(AlertChannelRow.quiet_to),
    col(AlertChannelRow.gets_report),
    col(AlertChannelRow.is_active),
    col(AlertChannelRow.last_sent_at),
    col(AlertChannelRow.last_error),
    col(AlertChannelRow.failures),
    _TARGET_MARK,
)


async def list_channels(session: AsyncSession) -> list[AlertChannel]:
    """Return every channel by name."""
    found = await session.execute(_CHANNELS.order_by(col(AlertChannelRow.name)))
    return [AlertChannel(*row) for row in found]


async def find_channel(
    session: AsyncSession, channel: UUID | str, *, for_change: bool = False
) -> AlertChannel | None:
    """Return a channel by its id or its name; `for_change` keeps it as it is until the end of the transaction."""
    is_it = (
        col(AlertChannelRow.name) == channel
        if isinstance(channel, str)
        else col(AlertChannelRow.id) == channel
    )
    found = _CHANNELS.where(is_it)
    row = (await session.execute(found.with_for_update() if for_change else found)).one_or_none()
    return None if row is None else AlertChannel(*row)


async def sealed_target(session: AsyncSession, channel_id: UUID) -> str | None:
    """Return where a channel leads, sealed."""
    return await session.scalar(
        select(col(AlertChannelRow.sealed_target)).where(col(AlertChannelRow.id) == channel_id)
    )


async def insert_channel(session: AsyncSession, values: Mapping[str, object]) -> UUID | None:
    """Add a channel; None where its name is taken."""
    new = insert(AlertChannelRow).values(**values)
    return await session.scalar(new.on_conflict_do_nothing().returning(col(AlertChannelRow.id)))


async def update_channel(session: AsyncSession, channel_id: UUID, values: Mapping[str, object]) -> None:
    """Change columns of a channel."""
    await session.execute(
        update(AlertChannelRow).where(col(AlertChannelRow.id) == channel_id).values(**values)
    )


async def delete_channel(session: AsyncSession, channel_id: UUID) -> None:
    """Delete a channel, and what it was still to be told."""
    await session.execute(delete(AlertChannelRow).where(col(AlertChannelRow.id) == channel_id))


async def note_sent(session: AsyncSession, channel_id: UUID, at: datetime) -> None:
    """Keep when a channel was last reached."""
    values = {"last_sent_at": at, "last_error": "", "failures": 0, "next_try_at": None}
    await update_channel(session, channel_id, values)


async def note_failure(session: AsyncSession, channel_id: UUID, why: str, next_try_at: datetime) -> None:
    """Keep why a channel was not reached, and when it is tried again."""
    values = {
        "last_error": why,
        "failures": AlertChannelRow.failures + 1,
        "next_try_at": next_try_at,
    }
    await update_channel(session, channel_id, values)
