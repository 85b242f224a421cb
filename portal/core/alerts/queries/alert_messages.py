"""What channels are still to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, or_, select, update
from sqlmodel import col

from portal.core.alerts.rules.messages import BEGAN, News
from portal.core.alerts.tables import AlertChannelRow, AlertMessage, AlertRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

_WAITS = col(AlertMessage.done_at).is_(None)


async def queue_message(
    session: AsyncSession, alert_id: int, channel_id: UUID, event: str, due_at: datetime
) -> None:
    """Have a channel told of an alert from `due_at` on."""
    values = {"alert_id": alert_id, "channel_id": channel_id, "event": event, "due_at": due_at}
    await session.execute(insert(AlertMessage).values(**values))


async def told_channels(session: AsyncSession, alert_id: int) -> list[UUID]:
    """Return the channels that were told that an alert began."""
    found = select(col(AlertMessage.channel_id)).where(
        col(AlertMessage.alert_id) == alert_id, col(AlertMessage.event) == BEGAN, col(AlertMessage.is_sent)
    )
    return list(await session.scalars(found))


async def drop_waiting(session: AsyncSession, alert_id: int, now: datetime) -> None:
    """Tell nobody any more that an alert began."""
    waiting = update(AlertMessage).where(
        col(AlertMessage.alert_id) == alert_id, col(AlertMessage.event) == BEGAN, _WAITS
    )
    await session.execute(waiting.values(done_at=now))


async def channels_to_tell(session: AsyncSession, now: datetime, sent_before: datetime) -> list[UUID]:
    """Return the channels for which something is due, and which are not to be left alone."""
    is_its_turn = (
        or_(
            col(AlertChannelRow.last_sent_at).is_(None),
            col(AlertChannelRow.last_sent_at) <= sent_before,
        ),
        or_(col(AlertChannelRow.next_try_at).is_(None), col(AlertChannelRow.next_try_at) <= now),
    )
    due = select(col(AlertMessage.channel_id)).where(_WAITS, col(AlertMessage.due_at) <= now)
    found = select(col(AlertChannelRow.id)).where(
        col(AlertChannelRow.is_active), *is_its_turn, col(AlertChannelRow.id).in_(due)
    )
    return list(await session.scalars(found))


async def news_for(session: AsyncSession, channel_id: UUID, now: datetime, most: int) -> list[News]:
    """Return what a channel is to be told now, in the order in which it happened."""
    found = (
        select(
            col(AlertMessage.id),
            col(AlertMessage.event),
            col(AlertRow.id),
            col(AlertRow.rule_name),
            col(AlertRow.kind),
            col(AlertRow.subject),
            col(AlertRow.words),
            col(AlertRow.said),
            col(AlertRow.began_at),
            col(AlertRow.ended_at),
        )
        .join(AlertRow, col(AlertRow.id) == col(AlertMessage.alert_id))
        .where(col(AlertMessage.channel_id) == channel_id, _WAITS, col(AlertMessage.due_at) <= now)
        .order_by(col(AlertMessage.id))
        .limit(most)
    )
    return [News(*row) for row in await session.execute(found)]


async def mark_done(session: AsyncSession, messages: Sequence[int], now: datetime, *, is_sent: bool) -> None:
    """Keep that messages were sent, or that they are not sent any more."""
    done = update(AlertMessage).where(col(AlertMessage.id).in_(messages))
    await session.execute(done.values(done_at=now, is_sent=is_sent))


async def give_up_before(session: AsyncSession, due_before: datetime, now: datetime) -> None:
    """Send nothing any more that was due so long ago."""
    late = update(AlertMessage).where(_WAITS, col(AlertMessage.due_at) < due_before)
    await session.execute(late.values(done_at=now))


async def forget_before(session: AsyncSession, done_before: datetime) -> None:
    """Forget messages that were done with long ago; the alerts stay."""
    await session.execute(delete(AlertMessage).where(col(AlertMessage.done_at) < done_before))
