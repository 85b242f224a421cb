"""Whether the Admin and this stack know the same: asked before anything is sent, and mended where the Admin is behind.

Where this stack is behind, nothing is sent: a full set would end at the Admin what was lost here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from portal.core.errors import PortalError
from portal.core.exchange.recovery import RecoveryHead
from portal.core.exchange.rules.push_epoch import SyncStatus, behind_words, compare
from portal.core.log import logger
from portal.core.outbox.service import push_epoch as epochs
from portal.core.outbox.service.push_verify import reading_span
from portal.push.asking import decoded
from portal.push.recover import lost_nothing
from portal.push.responses import Reply
from portal.push.verify import compare_window, midnight

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from portal.core.stack import Stack
    from portal.push.client import PushClient

# What a tick compares after the Admin lost something: a week is one question, and a year is gone through in two ticks.
_WEEKS_PER_TICK = 26
_WEEK = timedelta(days=7)

_log = logger("push")


async def check(stack: Stack, client: PushClient, step: Callable[[], None], *, tries: bool) -> None:
    """Ask the Admin how far it has come and note who is behind; without an answer nothing changes.

    Where this stack is behind and that is news, or with `tries`, it is looked whether it lost anything at all.
    """
    head = await _head(client)
    if head is None:
        return
    match compare(await epochs.next_position(stack), head.position):
        case SyncStatus.CLIENT_BEHIND:
            if tries or (await epochs.state(stack)).behind_since is None:
                await stop(stack, client, behind_words(head.code), step)
        case SyncStatus.ADMIN_BEHIND:
            await go_back(stack, head.mark)
        case SyncStatus.IN_SYNC:
            if await epochs.note_in_sync(stack):
                _log.info("The Admin and this stack are in sync: the push goes on")


async def _head(client: PushClient) -> RecoveryHead | None:
    """Return how far the Admin has come; None where it does not say.

    One of an earlier release (404) never stops a push. It does not start a stopped one again either: whoever stopped
    it knew more, and an older release or a proxy in between now only hides that.
    """
    reply = await client.ask("recovery", {})
    if not isinstance(reply, Reply) or reply.status != 200:
        return None
    return decoded(reply.body, RecoveryHead)


async def stop(stack: Stack, client: PushClient, reason: str, step: Callable[[], None]) -> bool:
    """Push nothing until this stack has what it lost; said once in the log. Where it lost nothing, it goes on."""
    try:
        if await lost_nothing(stack, client, step):
            _log.info("This database was set back, and lost nothing that the Admin holds: the push goes on")
            return False
    except PortalError as error:
        _log.warning("What this stack lost could not be asked", reason=error.message)
    if await epochs.note_behind(stack, reason):
        _log.error("The push is stopped", reason=reason)
    return True


async def go_back(stack: Stack, mark: int) -> None:
    """Have sent again what the Admin lost."""
    await epochs.note_in_sync(stack)
    await epochs.note_lost(stack, mark)
    _log.warning(
        "The Admin's database was restored: sets go out again, and readings are compared", held_batches=mark
    )


async def compare_further(stack: Stack, client: PushClient, until: datetime, step: Callable[[], None]) -> int:
    """Compare the next weeks before `until` with the Admin's and have what it lacks pushed; returns how many.

    Goes back in time: what a restored Admin lost is recent. `step` is called for each week.
    """
    span = await reading_span(stack)
    queued = 0
    first = None if span is None else midnight(span[0])
    end = None if span is None else min(midnight(span[1]) + timedelta(days=1), until)
    try:
        for _ in range(_WEEKS_PER_TICK):
            if first is None or end is None or end <= first:
                await epochs.move_comparison(stack, None)
                return queued
            step()
            queued += await compare_window(stack, client, max(end - _WEEK, first), end)
            end -= _WEEK
            await epochs.move_comparison(stack, end)
    except PortalError as error:
        _log.warning("Readings could not be compared with the Admin's", reason=error.message)
    return queued
