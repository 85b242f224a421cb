"""A Client moves to another host by its folder, a backup and a restore: nothing is lost, and nothing arrives twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from portal.core.operations.service import backups
from portal.core.stack import open_stack
from portal.push import task
from tests.integration.databases import Stacks
from tests.integration.push.restoring import stored_energy
from tests.integration.push.rig import START, Rig


async def test_a_client_goes_on_at_another_host_where_it_stopped(
    stacks: Stacks, rig: Rig, tmp_path: Path
) -> None:
    device = await rig.add_device()
    await rig.tick()
    await rig.store(device, 300, seconds=60)
    await rig.drain()
    # What was not pushed yet when it stopped moves with it.
    await rig.store(device, 100, start=START + timedelta(hours=6), seconds=10)
    held = await stored_energy(rig.client, "monitoring")
    await backups.take(rig.client, tmp_path / "acme.dump")

    name = await stacks.server.empty("moved")
    moved = replace(open_stack(rig.client.settings, stacks.server.dsn(name)), clock=rig.client.clock)
    stacks.opened.append((moved, name))
    assert (await backups.restore(moved, tmp_path / "acme.dump")).differences == ()
    there = replace(rig, client=moved)
    assert await stored_energy(moved, "monitoring") == held
    await there.drain()
    await there.store(device, 10, start=START + timedelta(hours=7))
    await there.drain()
    await there.assert_mirrored()
    report = await task.verify_once(moved, transport=there.network)
    assert (report.readings, report.differences) == (410, [])
