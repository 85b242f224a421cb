"""Readings of an earlier release, which lie wide, are moved to where readings lie now.

A unit is some meters of one week: their rows are inserted here and deleted there in one transaction, so that whoever
reads sees each of them once, and a kill at any instant leaves either all of it or nothing. The newest week goes first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from portal.core.database.queue import QueuedHour
from portal.core.database.reading_locks import keep_writers_out
from portal.core.database.rows import is_so, row_of, rows_of, value_of
from portal.core.errors import Conflict
from portal.core.log import logger
from portal.core.readings.queries.narrow_sql import steps_sql
from portal.core.readings.queries.reading_sources import MOST_SOURCES
from portal.core.readings.queries.readings_view import show_narrow_alone
from portal.core.readings.rules.quantities import QUANTITY_OF
from portal.core.values.time import week_start

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.db import Database
    from portal.core.database.engine import Storage
    from portal.core.database.layout import Layout

_log = logger("storage")
_WEEK = timedelta(days=7)
# Writers of the customer wait for a unit: some 80 ms.
_ROWS_OF_UNIT = 25_000
_WIDE = (
    "active_power_kw",
    "reactive_power_kvar",
    "apparent_power_kva",
    "power_factor",
    "voltage_v",
    "frequency_hz",
    "energy_imported_kwh",
    "energy_exported_kwh",
)
_IN_UNIT = """{w.customer_id = d.customer_id AND} w.device_id = d.id
AND d.customer = :customer AND d.meter = ANY(:meters) AND w.time >= :start AND w.time < :end"""
_METERS = """
SELECT d.customer, d.meter, count(*) AS readings
FROM {power_measurements_wide} w JOIN {devices} d ON {d.customer_id = w.customer_id AND} d.id = w.device_id
WHERE w.time >= :start AND w.time < :end GROUP BY d.customer, d.meter ORDER BY d.customer, d.meter
"""
_SOURCES = """
INSERT INTO {reading_sources} (id, name)
SELECT last.id + row_number() OVER (ORDER BY new.source), new.source
FROM (SELECT DISTINCT w.source FROM {power_measurements_wide} w, {devices} d WHERE {in_unit}) AS new
CROSS JOIN (SELECT coalesce(max(id), 0) AS id FROM {reading_sources}) AS last
WHERE new.source IS NOT NULL AND last.id < :most
AND NOT EXISTS (SELECT 1 FROM {reading_sources} s WHERE s.name = new.source)
"""
_INSERT = """
WITH moved AS (
    INSERT INTO {readings} (time, customer, meter, source, {columns}{received})
    SELECT w.time, d.customer, d.meter, s.id, {values}{received_second}
    FROM {devices} d, {power_measurements_wide} w LEFT JOIN {reading_sources} s ON s.name = w.source
    WHERE {in_unit} ORDER BY d.customer, d.meter, w.time
    RETURNING {columns}
)
SELECT count(*) AS readings, {counted} AS figures FROM moved
"""
_DELETE = """
WITH moved AS (
    DELETE FROM {power_measurements_wide} w USING {devices} d WHERE {in_unit} RETURNING {of_wide}
)
SELECT count(*) AS readings, {counted} AS figures FROM moved
"""
_HOURS = """
SELECT {d.customer_id,} d.id AS device_id, date_trunc('hour', r.time, 'UTC') AS hour, min(r.time) AS first_at
FROM {readings} r JOIN {devices} d ON d.customer = r.customer AND d.meter = r.meter
WHERE r.customer = :customer AND r.meter = ANY(:meters) AND r.time >= :start AND r.time < :end GROUP BY 1, 2 {, 3}
"""
_EVERYTHING_DECOMPRESSED = (
    "SELECT set_config('timescaledb.max_tuples_decompressed_per_dml_transaction', '0', true)"
)


class _Meter(NamedTuple):
    customer: int
    meter: int
    readings: int


class _Moved(NamedTuple):
    readings: int
    figures: int


@dataclass(frozen=True)
class Unit:
    """Some meters of a customer, all by their numbers, in one week."""

    customer: int
    meters: Sequence[int]
    start: datetime

    @property
    def given(self) -> dict[str, object]:
        """The unit as parameters."""
        return {
            "customer": self.customer,
            "meters": list(self.meters),
            "start": self.start,
            "end": self.start + _WEEK,
        }


async def move_all(db: Database, storage: Storage, layout: Layout) -> int:
    """Move every reading that lies wide, and let the wide table go; returns how many there were.

    May be killed at any instant and begun again. Raises `Conflict` where fewer readings arrived than left.
    """
    moved = 0
    while units := await _units_of_newest_week(db, layout):
        await storage.ensure_partitions(db, [units[0].start, units[0].start + _WEEK - timedelta(hours=1)])
        for unit in units:
            moved += await _move(db, storage, layout, unit)
    async with db.transaction() as session:
        if not await _is_there(session, layout):
            return moved
        if await is_so(session, layout.sql("SELECT EXISTS (SELECT 1 FROM {power_measurements_wide})")):
            raise Conflict(
                "Readings of an earlier release are of no device that is there: they were not moved."
            )
        await show_narrow_alone(session, layout)
        await session.execute(text(layout.sql("DROP TABLE {power_measurements_wide}")))
        figures = await storage.figures(session)
    await figures.finish(db)
    return moved


async def _is_there(session: AsyncSession, layout: Layout) -> bool:
    wide = {"name": layout.table("power_measurements_wide")}
    return await is_so(session, "SELECT to_regclass(:name) IS NOT NULL", wide)


async def _units_of_newest_week(db: Database, layout: Layout) -> list[Unit]:
    async with db.transaction() as session:
        if not await _is_there(session, layout):
            return []
        newest = await value_of(
            session, datetime, layout.sql("SELECT max(time) FROM {power_measurements_wide}")
        )
        if newest is None:
            return []
        start = week_start(newest)
        given = {"start": start, "end": start + _WEEK}
        return list(_units(start, await rows_of(session, _Meter, layout.sql(_METERS), given)))


def _units(start: datetime, meters: Sequence[_Meter]) -> Iterator[Unit]:
    """Yield units of whole meters, of one customer each."""
    some: list[_Meter] = []
    for each in meters:
        is_full = sum(one.readings for one in some) + each.readings > _ROWS_OF_UNIT
        if some and (is_full or each.customer != some[0].customer):
            yield Unit(some[0].customer, [one.meter for one in some], start)
            some = []
        some.append(each)
    if some:
        yield Unit(some[0].customer, [one.meter for one in some], start)


async def _move(db: Database, storage: Storage, layout: Layout, unit: Unit) -> int:
    async with db.transaction() as session:
        moved = await move_unit(session, layout, unit)
        figures = await storage.figures(session)
        if figures.waiting is not None:
            await figures.rewrite(session, await _hours(session, layout, unit), ())
    return moved


async def move_unit(session: AsyncSession, layout: Layout, unit: Unit) -> int:
    """Move one unit in the caller's transaction, with the customer's writers kept out; returns its readings.

    What was never a number, or does not fit, is not there any more: that is said in the log.
    """
    await keep_writers_out(session, unit.customer)
    await session.execute(text(_EVERYTHING_DECOMPRESSED))
    in_unit = layout.sql(_IN_UNIT)
    await session.execute(text(layout.sql(_SOURCES, in_unit=in_unit)), {**unit.given, "most": MOST_SOURCES})
    is_client = not layout.has_customers
    counted = " + ".join(f"count({name})" for name in _WIDE)
    inserted = layout.sql(
        _INSERT,
        in_unit=in_unit,
        columns=", ".join(_WIDE),
        values=", ".join(map(_as_stored, _WIDE)),
        received=", received" if is_client else "",
        received_second=", floor(extract(epoch FROM w.received_at) - 946684800)::integer"
        if is_client
        else "",
        counted=counted,
    )
    deleted = layout.sql(
        _DELETE, in_unit=in_unit, of_wide=", ".join(f"w.{name}" for name in _WIDE), counted=counted
    )
    arrived = await row_of(session, _Moved, inserted, unit.given)
    left = await row_of(session, _Moved, deleted, unit.given)
    if arrived.readings != left.readings:
        raise Conflict(
            f"Of the week from {unit.start:%Y-%m-%d}, {left.readings} readings left and {arrived.readings} came."
        )
    if lost := left.figures - arrived.figures:
        _log.warning(
            "Values that are no numbers or do not fit were left out",
            values=lost,
            week=f"{unit.start:%Y-%m-%d}",
        )
    return arrived.readings


def _as_stored(name: str) -> str:
    """Return the integer of a wide value in SQL: rounded as `rules/scaling` does, NULL where it does not fit."""
    quantity = QUANTITY_OF[name]
    # Energy was computed from this rounding of the register, and is to stay what it is, to the last unit.
    is_billed = name == "energy_imported_kwh"
    steps = f"round(w.{name} * {quantity.scale})" if is_billed else steps_sql(quantity, f"w.{name}")
    is_near = f"w.{name} * {quantity.scale} BETWEEN {quantity.least - 1} AND {quantity.most + 1}"
    checked = f"(CASE WHEN {is_near} THEN {steps} END)"
    fits = f"{checked} BETWEEN {quantity.least} AND {quantity.most}"
    return f"CASE WHEN {fits} THEN {checked}::{quantity.width.type_name} END"


async def _hours(session: AsyncSession, layout: Layout, unit: Unit) -> list[QueuedHour]:
    return await rows_of(session, QueuedHour, layout.sql(_HOURS), unit.given, keys=layout.key_width)
