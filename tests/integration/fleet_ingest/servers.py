"""The API as processes of its own, the way production runs it: `portal ingest`, one worker or several."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.architecture.source import ROOT
from tests.ports import free_port

START_SECONDS = 150
_BOUNDED = 'ulimit -n "$0" && exec "$@"'


@dataclass
class Server:
    """A running API. Its log is kept, because a token in it would be a fault."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def workers(self) -> list[int]:
        """The processes below the one that was started: the workers, where there are several."""
        listed = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        lines = [line.split(None, 1) for line in listed.stdout.splitlines()]
        return [int(pid) for pid, arguments in lines if "resource_tracker" not in arguments]

    def text(self) -> str:
        return self.log.read_text(errors="replace")


@contextmanager
def serving(
    directory: Path,
    settings: dict[str, str],
    *,
    workers: int = 1,
    app: str = "",
    open_files: int | None = None,
) -> Iterator[Server]:
    """Serve the API of these settings until the block ends; another `app` is served by uvicorn as it is."""
    port = free_port()
    if app:
        command = ["uvicorn", "--factory", app, "--log-level", "warning", "--timeout-graceful-shutdown", "2"]
    else:
        command = ["portal.cli", "ingest"]
    command = [sys.executable, "-m", *command, "--port", str(port), "--workers", str(workers)]
    if open_files is not None:
        command = ["sh", "-c", _BOUNDED, str(open_files), *command]
    log = directory / f"server-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        server = Server(f"http://127.0.0.1:{port}", process, log)
        try:
            wait_until_live(server)
            yield server
        finally:
            _stop(process)


def wait_until_live(server: Server, path: str = "/health/live") -> None:
    """Wait for a 200 at a path."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if server.process.poll() is not None:
            break
        try:
            if httpx.get(server.url + path, timeout=5).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    message = f"the server does not answer: {server.text()[-2000:]}"
    raise AssertionError(message)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # its own session: nothing else is in this group
        process.wait(5)
