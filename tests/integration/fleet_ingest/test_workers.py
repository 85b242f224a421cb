"""Workers of `portal ingest` have the settings it was started with, whatever is written into `.env` afterwards."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from portal.core.settings import RunMode
from tests.integration.databases import TestServer
from tests.integration.fleet_ingest.servers import Server, serving

_PATIENCE_S = 60


@pytest.fixture
def database(database_server: TestServer) -> Iterator[str]:
    name = asyncio.run(database_server.copy(RunMode.ADMIN))
    yield database_server.dsn(name)
    asyncio.run(database_server.drop(name))


def test_a_worker_that_replaces_another_has_them_too(database: str, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    told = f"Application__RunMode=Admin\nDatabase__ConnectionString={database}\n"
    file.write_text(f"{told}Application__Name=At the start\n")
    with serving(tmp_path, {}, workers=2) as server:
        assert _title(server) == "At the start"
        file.write_text(f"{told}Application__Name=Afterwards\n")
        _replace(server)
        assert _title(server) == "At the start"


def _title(server: Server) -> str:
    return str(httpx.get(f"{server.url}/api/openapi.json", timeout=_PATIENCE_S).json()["info"]["title"])


def _replace(server: Server) -> None:
    """Kill all workers and wait for others to take their places."""
    first = server.workers()
    for worker in first:
        os.kill(worker, signal.SIGKILL)
    deadline = time.monotonic() + _PATIENCE_S
    while len(set(server.workers()) - set(first)) < len(first):
        assert time.monotonic() < deadline, server.text()
        time.sleep(0.2)
