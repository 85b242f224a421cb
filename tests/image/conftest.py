"""Containers of the real image, by podman, without an engine. `make test-image` builds it and names it here."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from portal.core.database.embedded.server import EmbeddedServer
from tests.integration.databases import reachable_directory
from tests.ports import free_port

IMAGE = os.environ.get("PORTAL_TEST_IMAGE", "")
NOT_BUILT = (
    "NO IMAGE TO TEST: `make test-image` builds one and tests it (buildah, podman and runc are needed)"
)
_ENVIRONMENT = os.environ | {"STORAGE_DRIVER": os.environ.get("STORAGE_DRIVER", "vfs")}
# As in production: nothing but what the image says may be written to, no capability, no other user.
RUN = (
    "podman",
    "--runtime",
    "runc",
    "run",
    "--network",
    "host",
    "--read-only",
    "--cap-drop",
    "all",
    "--pull",
    "never",
)
LIMITS = (
    "--ulimit",
    "nofile=20000:20000",
    "--ulimit",
    "nproc=1000:1000",
    "--security-opt",
    "no-new-privileges",
)
_PATIENCE_S = 180


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if not IMAGE and here in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=NOT_BUILT))


def podman(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run podman; what it says is kept."""
    return subprocess.run(
        ["podman", *arguments], env=_ENVIRONMENT, capture_output=True, text=True, check=False, **options
    )


@dataclass
class Container:
    """A container that runs: its address on this machine."""

    name: str
    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def wait_until(self, path: str = "/health/ready") -> float:
        """Wait for a 200 at a path; return how long that took."""
        started = time.monotonic()
        while time.monotonic() - started < _PATIENCE_S:
            assert self.process.poll() is None, self.text()
            try:
                if httpx.get(self.url + path, timeout=5).status_code == 200:
                    return time.monotonic() - started
            except httpx.HTTPError:
                time.sleep(0.2)
        raise AssertionError(self.text())

    def verb(self, *words: str, stdin: str = "") -> dict[str, Any]:
        """Run a verb of `portal` in it, and return what it answers."""
        done = podman("exec", "--interactive", self.name, "portal", *words, "--json", input=stdin)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.strip().splitlines()[-1])

    def inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        return podman("exec", self.name, *command)

    def text(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]

    def stop(self) -> float:
        """Stop it as an engine does, and return how long that took."""
        started = time.monotonic()
        podman("stop", "--time", "15", self.name)
        self.process.wait(60)
        return time.monotonic() - started


Run = Callable[..., Container]


@pytest.fixture(scope="module")
def databases() -> Iterator[Callable[[str], str]]:
    """Makes databases on a server that containers reach; returns their addresses."""
    port = free_port()
    settings = {"listen_addresses": "127.0.0.1", "port": str(port)}
    with (
        reachable_directory() as directory,
        EmbeddedServer(directory / "postgres", settings=settings) as server,
    ):
        made = iter(range(100))

        def make(label: str) -> str:
            name = f"{label}_{next(made)}"
            psql = [server.home.binaries / "psql", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-c"]
            subprocess.run([*psql, f"CREATE DATABASE {name}"], check=True, capture_output=True)
            return f"postgresql://postgres@127.0.0.1:{port}/{name}"

        yield make


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """`run("serve", settings)` starts a container of the image; all of them end with the module."""
    folder = tmp_path_factory.mktemp("containers")
    with ExitStack() as ending:

        def start(
            verb: str, settings: Mapping[str, str], *options: str, secrets: Path | None = None
        ) -> Container:
            port = free_port()
            name = f"portal-test-{os.getpid()}-{port}"
            given = [part for key, value in settings.items() for part in ("--env", f"{key}={value}")]
            # One by one, as an engine does: their folder is its owner's alone.
            kept = sorted(secrets.iterdir()) if secrets else []
            mounted = [part for path in kept for part in ("--volume", f"{path}:/run/secrets/{path.name}:ro")]
            command = [
                *RUN,
                *LIMITS,
                "--rm",
                "--name",
                name,
                *given,
                *mounted,
                IMAGE,
                verb,
                "--port",
                str(port),
            ]
            log = folder / f"{name}.log"
            with log.open("wb") as output:
                process = subprocess.Popen(
                    [*command, *options], env=_ENVIRONMENT, stdout=output, stderr=output
                )
            container = Container(name, f"http://127.0.0.1:{port}", process, log)
            ending.callback(container.stop)
            return container

        yield start
