"""A device's token, replaced on the command line."""

import asyncio
import json
import os
import subprocess
from pathlib import Path

import pytest

from portal.core.audit import service as audit
from portal.core.errors import NotFound, Unauthenticated
from portal.core.readings.service import readings
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack


async def _rotate(
    program: Path, stack: Stack, directory: Path, external_id: str
) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "LOGNAME": "alice",
        "Database__ConnectionString": stack.db.dsn,
    }
    command = [program, "device", "rotate", external_id, "--json"]
    return await asyncio.to_thread(
        subprocess.run, command, cwd=directory, env=environment, capture_output=True, text=True, check=False
    )


async def test_the_old_token_ends_and_the_trail_says_who_did_it(
    portal_program: Path, client_stack: Stack, tmp_path: Path
) -> None:
    await sites.add_site(client_stack, "Yard")
    old, other = [
        await devices.add_device(client_stack, name, site="Yard", external_id=name)
        for name in ("SN-1", "SN-2")
    ]
    done = await _rotate(portal_program, client_stack, tmp_path, "SN-1")
    assert done.returncode == 0, done.stderr
    issued = json.loads(done.stdout.splitlines()[-1])
    assert (issued["id"], issued["externalId"]) == (str(old.id), "SN-1")
    with pytest.raises(Unauthenticated):
        await readings.authenticate_device(client_stack, old.token)
    assert (await readings.authenticate_device(client_stack, issued["token"])).id == old.id
    assert (await readings.authenticate_device(client_stack, other.token)).id == other.id
    event = (await audit.list_events(client_stack, topic="device"))[0]
    assert (event.action, event.subject, event.actor_kind) == ("device.token_rotated", "SN-1", "command")
    assert issued["token"] not in f"{event}{done.stderr}"


async def test_an_unknown_device_is_one_clear_line(
    portal_program: Path, client_stack: Stack, tmp_path: Path
) -> None:
    done = await _rotate(portal_program, client_stack, tmp_path, "SN-9")
    assert (done.returncode != 0, done.stdout) == (True, "")
    assert done.stderr.strip().splitlines()[-1].endswith("There is no device with external id 'SN-9'")
    with pytest.raises(NotFound):
        await devices.rotate_device_token(client_stack, "SN-9")
