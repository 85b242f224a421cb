"""A database of an earlier schema comes through an upgrade with all it held."""

from datetime import timedelta

import pytest

from portal.core.database.migrations import migrate, require_migrated
from portal.core.errors import Misconfigured
from portal.core.settings import RunMode
from tests.contract.storage.fleet import ALICE, METERS, Fleet, ago, readings
from tests.integration.databases import downgrade


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
