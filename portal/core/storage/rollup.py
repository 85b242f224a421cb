"""Recomputes the hours that new readings touched, on plain PostgreSQL.

Writers append the hours of each meter to the queue in the transaction that stores their readings. A refresh
takes the queue and rewrites those hours in one transaction, one refresh at a time: what is taken is
recomputed or still queued, whatever is killed when.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from portal.core.domain.time import HOUR
from portal.core.storage.append import append_clean_runs
from portal.core.storage.billed import rewrite_energy
from portal.core.storage.layout import Layout
from portal.core.storage.meters import changes_by_meter, key_arrays, queue_hours, take_queue, unnest_keys
from portal.core.storage.plain_schema import DAILY_FIGURES, KEPT_FIGURES, day_figures, kept_figures
from portal.core.storage.rule import take_rule
from portal.core.storage.statistics import analyze_grown

if TYPE_CHECKING:
    from datetime import timedelta

    from portal.core.db import Database
    from portal.core.storage.meters import MeterKey, QueuedHour

RewriteFigures = Callable[[AsyncSession, Layout, list[tuple[Any, ...]]], Awaitable[None]]


async def refresh_queue(
    db: Database, layout: Layout, max_gap: timedelta, rewrite_figures: RewriteFigures | None = None
) -> int:
    """Recompute all queued hours in a transaction; returns the number of (meter, hour).

    `rewrite_figures` is what the engine does about the figures of the taken (key columns, hour); by default
    the rollup tables of plain PostgreSQL are rewritten.
    """
    async with db.transaction() as session:
        if not await session.scalar(text(f"SELECT EXISTS (SELECT 1 FROM {layout.queued_batches})")):
            return 0
    async with db.transaction() as session:
        await one_refresh_at_a_time(session, layout)
        taken = await take_queue(session, layout)
        if taken:
            await analyze_grown(session, layout)
            await _recompute(session, layout, taken, max_gap, rewrite_figures)
    return len(taken)


async def front_of_queue(db: Database, layout: Layout, *, or_of: str | None = None) -> str | None:
    """Return a mark of the first row of the queue, else of another table; None where nothing waits."""
    async with db.transaction() as session:
        for table in filter(None, (layout.queued_batches, or_of)):
            mark = await session.scalar(
                text(f"SELECT '{table} ' || ctid || ' ' || xmin FROM {table} LIMIT 1")
            )
            if mark is not None:
                return str(mark)
    return None


async def _recompute(
    session: AsyncSession,
    layout: Layout,
    taken: list[QueuedHour],
    max_gap: timedelta,
    rewrite_figures: RewriteFigures | None,
) -> None:
    changes = await changes_by_meter(session, layout, taken, max_gap)
    done = await append_clean_runs(session, layout, changes, max_gap, with_figures=rewrite_figures is None)
    hours = [(*queued.key, queued.hour) for queued in taken]
    if rewrite_figures is not None:
        await rewrite_figures(session, layout, hours)
    else:
        await _rewrite_figures(session, layout, [row for row in hours if row[:-1] not in done])
        if layout.has_customers:
            await _rewrite_days(session, hours)
    await rewrite_energy(session, layout, [change for change in changes if change.key not in done])


async def requeue_all(
    db: Database, layout: Layout, max_gap: timedelta, meters: Sequence[MeterKey] | None = None
) -> int:
    """Forget the energy of these meters (None: of all) and queue every hour they have readings in.

    For when the rule has changed (`Billing__MaxGapMinutes`) or stored energy is in doubt. Returns the number of hours
    queued; the next refresh recomputes them from the readings.
    """
    async with db.transaction() as session:
        await one_refresh_at_a_time(session, layout)
        if meters is None:
            await take_rule(session, layout, max_gap)
        return await _requeue(session, layout, meters)


async def requeue(session: AsyncSession, layout: Layout, meters: Sequence[MeterKey]) -> None:
    """Do the same in a transaction under way, for meters whose rated power it changed; waits for a running refresh."""
    if meters:
        await session.execute(text(f"LOCK TABLE {layout.refresh_lock} IN EXCLUSIVE MODE"))
        await _requeue(session, layout, meters)


async def _requeue(session: AsyncSession, layout: Layout, meters: Sequence[MeterKey] | None) -> int:
    among = (
        "" if meters is None else f" AND ({layout.key_list('m')}) IN (SELECT * FROM {unnest_keys(layout)})"
    )
    given = {} if meters is None else key_arrays(layout, meters)
    kept = await session.scalar(text("SELECT to_regclass(:name)::text"), {"name": layout.hourly_rollup})
    for table in filter(None, (layout.hourly_energy, layout.daily_energy, kept)):
        await session.execute(text(f"DELETE FROM {table} m WHERE true{among}"), given)
    return await queue_hours(
        session,
        layout,
        f"SELECT DISTINCT {layout.key_list('m')}, date_bin('1 hour', m.time, TIMESTAMPTZ 'epoch') AS hour, "
        f"TIMESTAMPTZ '-infinity' AS first_at FROM {layout.measurements} m WHERE true{among}",
        given,
    )


async def one_refresh_at_a_time(session: AsyncSession, layout: Layout) -> None:
    """Wait until no other refresh is under way, and let the transaction see one moment from then on.

    It must be the transaction's first statement. The moment matters: a refresh that saw readings whose queue
    entries it did not take would meet these entries later as late readings, and recompute what it could have
    added. Waiting for an advisory lock would fix the moment before the wait; LOCK TABLE does not.
    """
    await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    await session.execute(text(f"LOCK TABLE {layout.refresh_lock} IN EXCLUSIVE MODE"))


async def _rewrite_figures(session: AsyncSession, layout: Layout, taken: list[tuple[Any, ...]]) -> None:
    """Write average, extremes, sample count and `kwh_delta` of the hours, whatever they held before.

    Each run of consecutive hours is one index range of one meter. A join of hours with readings would leave
    the planner the choice to compare them all, which took minutes for a year and a half of nine meters.
    """
    if not taken:
        return
    keys, runs, figures = layout.key_list(), _runs(taken), ", ".join(KEPT_FIGURES)
    names = [*layout.keys, "start_at", "end_at"]
    kinds = [*("uuid" for _ in layout.keys), "timestamptz", "timestamptz"]
    arrays = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in zip(names, kinds, strict=True))
    await session.execute(
        text(
            f"INSERT INTO {layout.hourly_rollup} ({keys}, hour, {figures}) "
            f"SELECT {layout.key_list('run')}, f.* "
            f"FROM unnest({arrays}) AS run ({', '.join(names)}) CROSS JOIN LATERAL ("
            f"SELECT date_trunc('hour', m.time, 'UTC'), {kept_figures('m')} "
            f"FROM {layout.measurements} m WHERE {layout.matches('m', 'run')} "
            f"AND m.time >= run.start_at AND m.time < run.end_at GROUP BY 1) f "
            f"ON CONFLICT ({keys}, hour) DO UPDATE SET "
            + ", ".join(f"{name} = excluded.{name}" for name in KEPT_FIGURES)
        ),
        {name: [run[position] for run in runs] for position, name in enumerate(names)},
    )


async def _rewrite_days(session: AsyncSession, taken: list[tuple[Any, ...]]) -> None:
    """Write the figures of the customers' UTC days from their hours, whatever they held before."""
    days = sorted({(row[0], row[-1].replace(hour=0)) for row in taken})
    figures = ", ".join(DAILY_FIGURES)
    await session.execute(
        text(
            f"INSERT INTO fleet.daily_rollup (customer_id, day, {figures}) "
            f"SELECT d.customer_id, d.day, f.* "
            f"FROM unnest(CAST(:customers AS uuid[]), CAST(:days AS timestamptz[])) AS d (customer_id, day) "
            f"CROSS JOIN LATERAL (SELECT {day_figures('h')} FROM fleet.hourly_rollup h "
            f"WHERE h.customer_id = d.customer_id AND h.hour >= d.day "
            f"AND h.hour < d.day + interval '24 hours' HAVING count(*) > 0) f "
            f"ON CONFLICT (customer_id, day) DO UPDATE SET "
            + ", ".join(f"{name} = excluded.{name}" for name in DAILY_FIGURES)
        ),
        {"customers": [customer for customer, _ in days], "days": [day for _, day in days]},
    )


def _runs(taken: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Join consecutive hours of a meter: (key columns, start, end) with the end excluded."""
    runs: list[tuple[Any, ...]] = []
    for *key, hour in taken:
        if runs and [*runs[-1][:-2], runs[-1][-1]] == [*key, hour]:
            runs[-1] = (*runs[-1][:-1], hour + HOUR)
        else:
            runs.append((*key, hour, hour + HOUR))
    return runs
