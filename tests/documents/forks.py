"""Runs `portal` in forks of a process that has imported it: a reader's command then takes as long as its work.

Started as a server with the path of a socket; `portal` in the reader's shell is `CALLER`, which hands its arguments,
surroundings and standard streams over and ends as the fork does.
"""

import json
import os
import signal
import socket
import sys

_LARGEST = 1 << 20
CALLER = """#!PYTHON -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
    line.connect("SOCKET")
    call = {"arguments": sys.argv[1:], "environment": dict(os.environ), "directory": os.getcwd()}
    socket.send_fds(line, [json.dumps(call).encode()], [0, 1, 2])
    sys.exit(int(line.recv(16) or b"70"))
"""


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
