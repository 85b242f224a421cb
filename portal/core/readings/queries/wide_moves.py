"""Moves a unit of readings that lie wide: inserted here and deleted there in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from portal.core.database.db import driver_connection
from portal.core.database.layout import MeterKey
from portal.core.database.reading_locks import move_alone
from portal.core.database.rows import is_so, row_of, rows_of, values_of
from portal.core.errors import Conflict
from portal.core.log import logger
from portal.core.readings.queries.reading_sources import source_numbers
from portal.core.readings.queries.wide_columns import RECEIVED_SECOND, WIDE, as_stored
from portal.core.values.time import week_start
from portal.core.words import say

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.db import Database
    from portal.core.database.layout import Layout
    from portal.core.readings.queries.wide_rows import Unit

_log = logger("storage")
_IN_UNIT = """{w.customer_id = d.customer_id AND} w.device_id = d.id
AND d.customer = :customer AND d.meter = ANY(:meters) AND w.time >= :start AND w.time < :end"""
_SOURCES = """
SELECT DISTINCT w.source FROM {power_measurements_wide} w, {devices} d WHERE {in_unit} AND w.source IS NOT NULL
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
# By the ids themselves: of what is compressed, whole segments go then.
_OF_DEVICES = """{w.customer_id = ANY(:customers) AND} w.device_id = ANY(:devices)
AND w.time >= :start AND w.time < :end"""
_COUNT = (
    "SELECT count(*) AS readings, {counted} AS figures FROM {power_measurements_wide} w WHERE {of_devices}"
)
_DELETE = "DELETE FROM {power_measurements_wide} w WHERE {of_devices}"
_IS_LEFT = "SELECT EXISTS (SELECT 1 FROM {power_measurements_wide} w WHERE {of_devices})"
_DEVICES = (
    "SELECT {customer_id,} id AS device_id FROM {devices} WHERE customer = :customer AND meter = ANY(:meters)"
)
_NOTE = """
INSERT INTO {moved_weeks} AS m (customer, week, readings, left_out) VALUES (:customer, :week, :readings, :left_out)
ON CONFLICT (customer, week) DO UPDATE
SET readings = m.readings + excluded.readings, left_out = m.left_out + excluded.left_out
"""
# Planned for the very week and meters: a plan for any of them has TimescaleDB unpack these meters' rows of every week.
_FOR_THIS_UNIT = (
    "SELECT set_config('timescaledb.max_tuples_decompressed_per_dml_transaction', '0', true), "
    "set_config('plan_cache_mode', 'force_custom_plan', true)"
)


class _Device(NamedTuple):
    key: MeterKey


class _Moved(NamedTuple):
    readings: int
    figures: int


async def move(db: Database, layout: Layout, unit: Unit) -> int:
    """Move one unit; returns its readings. Room for them is to be there, and the table they come from."""
    async with db.transaction() as session:
        statement = layout.sql(_SOURCES, in_unit=layout.sql(_IN_UNIT))
        names = await values_of(session, str, statement, unit.given)
        await source_numbers(await driver_connection(session), layout, names)
    async with db.transaction() as session:
        return await move_unit(session, layout, unit)


async def move_unit(session: AsyncSession, layout: Layout, unit: Unit) -> int:
    """Move one unit in the caller's transaction; returns its readings, 0 where somebody has moved it meanwhile.

    What was never a number, or does not fit, is not there any more: that is said in the log.
    """
    await move_alone(session, unit.customer)
    await session.execute(text(_FOR_THIS_UNIT))
    counted = " + ".join(f"count({name})" for name in WIDE)
    given = await _of_devices(session, layout, unit)
    of_devices = layout.sql(_OF_DEVICES)
    there = await row_of(session, _Moved, layout.sql(_COUNT, counted=counted, of_devices=of_devices), given)
    if there.readings == 0:
        return 0
    came = await row_of(session, _Moved, _inserting(layout, counted), unit.given)
    await session.execute(text(layout.sql(_DELETE, of_devices=of_devices)), given)
    is_left = await is_so(session, layout.sql(_IS_LEFT, of_devices=of_devices), given)
    if is_left or came.readings != there.readings:
        raise Conflict(
            say(
                "Of the week from {start}, {readings} readings were to be moved, and {readings_2} came.",
                start=f"{unit.start:%Y-%m-%d}",
                readings=there.readings,
                readings_2=came.readings,
            )
        )
    lost = there.figures - came.figures
    noted = {
        "customer": unit.customer,
        "week": week_start(unit.start),
        "readings": came.readings,
        "left_out": lost,
    }
    await session.execute(text(layout.sql(_NOTE)), noted)
    if lost:
        _log.warning(
            "Values that are no numbers or do not fit were left out",
            values=lost,
            week=f"{unit.start:%Y-%m-%d}",
        )
    return came.readings


def _inserting(layout: Layout, counted: str) -> str:
    is_client = not layout.has_customers
    return layout.sql(
        _INSERT,
        in_unit=layout.sql(_IN_UNIT),
        columns=", ".join(WIDE),
        values=", ".join(map(as_stored, WIDE)),
        received=", received" if is_client else "",
        received_second=f", {RECEIVED_SECOND}" if is_client else "",
        counted=counted,
    )


async def _of_devices(session: AsyncSession, layout: Layout, unit: Unit) -> dict[str, object]:
    """Return a unit as parameters, with its devices by the ids that are in the wide table."""
    keys = [
        each.key
        for each in await rows_of(session, _Device, layout.sql(_DEVICES), unit.given, keys=layout.key_width)
    ]
    return {"start": unit.start, "end": unit.end, **layout.arrays(keys)}
