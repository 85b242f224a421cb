"""A database of an earlier schema comes through an upgrade with all it held."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from portal.core.database.migrations import migrate, require_migrated
from portal.core.errors import Misconfigured
from portal.core.readings.queries import wide_moves, wide_rows
from portal.core.readings.queries.readings_view import show_narrow_alone
from portal.core.readings.service.wide_readings import move_wide_readings
from portal.core.settings import RunMode
from portal.core.sites.service import devices
from portal.core.stack import Stack
from tests.contract.storage.fleet import ALICE, CHARLIE, METERS, Fleet, ago, readings
from tests.integration.databases import Stacks, downgrade


async def test_what_was_queued_hour_by_hour_is_queued_by_batch_and_still_recomputed(fleet: Fleet) -> None:
    await fleet.store(readings(ALICE, METERS[ALICE][0], ago(days=3), timedelta(minutes=20), 100))
    await fleet.refresh()
    await fleet.store(readings(ALICE, METERS[ALICE][1], ago(days=2), timedelta(minutes=20), 100))
    queued = await fleet.rows("SELECT * FROM fleet.rollup_queue ORDER BY hour")
    await downgrade(fleet.stack.db, RunMode.ADMIN, "admin_0001")
    # The earlier release judges all of it again besides.
    assert set(queued) <= set(await fleet.rows("SELECT * FROM fleet.rollup_queue"))
    assert await fleet.rows("SELECT relkind::text FROM pg_class WHERE relname = 'rollup_queue'") == [("r",)]
    with pytest.raises(Misconfigured, match="schema of another release"):
        await require_migrated(fleet.stack.db, RunMode.ADMIN)
    await migrate(fleet.stack.db, RunMode.ADMIN)
    await require_migrated(fleet.stack.db, RunMode.ADMIN)
    await fleet.stack.storage.bootstrap(fleet.stack.db)
    await move_wide_readings(fleet.stack)
    assert set(queued) <= set(await fleet.rows("SELECT * FROM fleet.rollup_queue"))
    await fleet.agrees()
    await fleet.refresh()
    assert await fleet.rows("SELECT count(*) FROM fleet.rollup_queue") == [(0,)]
    await fleet.agrees()


_OLDER = "2025-01-01T00:00:00Z"
_BEFORE_SMALL_KEYS = """
INSERT INTO fleet.customers (id, code, name, token_hash, created_at)
    VALUES ('{zoe}', 'zoe', 'Zoe', 'zoe', '{older}'), ('{abe}', 'abe', 'Abe', 'abe', '{older}');
INSERT INTO fleet.sites (customer_id, id, name) VALUES ('{zoe}', '{zoe}', 'Site');
INSERT INTO fleet.devices (customer_id, id, site_id, name, external_id)
    SELECT '{zoe}', lpad(n::text, 32, '0')::uuid, '{zoe}', 'Meter', n::text FROM generate_series(1, 20) n ORDER BY -n;
"""


async def test_the_customers_and_meters_of_an_earlier_release_are_numbered(fleet: Fleet) -> None:
    """Customers as they were registered, meters of each by their ids; readings stay what they were."""
    zoe, abe = UUID(int=0xE), UUID(int=0xF)
    await fleet.store(readings(ALICE, METERS[ALICE][0], ago(days=3), timedelta(minutes=20), 100))
    await downgrade(fleet.stack.db, RunMode.ADMIN, "admin_0008")
    async with fleet.connection() as connection:
        await connection.execute(_BEFORE_SMALL_KEYS.format(zoe=zoe, abe=abe, older=_OLDER))
    await migrate(fleet.stack.db, RunMode.ADMIN)
    await require_migrated(fleet.stack.db, RunMode.ADMIN)
    numbers = dict(await fleet.rows("SELECT id, number FROM fleet.customers"))
    assert [*sorted(numbers, key=lambda customer: numbers[customer])] == [zoe, abe, ALICE, CHARLIE]
    assert sorted(numbers.values()) == [1, 2, 3, 4]
    expected = {(zoe, UUID(f"{each:032}")): (1, each) for each in range(1, 21)} | {
        (customer, device): (numbers[customer], meter)
        for customer, of_customer in METERS.items()
        for meter, device in enumerate(of_customer, 1)
    }
    found = await fleet.rows("SELECT customer_id, id, customer, meter FROM fleet.devices")
    assert {(row[0], row[1]): (row[2], row[3]) for row in found} == expected
    assert sorted(await fleet.rows("SELECT customer, last_meter FROM fleet.meter_numbers")) == [
        (1, 20), (2, 0), (3, 2), (4, 1),
    ]  # fmt: skip
    await fleet.stack.storage.bootstrap(fleet.stack.db)
    await move_wide_readings(fleet.stack)
    await fleet.agrees()


_OF_CLIENT = """
WITH site AS (INSERT INTO monitoring.sites (name) VALUES ('Office') RETURNING id)
INSERT INTO monitoring.devices (id, site_id, name, external_id, token_hash)
SELECT lpad(n::text, 32, '0')::uuid, site.id, 'Meter', n::text, n::text FROM site, generate_series(1, 20) n ORDER BY -n
"""


async def _of_client(stack: Stack) -> dict[str, tuple[int, int]]:
    async with stack.db.snapshot() as session:
        rows = await session.execute(text("SELECT external_id, customer, meter FROM monitoring.devices"))
        return {row[0]: (row[1], row[2]) for row in rows}


async def test_the_meters_of_a_client_of_an_earlier_release_are_numbered(stacks: Stacks, engine: str) -> None:
    stack = await stacks.client(Database__Storage=engine)
    await downgrade(stack.db, RunMode.CLIENT, "client_0011")
    async with stack.db.engine.begin() as connection:
        await connection.execute(text(_OF_CLIENT))
    await migrate(stack.db, RunMode.CLIENT)
    before = await _of_client(stack)
    assert before == {str(each): (1, each) for each in range(1, 21)}
    await devices.add_device(stack, "New", site="Office", external_id="new")
    after = await _of_client(stack)
    assert after.pop("new")[1] > 20
    assert after == before


_WIDE = """
INSERT INTO fleet.power_measurements
    (time, customer_id, device_id, active_power_kw, power_factor, frequency_hz, energy_imported_kwh, source)
SELECT t.time, d.customer_id, d.id, 0.5 + n::float8 / 7, -1 + n % 2, n::float8 / 3, 1000 + n::float8 / 7,
    CASE n % 3 WHEN 0 THEN NULL ELSE 'board ' || n % 3 END
FROM fleet.devices d, generate_series(0, 20000) n,
    LATERAL (SELECT timestamptz '2026-02-20 00:00Z' + n * interval '77.7 s' AS time) t
"""
_ODD = """
UPDATE fleet.power_measurements SET frequency_hz = 'NaN', active_power_kw = '-infinity', power_factor = 4
WHERE time = '2026-02-20 00:00Z'
"""
_QUEUED = """
INSERT INTO fleet.rollup_batches (customer_id, device_ids, hours, firsts)
SELECT customer_id, array_agg(device_id), array_agg(hour), array_agg(hour) FROM (
    SELECT DISTINCT customer_id, device_id, date_trunc('hour', time, 'UTC') AS hour FROM fleet.power_measurements
) h GROUP BY customer_id
"""
_SEEN = """
SELECT customer_id, device_id, time, (round(active_power_kw * 10000) / 10000)::text,
    (round(power_factor * 10000) / 10000)::text, (round(frequency_hz * 1000) / 1000)::text,
    round(energy_imported_kwh * 1000000) / 1000000, source
FROM fleet.power_measurements ORDER BY 1, 2, 3
"""
_WEEKS = """
DO $do$ BEGIN IF (SELECT relkind = 'r' FROM pg_class WHERE oid = 'fleet.power_measurements'::regclass) THEN RETURN;
END IF; FOR n IN 0..3 LOOP EXECUTE format(
    'CREATE TABLE fleet.power_measurements_%s PARTITION OF fleet.power_measurements FOR VALUES FROM (%L) TO (%L)',
    to_char(timestamptz '2026-02-16 00:00Z' + n * interval '7 days', 'YYYYMMDD'),
    timestamptz '2026-02-16 00:00Z' + n * interval '7 days', timestamptz '2026-02-23 00:00Z' + n * interval '7 days');
END LOOP; END $do$
"""


async def test_readings_of_an_earlier_release_are_moved_and_stay_what_they_were(
    fleet: Fleet, engine: str
) -> None:
    """Rounded to what is kept; energy and figures to their last digit. Killed between two units, it goes on."""
    stack = fleet.stack
    await downgrade(stack.db, RunMode.ADMIN, "admin_0010")
    async with fleet.connection() as connection:
        for statement in (_WEEKS, _WIDE, _ODD, _QUEUED):
            await connection.execute(statement)
        if engine == "timescale":
            await connection.execute(
                "SELECT compress_chunk(c) FROM show_chunks('fleet.power_measurements') c"
            )
    await migrate(stack.db, RunMode.ADMIN)
    before = await fleet.rows(_SEEN)
    assert len(before) == 3 * 20_001
    await stack.storage.bootstrap(stack.db)
    assert await fleet.rows(_SEEN) == before
    newest, *_ = await wide_rows.units_of_newest_week(stack.db, stack.layout)
    await stack.storage.ensure_partitions(stack.db, [newest.start, newest.start + timedelta(days=6)])
    await wide_moves.move(stack.db, stack.layout, newest)
    assert await fleet.rows(_SEEN) == before
    assert await move_wide_readings(stack) < 3 * 20_001
    lost = [row for row in before if row[2] == datetime(2026, 2, 20, tzinfo=UTC)]
    kept = [(*row[:3], None, None, None, *row[6:]) if row in lost else row for row in before]
    assert await fleet.rows(_SEEN) == kept
    assert await fleet.rows("SELECT to_regclass('fleet.power_measurements_wide')::text") == [(None,)]
    await fleet.refresh()
    summed = "SELECT sum(sample_count)::bigint FROM fleet.hourly_per_device"
    assert await fleet.rows(summed) == [(3 * 20_001,)]
    assert await move_wide_readings(stack) == 0


async def test_the_view_that_is_left_is_the_one_that_a_new_database_has(stacks: Stacks, engine: str) -> None:
    said = (
        "SELECT pg_get_viewdef('{power_measurements}'::regclass), pg_get_viewdef('{stored_readings}'::regclass), "
        "pg_get_viewdef('{wide_times}'::regclass), pg_get_functiondef('{schema}.readings_of'::regproc), "
        "pg_get_functiondef('{schema}.last_stored'::regproc), pg_get_functiondef('{schema}.next_imported'::regproc)"
    )
    for mode in RunMode:
        stack = await stacks._open(mode, {"Database__Storage": engine})
        async with stack.db.transaction() as session:
            asked = text(stack.layout.sql(said).replace("::", "\\:\\:"))
            before = (await session.execute(asked)).one()
            await show_narrow_alone(session, stack.layout)
            after = (await session.execute(asked)).one()
            assert after[:3] == before[:3]
            assert ["".join(each.split()) for each in after[3:]] == [
                "".join(each.split()) for each in before[3:]
            ]
