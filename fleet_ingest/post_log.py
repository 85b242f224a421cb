"""What boards and Clients posted and what they were answered, kept beside the answers: nobody waits for it.

Posts are gathered for a moment and written together, in one transaction for all senders. A process that is killed loses
that moment of them: they are told to people, and nothing is reckoned from them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, TypeVar

from fleet_ingest.answers import status_of
from portal.core.exchange.batches import CURSOR_HEADER, TOKEN_HEADER, TYPE_HEADER
from portal.core.fleet.rules.refused_pushes import RefusedPush
from portal.core.fleet.service import refused_pushes
from portal.core.log import logger
from portal.core.outages import Outage
from portal.core.sites.rules.device_posts import BoardPost
from portal.core.sites.service import device_posts
from portal.core.values.tokens import token_hash

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
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
_SHORTEST_TOLD = 16
PostT = TypeVar("PostT")


class PostLog(Generic[PostT]):
    """The posts of one process that are not written yet; of too many the oldest are left out."""

    def __init__(self, keep: Callable[[Stack, Sequence[PostT]], Awaitable[None]], of_whom: str) -> None:
        """`keep` writes posts, oldest first; `of_whom` says in a log whose are not written."""
        self._keep = keep
        self._posts = deque[PostT](maxlen=_MOST_GATHERED)
        self._task: asyncio.Task[None] | None = None
        self._is_draining = asyncio.Event()
        self._outage = Outage(_log, f"The last posts of {of_whom} are not written")

    def note(self, stack: Stack, post: PostT) -> None:
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
                await self._keep(stack, posts)


def board_posts() -> PostLog[BoardPost]:
    """Return a log of what boards posted."""
    return PostLog(device_posts.keep_posts, "boards")


def unproven_pushes() -> PostLog[RefusedPush]:
    """Return a log of what Clients pushed with tokens that open nothing."""
    return PostLog(refused_pushes.keep_refused, "Clients")


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
        token_last4=_end_of(token),
    )


def unproven_push(request: Request) -> RefusedPush:
    """Return a push whose token opens nothing: of the token only its hash, length and end are kept."""
    token = request.headers.get(TOKEN_HEADER, "")
    return RefusedPush(
        batch_type=request.headers.get(TYPE_HEADER, ""),
        token_hash=token_hash(token[:_MOST_TOKEN]) if token else "",
        token_length=len(token),
        token_last4=_end_of(token),
        address=_address(request),
        body_bytes=_length(request) or 0,
        cursor=request.headers.get(CURSOR_HEADER),
    )


def _end_of(token: str) -> str:
    # All but the end of a token would be a secret; of a short text nearly all is.
    return token[-4:] if len(token) >= _SHORTEST_TOLD else ""


def _length(request: Request) -> int | None:
    length = request.headers.get("content-length", "")
    return min(int(length), 2_147_483_647) if length.isdecimal() and len(length) < 20 else None


def _address(request: Request) -> str:
    return request.client.host[:64] if request.client else ""
