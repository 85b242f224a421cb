"""Keeps stored energy, and with it the figures, in step with the readings.

Writers append the hours of each meter to the queue in the transaction that stores their readings. A refresh
takes the queue and brings those hours up to date in one transaction, one refresh at a time: what is taken is
computed or still queued, whatever is killed when.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from portal.core.energy.queries import rule, waiting
from portal.core.energy.queries.append import append_clean_runs
from portal.core.energy.queries.billed import rewrite_energy
from portal.core.energy.queries.meters import changes_by_meter
from portal.core.storage.layout import LAYOUTS, Layout
from portal.core.storage.plain_figures import forget_figures
from portal.core.storage.statistics import analyze_grown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.core.db import AsyncSession
    from portal.core.stack import Stack
    from portal.core.storage.engine import Figures
    from portal.core.storage.queue import MeterKey, QueuedHour


def layout_of(stack: Stack) -> Layout:
    """Return where the stack's run mode keeps its readings."""
    return LAYOUTS[stack.settings.run_mode]


def max_gap_of(stack: Stack) -> timedelta:
    """Return the longest interval whose energy is allocated to its hours."""
    return timedelta(minutes=stack.settings.billing.max_gap_minutes)


async def bootstrap(stack: Stack) -> None:
    """Make what the engine adds to the migrated schema, and note the rule energy is computed by; idempotent.

    Raises `Misconfigured` where settings and database do not go together.
    """
    await stack.storage.bootstrap(stack.db)
    async with stack.db.transaction() as session:
        await rule.note_rule(session, layout_of(stack), max_gap_of(stack))


async def refresh(stack: Stack) -> int:
    """Bring energy and figures up to date with every committed reading; returns how many (meter, hour) were queued."""
    async with stack.db.transaction() as session:
        figures = await stack.storage.figures(session)
        is_any = await waiting.is_any_queued(session, layout_of(stack))
    taken = await _refresh_queue(stack, figures) if is_any else 0
    await figures.settle(stack.db)
    return taken


async def _refresh_queue(stack: Stack, figures: Figures) -> int:
    layout = layout_of(stack)
    async with stack.db.transaction() as session:
        await waiting.one_refresh_at_a_time(session, layout)
        taken = await waiting.take_queue(session, layout)
        if taken:
            await analyze_grown(session, layout)
            await _bring_up_to_date(session, layout, taken, max_gap_of(stack), figures)
    return len(taken)


async def _bring_up_to_date(
    session: AsyncSession, layout: Layout, taken: list[QueuedHour], max_gap: timedelta, figures: Figures
) -> None:
    changes = await changes_by_meter(session, layout, taken, max_gap)
    added = await append_clean_runs(session, layout, changes, max_gap, figures=figures.added)
    await figures.rewrite(session, taken, added)
    await rewrite_energy(session, layout, [change for change in changes if change.key not in added])


async def recompute(stack: Stack, meters: Sequence[MeterKey] | None = None) -> int:
    """Have the next refresh compute the energy of these meters (None: of all) again from their readings.

    For when the rule has changed (`Billing__MaxGapMinutes`) or stored energy is in doubt. Returns the number of hours
    queued.
    """
    layout = layout_of(stack)
    async with stack.db.transaction() as session:
        await waiting.one_refresh_at_a_time(session, layout)
        if meters is None:
            await rule.take_rule(session, layout, max_gap_of(stack))
        return await _forget_and_queue(session, layout, meters)


async def requeue(session: AsyncSession, layout: Layout, meters: Sequence[MeterKey]) -> None:
    """Do the same in a transaction under way, for meters whose rated power it changed; waits for a running refresh."""
    if meters:
        await waiting.wait_for_refresh(session, layout)
        await _forget_and_queue(session, layout, meters)


async def _forget_and_queue(session: AsyncSession, layout: Layout, meters: Sequence[MeterKey] | None) -> int:
    await forget_figures(session, layout, meters)
    return await waiting.forget_and_queue(session, layout, meters)


async def front_of_queue(stack: Stack) -> str | None:
    """Return a mark of what has waited longest for a refresh; None where nothing waits.

    The same mark twice says that nobody took it in between.
    """
    layout = layout_of(stack)
    async with stack.db.transaction() as session:
        figures = await stack.storage.figures(session)
        return await waiting.first_mark(session, [*filter(None, (layout.queued_batches, figures.waiting))])
