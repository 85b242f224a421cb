"""`portal report`, as somebody types it."""

import asyncio
import json
import os
import subprocess
from pathlib import Path

from portal.core.stack import Stack


async def test_a_report_is_written_beside(portal_program: Path, client_stack: Stack, tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "Database__ConnectionString": client_stack.db.dsn,
        "Storage__DataDirectory": str(client_stack.settings.storage.data_directory),
    }

    async def portal(*words: str) -> subprocess.CompletedProcess[str]:
        command = [portal_program, "report", *words]
        return await asyncio.to_thread(
            subprocess.run,
            command,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    done = await portal("--month", "2026-04", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert (said["id"], said["file"], said["kwh"]) == ("2026-04", "energy-report-2026-04.pdf", 0)
    assert (tmp_path / said["file"]).read_bytes().startswith(b"%PDF-")
    wrong = await portal("--month", "last")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr.strip() == "portal: 'last' is no month like 2026-10"
    nobody = await portal("--to", "Nobody", "--output", "other.pdf")
    assert nobody.returncode == 1
    assert "There is no such channel" in nobody.stderr
    assert not (tmp_path / "other.pdf").exists()
