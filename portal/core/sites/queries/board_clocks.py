"""What is known of boards' clocks: nothing where they are right."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from portal.core.sites.rules.board_clocks import RIGHT, BoardClock, LateRun
from portal.core.sites.tables import Device, DeviceClock

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

KNOWN = (
    col(DeviceClock.skew),
    col(DeviceClock.ahead_until),
    col(DeviceClock.late_since),
    col(DeviceClock.late_posts),
    col(DeviceClock.late_least),
    col(DeviceClock.late_most),
)
"""The columns that `clock_of` takes."""


def clock_of(
    skew: timedelta | None,
    ahead_until: datetime | None,
    late_since: datetime | None,
    late_posts: int | None,
    late_least: timedelta | None,
    late_most: timedelta | None,
) -> BoardClock:
    """Return what a row says, or the lack of one."""
    if late_since is None or late_posts is None or late_least is None or late_most is None:
        return RIGHT if skew is None and ahead_until is None else BoardClock(skew, ahead_until)
    return BoardClock(skew, ahead_until, LateRun(late_since, late_posts, late_least, late_most))


_OFF = (
    select(col(Device.site_id), col(Device.name), col(Device.external_id), col(DeviceClock.skew))
    .join(DeviceClock, col(DeviceClock.device_id) == col(Device.id))
    .where(col(DeviceClock.skew).is_not(None), col(Device.is_active))
    .order_by(col(Device.name), col(Device.external_id))
)


class ClockOff(NamedTuple):
    """An active device whose clock is wrong, and how far it is ahead (negative: behind)."""

    site_id: UUID
    name: str
    external_id: str
    skew: timedelta


async def clocks_off(session: AsyncSession) -> list[ClockOff]:
    """Return the active devices whose clocks are wrong, by name."""
    return [
        ClockOff(site_id, name, external_id, skew)
        for site_id, name, external_id, skew in await session.execute(_OFF)
        if skew is not None
    ]


async def store_clock(session: AsyncSession, device_id: UUID, clock: BoardClock) -> None:
    """Keep what is known of a device's clock; a device that was just deleted has none."""
    if clock == RIGHT:
        await session.execute(delete(DeviceClock).where(col(DeviceClock.device_id) == device_id))
        return
    late = clock.late
    known = {
        "skew": clock.skew,
        "ahead_until": clock.ahead_until,
        "late_since": None if late is None else late.since_at,
        "late_posts": None if late is None else late.posts,
        "late_least": None if late is None else late.least,
        "late_most": None if late is None else late.most,
    }
    there = await session.scalar(
        select(col(Device.id)).where(col(Device.id) == device_id).with_for_update(read=True, key_share=True)
    )
    if there is not None:
        new = insert(DeviceClock).values(device_id=device_id, **known)
        await session.execute(
            new.on_conflict_do_update(index_elements=[col(DeviceClock.device_id)], set_=known)
        )
