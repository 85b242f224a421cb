"""A change of the schema beside somebody who holds its tables: it waits a little, and again, and never for ever."""

import asyncio

import asyncpg
import pytest
from structlog.testing import capture_logs

from portal.core.database import migrations
from portal.core.database.connection_strings import plain
from portal.core.database.migrations import migrate, require_migrated
from portal.core.errors import Conflict, Misconfigured
from portal.core.settings import RunMode
from portal.core.stack import Stack
from tests.integration.databases import downgrade
from tests.integration.meeting import lock_waited_for

HOLD = "LOCK TABLE app.tariff_seasons IN ACCESS SHARE MODE"


@pytest.fixture
async def behind(client_stack: Stack) -> Stack:
    """A Client's database as it was before a column had its present name."""
    await downgrade(client_stack.db, RunMode.CLIENT, "client_0010")
    return client_stack


async def test_a_table_that_is_held_ends_the_start_with_one_line(
    behind: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "_LOCK_SECONDS", 0.5)
    monkeypatch.setattr(migrations, "_PAUSE_SECONDS", (0.1, 0.2))
    holder = await behind.db.dedicated(application_name="pg_dump")
    with capture_logs() as said:
        async with holder.transaction():
            await holder.execute(HOLD)
            with pytest.raises(Conflict) as ended:
                await asyncio.wait_for(migrate(behind.db, RunMode.CLIENT), 20)
    await holder.close()
    assert "in use by pg_dump: let that end" in ended.value.message
    assert "\n" not in ended.value.message
    assert [line["again_in_s"] for line in said if line["event"] == "The schema cannot be changed yet"] == [
        0.1,
        0.2,
    ]
    with pytest.raises(Misconfigured, match="schema of another release"):
        await require_migrated(behind.db, RunMode.CLIENT)


async def test_who_comes_behind_it_goes_on_and_so_does_the_start_once_the_table_is_free(
    behind: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "_LOCK_SECONDS", 1)
    holder, reader = [await asyncpg.connect(plain(behind.db.dsn)) for _ in range(2)]
    held = holder.transaction()
    await held.start()
    await holder.execute(HOLD)
    start = asyncio.create_task(migrate(behind.db, RunMode.CLIENT))
    await lock_waited_for(behind, start)
    reading = reader.fetchval("SELECT count(place) FROM app.tariff_seasons")
    assert await asyncio.wait_for(reading, 10) == 0, "with the table still held"
    await held.rollback()
    await start
    await require_migrated(behind.db, RunMode.CLIENT)
    for connection in (holder, reader):
        await connection.close()
