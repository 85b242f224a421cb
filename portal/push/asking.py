"""Questions to the Admin beside the batches: patient with its rate limit, and answered or refused in words."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

import msgspec

from portal.core.errors import PortalError
from portal.push import responses
from portal.push.responses import Reply, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from portal.push.client import PushClient

_PATIENCE = 5
_LONGEST_PAUSE_SECONDS = 60

AnswerT = TypeVar("AnswerT")


class NotUnderstood(PortalError):
    """The Admin refused the question as it was put (400)."""


class NotOffered(PortalError):
    """The Admin is of a release that does not know the question (404)."""


async def ask(
    client: PushClient,
    clock: Callable[[], datetime],
    path: str,
    parameters: dict[str, str],
    kind: type[AnswerT],
) -> AnswerT:
    """Return what the Admin answers under a path beside the ingest route's. Raises `PortalError` with the reason.

    Where it refuses the question, that is `NotUnderstood`, and `NotOffered` where it does not know it.
    """
    for _ in range(_PATIENCE):
        reply = await client.ask(path, parameters)
        if isinstance(reply, Reply) and reply.status == 429:
            wait = responses.retry_after(reply.retry_after, clock()).total_seconds()
            await asyncio.sleep(min(wait, _LONGEST_PAUSE_SECONDS))
            continue
        return _decoded(reply, kind)
    raise PortalError("The Admin asks for fewer requests; try again later.")


def _decoded(reply: Reply | Unreachable, kind: type[AnswerT]) -> AnswerT:
    if isinstance(reply, Unreachable):
        raise PortalError(f"The Admin cannot be reached: {reply.reason}")
    match reply.status:
        case 200:
            pass
        case 400:
            raise NotUnderstood("The Admin answered 400.")
        case 401:
            raise PortalError("The Admin does not accept this stack's token (401).")
        case 404:
            raise NotOffered("This Admin cannot answer that (404): it needs an upgrade.")
        case status:
            raise PortalError(f"The Admin answered {status}.")
    found = decoded(reply.body, kind)
    if found is None:
        raise PortalError("What answered is not the Admin: check FleetIngest__Url.")
    return found


def decoded(body: bytes, kind: type[AnswerT]) -> AnswerT | None:
    """Return an answer of this shape, None for any other text."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
