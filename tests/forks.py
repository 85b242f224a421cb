"""Runs `portal` in forks of a process that has imported it: a command then takes as long as its work.

Started as a server with the path of a socket; the program that stands for `portal` hands its arguments, surroundings
and standard streams over and ends as the fork does; where it is killed, so is the fork.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.core.database.embedded.lifeline import die_with_parent

_ROOT = Path(__file__).resolve().parents[1]
_LARGEST = 1 << 20
_START_PATIENCE_S = 150.0
_CALLER = """#!PYTHON -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
    line.connect("SOCKET")
    call = {"arguments": sys.argv[1:], "environment": dict(os.environ), "directory": os.getcwd()}
    socket.send_fds(line, [json.dumps(call).encode()], [0, 1, 2])
    sys.exit(int(line.recv(16) or b"70"))
"""


@contextmanager
def forking(directory: Path) -> Iterator[Path]:
    """Serve the forks until the block ends; yields the program, which is called `portal`."""
    path, program = directory / "socket", directory / "portal"
    program.write_text(
        _CALLER.replace("PYTHON", sys.executable).replace("SOCKET", str(path)), encoding="utf-8"
    )
    program.chmod(0o755)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.forks", str(path)],
        cwd=_ROOT,
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - asks the kernel, takes no lock
    ) as server:
        deadline = time.monotonic() + _START_PATIENCE_S
        while not path.exists():
            assert server.poll() is None, "the forks of `portal` are not served"
            assert time.monotonic() < deadline, "the forks of `portal` are not served in time"
            time.sleep(0.05)
        yield program
        server.terminate()


def serve(path: str) -> None:
    """Answer until the process is ended."""
    from portal import cli  # noqa: PLC0415 - the caller's part needs none of it

    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(path)
        listener.listen()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while True:
            line, _ = listener.accept()
            if os.fork() == 0:
                _answer(line, cli.main)
            line.close()


def _answer(line: socket.socket, main: object) -> None:
    """Run the command in a fork of this one and tell its status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    said, streams, _, _ = socket.recv_fds(line, _LARGEST, 3)
    running = os.fork()
    if running == 0:
        _run(json.loads(said), streams, main)
    ready, _, _ = select.select([line, os.pidfd_open(running)], [], [])
    if line in ready:  # it has nothing to say but that its end of the line is gone: it was killed
        os.kill(running, signal.SIGKILL)
        os._exit(0)
    _, status = os.waitpid(running, 0)
    line.send(str(os.waitstatus_to_exitcode(status) & 0xFF).encode())
    os._exit(0)


def _run(call: dict, streams: list[int], main: object) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.chdir(call["directory"])
    os.environ.clear()
    os.environ.update(call["environment"])
    sys.argv = ["portal", *call["arguments"]]
    status: object = 0
    try:
        main()
    except SystemExit as ended:
        status = ended.code
    if isinstance(status, str):
        sys.stderr.write(f"{status}\n")
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(int(status or 0))


if __name__ == "__main__":
    serve(sys.argv[1])
