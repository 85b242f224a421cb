"""The lane of conflicting values: rows for instants whose readings the Admin has."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from portal.core.log import logger
from portal.core.outbox.service import push_conflicts as service
from portal.core.readings.rules.quantities import ALL_QUANTITIES
from portal.core.readings.rules.scaling import from_stored
from portal.core.readings.wire import FleetReading
from portal.push import planner
from portal.push.lanes import Batch, Lane

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from portal.core.outbox.queries.push import PushState
    from portal.core.outbox.queries.push_conflicts import WaitingConflict
    from portal.core.stack import Stack

_log = logger("push")


@dataclass
class ConflictRow:
    """Values of one instant that fit one row: at most one of each quantity."""

    device_id: UUID
    time: datetime
    conflicts: dict[int, WaitingConflict] = field(default_factory=dict[int, "WaitingConflict"])

    @property
    def reading(self) -> FleetReading:
        """The values as a row of a batch; nobody says what named them."""
        row = FleetReading(time=self.time, device_id=self.device_id)
        for number, conflict in self.conflicts.items():
            quantity = ALL_QUANTITIES[number]
            setattr(row, quantity.name, from_stored(quantity, conflict.value))
        return row


def as_rows(conflicts: Sequence[WaitingConflict]) -> list[ConflictRow]:
    """Return values as few rows, those of one instant beside each other."""
    rows: list[ConflictRow] = []
    by_instant: dict[tuple[UUID, datetime], list[ConflictRow]] = {}
    for conflict in conflicts:
        found = by_instant.setdefault((conflict.device_id, conflict.time), [])
        row = next((row for row in found if conflict.quantity not in row.conflicts), None)
        if row is None:
            row = ConflictRow(conflict.device_id, conflict.time)
            found.append(row)
            rows.append(row)
        row.conflicts[conflict.quantity] = conflict
    return rows


class ConflictingValues(Lane):
    """Values beside those of readings that the Admin has; what it refuses is tried again, and given up at last."""

    def __init__(self, stack: Stack, state: PushState) -> None:
        super().__init__(stack, state)
        self._rows: list[ConflictRow] = []

    async def next_batch(self) -> Batch | None:
        """Return the next values that are due."""
        now = self.stack.clock()
        self._rows = as_rows(await service.due_conflicts(self.stack, self.max_rows, now))
        if not self._rows:
            return None
        packed = await self.cut([row.reading for row in self._rows])
        return Batch(*packed, self.state.last_cursor or now)

    async def accept(self, batch: Batch, refused: Mapping[int, str]) -> None:
        """Forget what was accepted, and postpone what was refused."""
        sent, refused = self._rows[: len(batch.rows)], self.told_apart(refused)
        state = replace(self.succeeded(batch), last_cursor=self.state.last_cursor)
        done = [each for number, row in enumerate(sent) if number not in refused for each in _of(row)]
        tried = [each for number in refused for each in _of(sent[number])]
        await self._record(state, done, tried, next(iter(refused.values()), ""))

    async def dead_letter(self, batch: Batch, reason: str) -> None:
        """Give the values of one row up."""
        del batch
        given_up = _of(self._rows[0])
        _log.error(f"{len(given_up)} conflicting values were given up", reason=reason)
        await service.acknowledge_conflicts(self.stack, replace(self.state, last_error=reason), given_up)

    async def _record(
        self, state: PushState, done: list[WaitingConflict], tried: list[WaitingConflict], reason: str
    ) -> None:
        given_up = [each for each in tried if each.tries + 1 >= planner.MAX_TRIES]
        if given_up:
            _log.error(f"{len(given_up)} conflicting values were given up", reason=reason)
        again = [each for each in tried if each.tries + 1 < planner.MAX_TRIES]
        most = max((each.tries for each in again), default=0)
        until = self.stack.clock() + planner.back_off(most + 1)
        await service.acknowledge_conflicts(self.stack, state, [*done, *given_up], refused=again, until=until)
        self.state = state


def _of(row: ConflictRow) -> list[WaitingConflict]:
    return list(row.conflicts.values())
