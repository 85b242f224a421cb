"""What plain PostgreSQL adds to the migrated schema: tables of hours and of days, and the views over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.database.hour_columns import KEPT
from portal.core.database.hour_views import DAILY_COLUMNS, KeptHours, create_views, is_there
from portal.core.database.plain.earlier_hours import MISSING, are_any, set_aside
from portal.core.database.queue import queue_hours

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

_BOOTSTRAP_LOCK = 7_301_004
# `last_at` is the latest reading that is counted: what is later can be added.
_HOURLY_ROLLUP = """
CREATE TABLE {hourly_rollup} (
    hour timestamptz NOT NULL, last_at timestamptz NOT NULL, customer integer NOT NULL, meter integer NOT NULL,
    {columns},
    PRIMARY KEY (customer, meter, hour)
)
"""
_HOUR_INDEX = "CREATE INDEX ix_{schema}_hourly_rollup_hour ON {hourly_rollup} (customer, hour)"
# Also those of readings of an earlier release that are not moved yet.
_ALL_HOURS = """
SELECT {d.customer_id,} d.id AS device_id, own.hour, TIMESTAMPTZ '-infinity' AS first_at
FROM {devices} d CROSS JOIN LATERAL (
    SELECT DISTINCT date_trunc('hour', m.time, 'UTC') AS hour FROM {stored_readings} m
    WHERE m.customer = d.customer AND m.meter = d.meter
) own
"""
# Of customers only.
_DAILY_ROLLUP = """
CREATE TABLE {daily_rollup} (
    customer_id uuid NOT NULL, day timestamptz NOT NULL, device_count bigint NOT NULL, {figure_columns},
    PRIMARY KEY (customer_id, day)
)
"""


async def create_rollups(session: AsyncSession, layout: Layout) -> None:
    """Create tables and views where they are missing.

    Hours that an earlier release kept are filled in anew later; readings that were there before any hours are queued.
    """
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _BOOTSTRAP_LOCK})
    is_upgrade = await set_aside(session, layout)
    if not await is_there(session, layout.table("hourly_rollup")):
        await create_tables(session, layout)
        if not is_upgrade:
            await queue_hours(session, layout, layout.sql(_ALL_HOURS), {})
    await create_hour_views(session, layout)


async def create_tables(session: AsyncSession, layout: Layout) -> None:
    """Create the tables of hours and of customers' days, empty; the latter where it is not there yet."""
    columns = ", ".join(
        f"{column.name} {column.type_name}{' NOT NULL' if column.name == 'sample_count' else ''}"
        for column in KEPT
    )
    for statement in (_HOURLY_ROLLUP, _HOUR_INDEX):
        await session.execute(text(layout.sql(statement, columns=columns)))
    if layout.has_customers and not await is_there(session, layout.table("daily_rollup")):
        await session.execute(text(layout.sql(_DAILY_ROLLUP, figure_columns=DAILY_COLUMNS)))


async def create_hour_views(session: AsyncSession, layout: Layout) -> None:
    """Create the views of hours and days, where they are missing."""
    kept = KeptHours(
        by_meter="{hourly_rollup} h",
        by_device="{hourly_rollup} h JOIN {devices} d ON d.customer = h.customer AND d.meter = h.meter",
        days="{daily_rollup}",
        missing=MISSING if await are_any(session, layout) else None,
    )
    await create_views(session, layout, kept)
