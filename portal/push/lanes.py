"""What is pushed, as lanes with one face: readings that wait and readings that were refused; full sets are beside.

A lane hands out its next batch and records what became of it. Each recording is one transaction that
moves the lane's position and its resource's state together.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from itertools import islice
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from portal.core.exchange.batches import ENCODER
from portal.core.log import logger
from portal.core.outbox.queries.push import PushState, RowRefusal
from portal.core.outbox.service import push as service
from portal.core.readings.wire import NO_QUANTITY
from portal.push import planner
from portal.push.client import compressed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import msgspec

    from portal.core.exchange.sync import SetRange
    from portal.core.outbox.queries.push import Acknowledgement, RetryReading, Waiting
    from portal.core.stack import Stack


# A quarter of what a statement of the push may take: twice the batch is then still far from that.
_SLOW_READ_SECONDS = 15.0

_log = logger("push")


class Packed(NamedTuple):
    """Rows as JSON, and all of them as the body of a request."""

    rows: tuple[bytes, ...]
    body: bytes


@dataclass(frozen=True)
class Batch:
    """Packed rows, and the highest received or updated instant among them.

    `full_set` is given where the rows are all of a part of a set.
    """

    rows: tuple[bytes, ...]
    body: bytes
    cursor: datetime
    full_set: SetRange | None = None


class Lane(ABC):
    """One source of batches for one resource."""

    def __init__(self, stack: Stack, state: PushState) -> None:
        self.stack = stack
        self.state = state
        self._was_shrunk = False

    @property
    def max_rows(self) -> int:
        """Rows the next batch may have."""
        return planner.most_rows(self.state, self.stack.settings.fleet_ingest.batch_size)

    @abstractmethod
    async def next_batch(self) -> Batch | None:
        """Return the next batch, or None when there is nothing (more) to push."""

    async def look_ahead(self, batch: Batch) -> None:  # noqa: B027 - most lanes have nothing to gain
        """Prepare what comes when `batch` is accepted, while it is under way."""

    @abstractmethod
    async def accept(self, batch: Batch, refused: Mapping[int, str]) -> None:
        """Record that the Admin handled the batch and refused these of its rows."""

    @abstractmethod
    async def dead_letter(self, batch: Batch, reason: str) -> None:
        """Record that the one row of this batch is too large ever to be taken."""

    async def shrink(self, batch: Batch, reason: str) -> None:
        """Record that the batch was too large."""
        self._was_shrunk = True
        await self.save(planner.shrunk(self.state, len(batch.rows), reason))

    async def save(self, state: PushState) -> None:
        """Persist and take over a new state of the resource."""
        await service.save_state(self.stack, state)
        self.state = state

    def succeeded(self, batch: Batch) -> PushState:
        """Return the state after a batch the Admin handled."""
        return self.regrown(planner.after_success(self.state, batch.cursor, self.stack.clock()))

    def regrown(self, state: PushState) -> PushState:
        """Return the state with the batch grown again after a 413."""
        # Not in the turn that was just told to send less, or every second request would be in vain.
        return (
            state if self._was_shrunk else planner.regrown(state, self.stack.settings.fleet_ingest.batch_size)
        )

    def told_apart(self, refused: Mapping[int, str]) -> Mapping[int, str]:
        """Return what is refused for a reason that may go away.

        An Admin of an earlier release knows none of the quantities of some rows. That is no trouble, and nothing to try
        again: once it knows them, `portal push verify` finds what it lacks.
        """
        unknown = sum(reason == NO_QUANTITY for reason in refused.values())
        if unknown:
            _log.info(
                f"The Admin knows none of the quantities of {unknown} rows of {self.state.resource.value}"
            )
        return {number: reason for number, reason in refused.items() if reason != NO_QUANTITY}

    async def cut(self, rows: Sequence[msgspec.Struct]) -> Packed:
        """Pack as many rows as fit one batch; off the event loop, which also serves pages."""
        fleet = self.stack.settings.fleet_ingest
        return await asyncio.to_thread(pack, rows, self.max_rows, fleet.batch_max_bytes)


def pack(rows: Sequence[msgspec.Struct], max_rows: int, max_bytes: int) -> Packed:
    """Pack leading rows: at most `max_rows`, in a body of at most `max_bytes` as it is sent.

    At least one, where there is any: a row larger than a whole batch is for the Admin to judge.
    """
    kept = tuple([ENCODER.encode(row) for row in rows[:max_rows]])
    while len(body := compressed(kept)) > max_bytes and len(kept) > 1:
        kept = kept[: planner.fewer_rows(len(kept), len(body), max_bytes)]
    return Packed(kept, body)


class WaitingReadings(Lane):
    """Readings the Admin has not seen: in the order they arrived, or the freshest first.

    Every outbox entry keeps its own position, so the two orders may take turns on one table, and both are exact.
    """

    def __init__(self, stack: Stack, state: PushState, *, freshest: bool = False) -> None:
        super().__init__(stack, state)
        self._freshest = freshest
        self._waiting: Waiting | None = None
        self._ahead: tuple[Waiting, Packed] | None = None
        self._read_seconds = 0.0

    async def next_batch(self) -> Batch | None:
        """Return the next waiting readings; outbox entries without readings are cleared on the way."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            return self._handed_out(*ahead)
        while True:
            waiting = await self._read()
            if any(row.reading is not None for row in waiting.rows):
                break
            if not waiting.rows:
                return None
            acknowledgement = planner.acknowledge(waiting.rows, 0, is_complete=waiting.is_complete)
            await service.acknowledge(self.stack, self.state, acknowledgement)
        return self._handed_out(waiting, await self._cut_waiting(waiting))

    async def look_ahead(self, batch: Batch) -> None:
        """Read and pack what follows the batch, as if it were accepted."""
        current = self._current()
        acknowledgement = planner.acknowledge(current.rows, len(batch.rows), is_complete=current.is_complete)
        waiting = await self._read(acknowledgement)
        packed = await self._cut_waiting(waiting)
        if packed.rows:
            self._ahead = waiting, packed

    async def _read(self, after: Acknowledgement | None = None) -> Waiting:
        started = monotonic()
        waiting = await service.waiting_readings(
            self.stack, self.max_rows, freshest=self._freshest, after=after
        )
        self._read_seconds = monotonic() - started
        return waiting

    def regrown(self, state: PushState) -> PushState:
        """Return the state with the batch grown again, unless the database has enough to do with this size."""
        return state if self._read_seconds > _SLOW_READ_SECONDS else super().regrown(state)

    async def _cut_waiting(self, waiting: Waiting) -> Packed:
        return await self.cut([row.reading for row in waiting.rows if row.reading is not None])

    def _handed_out(self, waiting: Waiting, packed: Packed) -> Batch:
        self._waiting = waiting
        received = (row.received_at for row in waiting.rows if row.reading is not None)
        return Batch(*packed, max(islice(received, len(packed.rows))))

    async def shrink(self, batch: Batch, reason: str) -> None:
        """Forget what was prepared as well: the batch goes out again in parts."""
        self._ahead = None
        await super().shrink(batch, reason)

    async def accept(self, batch: Batch, refused: Mapping[int, str]) -> None:
        """Move the outbox on and remember the refused readings."""
        refusals = self._refusals(self.told_apart(refused))
        again, given_up = planner.sort_refused(refusals, self.stack.clock())
        state = self.succeeded(batch)
        if self._freshest:  # people read the cursor as "everything that arrived before this is there"
            state = replace(state, last_cursor=self.state.last_cursor)
        await self._acknowledge(batch, state, again, given_up)

    async def dead_letter(self, batch: Batch, reason: str) -> None:
        """Give one reading up and go on behind it."""
        state = replace(self.state, last_error=reason)
        await self._acknowledge(batch, state, (), self._refusals({0: reason}))

    async def _acknowledge(
        self, batch: Batch, state: PushState, again: Sequence[RowRefusal], given_up: Sequence[RowRefusal]
    ) -> None:
        waiting = self._current()
        acknowledgement = planner.acknowledge(waiting.rows, len(batch.rows), is_complete=waiting.is_complete)
        await service.acknowledge(self.stack, state, acknowledgement, refused=again, given_up=given_up)
        self.state = state

    def _refusals(self, refused: Mapping[int, str]) -> tuple[RowRefusal, ...]:
        rows = [row for row in self._current().rows if row.reading is not None]
        return tuple(
            RowRefusal(reading.time, reading.device_id, rows[number].received_at, reason, tries=1)
            for number, reason in refused.items()
            if (reading := rows[number].reading) is not None
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
        packed = await self.cut([row.reading for row in self._due if row.reading is not None])
        return Batch(*packed, max(row.received_at for row in self._due[: len(packed.rows)]))

    async def accept(self, batch: Batch, refused: Mapping[int, str]) -> None:
        """Forget what was accepted; count the try of what was refused again, up to giving it up."""
        refused = self.told_apart(refused)
        accepted = [
            (row.time, row.device_id)
            for number, row in enumerate(self._due[: len(batch.rows)])
            if number not in refused
        ]
        again, given_up = planner.sort_refused(self._refusals(refused), self.stack.clock())
        state = replace(self.succeeded(batch), last_cursor=self.state.last_cursor)
        await service.acknowledge_retries(self.stack, state, accepted, refused=again, given_up=given_up)
        self.state = state

    async def dead_letter(self, batch: Batch, reason: str) -> None:
        """Give one reading up."""
        state = replace(self.state, last_error=reason)
        await service.acknowledge_retries(self.stack, state, (), given_up=self._refusals({0: reason}))
        self.state = state

    def _refusals(self, refused: Mapping[int, str]) -> tuple[RowRefusal, ...]:
        return tuple(
            RowRefusal(row.time, row.device_id, row.received_at, reason, tries=row.tries + 1)
            for number, reason in refused.items()
            for row in (self._due[number],)
        )
