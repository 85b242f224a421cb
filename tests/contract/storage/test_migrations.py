"""A database of an earlier schema comes through an upgrade with all it held."""

from datetime import timedelta

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from portal.core.settings import PROJECT_ROOT, RunMode
from portal.core.storage.migrations import migrate
from tests.contract.storage.fleet import ALICE, METERS, Fleet, ago, readings


def _down_to(connection: Connection, revision: str) -> None:
    root, config = PROJECT_ROOT / "alembic", Config()
    config.set_main_option("script_location", str(root))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", f"{root}/versions/shared:{root}/versions/admin")
    config.attributes["connection"] = connection
    command.downgrade(config, revision)


async def test_what_was_queued_hour_by_hour_is_queued_by_batch_and_still_recomputed(fleet: Fleet) -> None:
    await fleet.store(readings(ALICE, METERS[ALICE][0], ago(days=3), timedelta(minutes=20), 100))
    await fleet.refresh()
    await fleet.store(readings(ALICE, METERS[ALICE][1], ago(days=2), timedelta(minutes=20), 100))
    queued = await fleet.rows("SELECT * FROM fleet.rollup_queue ORDER BY hour")
    async with fleet.stack.db.engine.begin() as connection:
        await connection.run_sync(_down_to, "admin_0001")
    assert await fleet.rows("SELECT * FROM fleet.rollup_queue ORDER BY hour") == queued
    assert await fleet.rows("SELECT relkind::text FROM pg_class WHERE relname = 'rollup_queue'") == [("r",)]
    await migrate(fleet.stack.db, RunMode.ADMIN)
    await fleet.stack.storage.bootstrap(fleet.stack.db)
    assert await fleet.rows("SELECT * FROM fleet.rollup_queue ORDER BY hour") == queued
    await fleet.agrees()
    await fleet.refresh()
    assert await fleet.rows("SELECT count(*) FROM fleet.rollup_queue") == [(0,)]
    await fleet.agrees()
