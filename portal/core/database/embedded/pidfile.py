"""What `postmaster.pid` says, and what to do when it is stale.

PostgreSQL refuses to start while the pid in the file belongs to any living process, which goes wrong
after a crash: the number may have been given to an unrelated process, or to a zombie nobody reaped.
The text of the file has been stable for years: line 1 the pid, line 8 the status.
"""

import os
import signal
import time
from pathlib import Path

_PID_LINE = 0
_STATUS_LINE = 7
# Below this PostgreSQL can't find the shared memory line and refuses the file as bogus.
_FEWEST_USABLE_LINES = 6
_POLL_SECONDS = 0.02


def is_ready(pid_file: Path, pid: int) -> bool:
    """Whether the server with this pid says that it takes connections."""
    lines = _lines(pid_file)
    return _pid(lines) == pid and len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready"


def clear_stale(pid_file: Path, data: Path, patience_s: float = 60.0) -> None:
    """Make a left-over pid file harmless.

    A server of an earlier run that still lives is stopped. A file too short for PostgreSQL is removed.
    Any other keeps its shared memory line, so that PostgreSQL can still refuse to start beside orphaned
    backends, but gets our own pid: PostgreSQL knows that its parent can't be a second server.
    """
    if not pid_file.exists():
        return
    lines = _lines(pid_file)
    pid = _pid(lines)
    if pid is not None and _is_server_of(pid, data):
        _stop(pid, data, patience_s)
        lines = _lines(pid_file)
    if len(lines) < _FEWEST_USABLE_LINES:
        pid_file.unlink(missing_ok=True)
    else:
        pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")


def _lines(pid_file: Path) -> list[str]:
    try:
        return pid_file.read_text(errors="replace").splitlines()
    except OSError:
        return []


def _pid(lines: list[str]) -> int | None:
    text = lines[_PID_LINE].strip() if lines else ""
    return int(text) if text.isascii() and text.isdigit() else None


def _is_server_of(pid: int, data: Path) -> bool:
    """Whether `pid` is a live postmaster over `data`.

    A zombie has no command line. /proc/PID/exe is the better witness but may be hidden from a root
    without ptrace rights (containers); then the command line alone decides.
    """
    process = Path("/proc") / str(pid)
    try:
        arguments = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    if os.fsencode(data) not in arguments:
        return False
    try:
        return (process / "exe").readlink().name == "postgres"
    except OSError:
        return True


def _stop(pid: int, data: Path, patience_s: float) -> None:
    for request, wait_s in ((signal.SIGINT, patience_s), (signal.SIGQUIT, 10.0)):
        deadline = time.monotonic() + wait_s
        try:
            os.kill(pid, request)
        except ProcessLookupError:
            return
        while time.monotonic() < deadline:
            if not _is_server_of(pid, data):
                return
            time.sleep(_POLL_SECONDS)
