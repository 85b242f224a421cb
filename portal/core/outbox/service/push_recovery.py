"""What a Client puts back that its database lost, from what the Admin gives back.

Nothing that is newer here is overwritten: it stays, and is named. What was added again here since is the same thing:
a municipality, a site or a tariff takes the key the Admin knows it by, a device keeps its own.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from portal.core.audit import queries as audit
from portal.core.outbox.queries import push, push_conflicts, push_epoch, push_recovery, push_sets
from portal.core.outbox.recovered import Merge, MergeReport
from portal.core.readings.queries import ingest
from portal.core.readings.queries.wide_way import make_way
from portal.core.values.time import spanning

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from portal.core.exchange.recovery import HeldSets, RecoveryHead
    from portal.core.readings.queries.held_readings import ValueBeside
    from portal.core.readings.wire import FleetReading
    from portal.core.stack import Stack


class _Undone(Exception):
    """Ends a transaction that only tried."""


def _undo(*, dry_run: bool) -> None:
    if dry_run:
        raise _Undone


@dataclass(frozen=True, slots=True)
class TakenBack:
    """How many readings were new, and the times (aware UTC) of those that added something to the one that was here."""

    stored: int
    merged: list[datetime] = field(default_factory=list["datetime"])


async def is_related(stack: Stack, held: HeldSets) -> bool:
    """Whether any site or device of this stack is among the Admin's, or that cannot be told: one has none yet."""
    async with stack.db.snapshot() as session:
        states = await push.load_states(session)
        sites = [row.row for row in await push_sets.sites(session)]
        devices = [row.row for row in await push_sets.devices(session)]
    here = {str(row.id) for row in (*sites, *devices)} | {row.external_id for row in devices}
    there = {str(held_row.row.id) for held_row in (*held.sites, *held.devices)}
    there |= {device.row.external_id for device in held.devices}
    there |= {str(alias) for device in held.devices for alias in device.aliases}
    was_pushed = any(state.last_synced_at is not None for state in states.values())
    return not (was_pushed and here and there) or bool(here & there)


async def merge_sets(stack: Stack, held: HeldSets, *, dry_run: bool) -> MergeReport:
    """Put back municipalities, sites, tariffs and devices that are not here; with `dry_run` only say what would be.

    A device that was lost has no token until it is rotated (`to_rotate`).
    """
    report = MergeReport()
    with suppress(_Undone):
        async with stack.db.transaction() as session:
            await push_recovery.lock(session)
            await Merge(session, stack.settings.billing.currency, held, report).run()
            _undo(dry_run=dry_run)
            if report.changes:
                words = "; ".join(f"{row.resource} {row.name}: {row.what}" for row in report.changes)
                await audit.record(session, "push.sets_recovered", f"{len(report.changes)} rows", words)
    return report


async def take_back(
    stack: Stack, device_id: UUID, readings: Sequence[FleetReading], *, dry_run: bool
) -> TakenBack:
    """Merge a device's readings from the Admin with what is here; none of them is pushed again.

    With `dry_run` they are only counted.
    """
    if not readings:
        return TakenBack(0)
    times = [reading.time for reading in readings]
    await stack.storage.ensure_partitions(stack.db, spanning(times))
    await make_way(stack, times, lambda: (((device_id,), at) for at in times))
    taken = TakenBack(0)
    with suppress(_Undone):
        async with stack.db.direct_transaction() as connection:
            taken = TakenBack(*await ingest.take_back_readings(connection, device_id, readings))
            _undo(dry_run=dry_run)
    return taken


async def take_back_conflicts(
    stack: Stack, device_id: UUID, values: Sequence[ValueBeside], *, dry_run: bool
) -> int:
    """Keep values from the Admin beside the readings of a device, which are here; returns how many were not.

    With `dry_run` they are only counted.
    """
    taken = 0
    with suppress(_Undone):
        async with stack.db.transaction() as session:
            taken = await push_conflicts.take_back(session, device_id, values)
            _undo(dry_run=dry_run)
    return taken


async def finish(stack: Stack, head: RecoveryHead, words: str) -> None:
    """Go on pushing from where the Admin is: all sets go out again, and no number below its highest is given out."""
    async with stack.db.transaction() as session:
        for numbers, highest in (
            (push_recovery.MUNICIPALITY_NUMBERS, head.highest_municipality_id),
            (push_recovery.TARIFF_NUMBERS, head.highest_tariff_id),
        ):
            await push_recovery.use_numbers_above(session, numbers, highest)
        await push_epoch.adopt(session, head.epoch, head.mark)
        await push.forget_sets(session)
        await audit.record(session, "push.recovered", head.code, words)
