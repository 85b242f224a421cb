"""Which side of the push is behind, and what follows from it: nothing is sent, or what the other lost is sent again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from portal.core.audit import queries as audit
from portal.core.outbox.queries import push
from portal.core.outbox.queries import push_epoch as queries

if TYPE_CHECKING:
    from datetime import datetime

    from portal.core.exchange.rules.push_epoch import Position
    from portal.core.outbox.queries.push_epoch import EpochState
    from portal.core.stack import Stack

# Nothing is stored that is further ahead.
_AHEAD = timedelta(days=2)


async def issue(stack: Stack) -> Position:
    """Give out the mark of a batch that was read already: a dump which holds the mark holds the batch's rows too."""
    async with stack.db.transaction() as session:
        await push.limit_waiting(session)
        return await queries.issue(session)


async def next_position(stack: Stack) -> Position:
    """Return what the next batch would say, without giving its mark out."""
    async with stack.db.transaction() as session:
        await push.limit_waiting(session)
        return await queries.next_position(session)


async def state(stack: Stack) -> EpochState:
    """Return where the push stands between the two databases."""
    async with stack.db.transaction() as session:
        await push.limit_waiting(session)
        return await queries.load(session)


async def note_behind(stack: Stack, reason: str) -> bool:
    """Stop the push: the Admin holds more than this stack ever sent. Tells whether that is news."""
    async with stack.db.transaction() as session:
        return await queries.note_behind(session, reason)


async def note_in_sync(stack: Stack) -> bool:
    """Let the push go on; tells whether it was stopped."""
    async with stack.db.transaction() as session:
        return await queries.note_in_sync(session)


async def note_lost(stack: Stack, mark: int) -> None:
    """Have all sets sent again and all readings compared: the Admin lost what it acknowledged above `mark`."""
    async with stack.db.transaction() as session:
        await queries.note_lost(session, mark, stack.clock() + _AHEAD)
        await push.forget_sets(session)
        await audit.record(session, "push.admin_behind", "the Admin", f"nothing after batch {mark} is there")


async def move_comparison(stack: Stack, until: datetime | None) -> None:
    """Keep how far the comparison has come, going back in time; None when it is through."""
    async with stack.db.transaction() as session:
        await queries.move_comparison(session, until)
