"""The API as a process of its own holds what `portal serve` does: bounded requests, and few descriptors are enough."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from portal.core.settings import RunMode
from tests.integration.databases import TestServer
from tests.integration.fleet_ingest.servers import Server, serving

_STRANGERS = 300


@pytest.fixture(params=[1, 2], ids=["one process", "two workers"])
def narrow_server(
    database_server: TestServer, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Server]:
    """An Admin's API whose processes may have 256 files open and no more."""
    name = asyncio.run(database_server.copy(RunMode.ADMIN))
    given = {
        "Application__RunMode": RunMode.ADMIN.value,
        "Database__ConnectionString": database_server.dsn(name),
    }
    try:
        with serving(tmp_path, given, workers=request.param, open_files=256) as server:
            yield server
    finally:
        asyncio.run(database_server.drop(name))


def test_strangers_who_say_nothing_stop_nobody(narrow_server: Server) -> None:
    address = urlsplit(narrow_server.url)
    with ExitStack() as opened:
        for _ in range(_STRANGERS):
            opened.enter_context(socket.create_connection((str(address.hostname), address.port), timeout=30))
        for _ in range(5):
            assert httpx.get(f"{narrow_server.url}/health/ready", timeout=30).status_code == 200
    assert len(narrow_server.text()) < 10_000


def test_headers_are_bounded(narrow_server: Server) -> None:
    large = httpx.get(f"{narrow_server.url}/health/live", headers={"X-Large": "x" * 10_000})
    assert (large.status_code, large.json()["error"]["code"]) == (431, "headers_too_large")
    long = httpx.get(f"{narrow_server.url}/health/live?{'x' * 10_000}")
    assert (long.status_code, long.json()["error"]["code"]) == (414, "uri_too_long")
    assert httpx.get(f"{narrow_server.url}/health/live").status_code == 200
