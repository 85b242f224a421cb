"""Readings compared with those that are stored: new ones are added, others complete a reading or conflict with it.

The rule is that of `rules/same_instant`, by set. Who merges does so one after the other (`reading_locks.MERGES`), so
what a statement finds stored is changed by nobody but itself; others may add new readings meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.rows import fetch_row, fetch_rows, fetch_value
from portal.core.energy.rules.registers import IMPORTED_QUANTITY
from portal.core.readings.queries.copy_binary import EPOCH, MICROSECOND, microseconds
from portal.core.readings.queries.narrow_rows import Instant
from portal.core.readings.queries.same_rows import DistinctRows, distinct_rows
from portal.core.readings.rules.quantities import ALL_QUANTITIES, NARROW_QUANTITIES
from portal.core.readings.rules.same_instant import RowEffect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    import asyncpg

    from portal.core.database.layout import Layout
    from portal.core.readings.queries.narrow_rows import NarrowBatch, NarrowRows
    from portal.core.readings.queries.same_rows import ConflictingValue

_NAMES = tuple(quantity.name for quantity in NARROW_QUANTITIES)
_STAGED_COLUMNS = ", ".join(f"{quantity.name} {quantity.width.type_name}" for quantity in NARROW_QUANTITIES)
# Two staging tables per connection, emptied by every commit: of all rows, and of those that turned out to be stored.
_STAGED, _MET_ROWS = "pg_temp.staged_readings", "pg_temp.met_readings"
_STAGING_TABLE = f"""
CREATE TEMPORARY TABLE IF NOT EXISTS {{name}} (
    customer integer, received integer, meter integer, time timestamptz, {_STAGED_COLUMNS}, source integer
) ON COMMIT DELETE ROWS;
"""
# Of tables without statistics the query planner would sort both sides of each join.
_STAGING = (
    "".join([_STAGING_TABLE.format(name=name.removeprefix("pg_temp.")) for name in (_STAGED, _MET_ROWS)])
    + "SET LOCAL enable_mergejoin TO off"
)
_COLUMNS = ", ".join(("customer", "meter", "time", *_NAMES, "source"))
# As many kinds of batches as loops that pack them.
_KNOWN_SHAPES = 64
# All hours of what was stored, as one row of the queue, and at a Client an entry of the outbox. A value beside a
# reading's changes nothing but what its register is judged to have shown.
_STORED = "touching"
_STORED_OR_BESIDE = f"""(
    SELECT meter, time FROM touching UNION ALL SELECT meter, time FROM lesser WHERE quantity = {IMPORTED_QUANTITY}
) AS stored"""
_BESIDE = f"lesser WHERE quantity = {IMPORTED_QUANTITY}"
_TOUCHED = """queued AS (
    INSERT INTO {rollup_batches} (customer, meters, hours, firsts)
    SELECT CAST($1 AS integer), array_agg(meter), array_agg(hour), array_agg(first_at)
    FROM (
        SELECT meter, date_bin('1 hour', time, '2000-01-01 00:00Z') AS hour, min(time) AS first_at
        FROM {changed} GROUP BY meter, hour
    ) AS touched HAVING count(*) > 0
)"""
_NOTED = """, noted AS (
    INSERT INTO app.push_outbox (device_id, received_at, first_at, last_at, row_count)
    SELECT d.id, now(), min(n.time), max(n.time), count(*)
    FROM touching n JOIN monitoring.devices d ON d.customer = $1 AND d.meter = n.meter GROUP BY d.id
)"""
# At a Client, what the Admin is to be told beside the readings.
_TO_PUSH = """, to_push AS (
    INSERT INTO app.push_conflicts (meter, time, quantity, value)
    SELECT meter, time, quantity, value FROM lesser ON CONFLICT DO NOTHING
)"""
# In the order of the key, so that two writers of the same rows take their locks in one order.
_ADD_NEW = """
WITH touching AS (
    INSERT INTO {readings} ({columns}) SELECT {columns} FROM pg_temp.staged_readings ORDER BY customer, meter, time
    ON CONFLICT DO NOTHING RETURNING meter, time
), met AS (
    INSERT INTO pg_temp.met_readings SELECT s.* FROM pg_temp.staged_readings s
    WHERE NOT EXISTS (SELECT FROM touching n WHERE n.meter = s.meter AND n.time = s.time)
), {touched}
SELECT (SELECT count(*) FROM touching) AS added, ARRAY(
    SELECT asked.number::integer
    FROM unnest($2::integer[], $3::timestamptz[]) WITH ORDINALITY AS asked (meter, time, number)
    JOIN touching n ON n.meter = asked.meter AND n.time = asked.time
) AS numbers
"""
# A row that is compared is looked up by its key alone. Joined, all of a week's readings were read for a few of them.
_PLAN = """
SELECT set_config('enable_hashjoin', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true),
    set_config('timescaledb.max_tuples_decompressed_per_dml_transaction', '0', true)
"""
# TimescaleDB tells for each row which chunk it can be in; where there is no choice, that takes four times as long as
# looking.
_PLAN_OF_ONE_CHUNK = f"""{_PLAN.rstrip()}, set_config('timescaledb.enable_chunk_append', 'off', true),
    set_config('timescaledb.enable_runtime_exclusion', 'off', true)
"""
_FEW_CHUNKS = timedelta(days=7)
_PLAN_AS_EVER = "RESET enable_hashjoin; RESET plan_cache_mode"
_MET = """
FROM {staged} s LEFT JOIN LATERAL (
    SELECT * FROM {readings} r WHERE r.customer = s.customer AND r.meter = s.meter AND r.time = s.time {within} OFFSET 0
) r ON true
"""
# Of a handful of a batch's rows, how many are stored.
_PROBE = """
SELECT count(*) FROM unnest($2::integer[], $3::timestamptz[]) AS k (meter, time) CROSS JOIN LATERAL (
    SELECT FROM {readings} r WHERE r.customer = $1 AND r.meter = k.meter AND r.time = k.time
      AND r.time BETWEEN $4 AND $5 OFFSET 0
) r
"""
_PROBED = 8
# What is there is changed through its key, not by an UPDATE joined with it: of a week without statistics the query
# planner has all of a customer's readings compared with each that changes, for minutes.
_JOIN_STORED = """
WITH met AS MATERIALIZED (
    SELECT s.meter, s.time, {old}, {new}, {source} AS source, ({filled}) AS is_filled, ({greater}) AS is_greater,
        {source} IS DISTINCT FROM r.source AS is_renamed, r.meter IS NULL AS is_missing
    {met} WHERE r.meter IS NULL OR {differing}
), lesser AS (
    INSERT INTO {reading_conflicts} (customer, meter, time, quantity, value)
    SELECT CAST($1 AS integer), m.meter, m.time, v.quantity, least(v.old, v.new)
    FROM met m CROSS JOIN LATERAL (VALUES {pairs}) AS v (quantity, old, new)
    WHERE NOT m.is_missing AND v.old <> v.new
    ON CONFLICT DO NOTHING RETURNING meter, time, quantity, value
){to_push}, touching AS (
    INSERT INTO {readings} AS r (customer, meter, time, source, {names})
    SELECT CAST($1 AS integer), m.meter, m.time, m.source, {sent} FROM met m
    WHERE NOT m.is_missing AND (m.is_filled OR m.is_greater OR m.is_renamed) ORDER BY m.meter, m.time
    ON CONFLICT (customer, meter, time) DO UPDATE SET {greatest}, source = excluded.source{received}
    RETURNING r.meter, r.time
), {touched}
SELECT e.meter, e.time, bool_or(e.is_conflict) AS is_conflict, bool_or(e.is_filled) AS is_filled,
    bool_or(e.is_missing) AS is_missing
FROM (
    SELECT meter, time, false AS is_conflict, is_filled AND NOT is_missing AS is_filled, is_missing FROM met
    UNION ALL SELECT meter, time, true, false, false FROM lesser
) AS e GROUP BY e.meter, e.time HAVING bool_or(e.is_conflict OR e.is_filled OR e.is_missing)
"""
_ADD_CONFLICTS = """
WITH lesser AS (
    INSERT INTO {reading_conflicts} (customer, meter, time, quantity, value)
    SELECT $1, * FROM unnest($2::integer[], $3::timestamptz[], $4::smallint[], $5::bigint[])
    ON CONFLICT DO NOTHING RETURNING meter, time, quantity, value
){to_push}, {touched}
SELECT meter, time FROM lesser
"""
# The greatest text, by its code points; of a row without one the other's.
_SOURCE = """CASE WHEN s.source IS NULL OR s.source = r.source THEN r.source WHEN r.source IS NULL THEN s.source
    WHEN (SELECT name COLLATE "C" FROM {reading_sources} WHERE id = s.source)
        > (SELECT name COLLATE "C" FROM {reading_sources} WHERE id = r.source) THEN s.source ELSE r.source END"""


class _New(NamedTuple):
    added: int
    numbers: list[int]


class _Joined(NamedTuple):
    meter: int
    time: datetime
    is_conflict: bool
    is_filled: bool
    is_missing: bool


class _Instant(NamedTuple):
    meter: int
    time: datetime


@dataclass(slots=True)
class _Effects:
    """What became of the instants of a batch: how many were new, and those that were not mere duplicates."""

    new: int
    by_instant: dict[Instant, RowEffect] = field(default_factory=dict[Instant, RowEffect])


async def merge_rows(
    connection: asyncpg.Connection,
    layout: Layout,
    customer: int,
    sent: NarrowBatch,
    sources: Mapping[str, int],
) -> tuple[NarrowRows, dict[RowEffect, int]]:
    """Store rows in whatever way they are new, with the hours and the outbox entries of what changed.

    Returns the rows and how many of them were what. `sources` has every source that a row names.
    """
    batch = await _staged(connection, sent, sources)
    effects = await _store(_Merge(connection, layout, customer, batch, is_pushed=not layout.has_customers))
    for instant in await _add_conflicts(connection, layout, customer, batch.conflicts):
        effects.by_instant.setdefault(instant, RowEffect.DUPLICATE)
    return batch.packed, _counted(batch, effects)


def _counted(batch: DistinctRows, effects: _Effects) -> dict[RowEffect, int]:
    counts = dict.fromkeys(RowEffect, 0)
    counts[RowEffect.ACCEPTED] = effects.new
    joined = [effect for effect in effects.by_instant.values() if effect is not RowEffect.ACCEPTED]
    for effect in joined:
        counts[effect] += 1
    counts[RowEffect.DUPLICATE] = len(batch.packed.rows) - sum(
        counts[effect] for effect in RowEffect if effect is not RowEffect.DUPLICATE
    )
    for instant, others in batch.others.items():
        # Where nothing of the instant was new, its rows came before, all of them.
        is_known = instant not in effects.by_instant
        for effect in others:
            counts[RowEffect.DUPLICATE if is_known else effect] += 1
    return counts


async def take_rows_back(
    connection: asyncpg.Connection,
    layout: Layout,
    customer: int,
    sent: NarrowBatch,
    sources: Mapping[str, int],
) -> tuple[int, list[datetime]]:
    """Merge rows with what is stored as `merge_rows` does; no reading of it goes into the outbox.

    Returns how many instants had no reading, and the times of those whose readings got something from their rows.
    """
    batch = await _staged(connection, sent, sources)
    effects = await _store(_Merge(connection, layout, customer, batch, is_pushed=False))
    await _add_conflicts(connection, layout, customer, batch.conflicts)
    joined = [at for at, effect in effects.by_instant.items() if effect is not RowEffect.ACCEPTED]
    return effects.new, sorted(_time(instant) for instant in joined)


async def _staged(
    connection: asyncpg.Connection, sent: NarrowBatch, sources: Mapping[str, int]
) -> DistinctRows:
    """Copy rows to where they are compared with what is stored, one for each instant of a meter; return these."""
    await connection.execute(_STAGING)
    if not sent.has_repeated_instants:  # as nearly always; then they are copied while they are packed
        await _stage(connection, sent.columns, sent.pieces())
        return DistinctRows(sent.packed(), {}, ())
    batch = distinct_rows(await sent.narrow_rows(), sources)
    await _stage(connection, sent.columns, batch.packed.pieces())
    return batch


async def _stage(
    connection: asyncpg.Connection, columns: Sequence[str], pieces: AsyncIterator[bytes]
) -> None:
    await connection.copy_to_table(
        "staged_readings", schema_name="pg_temp", columns=columns, format="binary", source=pieces
    )


@dataclass(frozen=True, slots=True)
class _Merge:
    """A staged batch of a customer, on its way into the readings; at a Client, `is_pushed` on to the Admin as well."""

    connection: asyncpg.Connection
    layout: Layout
    customer: int
    batch: DistinctRows
    is_pushed: bool

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """What the readings' times lie within: whole hours."""
        hours = [each.hour for each in self.batch.packed.hours]
        return EPOCH + min(hours) * MICROSECOND, EPOCH + (max(hours) + _HOUR) * MICROSECOND


async def _store(merge: _Merge) -> _Effects:
    """Add what is new and compare the others; of a batch that seems to be repeated nothing is added in vain."""
    effects, rows = _Effects(0), len(merge.batch.packed.rows)
    if await _seems_repeated(merge):
        if not await _join_stored(merge, effects, _STAGED):
            return effects
        await merge.connection.execute(_PLAN_AS_EVER)
    await _add_new(merge, effects)
    if effects.new < rows:
        await _join_stored(merge, effects, _MET_ROWS)
    return effects


async def _seems_repeated(merge: _Merge) -> bool:
    packed = merge.batch.packed
    if len(packed.rows) < _PROBED * _PROBED:
        return False
    probed = [packed.instant_of(row) for row in packed.rows[:: len(packed.rows) // _PROBED]]
    meters, times = [each.meter for each in probed], [_time(each) for each in probed]
    statement = merge.layout.sql(_PROBE)
    found = await fetch_value(merge.connection, int, statement, merge.customer, meters, times, *merge.bounds)
    return found == len(probed)


async def _add_new(merge: _Merge, effects: _Effects) -> None:
    asked = list(merge.batch.others)
    meters, times = [each.meter for each in asked], [_time(each) for each in asked]
    statement = _add_new_sql(merge.layout, is_pushed=merge.is_pushed)
    new = await fetch_row(merge.connection, _New, statement, merge.customer, meters, times)
    if new is not None:
        effects.new += new.added
        effects.by_instant.update({asked[number - 1]: RowEffect.ACCEPTED for number in new.numbers})


async def _join_stored(merge: _Merge, effects: _Effects, staged: str) -> int:
    """Compare staged rows with what is stored, and give it what they have more; return how many are not stored."""
    first, end = merge.bounds
    await merge.connection.execute(_PLAN_OF_ONE_CHUNK if end - first <= _FEW_CHUNKS else _PLAN)
    statement = _join_sql(merge.layout, _measured(merge.batch.packed), staged, is_pushed=merge.is_pushed)
    missing = 0
    for row in await fetch_rows(merge.connection, _Joined, statement, merge.customer, first, end):
        missing += row.is_missing
        if not row.is_missing:
            effect = RowEffect.CONFLICT if row.is_conflict else RowEffect.COMPLETED
            effects.by_instant[Instant(row.meter, microseconds(row.time))] = effect
    return missing


async def _add_conflicts(
    connection: asyncpg.Connection, layout: Layout, customer: int, conflicts: Sequence[ConflictingValue]
) -> set[Instant]:
    """Keep values that were within the batch beside greater ones; returns the instants of those that are new."""
    if not conflicts:
        return set()
    rows = await fetch_rows(
        connection,
        _Instant,
        layout.sql(_ADD_CONFLICTS, to_push=_to_push(layout), touched=layout.sql(_TOUCHED, changed=_BESIDE)),
        customer,
        [each.instant.meter for each in conflicts],
        [_time(each.instant) for each in conflicts],
        [each.quantity for each in conflicts],
        [each.value for each in conflicts],
    )
    return {Instant(row.meter, microseconds(row.time)) for row in rows}


_HOUR = 3_600_000_000


def _time(instant: Instant) -> datetime:
    return EPOCH + instant.stamp * MICROSECOND


@lru_cache(maxsize=4)
def _add_new_sql(layout: Layout, *, is_pushed: bool) -> str:
    touched = layout.sql(_TOUCHED, changed=_STORED) + (_NOTED if is_pushed else "")
    columns = _COLUMNS if layout.has_customers else f"{_COLUMNS}, received"
    return layout.sql(_ADD_NEW, columns=columns, touched=touched)


def _measured(packed: NarrowRows) -> tuple[str, ...]:
    """Return the quantities that any of the rows has: the others of a stored reading stay as they are."""
    return tuple(name for name in _NAMES if name in packed.columns) or _NAMES[:1]


@lru_cache(maxsize=_KNOWN_SHAPES)
def _join_sql(layout: Layout, names: tuple[str, ...], staged: str, *, is_pushed: bool) -> str:
    # Where nothing is pushed, entries of the outbox still find what they were written for.
    received = ", received = floor(extract(epoch FROM now()) - 946684800)::integer"
    return layout.sql(
        _JOIN_STORED,
        old=", ".join(f"r.{name} AS old_{name}" for name in names),
        new=", ".join(f"s.{name} AS new_{name}" for name in names),
        source=layout.sql(_SOURCE),
        filled=" OR ".join(f"r.{name} IS NULL AND s.{name} IS NOT NULL" for name in names),
        greater=" OR ".join(f"coalesce(s.{name} > r.{name}, false)" for name in names),
        met=layout.sql(_MET, staged=staged, within="AND r.time BETWEEN $2 AND $3"),
        names=", ".join(names),
        sent=", ".join(f"m.new_{name}" for name in names),
        differing=" OR ".join(
            f"coalesce(s.{name}, r.{name}) IS DISTINCT FROM r.{name}" for name in (*names, "source")
        ),
        pairs=", ".join(
            f"({position}::smallint, m.old_{each.name}::bigint, m.new_{each.name}::bigint)"
            for position, each in enumerate(ALL_QUANTITIES)
            if each.name in names
        ),
        greatest=", ".join(f"{name} = greatest(r.{name}, excluded.{name})" for name in names),
        received=received if is_pushed else "",
        to_push=_to_push(layout),
        touched=layout.sql(_TOUCHED, changed=_STORED_OR_BESIDE) + (_NOTED if is_pushed else ""),
    )


def _to_push(layout: Layout) -> str:
    return "" if layout.has_customers else _TO_PUSH
