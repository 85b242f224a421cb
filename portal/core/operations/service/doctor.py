"""What `portal doctor` wants to know of the database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.core import energy
from portal.core.database.choice import judge
from portal.core.fleet.queries import fleet_devices
from portal.core.outbox.queries import push_epoch
from portal.core.quality.queries import meter_events
from portal.core.quality.queries.meter_events import EventsAsked, StoredEvent
from portal.core.readings.queries import wide_progress
from portal.core.readings.queries.wide_progress import LeftToMove, MovedReadings
from portal.core.values.pages import Asked

if TYPE_CHECKING:
    from portal.core.database.engine import Capabilities
    from portal.core.fleet.queries.fleet_devices import DoubledDevice
    from portal.core.stack import Stack

_MOST_EVENTS = 5
_WAITING = EventsAsked(is_waiting=True)


@dataclass(frozen=True)
class Examination:
    """The storage engine, what waits to be computed, and what other rule made stored energy.

    `hours_to_refresh`: of meters, with new readings. `meters_to_recompute`: whose energy is computed again as a whole.

    `behind`: why a Client's push is stopped, where the Admin holds more than it ever sent. `doubled`: external ids
    under which an Admin has several devices of a customer with readings.

    `events`: the latest meter events that wait for a person; `event_count` is how many there are.

    `moved` and `left_to_move`: readings of an earlier release. `meters_of_no_device`: in the readings.
    """

    capabilities: Capabilities
    hours_to_refresh: int
    meters_to_recompute: int
    other_rule: str | None
    moved: MovedReadings
    left_to_move: LeftToMove
    meters_of_no_device: int
    event_count: int = 0
    events: tuple[StoredEvent, ...] = ()
    behind: str | None = None
    doubled: tuple[DoubledDevice, ...] = ()


async def examine(stack: Stack) -> Examination:
    """Look at the database. Raises `Misconfigured` where the settings and what is there do not go together."""
    choice, layout = await judge(stack.settings, stack.db), stack.layout
    async with stack.db.snapshot() as session:
        capabilities = await stack.storage.capabilities(session)
        waiting = await energy.count_queued(session, layout)
        passes = await energy.count_passes(session, layout)
        other = await energy.other_rule(
            session, layout, timedelta(minutes=stack.settings.billing.max_gap_minutes)
        )
        behind = None if layout.has_customers else (await push_epoch.load(session)).behind_reason
        doubled = await fleet_devices.doubled(session) if layout.has_customers else ()
        return Examination(
            replace(capabilities, note=choice.note),
            waiting,
            passes,
            other,
            await wide_progress.moved(session, layout),
            await wide_progress.left_to_move(session, layout),
            await wide_progress.meters_of_no_device(session, layout),
            await meter_events.count_waiting(session, layout),
            tuple(await meter_events.list_events(session, layout, _WAITING, Asked(_MOST_EVENTS)))[
                :_MOST_EVENTS
            ],
            behind,
            doubled,
        )
