"""Which report went to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from portal.core.alerts.tables import AlertChannelRow
from portal.core.reports.tables import SentReport

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


async def channels_without(session: AsyncSession, month: date, now: datetime) -> list[UUID]:
    """Return the channels that get reports and were not sent that of a month, if it is their turn to be tried."""
    sent = select(col(SentReport.channel_id)).where(col(SentReport.month) == month)
    next_try = col(AlertChannelRow.next_try_at)
    found = select(col(AlertChannelRow.id)).where(
        col(AlertChannelRow.is_active),
        col(AlertChannelRow.gets_report),
        (next_try.is_(None)) | (next_try <= now),
        col(AlertChannelRow.id).not_in(sent),
    )
    return list(await session.scalars(found))


async def note_sent(session: AsyncSession, month: date, channel_id: UUID, sent_at: datetime) -> None:
    """Keep that a channel was sent a month's report."""
    new = insert(SentReport).values(month=month, channel_id=channel_id, sent_at=sent_at)
    await session.execute(new.on_conflict_do_nothing())
