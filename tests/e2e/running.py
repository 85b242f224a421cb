"""Both stacks as an operator runs them: `portal serve` in processes of their own, driven by `portal` and HTTP."""

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from portal import cli
from tests.ports import free_port

_ROOT = Path(__file__).resolve().parents[2]
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR")
_START_PATIENCE_S = 150.0
_STOP_PATIENCE_S = 60.0  # on a busy machine; what a stop may take is held by test_serving.py
PASSWORD = "correct-horse-battery"
# What only somebody who is signed in is answered; others get a 401.
_FOR_THE_SIGNED_IN = {"Client": "/api/rates/tariffs", "Admin": "/api/admin/customers"}


class RunningStack:
    """One stack on this machine. `command` runs a verb of `portal` with the same settings."""

    def __init__(
        self, mode: str, settings: Mapping[str, str], directory: Path, *, open_files: int | None = None
    ) -> None:
        self.mode = mode
        self._open_files = open_files
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = settings
        self._directory = directory
        self._log = directory / "serve.log"
        # Nothing of the machine's own settings, and no .env: the working directory is empty.
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self._environment = kept | {"PYTHONPATH": str(_ROOT), "Application__RunMode": mode, **settings}
        self._process: subprocess.Popen[bytes] | None = None
        self._sessions: dict[str, str] = {}

    def start(self) -> None:
        command = [sys.executable, "-m", "portal.cli", "serve", "--port", str(self.port)]
        if self._open_files is not None:
            command = ["sh", "-c", 'ulimit -n "$0" && exec "$@"', str(self._open_files), *command]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self._directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + _START_PATIENCE_S
        while not self._answers():
            assert self._process.poll() is None, f"{self.mode} ended at its start:\n{self.log()}"
            assert time.monotonic() < deadline, f"{self.mode} does not answer:\n{self.log()}"
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it as an operator does, and see that it ends in time."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            message = f"{self.mode} did not stop within {_STOP_PATIENCE_S} s:\n{self.log()}"
            raise AssertionError(message) from None
        self._process = None

    def kill(self) -> None:
        """End it at once, as a machine does that runs out of memory."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def command(self, *arguments: str, stdin: str = "") -> dict[str, Any]:
        """Run a verb with `--json` and return what its last line says; fails with the verb's own reason.

        In this process, which has imported all of it already, and in a thread, because a browser's loop may run here.
        """
        with ThreadPoolExecutor(1) as thread:
            status, said = thread.submit(self._run, ["portal", *arguments, "--json"], stdin).result()
        assert not status, f"portal {' '.join(arguments)}: {status}"
        return json.loads(said.strip().splitlines()[-1])

    def _run(self, arguments: list[str], stdin: str) -> tuple[str | int | None, str]:
        said, status = io.StringIO(), None
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self._directory)
            patch.setattr(os, "environ", self._environment)
            patch.setattr(sys, "argv", arguments)
            patch.setattr(sys, "stdin", io.StringIO(stdin))
            patch.setattr(sys, "stdout", said)
            try:
                cli.main()
            except SystemExit as ended:
                status = ended.code
        return status, said.getvalue()

    def add_user(self, email: str, role: str) -> None:
        self.command("user", "add", email, "--role", role, "--password-stdin", stdin=f"{PASSWORD}\n")

    def new_session(self, email: str) -> str:
        """Log somebody in and return the session's cookie."""
        form = {"email": email, "password": PASSWORD}
        answer = httpx.post(f"{self.url}/auth/login", data=form, timeout=60)
        assert "portal_session" in answer.cookies, f"{email} is not signed in: {answer.headers}\n{self.log()}"
        return answer.cookies["portal_session"]

    def kept_session(self, email: str) -> str:
        """Return the session of somebody whom many tests sign in; another where a test has ended that."""
        kept = self._sessions.get(email)
        if kept is None or not self._is_signed_in(kept):
            kept = self._sessions[email] = self.new_session(email)
        return kept

    def _is_signed_in(self, session: str) -> bool:
        address = f"{self.url}{_FOR_THE_SIGNED_IN[self.mode]}"
        return httpx.get(address, cookies={"portal_session": session}, timeout=60).status_code in (200, 403)

    def execute(self, statement: str) -> None:
        """Do something to its database behind its back; in a thread, because a browser's loop may run in this one."""
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, self._execute(statement)).result()

    def count(self, of: str) -> int:
        """Count rows of its database: `FROM ... WHERE ...`; in a thread, as `execute`."""
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, self._count(of)).result()

    async def _count(self, of: str) -> int:
        connection = await asyncpg.connect(self.settings["Database__ConnectionString"])
        try:
            return int(await connection.fetchval(f"SELECT count(*) {of}"))
        finally:
            await connection.close()

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.settings["Database__ConnectionString"])
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def log(self) -> str:
        """The end of what it has logged."""
        return self._log.read_text(errors="replace")[-4000:] if self._log.exists() else ""

    def log_bytes(self) -> int:
        return self._log.stat().st_size

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False
