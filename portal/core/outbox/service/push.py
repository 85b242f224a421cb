"""What the push reads and writes on the Client, and what people see of it.

The push itself (planner, HTTP client, the loop) is `portal.push`; each function here is one transaction, so
that a kill between two of them leaves a state the next tick goes on from.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.core.audit import queries as audit
from portal.core.errors import Invalid, NotFound
from portal.core.outbox.queries import push, push_dead_letters, push_epoch, push_sets, push_spans
from portal.core.outbox.queries.push import PushState
from portal.core.readings.queries.wide_way import is_any_left, make_way
from portal.core.values.tokens import token_hash
from portal.core.words import say

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from portal.core.database.db import AsyncSession
    from portal.core.exchange.batches import BatchType
    from portal.core.outbox.queries.push import Acknowledgement, Backlog, RetryReading, RowRefusal, Waiting
    from portal.core.outbox.queries.push_dead_letters import DeadLetter, Decision
    from portal.core.outbox.queries.push_sets import AnyRow, SetRow
    from portal.core.settings import FleetIngest
    from portal.core.stack import Stack

__all__ = ["PushState"]

_SHOWN_DEAD_LETTERS = 50
_SHOWN_DECISIONS = 20
_LONGEST_NAME = 254


@dataclass(frozen=True)
class PushStatus:
    """The push as Settings and `portal push status` show it.

    `is_link_down` means the Admin refused the token: nothing of a stopped resource moves until the
    settings change or the stack restarts. `behind_since` means the Admin holds more than this stack ever sent:
    nothing moves until what is missing here was fetched, or the Admin says otherwise.
    """

    is_enabled: bool
    is_link_down: bool
    resources: tuple[PushState, ...]
    backlog: Backlog
    dead_letters: tuple[DeadLetter, ...]
    decisions: tuple[Decision, ...]
    behind_since: datetime | None = None
    behind_reason: str | None = None


@asynccontextmanager
async def _bounded(stack: Stack) -> AsyncGenerator[AsyncSession, None]:
    async with stack.db.transaction() as session:
        await push.limit_waiting(session)
        yield session


async def status(stack: Stack) -> PushStatus:
    """Return cursors, failures, backlog and the newest dead letters."""
    async with _bounded(stack) as session:
        states = tuple((await _states(stack, session)).values())
        epoch = await push_epoch.load(session)
        return PushStatus(
            is_enabled=stack.settings.fleet_ingest.enabled,
            is_link_down=any(state.is_stopped for state in states),
            resources=states,
            backlog=await push.backlog(session),
            dead_letters=await push_dead_letters.latest_dead_letters(session, _SHOWN_DEAD_LETTERS),
            decisions=await push_dead_letters.latest_decisions(session, _SHOWN_DECISIONS),
            behind_since=epoch.behind_since,
            behind_reason=epoch.behind_reason,
        )


async def backlog(stack: Stack) -> Backlog:
    """Return how much the Admin does not have yet."""
    async with _bounded(stack) as session:
        return await push.backlog(session)


async def load_states(stack: Stack) -> dict[BatchType, PushState]:
    """Return the push state of every resource, as it is for the Admin and the token of the settings."""
    async with _bounded(stack) as session:
        return await _states(stack, session)


async def _states(stack: Stack, session: AsyncSession) -> dict[BatchType, PushState]:
    target = target_hash(stack.settings.fleet_ingest)
    found = await push.load_states(session)
    return {kind: _as_of(state, target) for kind, state in found.items()}


def target_hash(fleet: FleetIngest) -> str:
    """Return a hash of where the push goes and as whom."""
    return token_hash(f"{fleet.url}\n{fleet.token.get_secret_value()}")


def _as_of(state: PushState, target: str) -> PushState:
    """Forget stops, waits and limits that another Admin or an earlier token was the reason of."""
    if state.target_hash == target:
        return state
    if state.target_hash is None:
        return replace(state, target_hash=target)
    return replace(
        state,
        target_hash=target,
        is_stopped=False,
        next_attempt_at=None,
        consecutive_failures=0,
        last_error=None,
        batch_limit=None,
    )


async def save_state(stack: Stack, state: PushState) -> None:
    """Persist the push state of one resource."""
    async with _bounded(stack) as session:
        await push.save_state(session, state)


async def clear_stops(stack: Stack) -> None:
    """Let resources stopped by a 401 try again; called when the push starts."""
    async with _bounded(stack) as session:
        await push.clear_stops(session)


async def full_set(stack: Stack, resource: BatchType) -> tuple[SetRow[AnyRow], ...]:
    """Return sites, devices, municipalities or tariffs, all of them, as of one moment."""
    async with stack.db.snapshot() as session:
        await push.limit_waiting(session)
        return await push_sets.load_set(session, resource, stack.settings.billing.currency)


async def give_up_set_row(stack: Stack, state: PushState, key: str, reason: str) -> None:
    """Dead-letter one row of a full set and go on behind it."""
    async with _bounded(stack) as session:
        await push_dead_letters.give_up_set_row(session, state.resource, key, reason)
        await push.save_state(session, state)


async def save_refused_pass(stack: Stack, state: PushState) -> None:
    """Record a pass over a full set in which rows were refused: every set is to go out again."""
    async with _bounded(stack) as session:
        await push.forget_sets(session)
        await push.save_state(session, state)


async def waiting_readings(
    stack: Stack, limit: int, *, freshest: bool = False, after: Acknowledgement | None = None
) -> Waiting:
    """Return the next readings to push, at most `limit`: in the order they arrived, or the freshest first.

    With `after`, those that come when this is acknowledged.
    """
    await _make_way(
        stack, lambda session: push_spans.next_spans(session, limit, freshest=freshest, after=after)
    )
    async with _bounded(stack) as session:
        return await push.next_waiting(
            session, limit, freshest=freshest, after=after or push.NOTHING_ACKNOWLEDGED
        )


async def acknowledge(
    stack: Stack,
    state: PushState,
    acknowledgement: Acknowledgement,
    *,
    refused: Sequence[RowRefusal] = (),
    given_up: Sequence[RowRefusal] = (),
) -> None:
    """Record a handled batch of fresh readings: the outbox moves on, refused readings are remembered.

    All in one transaction: a kill before it makes the same readings go out again, which the Admin
    ignores; a kill after it loses nothing.
    """
    async with _bounded(stack) as session:
        await push.acknowledge(session, acknowledgement)
        await _record_refusals(session, refused, given_up)
        await push.save_state(session, state)


async def due_retries(stack: Stack, limit: int, now: datetime) -> tuple[RetryReading, ...]:
    """Return refused readings whose next try is due at `now`."""
    await _make_way(stack, lambda session: push_spans.due_spans(session, limit, now))
    async with _bounded(stack) as session:
        return await push.due_retries(session, limit, now)


async def _make_way(
    stack: Stack, spans: Callable[[AsyncSession], Awaitable[Sequence[push_spans.Span]]]
) -> None:
    """Move first what lies wide of what is to be pushed: only what lies narrow is found."""
    if not await is_any_left(stack):
        return
    async with _bounded(stack) as session:
        found = await spans(session)
    days = [
        ((span.device_id,), at)
        for span in found
        for at in (*_daily(span.first_at, span.last_at), span.last_at)
    ]
    await make_way(stack, [at for _, at in days], lambda: days)


def _daily(first: datetime, last: datetime) -> Iterator[datetime]:
    while first < last:
        yield first
        first += timedelta(days=1)


async def acknowledge_retries(
    stack: Stack,
    state: PushState,
    accepted: Iterable[tuple[datetime, UUID]],
    *,
    refused: Sequence[RowRefusal] = (),
    given_up: Sequence[RowRefusal] = (),
) -> None:
    """Record a handled batch of retried readings; `accepted` also names those deleted here since."""
    async with _bounded(stack) as session:
        await push.drop_retries(session, accepted)
        await _record_refusals(session, refused, given_up)
        await push.save_state(session, state)


async def _record_refusals(
    session: AsyncSession, refused: Sequence[RowRefusal], given_up: Sequence[RowRefusal]
) -> None:
    if refused:
        await push.remember_refused(session, refused)
        await push.forget_sets(session)
    if given_up:
        await push_dead_letters.give_up(session, given_up)


async def dead_letters(stack: Stack, limit: int) -> tuple[DeadLetter, ...]:
    """Return at most `limit` dead letters, newest first; their age is the time since `created_at`."""
    async with _bounded(stack) as session:
        return await push_dead_letters.latest_dead_letters(session, limit)


async def retry_dead_letters(stack: Stack, dead_letter_id: int | None, *, by: str) -> int:
    """Have one dead letter pushed again, or all of them (None), and record that `by` asked; returns how many.

    Raises `NotFound` for a dead letter that is not there (any more), `Invalid` without a name.
    """
    async with _bounded(stack) as session:
        count = _decided(await push_dead_letters.retry(session, dead_letter_id, _name(by)), dead_letter_id)
        if count:
            await audit.record(session, "push.retried", *_words(dead_letter_id, count))
    return count


async def discard_dead_letters(stack: Stack, dead_letter_id: int | None, *, by: str) -> int:
    """Drop one dead letter, or all of them (None), and record that `by` did; returns how many.

    The row stays on the Client; it is not pushed, and `portal push verify` leaves it alone. Raises
    `NotFound` for a dead letter that is not there (any more), `Invalid` without a name.
    """
    async with _bounded(stack) as session:
        count = _decided(await push_dead_letters.discard(session, dead_letter_id, _name(by)), dead_letter_id)
        if count:
            await audit.record(session, "push.discarded", *_words(dead_letter_id, count))
    return count


def _decided(count: int, dead_letter_id: int | None) -> int:
    if count == 0 and dead_letter_id is not None:
        raise NotFound(say("There is no dead letter {dead_letter_id}", dead_letter_id=dead_letter_id))
    return count


def _words(dead_letter_id: int | None, count: int) -> tuple[str, str]:
    """Return what was decided about, and how many rows that were, for the audit trail."""
    which = "all dead letters" if dead_letter_id is None else f"dead letter {dead_letter_id}"
    return which, f"{count} rows" if dead_letter_id is None else ""


def _name(by: str) -> str:
    if not 0 < len(by.strip()) <= _LONGEST_NAME:
        raise Invalid(
            say("Who decides needs a name of at most {longest_name} characters", longest_name=_LONGEST_NAME)
        )
    return by.strip()
