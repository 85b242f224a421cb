"""The declared tables are the database: what is migrated and made by an engine differs from them in nothing."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from portal.core.database import reporting
from portal.core.database.layout import Layout
from portal.core.readings.rules.quantities import ALL_QUANTITIES, REGISTERS
from portal.core.schema import tables_of
from portal.core.settings import RunMode
from portal.core.stack import Stack
from tests.contract.storage import catalogue
from tests.integration.databases import Stacks
from tests.integration.energy.metering import START, new_meter


@pytest.fixture(params=RunMode)
async def stack(request: pytest.FixtureRequest, stacks: Stacks, engine: str) -> Stack:
    """A stack of either mode on the engine under test, with readings of two weeks."""
    opened = await stacks._open(request.param, {"Database__Storage": engine})
    meter = await new_meter(opened)
    await meter.store([(START + timedelta(days=5 * day), float(day)) for day in range(3)])
    return opened


@pytest.fixture
def layout(stack: Stack) -> Layout:
    return stack.layout


@pytest.fixture
def declared(stack: Stack, engine: str) -> MetaData:
    return tables_of(stack.settings.run_mode, engine)


@pytest.fixture
async def migrated(stack: Stack) -> AsyncIterator[AsyncConnection]:
    """A connection whose transaction is rolled back."""
    async with stack.db.engine.connect() as connection:
        yield connection


async def test_alembic_finds_no_difference(
    migrated: AsyncConnection, declared: MetaData, layout: Layout
) -> None:
    parts = await migrated.scalar(
        text("SELECT count(*) FROM pg_inherits WHERE inhparent = to_regclass(:readings)"),
        {"readings": layout.table("readings")},
    )
    assert parts
    assert parts >= 2, "the readings are to be in partitions or chunks, or leaving those out is not tried"
    assert await migrated.run_sync(catalogue.differences, declared) == []


# What is done to the database behind the tables' back, and what Alembic has to say about it.
_CHANGES = {
    "ALTER TABLE app.sessions DROP COLUMN agent": "add_column app.sessions.agent",
    "ALTER TABLE app.sessions ADD COLUMN browser text": "remove_column app.sessions.browser",
    "ALTER TABLE {0}.reading_conflicts DROP COLUMN first_seen_at": "add_column {0}.reading_conflicts.first_seen_at",
    "ALTER TABLE app.users ALTER email TYPE varchar(255)": "modify_type app.users.email",
    "ALTER TABLE {0}.daily_energy ALTER suspect_count TYPE bigint": "modify_type {0}.daily_energy.suspect_count",
    "ALTER TABLE app.api_keys ALTER name DROP NOT NULL": "modify_nullable app.api_keys.name",
    "ALTER TABLE app.branding ALTER appearance DROP DEFAULT": "modify_default app.branding.appearance",
    "ALTER TABLE app.api_keys ALTER scope SET DEFAULT 'read'": "modify_default app.api_keys.scope",
    "DROP INDEX app.ix_app_sessions_user_id": "add_index ix_app_sessions_user_id",
    "DROP INDEX {0}.ix_{0}_hourly_energy{2}_hour": "add_index ix_{0}_hourly_energy{2}_hour",
    "CREATE INDEX audit_events_by_time ON app.audit_events (at)": "remove_index audit_events_by_time",
    "ALTER TABLE app.users DROP CONSTRAINT users_email_key": "add_constraint app.users",
    "ALTER TABLE app.login_steps DROP CONSTRAINT login_steps_user_id_fkey": "add_fk app.login_steps",
    "DROP TABLE app.recovery_codes": "add_table app.recovery_codes",
    "CREATE TABLE public.leftover (id integer)": "remove_table leftover",
    "DROP TABLE {0}.{1} CASCADE": "add_table {0}.{1}",
    "COMMENT ON TABLE app.second_factors IS 'apps'": "remove_table_comment app.second_factors",
}
_OF_ENGINE = {"plain": "hourly_rollup", "timescale": "late_hours"}


async def test_alembic_finds_every_change(
    migrated: AsyncConnection, declared: MetaData, layout: Layout, engine: str
) -> None:
    own = (layout.schema, _OF_ENGINE[engine], "_customer" if layout.has_customers else "")
    expected = {finding.format(*own) for finding in _CHANGES.values()}
    if engine == "plain":  # an index of a table that is gone is missing with it
        expected.add(f"add_index ix_{layout.schema}_hourly_rollup_hour")
    await reporting.drop(migrated)  # views that hang on what is changed
    for change in _CHANGES:
        await migrated.execute(text(change.format(*own)))
    found = await migrated.run_sync(catalogue.differences, declared)
    assert {catalogue.in_words(difference) for difference in found} == expected


async def test_the_declared_tables_make_the_same_database(
    migrated: AsyncConnection, declared: MetaData, stacks: Stacks, stack: Stack
) -> None:
    """What Alembic does not compare as well: keys, checks, identities, conditions, the names of constraints."""
    name = f"{stack.db.engine.url.database}_declared"
    await stacks.server.execute(f"CREATE DATABASE {name}")
    engine = create_async_engine(stacks.server.dsn(name))
    try:
        async with engine.connect() as empty:
            await empty.run_sync(catalogue.build, declared)
            built = await empty.run_sync(catalogue.of_tables)
    finally:
        await engine.dispose()
        await stacks.server.drop(name)
    found = await migrated.run_sync(catalogue.of_tables)
    for what, rows in found.items():
        assert rows == built[what]


_UNSEEN_BY_ALEMBIC = (
    ("ALTER TABLE app.users DROP CONSTRAINT users_role_check",),
    (
        "ALTER TABLE app.users DROP CONSTRAINT users_role_check",
        "ALTER TABLE app.users ADD CONSTRAINT users_role_check CHECK (role IN ('admin'))",
    ),
    ("ALTER TABLE app.recovery_codes DROP CONSTRAINT recovery_codes_pkey",),
    ("ALTER TABLE app.audit_events ALTER COLUMN id SET GENERATED BY DEFAULT",),
    (
        "DROP INDEX app.ix_app_api_keys_name",
        "CREATE UNIQUE INDEX ix_app_api_keys_name ON app.api_keys (name)",
    ),
)


async def test_the_catalogue_shows_what_alembic_does_not(migrated: AsyncConnection) -> None:
    before = await migrated.run_sync(catalogue.of_tables)
    for statements in _UNSEEN_BY_ALEMBIC:
        async with migrated.begin_nested() as undone:
            for statement in statements:
                await migrated.execute(text(statement))
            assert await migrated.run_sync(catalogue.of_tables) != before, statements
            await undone.rollback()


_FIGURES = (
    "avg_active_power_kw double precision, max_active_power_kw double precision, "
    "min_active_power_kw double precision, sample_count bigint, kwh_delta double precision"
)
_INSTANTANEOUS = [each.name for each in ALL_QUANTITIES if each.name not in REGISTERS]
# Of an hour, the widest first: what registers showed last, extremes, sums, and how many readings had each.
_KEPT = ", ".join(
    (
        *(f"last_{name} bigint" for name in REGISTERS),
        *(f"{extreme}_energy_imported_kwh bigint" for extreme in ("lowest", "highest")),
        *(f"sum_{name} bigint" for name in _INSTANTANEOUS),
        "sample_count integer",
        *(f"{extreme}_active_power_kw integer" for extreme in ("max", "min")),
        *(f"count_{name} integer" for name in _INSTANTANEOUS),
    )
)

_KINDS = {"int2": "smallint", "int4": "integer", "int8": "bigint"}


def _expected_views(layout: Layout, engine: str) -> dict[str, str]:
    hour = layout.sql("{customer_id uuid, }device_id uuid, hour timestamp with time zone")
    day = f"customer_id uuid, day timestamp with time zone, device_count bigint, {_FIGURES}"
    quantities = ", ".join(f"{quantity.name} double precision" for quantity in ALL_QUANTITIES)
    of_reading = layout.sql("time timestamp with time zone, {customer_id uuid, }device_id uuid")
    of_meter = "customer integer, meter integer, hour timestamp with time zone"
    of_others = ", ".join(
        f"{'last' if each.name in REGISTERS else 'avg'}_{each.name} double precision"
        for each in ALL_QUANTITIES
        if each.name != "active_power_kw"
    )
    received = "" if layout.has_customers else ", received_at timestamp with time zone"
    views = {
        "power_measurements": f"{of_reading}, {quantities}, source character varying(50){received}",
        "hourly_per_device": f"{hour}, {_FIGURES}, {of_others}",
        "hourly_figures": f"{of_meter}, {_KEPT}",
        "settled_hours": f"{of_meter}, {_KEPT}",
        "rollup_waiting": of_meter,
        "rollup_queue": f"{hour}, first_at timestamp with time zone",
    }
    stored = ", ".join(f"{each.name} {_KINDS[each.width.type_name]}" for each in ALL_QUANTITIES)
    second = "" if layout.has_customers else ", received integer"
    small = "time timestamp with time zone, customer integer, meter integer"
    views |= {
        "stored_readings": f"{small}, {stored}, source character varying(50){second}",
        "wide_times": of_reading,
    }
    if engine == "timescale":
        views |= {"hourly_aggregate": f"{of_meter}, {_KEPT}"}
    if layout.has_customers:
        views["daily_per_customer"] = day
        if engine == "timescale":
            views["daily_aggregate"] = day.replace("customer_id uuid", "customer integer")
    return {layout.table(name): columns for name, columns in views.items()}


_OF_METER = (
    "{schema}.last_stored(integer,integer,timestamp with time zone)",
    "{schema}.next_imported(integer,integer,timestamp with time zone,integer)",
)


async def test_views_functions_and_triggers_are_those(
    migrated: AsyncConnection, layout: Layout, engine: str
) -> None:
    found = await migrated.run_sync(catalogue.beside_tables)
    assert dict(found["views"]) == _expected_views(layout, engine)
    of_mode = (
        ("fleet.day_of_customer(uuid,timestamp with time zone)", f"TABLE(device_count bigint, {_FIGURES})")
        if layout.has_customers
        else ("app.unused_number(regclass)", "integer")
    )
    readings_of = layout.sql("{schema}.readings_of(uuid{,uuid})")
    assert found["functions"] == sorted(
        [
            ("app.refuse_change()", "trigger"),
            of_mode,
            (readings_of, f"SETOF {layout.table('power_measurements')}"),
            *((layout.sql(function), f"SETOF {layout.table('stored_readings')}") for function in _OF_METER),
        ]
    )
    keeps = "CREATE TRIGGER audit_events_keep"
    refuses = "EXECUTE FUNCTION app.refuse_change()"
    assert found["triggers"] == [
        (f"{keeps} BEFORE DELETE OR UPDATE ON app.audit_events FOR EACH ROW {refuses}",),
        (f"{keeps}_all BEFORE TRUNCATE ON app.audit_events FOR EACH STATEMENT {refuses}",),
    ]
