"""Hours whose continuous aggregates must be refreshed by hand, kept until they have been.

A continuous aggregate computes what is newer than its watermark whenever it is read. Below the watermark a
late reading shows only after a refresh, and below the start offset of its policy no policy ever makes one:
such rows even vanish once the policy has moved the watermark past them. So each refresh of the queue
notes those hours in a table, in the transaction that takes the queue, and then refreshes them on a
connection of its own. A kill in between loses nothing: the table is still there. Until a refresh is through, the views
people read compute those hours of those meters from the readings, so that nothing late is missing meanwhile.

A refresh moves the watermark to its end, so what lies below must be stored by then, or it does not show until it is.
Hence every refresh, also that of a policy, goes from the oldest to the newest, and begins no later than at the
watermark.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import asyncpg
from sqlalchemy import text

from portal.core.database.autocommit import autocommit
from portal.core.database.rows import fetch_row, fetch_rows, fetch_value, is_so, values_of
from portal.core.log import logger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.db import Database
    from portal.core.database.layout import Layout, MeterKey

_log = logger("storage")

_WINDOW_LOCK = 7_301_005
_HOUR = timedelta(hours=1)
# Refreshing what lies between two late hours costs nothing where nothing changed there.
_NEARBY = timedelta(days=7)
# One refresh is one transaction: a long history goes in pieces.
_PIECE = timedelta(days=28)
# The hourly policy starts 30 days back (the daily one 365): what is older by then must not wait for it.
_POLICY_REACH = "interval '29 days'"
_DAILY_POLICY_REACH = "interval '364 days'"
# Overlapping refreshes raise: a policy's run takes seconds, a first one over a long history minutes.
_PATIENCE_S = 120.0
_PAUSE_S = 0.25
OLDEST_FIRST = '{"refresh_newest_first": false}'
_BUSY = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError, asyncpg.ObjectInUseError)

# Above the invalidation threshold no refresh has begun, so the aggregate still reads the readings themselves.
# It moves before a refresh takes its snapshot: a reading committed before this statement is in that snapshot.
_THRESHOLD = """(
    SELECT max(_timescaledb_functions.to_timestamp(t.watermark))
    FROM _timescaledb_catalog.continuous_aggs_invalidation_threshold t
    JOIN _timescaledb_catalog.continuous_agg a ON a.raw_hypertable_id = t.hypertable_id
    WHERE a.user_view_schema = '{schema}' AND a.user_view_name = ANY (ARRAY[{views}])
)"""
_DAYS = """
SELECT date_trunc('day', $1::timestamptz, 'UTC') AS from_day,
       CASE WHEN reach > date_trunc('day', $1::timestamptz, 'UTC') THEN least(
           reach, date_trunc('day', $2::timestamptz + interval '1 day' - interval '1 microsecond', 'UTC')
       ) END AS to_day
FROM (SELECT date_trunc('day', greatest(now() - {policy_reach}, {threshold}), 'UTC') AS reach) r
"""


class Window(NamedTuple):
    """A half-open range of UTC hours."""

    from_hour: datetime
    to_hour: datetime


_LATE = """
SELECT hour FROM unnest(CAST(:hours AS timestamptz[])) AS touched (hour)
WHERE hour < greatest(now() - {policy_reach}, {threshold}) ORDER BY hour
"""
_NOTE_WINDOWS = """
INSERT INTO {rollup_windows} (from_hour, to_hour)
SELECT * FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
"""
_NOTE_METERS = """
INSERT INTO {late_hours} ({customer_id,} device_ids, hours)
SELECT {customer_id,} array_agg(device_id), array_agg(hour)
FROM unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]), CAST(:hours AS timestamptz[])
) AS late ({customer_id,} device_id, hour)
{GROUP BY customer_id}
"""
_NOTE_EVERYTHING = """
INSERT INTO {rollup_windows} (from_hour, to_hour)
SELECT date_trunc('hour', min(time), 'UTC'), date_trunc('hour', max(time), 'UTC') + interval '1 hour'
FROM {readings} HAVING count(*) > 0
"""
_DELETE_METERS = "DELETE FROM {late_hours} WHERE id = ANY ($1)"
_DELETE_WINDOWS = "DELETE FROM {rollup_windows} WHERE id = ANY ($1)"
_FROM_WATERMARK = """
SELECT least($1::timestamptz, CASE WHEN at > '2000-01-01Z' THEN at ELSE (
    SELECT date_trunc('day', min(time), 'UTC') FROM {readings}
) END)
FROM (
    SELECT _timescaledb_functions.to_timestamp(_timescaledb_functions.cagg_watermark(mat_hypertable_id)) AS at
    FROM _timescaledb_catalog.continuous_agg WHERE user_view_schema = $2 AND user_view_name = $3
) watermark
"""


async def note_hours(session: AsyncSession, layout: Layout, touched: list[tuple[MeterKey, datetime]]) -> None:
    """Remember those of the touched (key columns, UTC hour) that neither a policy nor the aggregate brings up to date.

    The hours, joined to windows, are what is refreshed; with their meters they are what the view computes until then.
    """
    threshold = layout.sql(_THRESHOLD, views="'hourly_aggregate', 'daily_aggregate'")
    late = await values_of(
        session,
        datetime,
        layout.sql(_LATE, policy_reach=_POLICY_REACH, threshold=threshold),
        {"hours": sorted({hour for _, hour in touched})},
    )
    windows = list(merged(Window(hour, hour + _HOUR) for hour in late))
    if windows:
        await session.execute(
            text(layout.sql(_NOTE_WINDOWS)),
            {"starts": [w.from_hour for w in windows], "ends": [w.to_hour for w in windows]},
        )
        of_late = frozenset(late)
        await _note_meters(session, layout, [each for each in touched if each[1] in of_late])


async def _note_meters(session: AsyncSession, layout: Layout, late: list[tuple[MeterKey, datetime]]) -> None:
    await session.execute(
        text(layout.sql(_NOTE_METERS)),
        {**layout.arrays(key for key, _ in late), "hours": [hour for _, hour in late]},
    )


async def note_everything(session: AsyncSession, layout: Layout) -> None:
    """Remember all hours there are readings of: what new aggregates over old readings need."""
    await session.execute(text(layout.sql(_NOTE_EVERYTHING)))


def merged(windows: Iterable[Window]) -> Iterator[Window]:
    """Yield sorted windows with those joined that overlap or lie less than a week apart."""
    current: Window | None = None
    for window in windows:
        if current is not None and window.from_hour - current.to_hour <= _NEARBY:
            current = Window(current.from_hour, max(current.to_hour, window.to_hour))
            continue
        if current is not None:
            yield current
        current = window
    if current is not None:
        yield current


def pieces(window: Window) -> Iterator[Window]:
    """Yield a window in parts of at most four weeks."""
    edges = [window.from_hour]
    while edges[-1] < window.to_hour:
        edges.append(min(edges[-1] + _PIECE, window.to_hour))
    yield from (Window(start, end) for start, end in pairwise(edges))


async def refresh_noted(db: Database, layout: Layout) -> int:
    """Refresh all noted windows, one refresher at a time; returns how many there were.

    What cannot be refreshed for two minutes, because a policy's run holds the aggregate, stays noted.
    """
    async with db.transaction() as session:
        if not await is_so(session, layout.sql("SELECT EXISTS (SELECT 1 FROM {rollup_windows})")):
            return 0
    async with autocommit(db) as connection:
        await connection.execute(f"SELECT pg_advisory_lock({_WINDOW_LOCK})")
        return await _drain(connection, layout)


class _Noted(NamedTuple):
    id: int


class _NotedWindow(NamedTuple):
    id: int
    from_hour: datetime
    to_hour: datetime


class _Days(NamedTuple):
    from_day: datetime
    to_day: datetime | None


async def _drain(connection: asyncpg.Connection, layout: Layout) -> int:
    # These first: what is noted in between is shown by the view until the next time, not lost with these.
    late = await fetch_rows(connection, _Noted, layout.sql("SELECT id FROM {late_hours}"))
    noted = layout.sql("SELECT id, from_hour, to_hour FROM {rollup_windows} ORDER BY from_hour")
    rows = await fetch_rows(connection, _NotedWindow, noted)
    windows = list(merged(Window(row.from_hour, row.to_hour) for row in rows))
    options = await _options(connection)
    for window in windows:
        from_hour = await _not_past_watermark(connection, layout, "hourly_aggregate", window.from_hour)
        for piece in pieces(Window(from_hour, window.to_hour)):
            if not await _refresh(connection, layout, piece, options):
                return 0
    for statement, done in ((_DELETE_METERS, late), (_DELETE_WINDOWS, rows)):
        await connection.execute(layout.sql(statement), [row.id for row in done])
    return len(windows)


async def _options(connection: asyncpg.Connection) -> str:
    """Return the argument that has a refresh go from the oldest to the newest, where it can go otherwise."""
    knows = "SELECT 'options' = ANY (proargnames) FROM pg_proc WHERE oid = 'refresh_continuous_aggregate'::regproc"
    return f", options => '{OLDEST_FIRST}'" if await fetch_value(connection, bool, knows) else ""


async def _not_past_watermark(
    connection: asyncpg.Connection, layout: Layout, aggregate: str, from_at: datetime
) -> datetime:
    """Return where a refresh must begin: at the watermark if that lies before, at the first reading if none is."""
    statement = layout.sql(_FROM_WATERMARK)
    begins_at = await fetch_value(connection, datetime, statement, from_at, layout.schema, aggregate)
    return begins_at or from_at


async def _refresh(connection: asyncpg.Connection, layout: Layout, piece: Window, options: str) -> bool:
    done = await _call(connection, layout.table("hourly_aggregate"), piece, options)
    if done and layout.has_customers:
        days = await _days_below_threshold(connection, layout, piece)
        if days is not None:
            from_day = await _not_past_watermark(connection, layout, "daily_aggregate", days.from_hour)
            days = days._replace(from_hour=from_day)
            # Of hours that end with the first one of a day, a refresh leaves that day out; the next one takes it.
            for _ in range(2):
                done = done and await _call(connection, layout.table("daily_aggregate"), days, options)
    return done


async def _days_below_threshold(
    connection: asyncpg.Connection, layout: Layout, piece: Window
) -> Window | None:
    """Return the UTC days of a piece that the daily aggregate does not compute when it is read.

    A day above its threshold must not be refreshed: it would be stored half, and every reading of that day late.
    """
    threshold = layout.sql(_THRESHOLD, views="'daily_aggregate'")
    days = layout.sql(_DAYS, policy_reach=_DAILY_POLICY_REACH, threshold=threshold)
    found = await fetch_row(connection, _Days, days, *piece)
    return Window(found.from_day, found.to_day) if found and found.to_day else None


async def _call(connection: asyncpg.Connection, aggregate: str, window: Window, options: str) -> bool:
    """Refresh one window of one aggregate; False when somebody else's refresh would not end."""
    start, end = (f"'{at.isoformat()}'::timestamptz" for at in window)
    statement = f"CALL refresh_continuous_aggregate('{aggregate}', {start}, {end}{options})"
    deadline = asyncio.get_running_loop().time() + _PATIENCE_S
    while True:
        try:
            await connection.execute(statement)
        except _BUSY:
            if asyncio.get_running_loop().time() > deadline:
                _log.warning("An aggregate is busy; late readings show later", aggregate=aggregate)
                return False
            await asyncio.sleep(_PAUSE_S)
        else:
            return True
