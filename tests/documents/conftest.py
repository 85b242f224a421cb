"""Two stacks as a reader of the documents has them, and a shell in which `portal` and `curl` meet them."""

import asyncio
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal import frontend
from portal.core.settings import RunMode
from tests.architecture.source import ROOT
from tests.documents.blocks import Block
from tests.e2e.running import RunningStack
from tests.integration.databases import TestServer

# What the documents call the stacks of `make run`.
CLIENT, ADMIN = "http://127.0.0.1:8000", "http://127.0.0.1:8001"
_PORTAL = """#!/bin/bash
stack=${STACK:-Client}
[ "$1" = customer ] && stack=Admin
. "$READERS_FILES/$stack.env"
exec CALLER "$@"
"""
_CURL = '#!/bin/bash\nexec PYTHON STAND_IN "$@"\n'


@dataclass(frozen=True)
class Reader:
    """Somebody who follows the documents at a terminal."""

    client: RunningStack
    admin: RunningStack
    directory: Path
    variables: dict[str, str]

    def localised(self, text: str) -> str:
        """A text with the addresses of the stacks that run here."""
        return (
            text.replace(CLIENT, self.client.url)
            .replace(ADMIN, self.admin.url)
            .replace("127.0.0.1:8000", f"127.0.0.1:{self.client.port}")
            .replace("127.0.0.1:8001", f"127.0.0.1:{self.admin.port}")
        )

    def follow(self, blocks: list[Block]) -> subprocess.CompletedProcess[str]:
        """Run the blocks of a document in one shell, in their order; the first failure ends it."""
        lines = ["set -euo pipefail"]
        for block in blocks:
            stack = "Admin" if "Admin" in block.heading else "Client"
            lines += [f"echo '== {block.location}' >&2", f"export STACK={stack}", self.localised(block.text)]
        environment = {
            name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ
        } | self.variables
        return subprocess.run(
            ["bash", "-c", "\n".join(lines)],
            cwd=self.directory,
            env=environment
            | {
                "PATH": f"{self.directory / 'bin'}:{os.environ['PATH']}",
                "READERS_FILES": str(self.directory),
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


@pytest.fixture(scope="session")
def reader(
    database_server: TestServer, portal_program: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Reader]:
    """Both stacks serve; the variables are those that lines in the guides take for granted."""
    for mode in RunMode:
        frontend.build(mode)
    with ExitStack() as closing:
        stacks = {
            mode: closing.enter_context(_serving(mode, database_server, tmp_path_factory.mktemp(mode.value)))
            for mode in RunMode
        }
        client, admin = stacks[RunMode.CLIENT], stacks[RunMode.ADMIN]
        directory = tmp_path_factory.mktemp("reader")
        _lay_out(directory, stacks, portal_program)
        yield Reader(client, admin, directory, _variables(client, admin))


@contextmanager
def _serving(mode: RunMode, server: TestServer, folder: Path) -> Iterator[RunningStack]:
    name = asyncio.run(server.empty(f"documents_{mode.value.lower()}"))
    dsn = server.dsn(name).replace("+asyncpg", "")
    settings = {"Database__ConnectionString": dsn, "Storage__DataDirectory": str(folder)}
    stack = RunningStack(mode.value, settings, folder)
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()
        asyncio.run(server.drop(name))


def _lay_out(directory: Path, stacks: dict[RunMode, RunningStack], portal_program: Path) -> None:
    programs = directory / "bin"
    programs.mkdir()
    _write_program(programs / "portal", _PORTAL.replace("CALLER", shlex.quote(str(portal_program))))
    if shutil.which("curl") is None:
        python, stand_in = (
            shlex.quote(str(path)) for path in (sys.executable, ROOT / "tests/documents/curl.py")
        )
        _write_program(programs / "curl", _CURL.replace("PYTHON", python).replace("STAND_IN", stand_in))
    _write_samples(directory)
    for mode, stack in stacks.items():
        exports = [f"export {name}={shlex.quote(value)}" for name, value in stack._environment.items()]
        exports = [line for line in exports if not line.startswith("export PATH=")]
        (directory / f"{mode.value}.env").write_text("\n".join(exports), encoding="utf-8")


def _write_samples(directory: Path) -> None:
    """The files that the documents import, each going on where the one before ended."""
    halves = ",".join(["0.25"] * 48)
    channels = "".join(
        f"200,NMI1000001,E1E2,1,{channel},N1,SN-1001,kWh,30,\n300,20260701,{halves},A,,,20260702000000,\n"
        for channel in ("E1", "E2")
    )
    samples = {
        "may.csv": "time,energyImportedKwh\n2026-05-01T00:00:00Z,1994.0\n2026-05-01T00:30:00Z,1995.5\n",
        "export.csv": "Date,Start Time,Consumed\n6/14/2026,00:00,0.5\n6/14/2026,00:30,0.75\n6/14/2026,01:00,0.5\n",
        "may.nem12": f"100,NEM12,202607020000,MDP,RETAILER\n{channels}900\n",
    }
    for name, text in samples.items():
        (directory / name).write_text(text, encoding="utf-8")


def _write_program(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def _variables(client: RunningStack, admin: RunningStack) -> dict[str, str]:
    client.command("site", "add", "Reader's site")
    device = client.command("device", "add", "Meter", "--site", "Reader's site", "--external-id", "reader-1")
    customer = admin.command("customer", "add", "READER", "Reader Ltd")
    return {
        "KEY": client.command("apikey", "add", "reader")["key"],
        "ADMIN_KEY": admin.command("apikey", "add", "reader")["key"],
        "DEVICE": device["id"],
        "TOKEN": device["token"],
        "CUSTOMER": customer["id"],
        "CUSTOMER_TOKEN": customer["token"],
    }
