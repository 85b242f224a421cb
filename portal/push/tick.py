"""One tick of the push: every resource gets its turn, and the trouble of one is not the trouble of another."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from portal.core.boards.service import boards
from portal.core.errors import TooSlow, Unavailable
from portal.core.exchange.batches import BatchType
from portal.core.exchange.sync import (
    BACKLOG_HEADER,
    BOARDS_HEADER,
    EPOCH_HEADER,
    FULL_SET_HEADER,
    REQUEST_HEADER,
    PushReport,
    batch_id,
    boards_header,
    position_header,
)
from portal.core.log import logger
from portal.core.outages import reason_of
from portal.core.outbox.service import push as service
from portal.core.outbox.service import push_epoch as epochs
from portal.push import library, planner, reconcile, responses
from portal.push.conflicts import ConflictingValues
from portal.push.full_set import FullSet
from portal.push.lanes import Lane, RefusedReadings, WaitingReadings
from portal.push.planner import LaneKind
from portal.push.reports import ResourceReport, TickReport
from portal.push.responses import (
    AcceptedBatch,
    Failed,
    NotKnown,
    OutOfSync,
    Oversized,
    Unauthorised,
    Wait,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from uuid import UUID

    from portal.core.outbox.queries.push import Backlog, PushState
    from portal.core.stack import Stack
    from portal.push.client import PushClient
    from portal.push.lanes import Batch
    from portal.push.responses import Reply, Unreachable

# Devices need their site, tariffs their municipality; a site names its municipality without needing it.
SETS = (
    BatchType.SITES,
    BatchType.DEVICES,
    BatchType.MUNICIPALITIES,
    BatchType.TARIFFS,
    BatchType.EVENTS,
    BatchType.BRAND,
)
# Halving 5,000 rows down to one takes 13 requests; nothing else may repeat within a turn.
_MOST_OVERSIZED = 64
_READINGS = BatchType.MEASUREMENTS

_log = logger("push")

__all__ = ["ResourceReport", "Tick", "TickReport"]


class _Halted(Exception):
    """One of the two databases was set back: nothing more goes out in this tick."""

    def __init__(self, response: OutOfSync) -> None:
        super().__init__(response.reason)
        self.response = response


class Tick:
    """The turns of one tick. `is_forced` ignores waits and stops: a person asked for it now.

    `asks`: the Admin is asked how far it has come before anything is sent. While this stack is behind, it always is.
    `chance` gives numbers in [0, 1): it spreads waits, and says which lane begins where not all fit in a tick.
    """

    def __init__(
        self,
        stack: Stack,
        client: PushClient,
        *,
        is_forced: bool = False,
        asks: bool = False,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._stack = stack
        self._client = client
        self._is_forced = is_forced
        self._asks = asks
        self._chance = chance
        self._most_batches = stack.settings.fleet_ingest.max_batches_per_tick
        self._rows_per_tick = self._most_batches * stack.settings.fleet_ingest.batch_size
        self._interval = stack.settings.fleet_ingest.interval_seconds
        self._left: Backlog | None = None
        self._silent: dict[UUID, int] = {}
        self._moved_at = asyncio.get_running_loop().time()

    @property
    def idle_seconds(self) -> float:
        """How long ago the last step of the tick began."""
        return asyncio.get_running_loop().time() - self._moved_at

    def _move(self) -> None:
        self._moved_at = asyncio.get_running_loop().time()

    async def run(self) -> TickReport:
        """Push sites, devices, municipalities, tariffs and decisions where they changed, then readings.

        What a restored Admin lost is sent again; while the Admin holds more than this stack sent, nothing is.
        """
        known = await epochs.state(self._stack)
        if self._asks or known.behind_since is not None:
            tries = self._asks or self._is_forced
            await reconcile.check(self._stack, self._client, self._move, tries=tries)
            known = await epochs.state(self._stack)
        report = TickReport(behind=known.behind_reason)
        if known.behind_since is None:
            try:
                await self._turns(report)
            except _Halted as halt:
                await self._halt(halt.response, report)
        else:
            lines = [ResourceReport(kind.value, error=known.behind_reason) for kind in (*SETS, _READINGS)]
            report.resources = lines
        if known.compare_until is not None and report.behind is None:
            await reconcile.compare_further(self._stack, self._client, known.compare_until, self._move)
        if self._client.library is not None and report.behind is None:
            await library.follow(self._stack, self._client, self._client.library, self._move)
        left = await service.backlog(self._stack)
        report.pending_rows, report.conflicts = left.pending_rows, left.conflicts
        report.retry_rows, report.dead_letters = left.retry_rows, left.dead_letters
        return report

    async def _halt(self, response: OutOfSync, report: TickReport) -> None:
        report.resources[-1].error = response.reason
        if response.mark is not None:
            await reconcile.go_back(self._stack, response.mark)
        elif await reconcile.stop(self._stack, self._client, response.reason, self._move):
            report.behind = response.reason

    async def _turns(self, report: TickReport) -> None:
        self._left = await service.backlog(self._stack)
        self._silent = await boards.silent_boards(self._stack)
        current: set[BatchType] = set()
        for resource in SETS:
            line = ResourceReport(resource.value)
            report.resources.append(line)
            if await self._set_turn(line, resource):
                current.add(resource)
        line = ResourceReport(BatchType.MEASUREMENTS.value)
        report.resources.append(line)
        await self._readings_turn(line, may_retry={BatchType.SITES, BatchType.DEVICES} <= current)

    async def _set_turn(self, line: ResourceReport, resource: BatchType) -> bool:
        """Push one full set; whether the Admin now has (or has been offered) all of it."""
        state = (await service.load_states(self._stack))[resource]
        is_due = self._may_push(line, state)
        if not is_due and not planner.was_refused(state):
            return False
        try:
            lane = await FullSet.open(self._stack, state)
            if not is_due and lane.is_refused_as_it_is:
                return True
            line.error = line.skipped = None
            await self._drive(lane, line, self._most_batches)
        except _Halted:
            raise
        except Exception as error:  # noqa: BLE001 - one resource's trouble must not stop the others
            await self._record_defect(line, resource, error)
            return False
        return lane.is_complete

    async def _readings_turn(self, line: ResourceReport, *, may_retry: bool) -> None:
        states = await service.load_states(self._stack)
        if not self._may_push(line, states[BatchType.MEASUREMENTS]):
            return
        if states[BatchType.DEVICES].last_synced_at is None:
            # Every reading would be refused for want of its device, and need a retry of its own.
            line.skipped = "waits for the devices to be pushed first"
            return
        try:
            await self._push_readings(line, states[BatchType.MEASUREMENTS], may_retry=may_retry)
        except _Halted:
            raise
        except TooSlow as error:
            await self._read_less(line, error)
        except Exception as error:  # noqa: BLE001 - as above
            await self._record_defect(line, BatchType.MEASUREMENTS, error)

    async def _read_less(self, line: ResourceReport, error: TooSlow) -> None:
        """Halve the batches a database is too slow to read."""
        state = (await service.load_states(self._stack))[_READINGS]
        rows = planner.most_rows(state, self._stack.settings.fleet_ingest.batch_size)
        if rows == 1:
            await self._record_defect(line, _READINGS, error)
            return
        line.error = error.message
        await service.save_state(self._stack, planner.shrunk(state, rows, error.message))
        _log.warning(f"Batches of {line.resource} are halved", reason=error.message, rows=rows // 2)

    async def _push_readings(self, line: ResourceReport, state: PushState, *, may_retry: bool) -> None:
        """Let the lanes take turns, a batch each, until all are empty, the tick is full or the Admin objects."""
        self._left = await service.backlog(self._stack)
        known = self._left if may_retry else replace(self._left, retry_rows=0)
        fleet = self._stack.settings.fleet_ingest
        sure = planner.sure_rows(planner.most_rows(state, fleet.batch_size), fleet.batch_max_bytes)
        kinds = planner.lanes(known, self._most_batches * sure, self._most_batches, self._chance())
        lanes = [self._lane(kind, state) for kind in kinds]
        while lanes and line.batches < self._most_batches and line.error is None:
            lane = lanes.pop(0)
            lane.state = state
            batches, rejected = line.batches, line.rejected
            # A lane that is alone may prepare its next batch; two would prepare the same readings.
            is_alone = not lanes and isinstance(lane, WaitingReadings)
            await self._drive(lane, line, self._most_batches - batches if is_alone else 1)
            state = lane.state
            # What was refused once more wants sites and devices pushed first, which is the next tick's.
            is_stuck = isinstance(lane, RefusedReadings) and line.rejected > rejected
            if line.batches > batches and not is_stuck:
                lanes.append(lane)
        if line.error is None and line.batches < self._most_batches:
            # Behind the readings they belong to.
            await self._drive(ConflictingValues(self._stack, state), line, self._most_batches - line.batches)

    def _lane(self, kind: LaneKind, state: PushState) -> Lane:
        if kind is LaneKind.REFUSED:
            return RefusedReadings(self._stack, state)
        return WaitingReadings(self._stack, state, freshest=kind is LaneKind.FRESHEST)

    def _may_push(self, line: ResourceReport, state: PushState) -> bool:
        if self._is_forced or planner.is_due(state, self._stack.clock()):
            return True
        line.error = state.last_error
        if state.is_stopped:
            line.skipped = "stopped until the settings change or the stack restarts"
        elif state.next_attempt_at is not None:
            line.skipped = f"waits until {state.next_attempt_at.isoformat()}"
        return False

    async def _drive(self, lane: Lane, line: ResourceReport, most_batches: int) -> None:
        """Send a lane's batches until it is empty, its share is used up or the Admin objects."""
        batches = oversized = 0
        while batches < most_batches and oversized < _MOST_OVERSIZED:
            self._move()
            batch = await lane.next_batch()
            if batch is None:
                return
            # After the batch was read: a dump that holds its mark then holds its rows as well.
            position = await epochs.issue(self._stack)
            metadata = self._metadata_headers(lane.state.resource, batch) | {
                EPOCH_HEADER: position_header(position),
                REQUEST_HEADER: batch_id(position),
            }
            sending = self._client.send(lane.state.resource, batch.body, batch.cursor, metadata)
            reply = await self._meanwhile(sending, lane, batch, goes_on=batches + 1 < most_batches)
            response = responses.classify(reply, len(batch.rows), self._stack.clock())
            match responses.as_of_type(response, reply, lane.state.resource):
                case AcceptedBatch(refused, mark):
                    if mark == position.mark:
                        lane.state = replace(lane.state, acknowledged_mark=position.mark)
                    await lane.accept(batch, refused)
                    batches += 1
                    self._count_down(lane.state.resource, batch, len(refused))
                    _count(line, batch, len(refused), batch_id(position))
                case Oversized(reason):
                    oversized += 1
                    await self._cut_down(lane, batch, reason)
                case OutOfSync() as response:
                    raise _Halted(response)
                case (Failed() | Wait() | Unauthorised() | NotKnown()) as response:
                    await self._end_turn(lane, line, response, batch_id(position))
                    return

    async def _meanwhile(
        self, sending: Coroutine[Any, Any, Reply | Unreachable], lane: Lane, batch: Batch, *, goes_on: bool
    ) -> Reply | Unreachable:
        """Send a batch while the lane prepares the one that follows."""
        if not goes_on:
            return await sending
        reply, ahead = await asyncio.gather(sending, lane.look_ahead(batch), return_exceptions=True)
        for outcome in (reply, ahead):
            if isinstance(outcome, BaseException):
                raise outcome
        return cast("Reply | Unreachable", reply)

    def _metadata_headers(self, resource: BatchType, batch: Batch) -> dict[str, str]:
        """Return what the Admin may know beside the batch: what it is all of, and what waits behind it."""
        metadata: dict[str, str] = {}
        if batch.full_set is not None:
            metadata[FULL_SET_HEADER] = batch.full_set.header()
        if self._left is not None:
            left = planner.left_after(self._left, len(batch.rows) if resource is _READINGS else 0)
            seconds = planner.drain_seconds(
                left.waiting_rows + left.retry_rows, self._rows_per_tick, self._interval
            )
            report = PushReport(
                left.waiting_rows, left.retry_rows, left.dead_letters, left.oldest_received_at, seconds
            )
            metadata[BACKLOG_HEADER] = report.header()
        if self._silent:
            metadata[BOARDS_HEADER] = boards_header(self._silent)
        return metadata

    def _count_down(self, resource: BatchType, batch: Batch, refused: int) -> None:
        if resource is not _READINGS or self._left is None:
            return
        self._left = planner.left_after(self._left, len(batch.rows) - refused)
        if len(batch.rows) < (self._stack.settings.fleet_ingest.batch_size) and self._left.pending_rows:
            # Cut by bytes, or by an Admin that takes less: this is the pace it goes at.
            self._rows_per_tick = self._most_batches * max(len(batch.rows), 1)

    async def _cut_down(self, lane: Lane, batch: Batch, reason: str) -> None:
        resource = lane.state.resource.value
        if len(batch.rows) == 1:
            await lane.dead_letter(batch, reason)
            _log.error(f"A row of {resource} is too large for the Admin and was put aside", reason=reason)
        else:
            await lane.shrink(batch, reason)
            _log.warning(f"Batches of {resource} are halved", reason=reason, rows=lane.state.batch_limit)

    async def _end_turn(
        self, lane: Lane, line: ResourceReport, response: Failed | Wait | Unauthorised | NotKnown, batch: str
    ) -> None:
        state = planner.after_response(lane.state, response, self._stack.clock(), self._chance())
        await lane.save(state)
        if isinstance(response, NotKnown):
            line.skipped = state.last_error
            return
        line.error = state.last_error
        _log_trouble(state, batch)

    async def _record_defect(self, line: ResourceReport, resource: BatchType, error: Exception) -> None:
        """Treat what nobody foresaw like any failure: said, counted, waited for."""
        line.error = reason_of(error)
        if not isinstance(error, Unavailable):
            _log.exception(f"Push of {resource.value} failed")
        # A database that is away says so here, and whoever runs the ticks begins anew.
        state = (await service.load_states(self._stack))[resource]
        failed = planner.after_failure(state, line.error, self._stack.clock(), self._chance())
        await service.save_state(self._stack, failed)
        if isinstance(error, Unavailable):
            _log_trouble(failed)


def _count(line: ResourceReport, batch: Batch, rejected: int, name: str) -> None:
    rows = len(batch.rows)
    line.batches += 1
    line.sent += rows
    line.accepted += rows - rejected
    line.rejected += rejected
    _log.info(
        f"Pushed {rows} {line.resource}",
        cursor=batch.cursor.isoformat(),
        accepted=rows - rejected,
        rejected=rejected,
        batch=name,
    )


def _log_trouble(state: PushState, batch: str | None = None) -> None:
    resource = state.resource.value
    if state.is_stopped:
        _log.error(f"Admin link down: push of {resource} is stopped", reason=state.last_error)
        return
    until = None if state.next_attempt_at is None else state.next_attempt_at.isoformat()
    _log.warning(
        f"Push of {resource} did not work",
        reason=state.last_error,
        failures=state.consecutive_failures,
        batch=batch,
        next_attempt=until,
    )
