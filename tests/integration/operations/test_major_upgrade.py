"""A database comes from one major release of PostgreSQL to a later one by a backup, which is proven there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.core import energy
from portal.core.database.migrations import migrate
from portal.core.operations.service import backups
from portal.core.readings.service import readings
from portal.core.settings import RunMode, load_settings
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack, close_stack, open_stack
from tests.integration.databases import TestServer, reachable_directory
from tests.integration.operations.servers import NO_OTHER_SERVER, earlier_server, server_of
from tests.integration.push.rig import series

_EARLIER = earlier_server()
_PLAIN = {"Application__RunMode": "Client", "Database__Storage": "plain"}


async def filled(dsn: str) -> Stack:
    """Make a Client's database on a server, with 600 readings of a meter."""
    stack = open_stack(load_settings(_PLAIN), dsn)
    await migrate(stack.db, RunMode.CLIENT)
    await energy.bootstrap(stack)
    await sites.add_site(stack, "Office")
    device = await devices.add_device(stack, "Meter", site="Office", external_id="SN-1")
    await readings.import_readings(stack, device.id, series(600, datetime(2026, 5, 18, tzinfo=UTC), 60))
    await energy.refresh(stack)
    return stack


@pytest.mark.skipif(_EARLIER is None, reason=NO_OTHER_SERVER)
async def test_what_an_earlier_postgresql_holds_is_restored_into_a_later_one(
    database_server: TestServer, tmp_path: Path
) -> None:
    assert _EARLIER is not None
    file = tmp_path / "portal.dump"
    with (
        reachable_directory() as directory,
        server_of(_EARLIER, directory / "earlier") as server,
    ):
        server.ensure_database("portal")
        earlier = await filled(server.dsn("portal"))
        note = await backups.take(earlier, file)
        await close_stack(earlier)
    name = await database_server.empty("later")
    later = open_stack(load_settings(_PLAIN), database_server.dsn(name))
    proof = await backups.restore(later, file)
    async with later.db.snapshot() as session:
        major = await backups.server_of(session)
    await close_stack(later)
    await database_server.drop(name)
    if note.postgresql_major == major.major:
        pytest.skip("the server the tests have is of the same release as the earlier one")
    assert note.postgresql_major < major.major
    assert (proof.differences, proof.meter_count) == ((), 1)
