"""The two stacks as child processes: `portal serve`, each with settings of its own."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from portal.core.database.embedded.lifeline import die_with_parent
from portal.core.errors import PortalError
from portal.core.private_files import open_log

_READY_PATIENCE_S = 120.0
_POLL_SECONDS = 0.2
_STOP_PATIENCE_S = 10.0
_READY = 200


class ServedStack:
    """One `portal serve` on this machine. It ends with this process, whatever ends that."""

    def __init__(self, name: str, port: int, settings: Mapping[str, str], directory: Path) -> None:
        """`settings` by their documented names; `directory` is where it runs and keeps its log."""
        self.name = name
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.log_file = directory / f"{name.lower()}.log"
        self._settings = settings
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it. Only what it needs of the environment is handed on: the demo's settings are its own."""
        self._directory.mkdir(parents=True, exist_ok=True)
        environment = {"PATH": os.defpath, "HOME": str(Path.home()), "LC_ALL": "C.UTF-8", **self._settings}
        command = [
            sys.executable,
            "-m",
            "portal.cli",
            "serve",
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
        ]
        with open_log(self.log_file, anew=True) as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                command,
                cwd=self._directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C in the terminal is for the demo, which then stops its children in order.
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - no threads of ours hold a lock here
            )

    async def wait_until_ready(self) -> None:
        """Wait for `/health/ready`. Raises `PortalError` when the stack ends or takes too long."""
        async with httpx.AsyncClient(base_url=self.url, timeout=5, trust_env=False) as http:
            for _ in range(round(_READY_PATIENCE_S / _POLL_SECONDS)):
                self.check()
                try:
                    if (await http.get("/health/ready")).status_code == _READY:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(_POLL_SECONDS)
        msg = (
            f"the {self.name} stack is not ready after {_READY_PATIENCE_S:.0f} s; its log is {self.log_file}"
        )
        raise PortalError(msg)

    def check(self) -> None:
        """Raise `PortalError` with its last words when the stack has ended."""
        status = None if self._process is None else self._process.poll()
        if status is not None:
            why = f"killed by {signal.Signals(-status).name}" if status < 0 else self._last_words()
            msg = f"the {self.name} stack ended: {why} (log: {self.log_file})"
            raise PortalError(msg)

    def stop(self) -> None:
        """Ask it to end, and make it end when that takes too long."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _last_words(self) -> str:
        lines = [line for line in self.log_file.read_text(errors="replace").splitlines() if line.strip()]
        return lines[-1].strip() if lines else "without a word"
