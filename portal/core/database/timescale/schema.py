"""What TimescaleDB adds to the migrated schema: hypertable, compression, continuous aggregates, policies.

All of it is made in one transaction, so a process killed in the middle leaves nothing half-made; and every
step looks first, so what somebody removed by hand is there again after the next start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.database.hour_columns import DAILY_FIGURES, DAILY_OF_HOURS, KEPT, KEPT_NAMES
from portal.core.database.hour_views import QUEUED_HOURS, KeptHours, create_views, drop_views
from portal.core.database.plain.schema import create_rollups
from portal.core.database.rows import is_so, value_of, values_of
from portal.core.database.timescale import convert, kept_hours
from portal.core.database.timescale.windows import OLDEST_FIRST, note_everything
from portal.core.errors import Misconfigured

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

_HYPERTABLE = """
SELECT create_hypertable(
    '{readings}', by_range('time', {chunk}), create_default_indexes => false, migrate_data => true
)
"""
# The tables of hours whose aggregates wait.
_TABLES = (
    """
CREATE TABLE IF NOT EXISTS {rollup_windows} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    from_hour timestamptz NOT NULL, to_hour timestamptz NOT NULL
)
""",
    """
CREATE TABLE IF NOT EXISTS {late_hours} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    {customer_id uuid NOT NULL,} device_ids uuid[] NOT NULL, hours timestamptz[] NOT NULL
)
""",
)
# Buckets are UTC: aggregates in a named zone lose late rows at a bucket's edge (TimescaleDB issue 10296).
_HOURLY_AGGREGATE = """
CREATE MATERIALIZED VIEW {hourly_aggregate}
WITH (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) AS
SELECT m.customer, m.meter, time_bucket(interval '1 hour', m.time) AS hour, {figures}
FROM {readings} m
GROUP BY m.customer, m.meter, time_bucket(interval '1 hour', m.time)
WITH NO DATA
"""
_DAILY_AGGREGATE = """
CREATE MATERIALIZED VIEW {daily_aggregate}
WITH (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = true) AS
SELECT h.customer, time_bucket(interval '1 day', h.hour) AS day, {figures}
FROM {hourly_aggregate} h
GROUP BY h.customer, time_bucket(interval '1 day', h.hour)
WITH NO DATA
"""
# All hours that wait: those that are queued, and those that have left the queue and are not refreshed yet.
_WAITING_HOURS = f"""{QUEUED_HOURS}
UNION ALL
SELECT d.customer, d.meter, q.hour
FROM {{late_hours}} l CROSS JOIN LATERAL unnest(l.device_ids, l.hours) AS q (device_id, hour)
JOIN {{devices}} d ON {{d.customer_id = l.customer_id AND}} d.id = q.device_id
"""
# Joined, an aggregate computes the latest hours of all meters to tell those of one: a join is not handed down into what
# is grouped. Asked for one meter after the other, it is; and a sorted subquery, unlike one with OFFSET 0, is handed
# bounds on the hour as well.
_HOURS_BY_DEVICE = """{devices} d CROSS JOIN LATERAL (
    SELECT * FROM {hourly_aggregate} a WHERE a.customer = d.customer AND a.meter = d.meter ORDER BY a.hour
) h"""
_DAYS_BY_CUSTOMER = """(
    SELECT c.id AS customer_id, a.* FROM {schema}.customers c CROSS JOIN LATERAL (
        SELECT * FROM {daily_aggregate} a WHERE a.customer = c.number ORDER BY a.day
    ) a
)"""
_HOURLY_POLICY = """
SELECT add_continuous_aggregate_policy(
    '{hourly_aggregate}', start_offset => interval '30 days', end_offset => interval '1 hour',
    schedule_interval => interval '5 minutes', if_not_exists => true
)
"""
_DAILY_POLICY = """
SELECT add_continuous_aggregate_policy(
    '{daily_aggregate}', start_offset => interval '365 days', end_offset => interval '1 day',
    schedule_interval => interval '1 hour', if_not_exists => true
)
"""
_COMPRESSION_POLICY = """
SELECT add_compression_policy('{readings}', interval '7 days', if_not_exists => true)
"""


async def build(session: AsyncSession, layout: Layout) -> None:
    """Make or repair everything, in the session's transaction. The readings must be few enough to be none.

    Raises `Misconfigured` when there are readings in partitions: moving them is `portal storage upgrade`.
    """
    await convert.lock_shape(session)
    if await convert.is_partitioned(session, layout):
        if await convert.has_readings(session, layout):
            raise Misconfigured("The readings are still in plain partitions: run `portal storage upgrade`.")
        await convert.make_twin(session, layout)
        await convert.swap_in(session, layout)
    await complete(session, layout)


async def complete(session: AsyncSession, layout: Layout) -> None:
    """Make what hangs on the readings' table, once that is no longer partitioned."""
    await _ensure_hypertable(session, layout)
    for statement in _TABLES:
        await session.execute(text(layout.sql(statement)))
    await _take_other_name(session, layout)
    await session.execute(text(layout.sql(_COMPRESSION_POLICY)))
    await kept_hours.keep(session, layout)
    if await kept_hours.are_kept(session, layout):
        await create_rollups(session, layout)
        return
    await ensure_aggregates(session, layout)
    kept = KeptHours(
        by_meter="{hourly_aggregate} h",
        by_device=_HOURS_BY_DEVICE,
        days=_DAYS_BY_CUSTOMER,
        waiting=_WAITING_HOURS,
    )
    await create_views(session, layout, kept)
    await _ensure_policies(session, layout)


async def _ensure_hypertable(session: AsyncSession, layout: Layout) -> None:
    is_compressed = await value_of(
        session,
        bool,
        "SELECT compression_enabled FROM timescaledb_information.hypertables "
        "WHERE hypertable_schema = :schema AND hypertable_name = 'readings'",
        {"schema": layout.schema},
    )
    if is_compressed is None:
        await session.execute(text(layout.sql(_HYPERTABLE, chunk=convert.CHUNK)))
    if not is_compressed:
        await convert.enable_compression(session, layout, "readings")


async def _take_other_name(session: AsyncSession, layout: Layout) -> None:
    """Rename the aggregates of an earlier release, which bore the names of the views."""
    for old, new in (
        ("hourly_per_device", "hourly_aggregate"),
        ("daily_per_customer", "daily_aggregate"),
    ):
        if await _columns(session, layout, old):
            renamed = layout.sql(
                "ALTER MATERIALIZED VIEW {old} RENAME TO {new}", old=layout.table(old), new=new
            )
            await session.execute(text(renamed))


async def ensure_aggregates(session: AsyncSession, layout: Layout) -> None:
    """Make the aggregates where they are missing, or have other columns; then all readings are noted for them."""
    wanted = {"hourly_aggregate": ("customer", "meter", "hour", *KEPT_NAMES)}
    if layout.has_customers:
        wanted["daily_aggregate"] = ("customer", "day", *DAILY_FIGURES)
    found = {name: await _columns(session, layout, name) for name in wanted}
    if any(found[name] != columns for name, columns in wanted.items()):
        await _make_aggregates(session, layout)
    for name in wanted:
        await _ensure_real_time(session, layout, name)


async def _columns(session: AsyncSession, layout: Layout, name: str) -> tuple[str, ...]:
    """Return the columns of a continuous aggregate; none when there is no such aggregate."""
    names = await values_of(
        session,
        str,
        "SELECT attname FROM pg_attribute a JOIN timescaledb_information.continuous_aggregates c "
        "ON a.attrelid = to_regclass(format('%I.%I', c.view_schema, c.view_name)) "
        "WHERE c.view_schema = :schema AND c.view_name = :view AND attnum > 0 AND NOT attisdropped "
        "ORDER BY attnum",
        {"schema": layout.schema, "view": name},
    )
    return tuple(names)


async def _make_aggregates(session: AsyncSession, layout: Layout) -> None:
    """Make both anew, the daily one reading the hourly one; all old readings are noted to be aggregated."""
    await drop_views(session, layout)
    for name in ("daily_aggregate", "hourly_aggregate"):
        await _drop(session, layout.table(name))
    kept = ", ".join(f"{column.of_readings_timescale} AS {column.name}" for column in KEPT)
    hourly = layout.sql(_HOURLY_AGGREGATE, figures=kept)
    await session.execute(text(hourly))
    by_meter = "CREATE INDEX ON {hourly_aggregate} (customer, meter, hour DESC)"
    await session.execute(text(layout.sql(by_meter)))
    if layout.has_customers:
        by_customer = "CREATE INDEX ON {hourly_aggregate} (customer, hour DESC)"
        await session.execute(text(layout.sql(by_customer)))
        figures = zip(DAILY_OF_HOURS, DAILY_FIGURES, strict=True)
        named = ", ".join(f"{expression} AS {name}" for expression, name in figures)
        await session.execute(text(layout.sql(_DAILY_AGGREGATE, figures=named)))
    await note_everything(session, layout)


async def _drop(session: AsyncSession, name: str) -> None:
    kind = await value_of(
        session,
        str,
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM timescaledb_information.continuous_aggregates "
        "WHERE to_regclass(format('%I.%I', view_schema, view_name)) = to_regclass(:name)) "
        "THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END WHERE to_regclass(:name) IS NOT NULL",
        {"name": name},
    )
    if kind:
        await session.execute(text(f"DROP {kind} {name}"))


async def _ensure_real_time(session: AsyncSession, layout: Layout, name: str) -> None:
    stale = await is_so(
        session,
        "SELECT materialized_only FROM timescaledb_information.continuous_aggregates "
        "WHERE view_schema = :schema AND view_name = :view",
        {"schema": layout.schema, "view": name},
    )
    if stale:
        await session.execute(
            text(
                layout.sql(
                    "ALTER MATERIALIZED VIEW {aggregate} SET (timescaledb.materialized_only = false)",
                    aggregate=layout.table(name),
                )
            )
        )


async def _ensure_policies(session: AsyncSession, layout: Layout) -> None:
    daily = (_DAILY_POLICY,) if layout.has_customers else ()
    for statement in (_HOURLY_POLICY, *daily):
        await session.execute(text(layout.sql(statement)))
    await session.execute(text(_POLICIES_OLDEST_FIRST), {"schema": layout.schema, "order": OLDEST_FIRST})


# Releases that refresh in batches take the newest first, unless told: until the last batch, what is between would not
# show. Others do not know the setting and ignore it.
_POLICIES_OLDEST_FIRST = """
SELECT alter_job(job_id, config => config || CAST(:order AS jsonb)) FROM timescaledb_information.jobs
WHERE hypertable_schema = :schema AND proc_name = 'policy_refresh_continuous_aggregate'
AND NOT config @> CAST(:order AS jsonb)
"""
