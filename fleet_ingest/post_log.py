"""What boards posted and what they were answered, kept beside the answers: no board waits for it.

Posts are gathered for a moment and written together, in one transaction for all boards. A process that is killed loses
that moment of them: they are told to people, and nothing is reckoned from them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from fleet_ingest.answers import status_of
from portal.core.log import logger
from portal.core.outages import Outage
from portal.core.sites.rules.device_posts import BoardPost
from portal.core.sites.service import device_posts
from portal.core.values.tokens import token_hash

if TYPE_CHECKING:
    from uuid import UUID

    from starlette.requests import Request

    from portal.core.errors import PortalError
    from portal.core.readings.wire import DeviceIngestAnswer
    from portal.core.stack import Stack

_log = logger("ingest")
_PAUSE_SECONDS = 0.5
_MOST_GATHERED = 2000
_MOST_REASONS = 3
_MOST_TOKEN = 1000


@dataclass
class PostLog:
    """The posts of one process that are not written yet; of too many the oldest are left out."""

    _posts: deque[BoardPost] = field(default_factory=lambda: deque[BoardPost](maxlen=_MOST_GATHERED))
    _task: asyncio.Task[None] | None = None
    _is_draining: asyncio.Event = field(default_factory=asyncio.Event)
    _outage: Outage = field(default_factory=lambda: Outage(_log, "The last posts of boards are not written"))

    def note(self, stack: Stack, post: BoardPost) -> None:
        """Have a post written soon."""
        self._posts.append(post)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(stack))

    async def drain(self) -> None:
        """Wait until all is written, or cannot be."""
        self._is_draining.set()
        if self._task is not None:
            await self._task
        self._is_draining.clear()

    async def _run(self, stack: Stack) -> None:
        while self._posts:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_draining.wait(), _PAUSE_SECONDS)
            posts = list(self._posts)
            self._posts.clear()
            with self._outage.noted():
                await device_posts.keep_posts(stack, posts)


def stored_post(request: Request, stack: Stack, device_id: UUID, answer: DeviceIngestAnswer) -> BoardPost:
    """Return a post that was answered 200, also where some or all of its rows were refused."""
    stored = answer.accepted + answer.completed + answer.conflicts
    first = [f"row {problem.row}: {problem.reason}" for problem in answer.errors[:_MOST_REASONS]]
    more = answer.rejected - len(first)
    return BoardPost(
        posted_at=stack.clock(),
        status=200,
        device_id=device_id,
        body_bytes=_length(request),
        rows=stored + answer.duplicates + answer.rejected,
        stored_rows=stored,
        known_rows=answer.duplicates,
        refused_rows=answer.rejected,
        reason="; ".join([*first, *([f"and {more} more"] if first and more > 0 else [])]),
        address=_address(request),
    )


def refused_post(
    request: Request, stack: Stack, device_id: UUID | None, token: str, error: PortalError
) -> BoardPost:
    """Return a post that was refused as a whole; of a token that nobody has only its hash, length and end are kept."""
    post = BoardPost(
        posted_at=stack.clock(),
        status=status_of(error),
        device_id=device_id,
        body_bytes=_length(request),
        reason=error.message,
        address=_address(request),
    )
    if device_id is not None:
        return post
    return replace(
        post,
        token_hash=token_hash(token[:_MOST_TOKEN]) if token else "",
        token_length=len(token),
        # All but the end of a token would be a secret; of a short text nearly all is.
        token_last4=token[-4:] if len(token) >= 16 else "",
    )


def _length(request: Request) -> int | None:
    length = request.headers.get("content-length", "")
    return min(int(length), 2_147_483_647) if length.isdecimal() and len(length) < 20 else None


def _address(request: Request) -> str:
    return request.client.host[:64] if request.client else ""
