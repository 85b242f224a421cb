"""Runs PostgreSQL's own `pg_dump` and `pg_restore`, the machine's or those that came with the embedded server."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url

from portal.core.database.embedded.home import installed_binaries
from portal.core.errors import Misconfigured, PortalError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
_LAST_LINES = 5
# A setting that releases before 17 do not have, and that a newer tool always writes: nothing is missing without it.
_HARMLESS = "transaction_timeout"
# Nothing of the user's environment (PGHOST, PGOPTIONS, LC_*) steers the tools.
_ENVIRONMENT = {"LC_ALL": "C", "PATH": os.defpath}


async def dump(dsn: str, file: Path, *, snapshot: str, server_major: int) -> None:
    """Write the whole database of an exported snapshot into a file, compressed. Raises `PortalError`."""
    tool = await _tool("pg_dump", server_major)
    await _run(tool, dsn, "--format=custom", f"--snapshot={snapshot}", f"--file={file}", "--no-password")


async def restore(dsn: str, file: Path, *, server_major: int) -> None:
    """Read a dump into an empty database, without owners and rights. Raises `PortalError` where anything is refused."""
    tool = await _tool("pg_restore", server_major)
    name = make_url(dsn).database or ""
    options = ("--no-owner", "--no-privileges", "--no-password", f"--dbname={name}", str(file))
    await _run(tool, dsn, *options)


async def _tool(name: str, server_major: int) -> Path:
    """Return the oldest tool that is not older than the server. Raises `Misconfigured`."""
    found: dict[int, Path] = {}
    for path in (shutil.which(name), _own(name)):
        if path and (major := await _major_of(Path(path))) >= server_major:
            found.setdefault(major, Path(path))
    if not found:
        raise Misconfigured(
            f"There is no {name} here for PostgreSQL {server_major}: install postgresql-client-{server_major}."
        )
    return found[min(found)]


def _own(name: str) -> str | None:
    try:
        return shutil.which(name, path=str(installed_binaries()))
    except Misconfigured:
        return None


async def _major_of(tool: Path) -> int:
    status, said = await _answer([str(tool), "--version"], {})
    version = _VERSION.search(said)
    return int(version[1]) if status == 0 and version else 0


async def _run(tool: Path, dsn: str, *options: str) -> None:
    status, said = await _answer([str(tool), *options], _address(dsn))
    refused = [line for line in said.splitlines() if ": error:" in line and _HARMLESS not in line]
    if refused or (status and _HARMLESS not in said):
        words = "\n".join((refused or said.splitlines())[:_LAST_LINES])
        raise PortalError(f"{tool.name} did not get through:\n{words}")


def _address(dsn: str) -> dict[str, str]:
    """Return where the server is, for the environment: on a command line everybody would see the password."""
    url = make_url(dsn)
    socket = url.query.get("host")
    said = {
        "PGHOST": socket if isinstance(socket, str) else url.host,
        "PGPORT": str(url.port or 5432),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        **{f"PG{name.upper()}": value for name, value in url.query.items() if name.startswith("ssl")},
    }
    return {name: str(value) for name, value in said.items() if value}


async def _answer(command: Sequence[str], address: Mapping[str, str]) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**_ENVIRONMENT, **address},
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode or 0, said.decode(errors="replace")
