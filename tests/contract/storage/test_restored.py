"""A database that was only half restored takes no readings: they would be lost or stored twice."""

import pytest
from sqlalchemy import text

from portal.core.database.migrations import migrate, require_migrated
from portal.core.errors import Misconfigured
from portal.core.settings import RunMode
from tests.contract.storage.fleet import Fleet
from tests.integration.databases import Stacks


async def _refused(fleet: Fleet, reason: str) -> None:
    for enter in (migrate, require_migrated):
        with pytest.raises(Misconfigured, match=reason):
            await enter(fleet.stack.db, RunMode.ADMIN)


async def _execute(fleet: Fleet, statement: str) -> None:
    async with fleet.stack.db.engine.begin() as connection:
        await connection.execute(text(statement))


async def test_readings_without_their_key_are_not_served(fleet: Fleet) -> None:
    await migrate(fleet.stack.db, RunMode.ADMIN)
    await _execute(fleet, "ALTER TABLE fleet.readings DROP CONSTRAINT readings_pkey CASCADE")
    await _refused(fleet, "no primary key")


async def test_a_restore_that_was_not_ended_is_not_served(stacks: Stacks, timescale: str) -> None:
    fleet = await Fleet.open(await stacks.admin(Database__Storage=timescale))
    await _execute(fleet, "SELECT timescaledb_pre_restore()")
    await fleet.stack.db.dispose()
    await _refused(fleet, "timescaledb_post_restore")
    await _execute(fleet, "SELECT timescaledb_post_restore()")
    await fleet.stack.db.dispose()
    await migrate(fleet.stack.db, RunMode.ADMIN)
    await require_migrated(fleet.stack.db, RunMode.ADMIN)
