"""Other releases of PostgreSQL that are installed on this machine, beside the one that comes with the packages."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from portal.core.database.embedded.home import installed_binaries, open_home
from portal.core.database.embedded.server import EmbeddedServer

_INSTALLED = Path("/usr/lib/postgresql")
NO_PGBACKREST = "PGBACKREST IS NOT INSTALLED. On Debian: apt-get install pgbackrest"
NO_OTHER_SERVER = "NO EARLIER POSTGRESQL IS INSTALLED. On Debian: apt-get install postgresql"


def _major(binaries: Path) -> int:
    said = subprocess.run(
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r" (\d+)", said)
    assert found is not None
    return int(found[1])


def earlier_server() -> Path | None:
    """The programs of the newest PostgreSQL of the machine that is older than our own, if there is one."""
    own = _major(installed_binaries())
    found = {_major(path.parent): path.parent for path in _INSTALLED.glob("*/bin/postgres")}
    earlier = [major for major in found if major < own]
    return found[max(earlier)] if earlier else None


def server_of(binaries: Path, directory: Path, settings: Mapping[str, str] | None = None) -> EmbeddedServer:
    """Return a server of an earlier release over a cluster that is made here; it is not started yet."""
    home = open_home(directory, binaries)
    # Those have not the locales that our own is made with.
    options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    command = [binaries / "initdb", "-D", home.data, *options]
    subprocess.run(command, check=True, capture_output=True, cwd="/", **home.credentials)
    return EmbeddedServer(directory, settings=settings, binaries=binaries)
