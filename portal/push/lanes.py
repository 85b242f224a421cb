"""What is pushed, as three lanes with one face: a full set, readings that wait, readings that were refused.

A lane hands out its next batch and records what became of it. Each recording is one transaction that
moves the lane's position and its resource's state together.
"""

from __future__ import annotations

import asyncio
import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portal.core.queries.push import PushState, Refusal
from portal.core.services import push as service
from portal.core.wire.batches import ENCODER
from portal.push import planner

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import msgspec

    from portal.core.queries.push import RetryReading, Waiting
    from portal.core.queries.push_sets import SetRow
    from portal.core.stack import Stack


@dataclass(frozen=True)
class Batch:
    """Rows as JSON, and the highest received or updated instant among them."""

    rows: tuple[bytes, ...]
    cursor: datetime


class Lane(ABC):
    """One source of batches for one resource."""

    def __init__(self, stack: Stack, state: PushState) -> None:
        self.stack = stack
        self.state = state
        self._was_shrunk = False

    @property
    def max_rows(self) -> int:
        """Rows the next batch may have."""
        return self.state.batch_limit or self.stack.settings.fleet_ingest.batch_size

    @abstractmethod
    async def next_batch(self) -> Batch | None:
        """Return the next batch, or None when there is nothing (more) to push."""

    @abstractmethod
    async def accept(self, batch: Batch, refused: Mapping[int, str]) -> None:
        """Record that the Admin handled the batch and refused these of its rows."""

    @abstractmethod
    async def bury(self, batch: Batch, reason: str) -> None:
        """Record that the one row of this batch is too large ever to be taken."""

    async def shrink(self, batch: Batch, reason: str) -> None:
        """Record that the batch was too large."""
        self._was_shrunk = True
        await self.save(planner.shrunk(self.state, len(batch.rows), reason))

    async def save(self, state: PushState) -> None:
        """Persist and take over a new state of the resource."""
        await service.save_state(self.stack, state)
        self.state = state

    def _succeeded(self, batch: Batch) -> PushState:
        return self._regrown(planner.after_success(self.state, batch.cursor, self.stack.clock()))

    def _regrown(self, state: PushState) -> PushState:
        # Not in the turn that was just told to send less, or every second request would be in vain.
        return (
            state if self._was_shrunk else planner.regrown(state, self.stack.settings.fleet_ingest.batch_size)
        )

    async def _cut(self, rows: Sequence[msgspec.Struct]) -> tuple[bytes, ...]:
        """Encode rows and keep as many as fit one batch; off the event loop, which also serves pages."""
        fleet = self.stack.settings.fleet_ingest
        encoded = await asyncio.to_thread(_encode, rows)
        count = planner.fitting([len(row) for row in encoded], self.max_rows, fleet.batch_max_bytes)
        return tuple(encoded[:count])


def _encode(rows: Sequence[msgspec.Struct]) -> list[bytes]:
    return [ENCODER.encode(row) for row in rows]


class FullSet(Lane):
    """Sites, devices, municipalities or tariffs: all rows, whenever the set differs from what the Admin has.

    A set of more than a tick's batches is pushed in one pass over several ticks. Where it changes
    meanwhile, another pass follows.
    """

    def __init__(self, stack: Stack, state: PushState, rows: tuple[SetRow, ...], digest: str) -> None:
        super().__init__(stack, state)
        self._digest = digest
        under_way = state.pass_hash is not None
        self.is_complete = not under_way and state.content_hash == digest
        if not under_way:
            self.state = replace(state, pass_hash=digest, pass_after=None)
        after = self.state.pass_after or ""
        self._left = [] if self.is_complete else [row for row in rows if row.key > after]

    @classmethod
    async def open(cls, stack: Stack, state: PushState) -> FullSet:
        """Read the set and compare it with what the Admin has."""
        rows = await service.full_set(stack, state.resource)
        return cls(stack, state, rows, await asyncio.to_thread(_digest, stack, rows))

    async def next_batch(self) -> Batch | None:
        """Return the next rows of the pass."""
        if self.is_complete:
            return None
        if not self._left:
            await self._record(self.state)
            return None
        candidates = self._left[: self.max_rows]
        rows = await self._cut([row.row for row in candidates])
        return Batch(rows, max(row.updated_at for row in candidates[: len(rows)]))

    async def accept(self, batch: Batch, refused: Mapping[int, str]) -> None:
        """Move the pass on; refused rows make the whole set go out again later."""
        state = self._passed(batch)
        if refused:
            first = min(refused)
            which = f"first {self._left[first].key}: {refused[first]}"
            reason = f"{len(refused)} of {len(batch.rows)} rows refused, {which}"
            state = replace(state, pass_hash=planner.REFUSED_PASS, last_error=reason[:500])
        self._left = self._left[len(batch.rows) :]
        await self._record(state)

    async def bury(self, batch: Batch, reason: str) -> None:
        """Leave out a row the Admin cannot take at any size."""
        row = self._left.pop(0)
        state = replace(self.state, pass_after=row.key, last_error=reason)
        await service.give_up_set_row(self.stack, state, row.key, reason)
        self.state = state

    def _passed(self, batch: Batch) -> PushState:
        state = replace(
            self.state,
            last_cursor=batch.cursor,
            last_synced_at=self.stack.clock(),
            is_stopped=False,
            pass_after=self._left[len(batch.rows) - 1].key,
        )
        return self._regrown(state)

    async def _record(self, state: PushState) -> None:
        if self._left:
            await self.save(state)
            return
        ended = replace(state, content_hash=state.pass_hash, pass_hash=None, pass_after=None)
        if state.pass_hash == planner.REFUSED_PASS:
            reason = state.last_error or "rows refused"
            failed = planner.after_failure(replace(ended, content_hash=None), reason, self.stack.clock())
            # What was refused may lack something of another set (a device its site): all go out again.
            await service.save_refused_pass(self.stack, failed)
            self.state = failed
        else:
            await self.save(replace(ended, last_error=None, consecutive_failures=0, next_attempt_at=None))
        self.is_complete = True


def _digest(stack: Stack, rows: Sequence[SetRow]) -> str:
    """Return the SHA-256 of a set and of where it goes: another Admin, or another customer there, has nothing yet."""
    fleet = stack.settings.fleet_ingest
    digest = hashlib.sha256(f"{fleet.url}\n{fleet.token.get_secret_value()}\n".encode())
    for row in rows:
        digest.update(ENCODER.encode(row.row))
        digest.update(b"\n")
    return digest.hexdigest()


class FreshReadings(Lane):
    """Readings the Admin has not seen, in the order they arrived."""

    def __init__(self, stack: Stack, state: PushState) -> None:
        super().__init__(stack, state)
        self._waiting: Waiting | None = None

    async def next_batch(self) -> Batch | None:
        """Return the oldest waiting readings; arrivals without readings are cleared on the way."""
        while True:
            waiting = await service.waiting_readings(self.stack, self.max_rows)
            entries = [entry for entry in waiting.rows if entry.reading is not None]
            if entries:
                break
            if not waiting.rows:
                return None
            settlement = planner.settle(waiting.rows, 0, is_complete=waiting.is_complete)
            await service.acknowledge(self.stack, self.state, settlement)
        self._waiting = waiting
        rows = await self._cut([entry.reading for entry in entries if entry.reading is not None])
        return Batch(rows, max(entry.received_at for entry in entries[: len(rows)]))

    async def accept(self, batch: Batch, refused: Mapping[int, str]) -> None:
        """Move the arrivals on and remember the refused readings."""
        again, given_up = planner.sort_refused(self._refusals(refused), self.stack.clock())
        await self._acknowledge(batch, self._succeeded(batch), again, given_up)

    async def bury(self, batch: Batch, reason: str) -> None:
        """Give one reading up and go on behind it."""
        state = replace(self.state, last_error=reason)
        await self._acknowledge(batch, state, (), self._refusals({0: reason}))

    async def _acknowledge(
        self, batch: Batch, state: PushState, again: Sequence[Refusal], given_up: Sequence[Refusal]
    ) -> None:
        waiting = self._current()
        settlement = planner.settle(waiting.rows, len(batch.rows), is_complete=waiting.is_complete)
        await service.acknowledge(self.stack, state, settlement, refused=again, given_up=given_up)
        self.state = state

    def _refusals(self, refused: Mapping[int, str]) -> tuple[Refusal, ...]:
        entries = [entry for entry in self._current().rows if entry.reading is not None]
        return tuple(
            Refusal(reading.time, reading.device_id, entries[number].received_at, reason, tries=1)
            for number, reason in refused.items()
            if (reading := entries[number].reading) is not None
        )

    def _current(self) -> Waiting:
        if self._waiting is None:
            message = "no batch was handed out"
            raise RuntimeError(message)
        return self._waiting


class RefusedReadings(Lane):
    """Readings the Admin refused before, now that it has been sent the sites and devices again."""

    def __init__(self, stack: Stack, state: PushState) -> None:
        super().__init__(stack, state)
        self._due: list[RetryReading] = []

    async def next_batch(self) -> Batch | None:
        """Return refused readings whose next try is due; those deleted here since are forgotten on the way."""
        due = await service.due_retries(self.stack, self.max_rows, self.stack.clock())
        gone = [(row.time, row.device_id) for row in due if row.reading is None]
        if gone:
            await service.acknowledge_retries(self.stack, self.state, gone)
        self._due = [row for row in due if row.reading is not None]
        if not self._due:
            return None
        rows = await self._cut([row.reading for row in self._due if row.reading is not None])
        return Batch(rows, max(row.received_at for row in self._due[: len(rows)]))

    async def accept(self, batch: Batch, refused: Mapping[int, str]) -> None:
        """Forget what was accepted; count the try of what was refused again, up to giving it up."""
        accepted = [
            (row.time, row.device_id)
            for number, row in enumerate(self._due[: len(batch.rows)])
            if number not in refused
        ]
        again, given_up = planner.sort_refused(self._refusals(refused), self.stack.clock())
        state = replace(self._succeeded(batch), last_cursor=self.state.last_cursor)
        await service.acknowledge_retries(self.stack, state, accepted, refused=again, given_up=given_up)
        self.state = state

    async def bury(self, batch: Batch, reason: str) -> None:
        """Give one reading up."""
        state = replace(self.state, last_error=reason)
        await service.acknowledge_retries(self.stack, state, (), given_up=self._refusals({0: reason}))
        self.state = state

    def _refusals(self, refused: Mapping[int, str]) -> tuple[Refusal, ...]:
        return tuple(
            Refusal(row.time, row.device_id, row.received_at, reason, tries=row.tries + 1)
            for number, reason in refused.items()
            for row in (self._due[number],)
        )
