"""What the push reads and writes on the Client, and what people see of it.

The push itself (planning, HTTP, the loop) is `portal.push`; each function here is one transaction, so
that a kill between two of them leaves a state the next tick goes on from.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.core.queries import push, push_sets

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from portal.core.db import AsyncSession
    from portal.core.queries.push import (
        Backlog,
        DeadLetter,
        PushState,
        Refusal,
        RetryReading,
        Settlement,
        Waiting,
    )
    from portal.core.queries.push_sets import SetRow
    from portal.core.stack import Stack
    from portal.core.wire.batches import BatchType

_SHOWN_DEAD_LETTERS = 50


@dataclass(frozen=True)
class PushStatus:
    """The push as Settings and `portal push status` show it.

    `is_link_down` means the Admin refused the token: nothing of a stopped resource moves until the
    settings change or the stack restarts.
    """

    is_enabled: bool
    is_link_down: bool
    resources: tuple[PushState, ...]
    backlog: Backlog
    dead_letters: tuple[DeadLetter, ...]


@asynccontextmanager
async def _bounded(stack: Stack) -> AsyncGenerator[AsyncSession, None]:
    async with stack.db.transaction() as session:
        await push.limit_waiting(session)
        yield session


async def status(stack: Stack) -> PushStatus:
    """Return cursors, failures, backlog and the newest dead letters."""
    async with _bounded(stack) as session:
        states = tuple((await push.load_states(session)).values())
        return PushStatus(
            is_enabled=stack.settings.fleet_ingest.enabled,
            is_link_down=any(state.is_stopped for state in states),
            resources=states,
            backlog=await push.backlog(session),
            dead_letters=await push.latest_dead_letters(session, _SHOWN_DEAD_LETTERS),
        )


async def backlog(stack: Stack) -> Backlog:
    """Return how much the Admin does not have yet."""
    async with _bounded(stack) as session:
        return await push.backlog(session)


async def load_states(stack: Stack) -> dict[BatchType, PushState]:
    """Return the push state of every resource."""
    async with _bounded(stack) as session:
        return await push.load_states(session)


async def save_state(stack: Stack, state: PushState) -> None:
    """Persist the push state of one resource."""
    async with _bounded(stack) as session:
        await push.save_state(session, state)


async def clear_stops(stack: Stack) -> None:
    """Let resources stopped by a 401 try again; called when the push starts."""
    async with _bounded(stack) as session:
        await push.clear_stops(session)


async def full_set(stack: Stack, resource: BatchType) -> tuple[SetRow, ...]:
    """Return sites, devices, municipalities or tariffs, all of them, as of one moment."""
    async with stack.db.snapshot() as session:
        await push.limit_waiting(session)
        return await push_sets.load_set(session, resource, stack.settings.billing.currency)


async def give_up_set_row(stack: Stack, state: PushState, key: str, reason: str) -> None:
    """Dead-letter one row of a full set and go on behind it."""
    async with _bounded(stack) as session:
        await push.give_up_set_row(session, state.resource, key, reason)
        await push.save_state(session, state)


async def save_refused_pass(stack: Stack, state: PushState) -> None:
    """Record a pass over a full set in which rows were refused: every set is to go out again."""
    async with _bounded(stack) as session:
        await push.forget_sets(session)
        await push.save_state(session, state)


async def waiting_readings(stack: Stack, limit: int) -> Waiting:
    """Return the next readings to push, at most `limit`, in the order they arrived."""
    async with _bounded(stack) as session:
        return await push.next_waiting(session, limit)


async def acknowledge(
    stack: Stack,
    state: PushState,
    settlement: Settlement,
    *,
    refused: Sequence[Refusal] = (),
    given_up: Sequence[Refusal] = (),
) -> None:
    """Record a handled batch of fresh readings: the arrivals move on, refused readings are remembered.

    All in one transaction: a kill before it makes the same readings go out again, which the Admin
    ignores; a kill after it loses nothing.
    """
    async with _bounded(stack) as session:
        await push.settle(session, settlement)
        await _record_refusals(session, refused, given_up)
        await push.save_state(session, state)


async def due_retries(stack: Stack, limit: int, now: datetime) -> tuple[RetryReading, ...]:
    """Return refused readings whose next try is due at `now`."""
    async with _bounded(stack) as session:
        return await push.due_retries(session, limit, now)


async def acknowledge_retries(
    stack: Stack,
    state: PushState,
    accepted: Iterable[tuple[datetime, UUID]],
    *,
    refused: Sequence[Refusal] = (),
    given_up: Sequence[Refusal] = (),
) -> None:
    """Record a handled batch of retried readings; `accepted` also names those deleted here since."""
    async with _bounded(stack) as session:
        await push.drop_retries(session, accepted)
        await _record_refusals(session, refused, given_up)
        await push.save_state(session, state)


async def _record_refusals(
    session: AsyncSession, refused: Sequence[Refusal], given_up: Sequence[Refusal]
) -> None:
    if refused:
        await push.remember_refused(session, refused)
        await push.forget_sets(session)
    if given_up:
        await push.give_up(session, given_up)
