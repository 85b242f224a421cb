"""Keeps stored energy, and with it the figures, in step with the readings.

Writers append the hours of each meter to the queue in the transaction that stores their readings. A refresh
takes the queue and brings those hours up to date in one transaction, one refresh at a time: what is taken is
computed or still queued, whatever is killed when. What has to be computed again as a whole, because the rule or a
rated power changed or stored energy is in doubt, is a pass of its own: month by month, each in a transaction, so that
it takes little memory, goes on where it was killed, and leaves what is read meanwhile as it was or as it will be.
"""

from __future__ import annotations

from datetime import timedelta
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from portal.core.database.statistics import analyze_grown
from portal.core.energy.queries import passes, rule, waiting
from portal.core.energy.queries.append import append_clean_runs
from portal.core.energy.queries.learning import learn, meters_to_learn
from portal.core.energy.queries.meters import changes_by_meter, judged_meters
from portal.core.energy.queries.months import recompute_month
from portal.core.energy.queries.passes import Pass
from portal.core.energy.queries.stretches import rewrite_energy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from portal.core.database.db import AsyncSession
    from portal.core.database.engine import Figures
    from portal.core.database.layout import Layout, MeterKey
    from portal.core.energy.queries.waiting import TakenHours
    from portal.core.stack import Stack

# How long one transaction of a pass lasts, a month of a busy meter apart: others may wait for it.
_MOMENT_SECONDS = 0.2


def max_gap_of(stack: Stack) -> timedelta:
    """Return the longest interval whose energy is allocated to its hours."""
    return timedelta(minutes=stack.settings.billing.max_gap_minutes)


async def bootstrap(stack: Stack) -> None:
    """Make what the engine adds to the migrated schema, and note the rule energy is computed by; idempotent.

    Raises `Misconfigured` where settings and database do not go together.
    """
    await stack.storage.bootstrap(stack.db)
    async with stack.db.transaction() as session:
        await rule.note_rule(session, stack.layout, max_gap_of(stack))


async def refresh(
    stack: Stack, *, pass_seconds: float = inf, is_ending: Callable[[], bool] = lambda: False
) -> int:
    """Bring energy and figures up to date with every committed reading, and all passes and upgrades to their end.

    With `pass_seconds` passes that take longer, and as soon as `is_ending` all of them, are left to whoever goes on
    with them. Returns how many (meter, hour) were queued.
    """
    taken = await refresh_queue(stack)
    until = monotonic() + pass_seconds
    while monotonic() < until and not is_ending() and await _go_on(stack):
        # New readings do not wait for the end of a long pass.
        taken += await refresh_queue(stack)
    return taken


async def refresh_queue(stack: Stack) -> int:
    """Bring energy and figures of the queued hours up to date; returns how many (meter, hour) there were."""
    async with stack.db.transaction() as session:
        figures = await stack.storage.figures(session)
        is_any = await waiting.is_any_queued(session, stack.layout)
    taken = 0
    while is_any:
        hours, is_any, figures = await _take_queue(stack)
        taken += hours
    await figures.finish(stack.db)
    return taken


async def _take_queue(stack: Stack) -> tuple[int, bool, Figures]:
    """Bring a portion of the queue up to date; returns its hours, whether there was more, and what keeps figures."""
    layout = stack.layout
    async with stack.db.transaction() as session:
        await waiting.one_refresh_at_a_time(session, layout)
        figures = await stack.storage.figures(session)
        taken = await waiting.take_queue(session, layout)
        if taken.hours:
            await analyze_grown(session, layout)
            await _bring_up_to_date(session, layout, taken, max_gap_of(stack), figures)
    return len(taken.hours), not taken.is_all, figures


async def _bring_up_to_date(
    session: AsyncSession, layout: Layout, taken: TakenHours, max_gap: timedelta, figures: Figures
) -> None:
    changes = await changes_by_meter(session, layout, taken.hours, max_gap)
    added = await append_clean_runs(session, layout, changes, max_gap)
    await figures.rewrite(session, taken.hours)
    left = [change for change in changes if change.key not in added]
    await rewrite_energy(session, layout, left, taken.queued_since)


async def _go_on(stack: Stack) -> bool:
    """Go on for a moment with passes, then with hours that an upgrade left; False where there is nothing to do."""
    layout = stack.layout
    async with stack.db.transaction() as session:
        figures = await stack.storage.figures(session)
        is_pass = await passes.is_any_asked_for(session, layout)
        if not is_pass and not await figures.is_filling(session):
            return False
    until = monotonic() + _MOMENT_SECONDS
    async with stack.db.transaction() as session:
        await waiting.one_refresh_at_a_time(session, layout)
        if is_pass:
            await _go_on_with_passes(session, stack, figures, until)
            return True
        while await figures.fill(session):
            if monotonic() >= until:
                return True
        return False


async def _go_on_with_passes(session: AsyncSession, stack: Stack, figures: Figures, until: float) -> None:
    layout = stack.layout
    while going := await passes.take_next(session, layout):
        month = await recompute_month(session, layout, going, max_gap_of(stack))
        await figures.rewrite_span(session, month.key, month.first, month.until)
        await passes.ask_for_passes(session, layout, month.rest)
        if monotonic() >= until:
            break


async def recompute(stack: Stack, meters: Sequence[MeterKey] | None = None) -> int:
    """Have the next refresh compute the energy of these meters (None: of all) again from their readings.

    For when the rule has changed (`Billing__MaxGapMinutes`) or stored energy is in doubt. Returns how many meters.
    """
    layout = stack.layout
    async with stack.db.transaction() as session:
        if meters is None:
            await rule.take_rule(session, layout, max_gap_of(stack))
            return await passes.ask_for_all(session, layout)
        await ask_for_passes(session, layout, meters)
        return len(meters)


async def ask_for_passes(session: AsyncSession, layout: Layout, meters: Sequence[MeterKey]) -> None:
    """Do the same in a transaction under way, for meters whose rated power it changed; waits for nobody."""
    await passes.ask_for_passes(session, layout, [Pass(key) for key in meters])


async def learn_anew(stack: Stack, *, is_weekly: bool) -> int:
    """Learn from the readings of meters what is not known of them, and ask for passes where that is something new.

    `is_weekly`: of all without a rated power, else of those of which nothing is known yet. Returns how many passes.
    """
    layout, max_gap = stack.layout, max_gap_of(stack)
    async with stack.db.snapshot() as session:
        meters = await meters_to_learn(session, layout, is_weekly=is_weekly)
    asked = 0
    for key in meters:
        async with stack.db.transaction() as session:
            await waiting.one_refresh_at_a_time(session, layout)
            before = (await judged_meters(session, layout, [key], max_gap))[key].rules
            if await learn(session, layout, key, before) != before:
                await ask_for_passes(session, layout, [key])
                asked += 1
    return asked


async def queue_head(stack: Stack) -> str | None:
    """Return a mark of what has waited longest for a refresh; None where nothing waits.

    The same mark twice says that nobody took it in between.
    """
    layout = stack.layout
    async with stack.db.transaction() as session:
        figures = await stack.storage.figures(session)
        tables = ("rollup_batches", "recompute_passes", figures.waiting)
        mark = await waiting.first_mark(session, layout, [table for table in tables if table])
        return mark or ("hours of an earlier release" if await figures.is_filling(session) else None)
