"""A database as the release before the narrow rows left it, with what it held."""

from tests.contract.storage.fleet import Fleet
from tests.integration.databases import downgrade

_HOURLY = """
CREATE MATERIALIZED VIEW fleet.hourly_aggregate
WITH (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) AS
SELECT m.customer_id, m.device_id, time_bucket(interval '1 hour', m.time) AS hour,
    avg(m.active_power_kw) AS avg_active_power_kw, max(m.active_power_kw) AS max_active_power_kw,
    min(m.active_power_kw) AS min_active_power_kw, count(*) AS sample_count,
    max(m.energy_imported_kwh) - min(m.energy_imported_kwh) AS kwh_delta
FROM fleet.power_measurements m GROUP BY m.customer_id, m.device_id, time_bucket(interval '1 hour', m.time)
WITH NO DATA
"""
_DAILY = """
CREATE MATERIALIZED VIEW fleet.daily_aggregate
WITH (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = true) AS
SELECT h.customer_id, time_bucket(interval '1 day', h.hour) AS day, count(DISTINCT h.device_id) AS device_count,
    sum(h.sample_count)::bigint AS sample_count
FROM fleet.hourly_aggregate h GROUP BY h.customer_id, time_bucket(interval '1 day', h.hour)
WITH NO DATA
"""
_ON_TIMESCALE = (
    _HOURLY,
    _DAILY,
    "CALL refresh_continuous_aggregate('fleet.hourly_aggregate', NULL, now() - interval '3 days')",
    "SELECT add_compression_policy('fleet.power_measurements', interval '7 days')",
    "SELECT compress_chunk(c) FROM show_chunks('fleet.power_measurements') c",
)


async def go_back(fleet: Fleet, engine: str) -> None:
    """Have readings lie wide again; on TimescaleDB compressed, and with aggregates that are up to three days ago."""
    await downgrade(fleet.stack.db, fleet.stack.settings.run_mode, "admin_0010")
    if engine == "timescale":
        async with fleet.connection() as connection:
            for statement in _ON_TIMESCALE:
                await connection.execute(statement)
    await fleet.stack.db.dispose()
