"""A database of an earlier schema comes through an upgrade with all it held."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from portal.core.database.migrations import migrate, require_migrated
from portal.core.errors import Misconfigured
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
    assert await fleet.rows("SELECT * FROM fleet.rollup_queue ORDER BY hour") == queued
    assert await fleet.rows("SELECT relkind::text FROM pg_class WHERE relname = 'rollup_queue'") == [("r",)]
    with pytest.raises(Misconfigured, match="schema of another release"):
        await require_migrated(fleet.stack.db, RunMode.ADMIN)
    await migrate(fleet.stack.db, RunMode.ADMIN)
    await require_migrated(fleet.stack.db, RunMode.ADMIN)
    await fleet.stack.storage.bootstrap(fleet.stack.db)
    assert await fleet.rows("SELECT * FROM fleet.rollup_queue ORDER BY hour") == queued
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
