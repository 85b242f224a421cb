"""`portal push ...` as a person or a script runs it."""

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from portal.core.stack import Stack
from tests.integration.databases import Clock
from tests.integration.push.rig import Rig
from tests.integration.push.test_dead_letters import _given_up


async def _portal(
    program: Path, stack: Stack, directory: Path, *words: str
) -> subprocess.CompletedProcess[str]:
    fleet = stack.settings.fleet_ingest
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "LOGNAME": "olga",
        "Database__ConnectionString": stack.db.dsn,
        "FleetIngest__Enabled": "true",
        "FleetIngest__Url": fleet.url,
        "FleetIngest__Token": fleet.token.get_secret_value(),
    }
    command = [program, "push", *words]
    return await asyncio.to_thread(
        subprocess.run, command, cwd=directory, env=environment, capture_output=True, text=True, check=False
    )


def _json(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


async def test_dead_letters_are_listed_retried_and_dropped(
    portal_program: Path, rig: Rig, clock: Clock, tmp_path: Path
) -> None:
    await _given_up(rig, clock)
    listed = _json(await _portal(portal_program, rig.client, tmp_path, "dead-letters", "--json"))[
        "deadLetters"
    ]
    assert len(listed) == 3
    one, two, _ = (str(dead_letter["id"]) for dead_letter in listed)
    assert (
        _json(await _portal(portal_program, rig.client, tmp_path, "discard", one, "--json"))["discarded"] == 1
    )
    assert _json(await _portal(portal_program, rig.client, tmp_path, "retry", two, "--json"))["retried"] == 1
    status = _json(await _portal(portal_program, rig.client, tmp_path, "status", "--json"))
    assert status["backlog"]["deadLetters"] == 1
    assert [d["decidedBy"] for d in status["decisions"]] == ["olga (command line)"] * 2
    words = (await _portal(portal_program, rig.client, tmp_path, "status")).stdout
    assert words.startswith("Push is on; 0 readings wait, 1 to be tried again, 1 given up.\n")
    assert "\nmeasurements: pushed 2026-05-18 " in words
    again = await _portal(portal_program, rig.client, tmp_path, "discard", one)
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr.count("\n") == 1
    assert (await _portal(portal_program, rig.client, tmp_path, "retry", "first")).returncode == 1


@pytest.mark.parametrize("words", [("verify",), ("verify", "--from", "yesterday")])
async def test_a_comparison_that_cannot_be_made_is_one_line(
    portal_program: Path, rig: Rig, tmp_path: Path, words: tuple[str, ...]
) -> None:
    await rig.store(await rig.add_device(), 3)
    done = await _portal(portal_program, rig.client, tmp_path, *words)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert rig.token not in done.stderr
