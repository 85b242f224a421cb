"""A start makes or repairs what TimescaleDB needs, and what cannot be is one clear line."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy.engine import make_url

from portal.core.database.choice import judge
from portal.core.database.db import Database
from portal.core.database.migrations import migrate
from portal.core.database.timescale import probe as timescale_probe
from portal.core.database.timescale import schema as timescale_schema
from portal.core.errors import Misconfigured
from portal.core.settings import RunMode, load_settings
from portal.core.stack import Stack, close_stack, open_stack, opened_stack
from tests.contract.storage.fleet import ALICE, METERS, Fleet, ago, readings
from tests.integration.databases import Stacks, TestServer

_SHAPE = """
SELECT hypertable_schema || '.' || hypertable_name, compression_enabled, num_dimensions::text
FROM timescaledb_information.hypertables WHERE hypertable_schema IN ('fleet', 'monitoring')
UNION ALL
SELECT view_schema || '.' || view_name, NOT materialized_only, NULL FROM timescaledb_information.continuous_aggregates
UNION ALL
SELECT proc_name || ' every ' || schedule_interval || ' ' || (config - 'hypertable_id' - 'mat_hypertable_id'), NULL,
       hypertable_name
FROM timescaledb_information.jobs WHERE hypertable_schema IN ('fleet', 'monitoring')
ORDER BY 1
"""
_REFRESH = 'policy_refresh_continuous_aggregate every {} {{{}, "refresh_newest_first": false}}'
_FLEET_SHAPE = [
    ("fleet.daily_aggregate", True, None),
    ("fleet.hourly_aggregate", True, None),
    ("fleet.readings", True, "1"),
    ('policy_compression every 12:00:00 {"compress_after": "7 days"}', None, "readings"),
    (
        _REFRESH.format("00:05:00", '"end_offset": "01:00:00", "start_offset": "30 days"'),
        None,
        "hourly_aggregate",
    ),
    (
        _REFRESH.format("01:00:00", '"end_offset": "1 day", "start_offset": "365 days"'),
        None,
        "daily_aggregate",
    ),
]


_AS_IT_WAS = (
    "DROP VIEW fleet.daily_per_customer",
    "DROP VIEW fleet.hourly_per_device CASCADE",
    "DROP FUNCTION IF EXISTS fleet.day_of_customer",
    "DROP TABLE fleet.late_hours CASCADE",
    "ALTER MATERIALIZED VIEW fleet.hourly_aggregate RENAME TO hourly_per_device",
    "ALTER MATERIALIZED VIEW fleet.daily_aggregate RENAME TO daily_per_customer",
)


@pytest.fixture
async def fleet(stacks: Stacks, timescale: str) -> Fleet:
    return await Fleet.open(await stacks.admin(Database__Storage="timescale"))


async def _bootstrap(fleet: Fleet) -> None:
    await fleet.stack.storage.bootstrap(fleet.stack.db)


async def test_a_fresh_database_has_chunks_compression_aggregates_and_policies(fleet: Fleet) -> None:
    assert await fleet.rows(_SHAPE) == _FLEET_SHAPE
    chunk = "SELECT time_interval FROM timescaledb_information.dimensions WHERE hypertable_name = 'readings'"
    assert await fleet.rows(chunk) == [(timedelta(days=7),)]
    order = (
        "SELECT segmentby, orderby FROM timescaledb_information.hypertable_compression_settings "
        "WHERE hypertable::text = 'fleet.readings'"
    )
    assert await fleet.rows(order) == [("customer,meter", '"time" DESC')]


async def test_the_indexes_and_keys_are_those_of_the_plain_table(fleet: Fleet, stacks: Stacks) -> None:
    plain = Fleet(await stacks.admin(Database__Storage="plain"))
    indexes = (
        "SELECT indexname, split_part(indexdef, ' USING ', 2) FROM pg_indexes "
        "WHERE schemaname = 'fleet' AND tablename = 'readings' ORDER BY 1"
    )
    keys = (
        "SELECT conname::text, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid = 'fleet.readings'::regclass AND contype IN ('p', 'f') ORDER BY 1"
    )
    assert await fleet.rows(indexes) == await plain.rows(indexes)
    assert await fleet.rows(keys) == await plain.rows(keys)


async def test_a_second_start_changes_nothing(fleet: Fleet) -> None:
    await fleet.store(readings(ALICE, METERS[ALICE][0], ago(days=50), timedelta(hours=5), 200))
    await fleet.refresh()
    await fleet.compress()
    await _bootstrap(fleet)
    assert await fleet.rows(_SHAPE) == _FLEET_SHAPE
    await fleet.agrees()


async def test_aggregates_of_an_earlier_release_give_their_names_to_the_views(fleet: Fleet) -> None:
    await fleet.store(readings(ALICE, METERS[ALICE][0], ago(days=50), timedelta(hours=5), 200))
    await fleet.refresh()
    await fleet.run_policies()
    kept = await fleet.rows("SELECT mat_hypertable_id FROM _timescaledb_catalog.continuous_agg ORDER BY 1")
    async with fleet.connection() as connection:
        for statement in _AS_IT_WAS:
            await connection.execute(statement)
    await _bootstrap(fleet)
    assert await fleet.rows(_SHAPE) == _FLEET_SHAPE
    assert kept == await fleet.rows(
        "SELECT mat_hypertable_id FROM _timescaledb_catalog.continuous_agg ORDER BY 1"
    )
    await fleet.agrees()


@pytest.mark.parametrize(
    "harm",
    [
        "SELECT remove_continuous_aggregate_policy('fleet.hourly_aggregate')",
        "SELECT remove_compression_policy('fleet.readings')",
        "ALTER MATERIALIZED VIEW fleet.hourly_aggregate SET (timescaledb.materialized_only = true)",
        "DROP MATERIALIZED VIEW fleet.daily_aggregate CASCADE",
        "DROP MATERIALIZED VIEW fleet.hourly_aggregate CASCADE",
        "DROP TABLE fleet.rollup_windows",
        "DROP TABLE fleet.late_hours CASCADE",
        "DROP VIEW fleet.daily_per_customer",
    ],
)
async def test_what_somebody_removed_is_there_again_with_all_old_readings(fleet: Fleet, harm: str) -> None:
    years = readings(ALICE, METERS[ALICE][0], ago(days=500), timedelta(days=25), 20)
    await fleet.store([row._replace(register_kwh=None) for row in years])
    await fleet.refresh()
    await fleet.run_policies()
    async with fleet.connection() as connection:
        await connection.execute(harm)
    await _bootstrap(fleet)
    assert await fleet.rows(_SHAPE) == _FLEET_SHAPE
    await fleet.run_policies()
    await fleet.agrees()


async def test_killed_in_the_middle_the_next_start_makes_it_whole(
    fresh: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for step in ("_ensure_hypertable", "_make_aggregates", "_ensure_policies"):
        with monkeypatch.context() as patch:
            patch.setattr(timescale_schema, step, killed)
            with pytest.raises(KeyboardInterrupt):
                await fresh.storage.bootstrap(fresh.db)
    await fresh.storage.bootstrap(fresh.db)
    assert await Fleet(fresh).rows(_SHAPE) == _FLEET_SHAPE


@pytest.fixture
async def fresh(database_server: TestServer, timescale: str) -> AsyncIterator[Stack]:
    """An Admin's database that is migrated and not started yet."""
    name = await database_server.empty("fresh")
    stack = open_stack(load_settings({"Application__RunMode": "Admin"}), database_server.dsn(name))
    await migrate(stack.db, RunMode.ADMIN)
    yield stack
    await close_stack(stack)
    await database_server.drop(name)


def _with_storage(stack: Stack, storage: str) -> Stack:
    settings = load_settings({"Application__RunMode": "Admin", "Database__Storage": storage})
    return open_stack(settings, stack.db.dsn)


@pytest.fixture
async def powerless(fresh: Stack, database_server: TestServer) -> AsyncIterator[Database]:
    """The fresh database as a role sees it that may use its tables and create nothing."""
    role = f"{database_server._prefix}_powerless"
    url = make_url(fresh.db.dsn)
    await database_server.execute(f"DROP ROLE IF EXISTS {role}", f"CREATE ROLE {role} LOGIN")
    database = Database(
        url.set(username=role).render_as_string(hide_password=False), application_name="tests"
    )
    async with fresh.db.transaction() as session:
        connection = await session.connection()
        for schema in ("app", "fleet"):
            await connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
            await connection.exec_driver_sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}")
    yield database
    await database.dispose()
    async with fresh.db.transaction() as session:
        await (await session.connection()).exec_driver_sql(f"DROP OWNED BY {role}")
    await database_server.execute(f"DROP ROLE {role}")


async def test_without_the_right_to_create_the_extension_the_plain_engine_says_why(
    fresh: Stack, powerless: Database
) -> None:
    choice = await judge(fresh.settings, powerless)
    assert choice.engine == "postgresql"
    assert choice.note is not None
    assert "CREATE EXTENSION timescaledb" in choice.note
    demanding = _with_storage(fresh, "timescale")
    with pytest.raises(Misconfigured, match="may not create the extension"):
        await judge(demanding.settings, powerless)
    await close_stack(demanding)


@pytest.mark.parametrize("filled", [False, True])
async def test_without_community_features_the_plain_engine_says_why_before_there_is_an_extension(
    fresh: Stack, monkeypatch: pytest.MonkeyPatch, *, filled: bool
) -> None:
    async def apache(_: object) -> str:
        return "apache"

    monkeypatch.setattr(timescale_probe, "license_of", apache)
    if filled:
        await _with_storage(fresh, "plain").storage.bootstrap(fresh.db)
        fleet = await Fleet.open(fresh)
        await fleet.store(readings(ALICE, METERS[ALICE][0], ago(days=2), timedelta(hours=1), 5))
    choice = await judge(fresh.settings, fresh.db)
    assert choice.engine == "postgresql"
    assert choice.note is not None
    assert "community features" in choice.note
    demanding = _with_storage(fresh, "timescale")
    with pytest.raises(Misconfigured, match="community features") as refused:
        await demanding.storage.bootstrap(demanding.db)
    assert "\n" not in refused.value.message
    await close_stack(demanding)
    extensions = "SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'"
    assert await Fleet(fresh).rows(extensions) == [(0,)]


async def test_an_extension_the_server_cannot_load_is_one_clear_line(fleet: Fleet) -> None:
    async with fleet.connection() as connection:
        await connection.execute(
            "UPDATE pg_extension SET extversion = '2.99.0' WHERE extname = 'timescaledb'"
        )
    await fleet.stack.db.dispose()
    settings = fleet.stack.settings
    with pytest.raises(Misconfigured, match=r"made with TimescaleDB 2\.99\.0 and the server has") as refused:
        async with opened_stack(settings):
            raise AssertionError
    assert "\n" not in refused.value.message


async def test_readings_in_timescaledb_are_not_served_by_the_plain_engine(fleet: Fleet) -> None:
    plain = _with_storage(fleet.stack, "plain")
    with pytest.raises(Misconfigured, match="Database__Storage=plain cannot be"):
        await plain.storage.bootstrap(plain.db)
    await close_stack(plain)


async def test_a_plain_database_with_readings_is_not_changed_by_a_start(
    stacks: Stacks, timescale: str
) -> None:
    fleet = await Fleet.open(await stacks.admin(Database__Storage="plain"))
    await fleet.store(readings(ALICE, METERS[ALICE][0], ago(days=2), timedelta(hours=1), 5))
    demanding = _with_storage(fleet.stack, "timescale")
    with pytest.raises(Misconfigured, match="portal storage upgrade"):
        await demanding.storage.bootstrap(demanding.db)
    automatic = _with_storage(fleet.stack, "auto")
    await automatic.storage.bootstrap(automatic.db)
    async with automatic.db.snapshot() as session:
        assert (await automatic.storage.capabilities(session)).engine == "postgresql"
    await fleet.agrees()
    await close_stack(demanding)
    await close_stack(automatic)
