"""`portal serve` on its own: with nothing configured it brings its database, and it stops cleanly when told to."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.architecture.source import ROOT
from tests.integration.databases import reachable_directory
from tests.pace import within
from tests.ports import free_port

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
            process.send_signal(signal.SIGTERM)
            with within(10):
                status = process.wait(_STARTED_WITHIN_S)
    assert status == 0
    assert not [pid for pid in server if Path(f"/proc/{pid}").exists()]


def test_others_reach_no_stack_with_the_password_of_the_documentation(
    built_pages: None, tmp_path: Path
) -> None:
    """One line says so, also in Development; a setting lets it pass."""
    with reachable_directory(in_memory=True) as data:
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


@pytest.fixture
def home() -> Iterator[Path]:
    """Where a stack lives; the database's user gets there also when the tests run as root."""
    with reachable_directory(in_memory=True) as directory:
        yield directory


def test_a_killed_database_comes_back_and_a_second_stack_is_refused(built_pages: None, home: Path) -> None:
    with _serving(home) as (process, url):
        postmaster = _kill_postmaster(home)
        assert _eventually(lambda: _is_ready(url) and _postmaster(home) not in (-1, postmaster))
        second = subprocess.run(
            _command(free_port()),
            cwd=home,
            env=_environment(home),
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 1
        data = home / "data" / "postgres"
        words = f"portal: the database in {data} is in use by process {process.pid}: stop that first"
        assert second.stderr.strip().splitlines()[-1] == words
        assert "Traceback" not in second.stderr
        assert _is_ready(url)
        process.kill()
        process.wait(_STARTED_WITHIN_S)
    with _serving(home) as (_, url):
        assert _is_ready(url)
    log = (home / "serve.log").read_text()
    assert log.count("The embedded PostgreSQL ended and is started again") == 1
    assert log.count("The embedded PostgreSQL runs again") == 1
    assert "Traceback" not in log


def test_a_database_that_will_not_stay_ends_the_stack_with_one_line(built_pages: None, home: Path) -> None:
    with _serving(home) as (process, _):
        (home / "data" / "postgres" / "data" / "PG_VERSION").write_text("1\n")
        _kill_postmaster(home)
        assert process.wait(_STARTED_WITHIN_S) == 1
    last = (home / "serve.log").read_text().strip().splitlines()[-1]
    assert last.startswith("portal: the embedded PostgreSQL ended 5 times in a row")
    assert "Traceback" not in (home / "serve.log").read_text()


@contextmanager
def _serving(directory: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    port = free_port()
    with (directory / "serve.log").open("ab") as log:
        process = subprocess.Popen(
            _command(port), cwd=directory, env=_environment(directory), stdout=log, stderr=subprocess.STDOUT
        )
    url = f"http://127.0.0.1:{port}"
    try:
        assert _eventually(lambda: process.poll() is not None or _is_ready(url))
        yield process, url
    finally:
        process.terminate()
        process.wait(_STARTED_WITHIN_S)


def _command(port: int) -> list[str]:
    return [sys.executable, "-m", "portal.cli", "serve", "--port", str(port)]


def _environment(directory: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "Storage__DataDirectory": str(directory / "data"),
    }


def _postmaster(directory: Path) -> int:
    """The server's process; -1 while there is none."""
    pid_file = directory / "data" / "postgres" / "data" / "postmaster.pid"
    try:
        return int(pid_file.read_text().splitlines()[0])
    except (OSError, IndexError):
        return -1


def _kill_postmaster(directory: Path) -> int:
    pid = _postmaster(directory)
    assert pid > 1
    os.kill(pid, signal.SIGKILL)
    return pid


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", timeout=5).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _STARTED_WITHIN_S
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.1)
    return holds()


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
