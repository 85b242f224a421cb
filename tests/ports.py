"""Ports for servers of the tests, which nobody else takes between being asked for and being used.

They are below those that the kernel gives to outgoing connections, and each process of a run has its own of them.
"""

import os
import random
import socket

_FIRST, _EACH, _PROCESSES = 12_000, 4_000, 5
_given: set[int] = set()


def free_port() -> int:
    """Return a port of this machine that nobody listens on; never the same twice."""
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw4").removeprefix("gw")) % _PROCESSES
    first = _FIRST + process * _EACH
    for port in random.sample(range(first, first + _EACH), _EACH):
        if port not in _given and _is_free(port):
            _given.add(port)
            return port
    message = f"no port is free from {first} on"
    raise RuntimeError(message)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
