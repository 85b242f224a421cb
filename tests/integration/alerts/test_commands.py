"""`portal alert`, as somebody types it."""

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import Any

from portal.core.audit import service as audit
from portal.core.stack import Stack
from tests.integration.alerts.conftest import ReadMeter
from tests.integration.alerts.receivers import PASSWORD, Hook


async def test_rules_channels_and_alerts_at_the_terminal(
    portal_program: Path, stack: Stack, meter: ReadMeter, hook: Hook, tmp_path: Path
) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LOGNAME": "alice",
        "Database__ConnectionString": stack.db.dsn,
        "Storage__DataDirectory": str(stack.settings.storage.data_directory),
    }
    outputs: list[str] = []

    async def portal(*words: str, given: str = "") -> dict[str, Any]:
        done = await asyncio.to_thread(
            subprocess.run,
            [portal_program, "alert", *words, "--json"],
            cwd=tmp_path,
            env=environment,
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        outputs.append(done.stdout + done.stderr)
        return json.loads(done.stdout.splitlines()[-1])

    # By the machine's own clock, which the verbs have, this is long ago.
    await meter.has_said(5)
    made = await portal(
        "channel", "add", "Hook", "--kind", "webhook", "--quiet", "22:00-06:00", given=hook.url
    )
    assert (made["quietFrom"], made["quietTo"]) == ("22:00:00", "06:00:00")
    assert (await portal("channel", "try", "Hook"))["name"] == "Hook"
    rule = await portal("rule", "add", "silent", "--channel", "Hook", "--device", "main-1", "--urgent")
    assert rule["deviceId"] == str(meter.issued.id)
    assert await portal("check") == {"began": 1, "ended": 0, "sent": 1, "failed": 0}
    [alert] = (await portal("list", "--open"))["alerts"]
    seen = await portal("acknowledge", str(alert["id"]), "--note", "The board is being swapped")
    assert seen["acknowledgedBy"] == "alice (command line)"
    assert [post["title"] for post in hook.posts] == ["Energy portal: a trial", "Meter silent: Main, Yard"]
    await portal("rule", "remove", "Meter silent")
    await portal("channel", "remove", "Hook")
    assert (await portal("rule", "list"))["rules"] == (await portal("channel", "list"))["channels"] == []
    trail = [event.action for event in await audit.list_events(stack, topic="")]
    assert [action for action in trail if action.startswith("alert")] == [
        "alert_channel.removed",
        "alert_rule.removed",
        "alert.acknowledged",
        "alert_rule.added",
        "alert_channel.tried",
        "alert_channel.added",
    ]
    assert PASSWORD not in " ".join(outputs)
