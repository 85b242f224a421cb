"""Sites, devices, municipalities and tariffs: all rows of a set, whenever it differs from what the Admin has.

Each batch says between which keys it holds every row there is, so that the Admin can end what is no longer
among them. The ranges of a pass follow each other without a gap, whatever was killed in between: nothing is
remembered at the Admin, and a range that is sent twice says the same twice.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from portal.core.exchange.batches import ENCODER, BatchType
from portal.core.exchange.sync import SetRange
from portal.core.outbox.service import push as service
from portal.push import planner
from portal.push.lanes import Batch, Lane

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from portal.core.outbox.queries.push import PushState
    from portal.core.outbox.queries.push_sets import AnyRow, SetRow
    from portal.core.stack import Stack


class FullSet(Lane):
    """The lane of one set.

    A set of more than a tick's batches is pushed in one pass over several ticks. Where it changes
    meanwhile, another pass follows.
    """

    def __init__(self, stack: Stack, state: PushState, rows: tuple[SetRow[AnyRow], ...], digest: str) -> None:
        super().__init__(stack, state)
        self._digest = digest
        under_way = state.pass_hash is not None
        # A set that is empty and was never pushed holds nothing the Admin could have to end: a new stack says with its
        # empty sites, once, that it is there, and nothing of what it does not have.
        is_untouched = not rows and state.last_synced_at is None
        self._is_greeting = is_untouched and state.resource is BatchType.SITES
        is_done = state.content_hash == digest or (is_untouched and not self._is_greeting)
        self.is_complete = not under_way and is_done
        # What was refused was offered; once anything in the set is another, the rest need not wait for its next try.
        self.is_refused_as_it_is = state.content_hash == planner.refused_set(digest)
        if not under_way:
            content_hash = None if planner.was_refused(state) else state.content_hash
            self.state = replace(state, content_hash=content_hash, pass_hash=digest, pass_after=None)
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
        candidates = self._left[: self.max_rows]
        packed = await self.cut([row.row for row in candidates])
        count = len(packed.rows)
        is_last = count == len(self._left)
        if self._is_greeting:
            return Batch(*packed, self.stack.clock())
        span = SetRange(self.state.pass_after, None if is_last else candidates[count - 1].key)
        cursors = [row.updated_at for row in candidates[:count]]
        # Without rows it only says that nothing follows: the rest of the set was deleted.
        return Batch(*packed, max(cursors, default=self.stack.clock()), span)

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

    async def dead_letter(self, batch: Batch, reason: str) -> None:
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
            pass_after=self._left[len(batch.rows) - 1].key if batch.rows else self.state.pass_after,
        )
        return self.regrown(state)

    async def _record(self, state: PushState) -> None:
        if self._left:
            await self.save(state)
            return
        ended = replace(state, content_hash=state.pass_hash, pass_hash=None, pass_after=None)
        if state.pass_hash == planner.REFUSED_PASS:
            reason = state.last_error or "rows refused"
            ended = replace(ended, content_hash=planner.refused_set(self._digest))
            failed = planner.after_failure(ended, reason, self.stack.clock())
            # What was refused may lack something of another set (a device its site): all go out again.
            await service.save_refused_pass(self.stack, failed)
            self.state = failed
        else:
            await self.save(replace(ended, last_error=None, consecutive_failures=0, next_attempt_at=None))
        self.is_complete = True


def _digest(stack: Stack, rows: Sequence[SetRow[AnyRow]]) -> str:
    """Return the SHA-256 of a set and of where it goes: another Admin, or another customer there, has nothing yet."""
    fleet = stack.settings.fleet_ingest
    digest = hashlib.sha256(f"{fleet.url}\n{fleet.token.get_secret_value()}\n".encode())
    for row in rows:
        digest.update(ENCODER.encode(row.row))
        digest.update(b"\n")
    return digest.hexdigest()
