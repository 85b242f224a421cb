"""The last posts of boards: a bounded list of each device, and one of tokens that nobody has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, func, insert, not_, or_, select, tuple_
from sqlmodel import col

from portal.core.sites.rules.device_posts import KEPT_POSTS, KEPT_REFUSED, KEPT_UNKNOWN, BoardPost
from portal.core.sites.tables import Device, DevicePost

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ScalarSelect, Select
    from sqlalchemy.ext.asyncio import AsyncSession

_COLUMNS = (
    *("posted_at", "status", "device_id", "body_bytes", "rows", "stored_rows", "known_rows", "refused_rows"),
    *("reason", "address", "token_length", "token_last4"),
)
_POSTS = select(
    col(DevicePost.posted_at),
    col(DevicePost.status),
    col(DevicePost.device_id),
    col(DevicePost.body_bytes),
    col(DevicePost.rows),
    col(DevicePost.stored_rows),
    col(DevicePost.known_rows),
    col(DevicePost.refused_rows),
    col(DevicePost.reason),
    col(DevicePost.address),
    col(DevicePost.token_length),
    col(DevicePost.token_last4),
)
_HAS_TROUBLE = or_(col(DevicePost.status) >= 400, col(DevicePost.refused_rows) > 0)


def _too_many(devices: Collection[UUID]) -> Select[tuple[int | None]]:
    """Return which posts of devices are neither among the newest nor among the newest with trouble.

    A board that posts every minute would soon hide why one was refused.
    """
    newest_first = col(DevicePost.id).desc()
    ranked = (
        select(
            col(DevicePost.id),
            _HAS_TROUBLE.label("has_trouble"),
            func.row_number()
            .over(partition_by=col(DevicePost.device_id), order_by=newest_first)
            .label("newest"),
            func.row_number()
            .over(partition_by=tuple_(col(DevicePost.device_id), _HAS_TROUBLE), order_by=newest_first)
            .label("newest_of_kind"),
        )
        .where(col(DevicePost.device_id).in_(devices))
        .subquery()
    )
    is_kept = and_(ranked.c.has_trouble, ranked.c.newest_of_kind <= KEPT_REFUSED)
    return select(ranked.c.id).where(ranked.c.newest > KEPT_POSTS, not_(is_kept))


_IS_UNKNOWN = col(DevicePost.device_id).is_(None)


def _last_unknown() -> ScalarSelect[int | None]:
    """Return the newest of the posts with unknown tokens that are too many."""
    ordered = select(col(DevicePost.id)).where(_IS_UNKNOWN).order_by(col(DevicePost.id).desc())
    return ordered.offset(KEPT_UNKNOWN).limit(1).scalar_subquery()


async def had_tokens(
    session: AsyncSession, hashes: Collection[str]
) -> dict[str, tuple[UUID, datetime | None]]:
    """Return whose some hashes are that open nothing: of a token that was replaced, until when it did; or None.

    None is of a device that is not active.
    """
    wanted = list(hashes)
    ended_at = func.coalesce(col(Device.previous_token_expires_at), col(Device.token_issued_at))
    replaced = select(col(Device.previous_token_hash), col(Device.id), ended_at).where(
        col(Device.previous_token_hash).in_(wanted)
    )
    inactive = select(col(Device.token_hash), col(Device.id)).where(
        col(Device.token_hash).in_(wanted), col(Device.is_active).is_(False)
    )
    found: dict[str, tuple[UUID, datetime | None]] = {
        token_hash: (device, None) for token_hash, device in await session.execute(inactive) if token_hash
    }
    for token_hash, device, at in await session.execute(replaced):
        if token_hash:
            found[token_hash] = device, at
    return found


async def add_posts(session: AsyncSession, posts: Sequence[BoardPost]) -> None:
    """Keep posts, oldest first, and forget those that are too many then; posts of removed devices are left out."""
    devices = {post.device_id for post in posts if post.device_id is not None}
    there = set(
        await session.scalars(
            select(col(Device.id))
            .where(col(Device.id).in_(devices))
            .with_for_update(read=True, key_share=True)
        )
    )
    kept = [post for post in posts if post.device_id is None or post.device_id in there]
    if not kept:
        return
    await session.execute(
        insert(DevicePost), [{name: getattr(post, name) for name in _COLUMNS} for post in kept]
    )
    if there:
        await session.execute(delete(DevicePost).where(col(DevicePost.id).in_(_too_many(there))))
    if any(post.device_id is None for post in kept):
        await session.execute(delete(DevicePost).where(_IS_UNKNOWN, col(DevicePost.id) <= _last_unknown()))


async def posts_of(session: AsyncSession, device_id: UUID) -> tuple[BoardPost, ...]:
    """Return the posts of a device that are kept, newest first."""
    rows = await session.execute(
        _POSTS.where(col(DevicePost.device_id) == device_id).order_by(col(DevicePost.id).desc())
    )
    return tuple(BoardPost(*row) for row in rows)


async def newest_posts(session: AsyncSession) -> dict[UUID, BoardPost]:
    """Return the newest post of each device that has any."""
    newest = _POSTS.distinct(col(DevicePost.device_id)).where(col(DevicePost.device_id).is_not(None))
    rows = await session.execute(newest.order_by(col(DevicePost.device_id), col(DevicePost.id).desc()))
    posts = (BoardPost(*row) for row in rows)
    return {post.device_id: post for post in posts if post.device_id is not None}


async def unknown_posts(session: AsyncSession, since: datetime, most: int) -> tuple[BoardPost, ...]:
    """Return posts with tokens that nobody has, newest first."""
    rows = await session.execute(
        _POSTS.where(_IS_UNKNOWN, col(DevicePost.posted_at) >= since)
        .order_by(col(DevicePost.id).desc())
        .limit(most)
    )
    return tuple(BoardPost(*row) for row in rows)
