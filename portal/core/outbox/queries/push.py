"""Statements of the push: its state per resource and the readings that wait, by outbox entry.

`app.push_outbox` holds one row per device and transaction that stored readings, written in that
transaction. Reading the entries oldest first, and the readings of one entry by time, is an order no
later commit can slip behind: an entry is either not visible yet, and then none of its readings has
been passed, or it waits here with its own position until every one of its readings is acknowledged.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, NamedTuple

import asyncpg
from sqlalchemy import select, text, type_coerce, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from portal.core.database.columns import Word
from portal.core.database.db import driver_connection
from portal.core.database.local_settings import local_settings
from portal.core.database.rows import fetch_unpackable, row_of, rows_of
from portal.core.errors import TooSlow
from portal.core.exchange.batches import BatchType
from portal.core.outbox.queries.push_conflicts import WAITING_CONFLICTS
from portal.core.outbox.queries.reading_rows import READING_COLUMNS, RetryRow, WaitingRow, readings_in
from portal.core.outbox.tables import PushStateRow
from portal.core.words import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.readings.wire import FleetReading

MAX_ERROR_LENGTH = 500


@dataclass(frozen=True)
class PushState:
    """What the push remembers of one resource. Instants are aware UTC.

    `last_cursor` is for people: nothing is selected by it. `content_hash` names the full set the Admin
    holds (none: push it again), `pass_hash` and `pass_after` a pass over a set that is under way.
    `target_hash` names the Admin and the token all of it was learnt from. `acknowledged_mark` is that of the
    last batch an Admin confirmed by its mark.
    """

    resource: BatchType
    last_cursor: datetime | None = None
    last_synced_at: datetime | None = None
    last_error: str | None = None
    consecutive_failures: int = 0
    next_attempt_at: datetime | None = None
    is_stopped: bool = False
    content_hash: str | None = None
    pass_hash: str | None = None
    pass_after: str | None = None
    batch_limit: int | None = None
    target_hash: str | None = None
    acknowledged_mark: int | None = None


class WaitingReading(NamedTuple):
    """A reading of an outbox entry, in push order; without `reading` the entry has none left."""

    entry_id: int
    received_at: datetime
    reading: FleetReading | None


@dataclass(frozen=True)
class Waiting:
    """The next readings to push, with one more than asked for where there are more.

    `is_complete` says that the entries named have no readings but these.
    """

    rows: tuple[WaitingReading, ...]
    is_complete: bool


@dataclass(frozen=True)
class Acknowledgement:
    """What an acknowledged batch does to the outbox: some entries are done, one may be left partly sent."""

    finished_ids: tuple[int, ...] = ()
    partial_id: int | None = None
    sent_time: datetime | None = None
    sent_rows: int = 0


@dataclass(frozen=True)
class RetryReading:
    """A reading the Admin refused; without `reading` it has been deleted here since."""

    time: datetime
    device_id: UUID
    received_at: datetime
    tries: int
    reading: FleetReading | None


@dataclass(frozen=True)
class RowRefusal:
    """A reading the Admin refused `tries` times; `next_attempt_at` is unused once it is given up."""

    time: datetime
    device_id: UUID
    received_at: datetime
    reason: str
    tries: int
    next_attempt_at: datetime | None = None


@dataclass(frozen=True)
class Backlog:
    """How much is not at the Admin yet: readings waiting, readings refused, rows given up, values beside readings.

    A value waits like its reading; beside one that was given up or discarded it does not.
    """

    pending_rows: int
    oldest_received_at: datetime | None
    retry_rows: int
    dead_letters: int
    conflicts: int = 0

    @property
    def waiting_rows(self) -> int:
        """How many rows wait for their first try; a value beside a reading is one as well."""
        return self.pending_rows + self.conflicts


async def limit_waiting(session: AsyncSession) -> None:
    """Bound this transaction's statements: a push that hangs would look like a push that idles."""
    await session.execute(text("SET LOCAL statement_timeout = '60s'"))
    await session.execute(text("SET LOCAL lock_timeout = '10s'"))


# The first is called `resource` of a state, and `resource_type` in the table.
_STATE_COLUMNS = tuple(field.name for field in fields(PushState)[1:])
_STATES = select(
    type_coerce(col(PushStateRow.resource_type), Word(BatchType, 20)),
    col(PushStateRow.last_cursor),
    col(PushStateRow.last_synced_at),
    col(PushStateRow.last_error),
    col(PushStateRow.consecutive_failures),
    col(PushStateRow.next_attempt_at),
    col(PushStateRow.is_stopped),
    col(PushStateRow.content_hash),
    col(PushStateRow.pass_hash),
    col(PushStateRow.pass_after),
    col(PushStateRow.batch_limit),
    col(PushStateRow.target_hash),
    col(PushStateRow.acknowledged_mark),
)


async def load_states(session: AsyncSession) -> dict[BatchType, PushState]:
    """Return the state of all five resources, also of those never pushed; a row of no resource does not count."""
    kinds = [kind.value for kind in BatchType]
    found = await session.execute(_STATES.where(col(PushStateRow.resource_type).in_(kinds)))
    stored = [PushState(*row) for row in found]
    return {kind: PushState(kind) for kind in BatchType} | {state.resource: state for state in stored}


async def save_state(session: AsyncSession, state: PushState) -> None:
    """Write the state of one resource."""
    values = {name: getattr(state, name) for name in _STATE_COLUMNS}
    new = insert(PushStateRow).values(resource_type=state.resource.value, **values)
    await session.execute(
        new.on_conflict_do_update(index_elements=[col(PushStateRow.resource_type)], set_=values)
    )


async def clear_stops(session: AsyncSession) -> None:
    """Let resources that were stopped by a 401 try again."""
    await session.execute(
        update(PushStateRow)
        .where(col(PushStateRow.is_stopped))
        .values(is_stopped=False, next_attempt_at=None, last_error=None)
    )


async def forget_sets(session: AsyncSession) -> None:
    """Have sites, devices, municipalities and tariffs pushed again, from their first row."""
    await session.execute(
        update(PushStateRow)
        .where(col(PushStateRow.resource_type) != BatchType.MEASUREMENTS.value)
        .values(content_hash=None, pass_hash=None, pass_after=None)
    )


# The window sum keeps the statement from touching more entries than the limit can use. The bounds on
# `time` are what lets the query planner skip partitions, per entry and at run time; the device is what lets it
# unpack one meter's segment of a compressed chunk and not everyone's; the equality on `received` is what
# selects. A reading knows the second alone: of two transactions of one second with readings between each other's, some
# are sent twice, which changes nothing. OFFSET 0 is not needed: a LATERAL with LIMIT is never flattened.
_WAITING = """
    WITH first AS (
        SELECT id, device_id, received_at, first_at, last_at, row_count,
          CASE WHEN id = CAST($2 AS bigint) THEN sent_rows + CAST($4 AS bigint) ELSE sent_rows
          END AS sent_rows,
          CASE WHEN id = CAST($2 AS bigint) THEN CAST($3 AS timestamptz) ELSE sent_time
          END AS sent_time,
          row_number() OVER (ORDER BY {order}) AS ordinal
        FROM app.push_outbox WHERE NOT id = ANY(CAST($1 AS bigint[])) ORDER BY {order} LIMIT $5::bigint
    ), counted AS (
        SELECT f.*, sum(row_count - sent_rows) OVER (ORDER BY ordinal) - (row_count - sent_rows) AS rows_before
        FROM first f
    ), chosen AS MATERIALIZED (
        SELECT * FROM counted WHERE rows_before < $5::bigint
    )
    SELECT c.id AS entry_id, c.received_at, r.*
    FROM chosen c
    LEFT JOIN monitoring.devices d ON d.id = c.device_id
    LEFT JOIN LATERAL (
        SELECT {columns}
        FROM (
            SELECT * FROM monitoring.readings m
            WHERE m.customer = d.customer AND m.meter = d.meter
              AND m.received = floor(extract(epoch FROM c.received_at) - 946684800)::integer
              AND m.time >= coalesce(c.sent_time, c.first_at) AND m.time <= c.last_at
              AND (c.sent_time IS NULL OR m.time > c.sent_time)
            ORDER BY m.time
            LIMIT $5::bigint
        ) m LEFT JOIN monitoring.reading_sources s ON s.id = m.source
    ) r ON true
    ORDER BY c.ordinal, r.time
    LIMIT $5::bigint
    """
# How many readings an entry has is not what the query planner thinks: gathering all of them, to sort them and take the
# first, is what it must not do for a batch.
_PLANNER_HINTS = {"enable_bitmapscan": "off"}
_OLDEST = _WAITING.format(order="id", columns=READING_COLUMNS)
NOTHING_ACKNOWLEDGED = Acknowledgement()
_FRESHEST = _WAITING.format(order="first_at DESC, id DESC", columns=READING_COLUMNS)


async def next_waiting(
    session: AsyncSession,
    limit: int,
    *,
    freshest: bool = False,
    after: Acknowledgement = NOTHING_ACKNOWLEDGED,
) -> Waiting:
    """Return the first `limit` readings in push order, and one more if there is one.

    Entries come oldest first, or the freshest first: those whose earliest reading is the latest. The one
    more tells an entry that ends with the last of them from one that goes on. `after`: as if this were
    acknowledged already. Raises `TooSlow` when the limit on waiting is over.
    """
    connection = await driver_connection(
        session
    )  # for thousands of rows the ORM's own take as long as the database
    acknowledged = (list(after.finished_ids), after.partial_id, after.sent_time)
    query = _FRESHEST if freshest else _OLDEST
    try:
        async with local_settings(session, _PLANNER_HINTS):
            given = (*acknowledged, after.sent_rows, limit + 1)
            found = await fetch_unpackable(connection, WaitingRow, query, *given)
            readings = await readings_in(connection, found, 2)
    except asyncpg.QueryCanceledError:
        message = say("the database took too long to read {limit} readings", limit=limit)
        raise TooSlow(message) from None
    rows = tuple(
        [WaitingReading(row[0], row[1], reading) for row, reading in zip(found, readings, strict=True)]
    )
    return Waiting(rows, is_complete=len(rows) <= limit)


async def acknowledge(session: AsyncSession, acknowledgement: Acknowledgement) -> None:
    """Drop the entries that are done and move the position of the one that is partly sent."""
    if acknowledgement.finished_ids:
        await session.execute(
            text("DELETE FROM app.push_outbox WHERE id = ANY(CAST(:ids AS bigint[]))"),
            {"ids": list(acknowledgement.finished_ids)},
        )
    if acknowledgement.partial_id is not None:
        await session.execute(
            text(
                "UPDATE app.push_outbox SET sent_time = :sent_time, "
                "sent_rows = least(row_count, sent_rows + :sent_rows) WHERE id = :id"
            ),
            {
                "id": acknowledgement.partial_id,
                "sent_time": acknowledgement.sent_time,
                "sent_rows": acknowledgement.sent_rows,
            },
        )


_DUE_RETRIES = f"""
    SELECT t.time AS retry_time, t.device_id AS retry_device_id, t.received_at, t.tries, r.*
    FROM (
        SELECT * FROM app.push_retries
        WHERE next_attempt_at IS NULL OR next_attempt_at <= :now
        ORDER BY tries, time, device_id
        LIMIT :limit
    ) t
    LEFT JOIN monitoring.devices d ON d.id = t.device_id
    LEFT JOIN LATERAL (
        SELECT {READING_COLUMNS}
        FROM monitoring.readings m LEFT JOIN monitoring.reading_sources s ON s.id = m.source
        WHERE m.customer = d.customer AND m.meter = d.meter AND m.time = t.time
    ) r ON true
    ORDER BY t.tries, t.time, t.device_id
    """


async def due_retries(session: AsyncSession, limit: int, now: datetime) -> tuple[RetryReading, ...]:
    """Return at most `limit` refused readings whose next try is due, least tried first."""
    found = await rows_of(session, RetryRow, _DUE_RETRIES, {"limit": limit, "now": now})
    readings = await readings_in(await driver_connection(session), found, 4)
    return tuple(
        RetryReading(row.retry_time, row.retry_device_id, row.received_at, row.tries, reading)
        for row, reading in zip(found, readings, strict=True)
    )


async def drop_retries(session: AsyncSession, keys: Iterable[tuple[datetime, UUID]]) -> None:
    """Forget refused readings that were accepted at last, or given up."""
    pairs = list(keys)
    await session.execute(
        text(
            "DELETE FROM app.push_retries r USING unnest(CAST(:times AS timestamptz[]), CAST(:devices AS uuid[])) "
            "AS k(time, device_id) WHERE r.time = k.time AND r.device_id = k.device_id"
        ),
        {"times": [time for time, _ in pairs], "devices": [device for _, device in pairs]},
    )


# One reading may be in a batch twice, of two entries of one second.
REFUSED_ARRAYS = (
    "(SELECT DISTINCT ON (time, device_id) * FROM unnest(CAST(:times AS timestamptz[]), CAST(:devices AS uuid[]), "
    "CAST(:received AS timestamptz[]), CAST(:reasons AS text[]), CAST(:tries AS integer[]), "
    "CAST(:next AS timestamptz[])) AS each(time, device_id, received_at, reason, tries, next_attempt_at) "
    "ORDER BY time, device_id, tries DESC) AS k"
)


def refused_arrays(refusals: Sequence[RowRefusal]) -> dict[str, object]:
    """Return the parameters of `REFUSED_ARRAYS`."""
    return {
        "times": [row.time for row in refusals],
        "devices": [row.device_id for row in refusals],
        "received": [row.received_at for row in refusals],
        "reasons": [row.reason[:MAX_ERROR_LENGTH] for row in refusals],
        "tries": [row.tries for row in refusals],
        "next": [row.next_attempt_at for row in refusals],
    }


async def remember_refused(session: AsyncSession, refusals: Sequence[RowRefusal]) -> None:
    """Keep refused readings for another try; one that is kept already gets the new count and time."""
    await session.execute(
        text(
            "INSERT INTO app.push_retries (time, device_id, received_at, reason, tries, next_attempt_at) "
            f"SELECT time, device_id, received_at, reason, tries, next_attempt_at FROM {REFUSED_ARRAYS} "
            "ON CONFLICT (time, device_id) DO UPDATE SET reason = excluded.reason, "
            "tries = greatest(push_retries.tries, excluded.tries), next_attempt_at = excluded.next_attempt_at"
        ),
        refused_arrays(refusals),
    )


async def backlog(session: AsyncSession) -> Backlog:
    """Count what the Admin does not have yet."""
    return await row_of(
        session,
        Backlog,
        "SELECT coalesce((SELECT sum(row_count - sent_rows) FROM app.push_outbox), 0)::bigint AS pending_rows, "
        "least((SELECT received_at FROM app.push_outbox ORDER BY id LIMIT 1), "
        "(SELECT min(received_at) FROM app.push_retries)) AS oldest_received_at, "
        "(SELECT count(*) FROM app.push_retries) AS retry_rows, "
        "(SELECT count(*) FROM app.push_dead_letters) AS dead_letters, "
        f"{WAITING_CONFLICTS} AS conflicts",
    )
