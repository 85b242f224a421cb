"""A database is set back to between two rows for one instant: both sides come to the same again, and that ends."""

from uuid import UUID

import pytest

from portal.core.outbox.service import push
from portal.core.readings.decoding import DecodedRows
from portal.core.readings.queries.ingest import device_by_id
from portal.core.readings.service.readings import store_device_batch
from portal.core.readings.wire import DeviceReading
from portal.push import task
from tests.integration.databases import Clock, Stacks
from tests.integration.push.restoring import copied, recover, restored_client, stored_energy, with_admin
from tests.integration.push.rig import Rig
from tests.integration.push.test_conflicts import OlderAdmin
from tests.integration.push.test_restored_client import EARLIER, yesterday


async def _pushed_sets(rig: Rig) -> None:
    """Send the same sets once more: the Admin remembers a later batch, and nothing else is new there."""
    await rig.on_client("UPDATE app.fleet_push_state SET content_hash = NULL")
    await rig.drain()


async def _completed(rig: Rig, device: UUID, *, power_kw: float) -> None:
    rows = [DeviceReading(time=EARLIER, active_power_kw=power_kw, voltage_v=230.0)]
    async with rig.client.db.direct.connection() as connection:
        known = await device_by_id(connection, device)
    await store_device_batch(rig.client, known, DecodedRows(rows, range(1), ()))
    await rig.drain()


@pytest.mark.parametrize("older", [False, True], ids=["merging", "of an earlier release"])
async def test_what_the_admin_has_less_of_is_not_lost(stacks: Stacks, rig: Rig, *, older: bool) -> None:
    """A database that was set back and lost nothing goes on, also beside an Admin that keeps what came first."""
    device = await yesterday(rig)
    await _completed(rig, device, power_kw=0.0)
    copy = await copied(stacks, rig.client)
    await _pushed_sets(rig)
    await rig.on_admin("UPDATE fleet.readings SET voltage_v = NULL")
    rig = await restored_client(stacks, rig, copy)
    if older:
        rig.network.inner = OlderAdmin(rig.network.inner)
    await _pushed_sets(rig)
    assert (await rig.tick()).behind is None
    assert (await push.status(rig.client)).behind_since is None


async def test_a_completion_and_a_greater_value_that_were_lost_here_come_back(
    stacks: Stacks, rig: Rig
) -> None:
    device = await yesterday(rig)
    copy = await copied(stacks, rig.client)
    await _completed(rig, device, power_kw=7.5)
    rig = await restored_client(stacks, rig, copy)
    await rig.on_client("UPDATE app.fleet_push_state SET content_hash = NULL")
    assert (await rig.tick()).behind, "it lost something"
    done = await recover(rig)
    assert (done.readings, done.merged_readings, done.conflicting_values) == (0, 1, 0)
    await rig.drain()
    await rig.assert_mirrored()
    assert (await task.verify_once(rig.client, transport=rig.network)).differences == []
    assert await stored_energy(rig.client, "monitoring") == await stored_energy(rig.admin, "fleet")


async def test_an_admin_set_back_gets_completions_and_conflicts_again(
    stacks: Stacks, rig: Rig, clock: Clock
) -> None:
    device = await yesterday(rig)
    copy = await copied(stacks, rig.admin)
    await _completed(rig, device, power_kw=7.5)
    rig = await with_admin(stacks, rig, copy)
    await rig.store(device, 3)
    for _ in range(4):
        await rig.tick()
        clock.advance(minutes=2)
    await rig.drain()
    await rig.assert_mirrored()
    assert (await task.verify_once(rig.client, transport=rig.network)).differences == []
    conflicts = "SELECT time, quantity, value FROM {}.reading_conflicts"
    held = await rig.on_admin(conflicts.format("fleet"))
    assert held == await rig.on_client(conflicts.format("monitoring")) == [(EARLIER, 0, 0)]
