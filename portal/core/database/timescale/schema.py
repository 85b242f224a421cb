"""What TimescaleDB adds to the migrated schema: hypertable, compression, continuous aggregates, policies.

All of it is made in one transaction, so a process killed in the middle leaves nothing half-made; and every
step looks first, so what somebody removed by hand is there again after the next start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.database.plain.schema import (
    DAILY_FIGURES,
    DAY_OF_CUSTOMER,
    FIGURES,
    daily_view,
    day_figures,
    hour_figures,
    hourly_view,
    is_there,
)
from portal.core.database.timescale import convert
from portal.core.database.timescale.windows import OLDEST_FIRST, note_everything
from portal.core.errors import Misconfigured

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

_COMPRESS_AFTER = "interval '7 days'"


async def build(session: AsyncSession, layout: Layout) -> None:
    """Make or repair everything, in the session's transaction. The readings must be few enough to be none.

    Raises `Misconfigured` when there are readings in partitions: moving them is `portal storage upgrade`.
    """
    await convert.lock_shape(session)
    if await convert.is_partitioned(session, layout):
        if await convert.has_readings(session, layout):
            raise Misconfigured("The readings are still in plain partitions: run `portal storage upgrade`.")
        await convert.make_twin(session, layout)
        await convert.take_place(session, layout)
    await complete(session, layout)


async def complete(session: AsyncSession, layout: Layout) -> None:
    """Make what hangs on the readings' table, once that is no longer partitioned."""
    await _ensure_hypertable(session, layout)
    for statement in _tables(layout):
        await session.execute(text(statement))
    await _take_other_name(session, layout)
    await _ensure_aggregates(session, layout)
    await _ensure_views(session, layout)
    await _ensure_policies(session, layout)


async def _ensure_hypertable(session: AsyncSession, layout: Layout) -> None:
    row = (
        await session.execute(
            text(
                "SELECT compression_enabled FROM timescaledb_information.hypertables "
                "WHERE hypertable_schema = :schema AND hypertable_name = 'power_measurements'"
            ),
            {"schema": layout.schema},
        )
    ).first()
    if row is None:
        await session.execute(
            text(
                f"SELECT create_hypertable('{layout.measurements}', by_range('time', {convert.CHUNK}), "
                "create_default_indexes => false, migrate_data => true)"
            )
        )
    if row is None or not row[0]:
        await convert.enable_compression(session, layout, layout.measurements)


def _tables(layout: Layout) -> tuple[str, ...]:
    """Return what makes the tables of hours whose aggregates wait, and the view of all hours that do."""
    number = "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
    customers = "".join(f"{key} uuid NOT NULL, " for key in layout.keys[:-1])
    late = "".join(f"l.{key}, " for key in layout.keys[:-1])
    windows = (
        f"CREATE TABLE IF NOT EXISTS {layout.windows} ({number}, "
        f"from_hour timestamptz NOT NULL, to_hour timestamptz NOT NULL)"
    )
    late_hours = (
        f"CREATE TABLE IF NOT EXISTS {layout.late_hours} ({number}, {customers}"
        f"device_ids uuid[] NOT NULL, hours timestamptz[] NOT NULL)"
    )
    waiting = (
        f"CREATE OR REPLACE VIEW {layout.waiting_hours} AS SELECT {layout.key_list()}, hour FROM {layout.queue} "
        f"UNION ALL SELECT {late}q.device_id, q.hour FROM {layout.late_hours} l "
        f"CROSS JOIN LATERAL unnest(l.device_ids, l.hours) AS q (device_id, hour)"
    )
    return windows, late_hours, waiting


async def _take_other_name(session: AsyncSession, layout: Layout) -> None:
    """Rename the aggregates of an earlier release, which bore the names of the views."""
    for old, new in ((layout.hourly, layout.hourly_aggregate), (layout.daily, layout.daily_aggregate)):
        if await _columns(session, layout, old):
            await session.execute(text(f"ALTER MATERIALIZED VIEW {old} RENAME TO {new.split('.')[1]}"))


async def _ensure_views(session: AsyncSession, layout: Layout) -> None:
    """Make the views of which no late reading is missing: aggregates, and what waits computed from the readings."""
    if not await is_there(session, layout.hourly):
        await session.execute(text(hourly_view(layout, layout.hourly_aggregate, layout.waiting_hours)))
    if layout.has_customers and not await is_there(session, layout.daily):
        await session.execute(text(DAY_OF_CUSTOMER))
        await session.execute(text(daily_view(layout.daily_aggregate, layout.waiting_hours)))


async def _ensure_aggregates(session: AsyncSession, layout: Layout) -> None:
    wanted = {layout.hourly_aggregate: (*layout.keys, "hour", *FIGURES)}
    if layout.has_customers:
        wanted[layout.daily_aggregate] = ("customer_id", "day", *DAILY_FIGURES)
    found = {name: await _columns(session, layout, name) for name in wanted}
    if any(found[name] != columns for name, columns in wanted.items()):
        await _make_aggregates(session, layout)
    for name in wanted:
        await _ensure_real_time(session, layout, name)


async def _columns(session: AsyncSession, layout: Layout, name: str) -> tuple[str, ...]:
    """Return the columns of a continuous aggregate; none when there is no such aggregate."""
    rows = await session.scalars(
        text(
            "SELECT attname FROM pg_attribute a JOIN timescaledb_information.continuous_aggregates c "
            "ON a.attrelid = to_regclass(format('%I.%I', c.view_schema, c.view_name)) "
            "WHERE c.view_schema = :schema AND c.view_name = :view AND attnum > 0 AND NOT attisdropped "
            "ORDER BY attnum"
        ),
        {"schema": layout.schema, "view": name.split(".")[1]},
    )
    return tuple(rows)


async def _make_aggregates(session: AsyncSession, layout: Layout) -> None:
    """Make both anew, the daily one reading the hourly one; all old readings are noted to be aggregated."""
    for view in (layout.daily, layout.hourly):
        await session.execute(text(f"DROP VIEW IF EXISTS {view}"))
    for name in (layout.daily_aggregate, layout.hourly_aggregate):
        await _drop(session, name)
    await session.execute(text(_hourly(layout)))
    meter_hours = f"{layout.key_list()}, hour DESC"
    await session.execute(text(f"CREATE INDEX ON {layout.hourly_aggregate} ({meter_hours})"))
    if layout.has_customers:
        await session.execute(text(f"CREATE INDEX ON {layout.hourly_aggregate} (customer_id, hour DESC)"))
        await session.execute(text(_daily(layout)))
    await note_everything(session, layout)


async def _drop(session: AsyncSession, name: str) -> None:
    kind = await session.scalar(
        text(
            "SELECT CASE WHEN EXISTS (SELECT 1 FROM timescaledb_information.continuous_aggregates "
            "WHERE to_regclass(format('%I.%I', view_schema, view_name)) = to_regclass(:name)) "
            "THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END WHERE to_regclass(:name) IS NOT NULL"
        ),
        {"name": name},
    )
    if kind:
        await session.execute(text(f"DROP {kind} {name}"))


_AGGREGATE = (
    "WITH (timescaledb.continuous, timescaledb.materialized_only = false, "
    "timescaledb.create_group_indexes = {indexes}) AS"
)


def _named(figures: str, names: tuple[str, ...]) -> str:
    """Return a select list with its names; aggregates of a view are told apart by them."""
    return ", ".join(f"{figure} AS {name}" for figure, name in zip(_split(figures), names, strict=True))


def _split(figures: str) -> list[str]:
    """Return the parts of a select list, which are separated by the commas outside brackets."""
    parts, depth = [""], 0
    for character in figures:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def _hourly(layout: Layout) -> str:
    """Buckets are UTC: aggregates in a named zone lose late rows at a bucket's edge (TimescaleDB issue 10296)."""
    return (
        f"CREATE MATERIALIZED VIEW {layout.hourly_aggregate} {_AGGREGATE.format(indexes='false')} "
        f"SELECT {layout.key_list('m')}, time_bucket(interval '1 hour', m.time) AS hour, "
        f"{_named(hour_figures('m'), FIGURES)} "
        f"FROM {layout.measurements} m GROUP BY {layout.key_list('m')}, time_bucket(interval '1 hour', m.time) "
        f"WITH NO DATA"
    )


def _daily(layout: Layout) -> str:
    return (
        f"CREATE MATERIALIZED VIEW {layout.daily_aggregate} {_AGGREGATE.format(indexes='true')} "
        f"SELECT h.customer_id, time_bucket(interval '1 day', h.hour) AS day, "
        f"{_named(day_figures('h'), DAILY_FIGURES)} "
        f"FROM {layout.hourly_aggregate} h GROUP BY h.customer_id, time_bucket(interval '1 day', h.hour) WITH NO DATA"
    )


async def _ensure_real_time(session: AsyncSession, layout: Layout, name: str) -> None:
    stale = await session.scalar(
        text(
            "SELECT materialized_only FROM timescaledb_information.continuous_aggregates "
            "WHERE view_schema = :schema AND view_name = :view"
        ),
        {"schema": layout.schema, "view": name.split(".")[1]},
    )
    if stale:
        await session.execute(
            text(f"ALTER MATERIALIZED VIEW {name} SET (timescaledb.materialized_only = false)")
        )


async def _ensure_policies(session: AsyncSession, layout: Layout) -> None:
    hourly = (
        f"SELECT add_continuous_aggregate_policy('{layout.hourly_aggregate}', start_offset => interval '30 days', "
        "end_offset => interval '1 hour', schedule_interval => interval '5 minutes', if_not_exists => true)"
    )
    daily = (
        f"SELECT add_continuous_aggregate_policy('{layout.daily_aggregate}', start_offset => interval '365 days', "
        "end_offset => interval '1 day', schedule_interval => interval '1 hour', if_not_exists => true)"
    )
    compression = (
        f"SELECT add_compression_policy('{layout.measurements}', {_COMPRESS_AFTER}, if_not_exists => true)"
    )
    for statement in (hourly, *([daily] if layout.has_customers else []), compression):
        await session.execute(text(statement))
    await session.execute(text(_POLICIES_OLDEST_FIRST), {"schema": layout.schema, "order": OLDEST_FIRST})


# Releases that refresh in batches take the newest first, unless told: until the last batch, what is between would not
# show. Others do not know the setting and ignore it.
_POLICIES_OLDEST_FIRST = """
SELECT alter_job(job_id, config => config || CAST(:order AS jsonb)) FROM timescaledb_information.jobs
WHERE hypertable_schema = :schema AND proc_name = 'policy_refresh_continuous_aggregate'
AND NOT config @> CAST(:order AS jsonb)
"""
