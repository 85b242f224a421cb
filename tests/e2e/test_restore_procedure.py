"""What docs/operations.md says about a Client's backup and restore is done to the letter, with both stacks served."""

import asyncio
import os
import re
import subprocess
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy.engine import make_url

from portal.core.database.embedded.home import installed_binaries
from tests.e2e.running import RunningStack
from tests.integration.databases import TestServer, has_timescaledb

_ROOT = Path(__file__).resolve().parents[2]
_SECTION = re.compile(r"^## Backup and restore$(.*?)^## ", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(
    rf"^ *```sh held=tests/e2e/{Path(__file__).name}$\n(.*?)^ *```$", re.MULTILINE | re.DOTALL
)
_DATABASES = ("portal_client", "portal_restored")
_ADDRESS = "postgresql://portal@db.example.com/"
_PATIENCE_S = 60.0


class Operator:
    """Somebody with a shell, the document and a database server."""

    def __init__(self, server: TestServer, directory: Path, portal_program: Path) -> None:
        text = (_ROOT / "docs/operations.md").read_text(encoding="utf-8")
        section = _SECTION.search(text)
        assert section is not None
        self.blocks = [
            "\n".join(line.strip() for line in block.splitlines()) for block in _BLOCK.findall(section[1])
        ]
        self.names = {name: f"{server._prefix}_{name}" for name in _DATABASES}
        self._server = server
        self._directory = directory
        self._portal_program = portal_program
        self._exported: list[str] = []
        self.settings: dict[str, str] = {}

    def dsn(self, name: str) -> str:
        return self._server.dsn(self.names[name]).replace("+asyncpg", "")

    def block(self, words: str, *, timescale: bool = False) -> str:
        """Return the block that holds these words; of two, the one for this storage engine."""
        found = [block for block in self.blocks if words in block and ("timescaledb" in block) is timescale]
        assert len(found) == 1, words
        return found[0]

    def run(self, block: str) -> str:
        """Run a block as it stands, but for the names of databases and of their server."""
        script = re.sub(re.escape(_ADDRESS) + r"(\w+)", lambda match: f"'{self.dsn(match[1])}'", block)
        for name, real in self.names.items():
            script = re.sub(rf"(?<![\w/]){name}\b", real, script)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join([*self._exported, script])],
            cwd=self._directory,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        self._exported += [line for line in script.splitlines() if line.startswith("export ")]
        return done.stdout

    def _environment(self) -> dict[str, str]:
        url = make_url(self.dsn("portal_client"))
        query = url.query.get("host")
        host = query if isinstance(query, str) else (url.host or "")
        paths = [self._portal_program.parent, installed_binaries(), os.environ["PATH"]]
        return {
            "PATH": ":".join(map(str, paths)),
            "PGHOST": host,
            "PGPORT": str(url.port or 5432),
            "PGUSER": url.username or "",
            "PGPASSWORD": url.password or "",
            "Application__RunMode": "Client",
            **self.settings,
        }


def _until(what: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + _PATIENCE_S
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return found


def _post(stack: RunningStack, token: str, first: int, count: int) -> None:
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
    rows = [
        {
            "time": (start.replace(second=0, minute=0) + timedelta(minutes=n)).isoformat(),
            "energyImportedKwh": n / 8,
        }
        for n in range(first, first + count)
    ]
    answer = httpx.post(
        f"{stack.url}/api/ingest/measurements", json=rows, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.json()["accepted"] == count, answer.text


def _apart(work: Coroutine[Any, Any, None]) -> None:
    """Run it in a thread: a browser's loop may run in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


def test_the_documented_procedure_brings_everything_back(
    built_pages: None, database_server: TestServer, portal_program: Path, tmp_path: Path
) -> None:
    operator = Operator(database_server, tmp_path, portal_program)
    admin_name = f"{database_server._prefix}_restore_admin"
    made = (admin_name, operator.names["portal_client"])
    _apart(database_server.execute(*(f"CREATE DATABASE {name}" for name in made)))
    admin = _stack("Admin", database_server.dsn(admin_name).replace("+asyncpg", ""), tmp_path / "admin", {})
    client = restored = None
    try:
        admin.start()
        issued = admin.command("customer", "add", "ACME", "Acme Cold Storage")
        operator.settings = {
            "FleetIngest__Enabled": "true",
            "FleetIngest__Url": f"{admin.url}/api/fleet/ingest",
            "FleetIngest__Token": issued["token"],
            "FleetIngest__IntervalSeconds": "0.5",
            "Storage__DataDirectory": str(tmp_path / "data"),
        }
        client = _stack("Client", operator.dsn("portal_client"), tmp_path / "client", operator.settings)
        client.start()
        client.command("site", "add", "House")
        meter = client.command("device", "add", "Main", "--site", "House", "--external-id", "SN-1")
        _post(client, meter["token"], 0, 100)
        _until(lambda: admin.count("FROM fleet.power_measurements") == 100)

        operator.run(operator.block("pg_dump"))

        client.command("site", "add", "Mill")
        later = client.command("device", "add", "Later", "--site", "Mill", "--external-id", "SN-2")
        _post(client, later["token"], 0, 300)
        _post(client, meter["token"], 100, 50)
        _until(lambda: admin.count("FROM fleet.power_measurements") == 450)
        client.stop()

        operator.run(operator.block("pg_restore", timescale=has_timescaledb()))
        operator.run(operator.block("portal migrate"))
        restored = _stack("Client", operator.dsn("portal_restored"), tmp_path / "restored", operator.settings)
        restored.start()
        _post(restored, meter["token"], 150, 5)
        status = _until(lambda: _behind(restored))
        assert "ACME" in status["behindReason"]
        assert "portal_push_behind 1" in httpx.get(f"{restored.url}/metrics").text
        assert admin.count("FROM fleet.sites WHERE is_active") == 2
        assert admin.count("FROM fleet.power_measurements") == 450

        said = operator.run(operator.block("portal push recover"))
        assert "350 readings would be fetched" in said
        assert "350 readings fetched" in said
        assert "SN-2" in said
        _until(lambda: admin.count("FROM fleet.power_measurements") == 455)
        operator.run(operator.block("portal push verify"))

        token = operator.run(operator.block("portal device rotate")).split()[-1]
        _post(restored, token, 300, 20)
        _until(lambda: admin.count("FROM fleet.power_measurements") == 475)
        assert admin.count("FROM fleet.devices") == 2
        assert _behind(restored) is None
    finally:
        for stack in (client, restored, admin):
            if stack is not None:
                stack.stop()
        for name in (admin_name, *operator.names.values()):
            _apart(database_server.drop(name))


def _behind(stack: RunningStack) -> dict[str, Any] | None:
    status = stack.command("push", "status")
    return status if status["behindSince"] else None


def _stack(mode: str, dsn: str, directory: Path, settings: dict[str, str]) -> RunningStack:
    directory.mkdir()
    files = {"Storage__DataDirectory": str(directory / "data")} if mode == "Admin" else {}
    return RunningStack(mode, {"Database__ConnectionString": dsn, **files, **settings}, directory)
