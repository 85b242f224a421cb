"""The ingest of an earlier release serves boards, the database is upgraded under it, and this release takes over.

The earlier release is its own code, out of the project's history. What boards were told is stored is there afterwards,
and nobody was refused for as long as ten seconds.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from portal.core.database.releases import RELEASES
from tests.architecture.source import ROOT
from tests.integration.databases import TestServer
from tests.length import LONG
from tests.pace import busy
from tests.ports import free_port

# Where each release was cut.
_COMMITS = {"0.1.0": "408b74b7", "0.2.0": "f37346ae", "0.3.0": "4d4a06d9", "0.4.0": "3b07ae77"}
NO_HISTORY = "NO HISTORY HERE: a clone of the whole project has the code of earlier releases"
_PATIENCE_S = 120
_START = datetime(2026, 5, 18, tzinfo=UTC)


@dataclass
class Code:
    """The code of a release, and the settings it runs by."""

    directory: Path
    settings: Mapping[str, str]

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "PYTHONPATH": str(self.directory), **self.settings}

    def verb(self, *words: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "portal.cli", *words, "--json"],
            cwd=self.directory,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.strip().splitlines()[-1])

    def ingest(self, port: int) -> subprocess.Popen[bytes]:
        has_verb = '"ingest"' in (self.directory / "portal/cli.py").read_text("utf-8")
        program = (
            ["portal.cli", "ingest"] if has_verb else ["uvicorn", "--factory", "fleet_ingest.app:create_app"]
        )
        command = [sys.executable, "-m", *program, "--port", str(port), "--workers", "2"]
        return subprocess.Popen(
            command,
            cwd=self.directory,
            env=self._environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@dataclass
class _Board:
    """Posts a reading every tenth of a second, and again until it is told that it is stored."""

    url: str
    token: str
    acknowledged: int = 0
    longest_s: float = 0
    is_over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        with httpx.Client(timeout=5) as http:
            while not self.is_over.is_set():
                began = time.monotonic()
                while not self._is_stored(http) and not self.is_over.is_set():
                    time.sleep(0.05)
                self.longest_s = max(self.longest_s, time.monotonic() - began)
                self.acknowledged += 1
                time.sleep(0.1)

    def _is_stored(self, http: httpx.Client) -> bool:
        row = {
            "time": (_START + timedelta(seconds=self.acknowledged)).isoformat(),
            "energyImportedKwh": 1000.5,
        }
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            answer = http.post(f"{self.url}/api/ingest/measurements", headers=headers, json=[row])
        except httpx.HTTPError:
            return False
        return answer.status_code == 200


@contextmanager
def _posting(board: _Board) -> Iterator[None]:
    thread = threading.Thread(target=board.run)
    thread.start()
    try:
        yield
    finally:
        board.is_over.set()
        thread.join()


def _code_of(commit: str, into: Path) -> Path:
    made = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=False)
    if made.returncode:
        pytest.skip(NO_HISTORY)
    with tarfile.open(fileobj=io.BytesIO(made.stdout)) as archive:
        archive.extractall(into, filter="data")
    return into


def _until_served(url: str) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        try:
            # The first release had no route for it, and answers all the same.
            if httpx.get(f"{url}/health/ready", timeout=2).status_code in (200, 404):
                return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise AssertionError(url)


@pytest.mark.skipif(not os.environ.get(LONG), reason="a part of `make test-slow`")
@pytest.mark.parametrize("release", [release.version for release in RELEASES])
def test_boards_post_through_an_upgrade(release: str, database_server: TestServer, tmp_path: Path) -> None:
    name = asyncio.run(database_server.empty("posting"))
    settings = {
        "Application__RunMode": "Client",
        "Database__ConnectionString": database_server.dsn(name).replace("+asyncpg", ""),
        "Database__Storage": "plain",
        "Storage__DataDirectory": str(tmp_path / "data"),
        "RateLimit__Enabled": "false",
    }
    earlier = Code(_code_of(_COMMITS[release], tmp_path / "earlier"), settings)
    present = Code(ROOT, settings)
    earlier.verb("migrate")
    earlier.verb("site", "add", "Office")
    token = earlier.verb("device", "add", "Meter", "--site", "Office", "--external-id", "SN-1")["token"]
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    serving = earlier.ingest(port)
    board = _Board(url, token)
    try:
        _until_served(url)
        with busy() as allowing, _posting(board):
            time.sleep(2)
            done = present.verb("upgrade", "--folder", str(tmp_path))
            # As an engine does: the old one is told to end, and the new one takes its place.
            began = time.monotonic()
            serving.terminate()
            serving.wait(_PATIENCE_S)
            stopped = time.monotonic()
            serving = present.ingest(port)
            _until_served(url)
            started = time.monotonic()
            time.sleep(2)
    finally:
        serving.terminate()
        serving.wait(_PATIENCE_S)
    allowed = allowing(10)
    print(  # noqa: T201
        f"from {release}: refused for {board.longest_s:.1f} s where {allowed:.1f} s are allowed, "
        f"schema changed in {done['seconds']:.1f} s, ended in {stopped - began:.1f} s, "
        f"served after {started - stopped:.1f} s"
    )
    assert done["earlierRelease"] == release
    assert asyncio.run(_count(database_server.dsn(name))) == board.acknowledged > 20
    assert board.longest_s < allowed
    asyncio.run(database_server.drop(name))


async def _count(dsn: str) -> int:
    connection = await asyncpg.connect(dsn.replace("+asyncpg", ""))
    try:
        return await connection.fetchval("SELECT count(*) FROM monitoring.power_measurements")
    finally:
        await connection.close()
