"""Hours as an earlier release kept them, until what is kept now is filled in beside everything else.

They had five figures of two quantities. So an upgrade sets their table aside, which takes a moment, and notes of each
meter that its hours are to be computed anew from its readings: a week at a time, the newest first. Until then views
compute an hour that is not filled in yet from its readings, and find by the table set aside which hours there are.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal.core import outages
from portal.core.database.hour_columns import KEPT_NAMES
from portal.core.database.hour_views import KEPT_OF_READINGS, drop_views, is_there, replaced
from portal.core.database.rows import is_so, row_if_any, value_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

_WEEK = timedelta(days=7)
MISSING = """
SELECT t.customer, t.meter, o.hour FROM {hours_to_fill} t
JOIN {devices} d ON d.customer = t.customer AND d.meter = t.meter
JOIN {earlier_hours} o ON {o.customer_id = d.customer_id AND} o.device_id = d.id AND o.hour < t.before
"""
"""The small key and the hour of what is not filled in yet."""
_IS_EARLIER = """
SELECT EXISTS (
    SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass(:name) AND attname = 'device_id' AND NOT attisdropped
)
"""
_SET_ASIDE = (
    "ALTER TABLE {hourly_rollup} RENAME TO earlier_hours",
    "ALTER INDEX {schema}.hourly_rollup_pkey RENAME TO earlier_hours_pkey",
    "ALTER INDEX {schema}.ix_{schema}_hourly_rollup_hour RENAME TO ix_{schema}_earlier_hours_hour",
)
_NOTE = """
CREATE TABLE {earlier_hours} (
    {customer_id uuid,} device_id uuid, hour timestamptz, PRIMARY KEY ({customer_id,} device_id, hour)
)
"""
_LEAVE_TO_FILL = (
    "CREATE TABLE {hours_to_fill} (customer integer, meter integer, before timestamptz, PRIMARY KEY (customer, meter))",
    "INSERT INTO {hours_to_fill} SELECT customer, meter, 'infinity' FROM {devices}",
)
_NEXT = "SELECT customer, meter FROM {hours_to_fill} ORDER BY before DESC, customer, meter LIMIT 1"
_NEWEST = """
SELECT max(o.hour) FROM {hours_to_fill} t JOIN {devices} d ON d.customer = t.customer AND d.meter = t.meter
JOIN {earlier_hours} o ON {o.customer_id = d.customer_id AND} o.device_id = d.id AND o.hour < t.before
WHERE t.customer = :customer AND t.meter = :meter
"""
_FILL = """
INSERT INTO {hourly_rollup} (customer, meter, hour, last_at, {kept})
SELECT t.customer, t.meter, f.* FROM {hours_to_fill} t CROSS JOIN LATERAL (
    SELECT date_bin('1 hour', m.time, TIMESTAMPTZ 'epoch'), max(m.time), {kept_of_readings} FROM {stored_readings} m
    WHERE m.customer = t.customer AND m.meter = t.meter AND m.time >= :start AND m.time < t.before GROUP BY 1
) f
WHERE t.customer = :customer AND t.meter = :meter
ON CONFLICT (customer, meter, hour) DO UPDATE SET last_at = excluded.last_at, {replaced}
"""
_FILLED = "UPDATE {hours_to_fill} SET before = :start WHERE customer = :customer AND meter = :meter"
_DONE = "DELETE FROM {hours_to_fill} WHERE customer = :customer AND meter = :meter"
# Who reads through a view would wait behind whoever waits for them.
_NOT_FOR_LONG = "SET LOCAL lock_timeout = '200ms'"


class _Meter(NamedTuple):
    customer: int
    meter: int


async def set_aside(session: AsyncSession, layout: Layout) -> bool:
    """Set the hours of an earlier release aside, where there are any; tells whether there were."""
    if not await is_so(session, _IS_EARLIER, {"name": layout.table("hourly_rollup")}):
        return False
    await drop_views(session, layout)
    for statement in (*_SET_ASIDE, *_LEAVE_TO_FILL):
        await session.execute(text(layout.sql(statement)))
    return True


async def note(session: AsyncSession, layout: Layout, hours: str) -> None:
    """Note the hours that a SELECT of key columns and `hour` returns as those of an earlier release."""
    await session.execute(text(layout.sql(_NOTE)))
    await session.execute(text(layout.sql("INSERT INTO {earlier_hours} {hours}", hours=hours)))
    for statement in (*_LEAVE_TO_FILL, "ANALYZE {earlier_hours}"):
        await session.execute(text(layout.sql(statement)))


async def are_any(session: AsyncSession, layout: Layout) -> bool:
    """Tell whether there are hours of an earlier release."""
    return await is_there(session, layout.table("earlier_hours"))


async def fill_week(session: AsyncSession, layout: Layout) -> bool:
    """Fill in the newest week that is left, of one meter; False where none is.

    No refresh may be under way: the caller's transaction holds its lock.
    """
    meter = await row_if_any(session, _Meter, layout.sql(_NEXT))
    if meter is None:
        return False
    given: dict[str, object] = meter._asdict()
    newest = await value_of(session, datetime, layout.sql(_NEWEST), given)
    if newest is None:
        await session.execute(text(layout.sql(_DONE)), given)
        return True
    kept = ", ".join(KEPT_NAMES)
    fill = layout.sql(_FILL, kept=kept, kept_of_readings=KEPT_OF_READINGS, replaced=replaced(KEPT_NAMES))
    given |= {"start": newest - _WEEK}
    await session.execute(text(fill), given)
    await session.execute(text(layout.sql(_FILLED)), given)
    return True


async def let_go(session: AsyncSession, layout: Layout) -> bool:
    """Drop what was set aside, and the views over it; False where somebody reads them just now."""
    try:
        async with session.begin_nested():
            await session.execute(text(_NOT_FOR_LONG))
            await drop(session, layout)
    except DBAPIError as error:
        if not outages.is_in_the_way(error):
            raise
        return False
    return True


async def drop(session: AsyncSession, layout: Layout) -> None:
    """Drop what was set aside, and the views over it."""
    await drop_views(session, layout)
    await session.execute(text(layout.sql("DROP TABLE IF EXISTS {hours_to_fill}, {earlier_hours}")))
