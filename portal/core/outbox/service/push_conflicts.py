"""What the push reads and writes of conflicting values; each function is one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.outbox.queries import push, push_conflicts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from portal.core.outbox.queries.push import PushState
    from portal.core.outbox.queries.push_conflicts import WaitingConflict
    from portal.core.readings.queries.held_readings import ValueBeside
    from portal.core.stack import Stack


async def due_conflicts(stack: Stack, limit: int, now: datetime) -> Sequence[WaitingConflict]:
    """Return at most `limit` values that are due at `now`, of readings that the Admin has."""
    async with stack.db.transaction() as session:
        await push.limit_waiting(session)
        return await push_conflicts.due_conflicts(session, limit, now)


async def acknowledge_conflicts(
    stack: Stack,
    state: PushState,
    done: Sequence[WaitingConflict],
    *,
    refused: Sequence[WaitingConflict] = (),
    until: datetime | None = None,
) -> None:
    """Record a handled batch: `done` are at the Admin or given up, `refused` ones are tried again at `until`."""
    async with stack.db.transaction() as session:
        await push.limit_waiting(session)
        await push_conflicts.drop(session, done)
        if refused and until is not None:
            await push_conflicts.postpone(session, refused, until)
        await push.save_state(session, state)


async def queue_conflicts(stack: Stack, device_id: UUID, values: Sequence[ValueBeside]) -> None:
    """Have values beside the readings of a device sent to the Admin again."""
    async with stack.db.transaction() as session:
        await push.limit_waiting(session)
        await push_conflicts.queue_conflicts(session, device_id, values)
