"""`portal serve` on its own: with nothing configured it brings its database, and it stops cleanly when told to."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.e2e.running import free_port
from tests.integration.databases import reachable_directory

_STARTED_WITHIN_S = 60


def test_a_bare_stack_starts_says_where_and_stops_with_everything_it_started(
    built_pages: None, tmp_path: Path
) -> None:
    port = free_port()
    # Only what a newcomer's shell has: the settings come from their defaults.
    environment = {"PATH": os.environ["PATH"], "Storage__DataDirectory": str(tmp_path / "data")}
    command = [sys.executable, "-m", "portal.cli", "serve", "--port", str(port), "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environment
    ) as process:
        assert process.stdout is not None
        try:
            ready = json.loads(process.stdout.readline())
            assert ready == {"id": "Client", "url": f"http://127.0.0.1:{port}"}
            assert httpx.get(f"{ready['url']}/health/ready").status_code == httpx.codes.OK
            server = _children(process.pid)
            assert server
        finally:
            asked = time.monotonic()
            process.send_signal(signal.SIGTERM)
            status = process.wait(_STARTED_WITHIN_S)
    assert status == 0
    assert time.monotonic() - asked < 10
    assert not [pid for pid in server if Path(f"/proc/{pid}").exists()]


def test_others_reach_no_stack_with_the_password_of_the_documentation(
    built_pages: None, tmp_path: Path
) -> None:
    """One line says so, also in Development; a setting lets it pass."""
    with reachable_directory() as data:
        _reach_for(tmp_path, data)


def _reach_for(tmp_path: Path, data: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "Storage__DataDirectory": str(data)}
    command = [sys.executable, "-m", "portal.cli", "serve", "--host", "0.0.0.0", "--port", str(free_port())]
    refused = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False, timeout=120
    )
    assert refused.returncode == 1
    assert refused.stdout == ""
    [line] = refused.stderr.splitlines()
    assert line.startswith("portal: admin@example.com still has the default password")
    allowed = environment | {"Authentication__AllowDefaultPassword": "true"}
    with subprocess.Popen(
        [*command, "--json"], stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=allowed
    ) as process:
        assert process.stdout is not None
        try:
            assert json.loads(process.stdout.readline())["id"] == "Client"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_STARTED_WITHIN_S)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
