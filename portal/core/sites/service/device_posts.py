"""What boards posted lately, and why anything of it was refused: for those who set up a board."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.core.sites.queries import device_posts as queries
from portal.core.sites.rules.device_posts import LONGEST_REASON, BoardPost
from portal.core.values.texts import shown_text
from portal.core.values.time import iso_utc

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from portal.core.stack import Stack

__all__ = ["BoardPost"]

_UNKNOWN_SHOWN = 20
_UNKNOWN_WITHIN = timedelta(hours=24)


@dataclass(frozen=True)
class HeardOfBoard:
    """What came of one device, and what came meanwhile with tokens that nobody has; both newest first."""

    posts: tuple[BoardPost, ...]
    unknown: tuple[BoardPost, ...]


async def keep_posts(stack: Stack, posts: Sequence[BoardPost]) -> None:
    """Keep posts, oldest first; of each device, and of tokens that nobody has, only the last ones are.

    A token that opens nothing may be one that a device had before, or that of a device which is not active: its post is
    that device's, and says so.
    """
    hashes = {post.token_hash for post in posts if post.device_id is None and post.token_hash}
    async with stack.db.transaction() as session:
        had = await queries.had_tokens(session, hashes) if hashes else {}
        await queries.add_posts(session, [_told(post, had) for post in posts])


async def last_posts(stack: Stack, device_id: UUID, *, unknown_since: datetime | None = None) -> HeardOfBoard:
    """Return what is kept of a device's posts, and those with unknown tokens since then, by default of the last day."""
    since = unknown_since or stack.clock() - _UNKNOWN_WITHIN
    async with stack.db.snapshot() as session:
        return HeardOfBoard(
            await queries.posts_of(session, device_id),
            await queries.unknown_posts(session, since, _UNKNOWN_SHOWN),
        )


async def newest_posts(stack: Stack) -> dict[UUID, BoardPost]:
    """Return the newest post of each device that has any."""
    async with stack.db.snapshot() as session:
        return await queries.newest_posts(session)


def _told(post: BoardPost, had: dict[str, tuple[UUID, datetime | None]]) -> BoardPost:
    reason = shown_text(post.reason)[:LONGEST_REASON]
    if post.device_id is not None or post.token_hash not in had:
        return replace(post, reason=reason)
    device_id, ended_at = had[post.token_hash]
    why = (
        "The device is not active"
        if ended_at is None
        else f"An old token of this device, ended {iso_utc(ended_at)}"
    )
    return replace(post, device_id=device_id, reason=why)
