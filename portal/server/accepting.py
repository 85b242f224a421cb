"""Taking connections in, also where descriptors run out: then the oldest that waits without a request makes room."""

import asyncio
import errno
import resource
import select
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from socket import socket

from portal.core.log import logger
from portal.server.state import OpenConnections

_log = logger("server")
# A few at a time: another process may listen on the same socket, and each of these is to be looked at.
_AT_ONCE = 8
_PAUSE_SECONDS = 0.2
_SAY_EVERY_SECONDS = 60
_OUT_OF = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
# What the database's connections, files and the process itself may need beside what is open at the start.
_KEPT_FREE = 64
_MOST, _LEAST = 10_000, 8


def raise_descriptor_limit() -> None:
    """Raise the soft limit of open files to the hard one, as far as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = 1 << 20
    if soft != resource.RLIM_INFINITY and soft < hard:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def most_connections() -> int:
    """Return how many connections fit, now that everything else is open: each may have a file open as well."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _MOST
    with suppress(OSError):
        soft -= len(list(Path("/proc/self/fd").iterdir()))
    return max(_LEAST, min(_MOST, (soft - _KEPT_FREE) // 2))


def _has_waiting(listening: socket) -> bool:
    """Whether there is somebody to take in: a loop may call once more than somebody came."""
    asked = select.poll()
    asked.register(listening, select.POLLIN)
    return bool(asked.poll(0))


class Acceptor:
    """Takes connections from one listening socket. It has what uvicorn asks of a server: `close`, `wait_closed`."""

    def __init__(
        self, listening: socket, protocol: Callable[[], asyncio.Protocol], state: OpenConnections
    ) -> None:
        self.socket, self._protocol, self._open = listening, protocol, state
        self._loop = asyncio.get_running_loop()
        self._arriving: set[asyncio.Task[None]] = set()
        self._resuming: asyncio.TimerHandle | None = None
        self._is_closed = False
        self._said_at = -float(_SAY_EVERY_SECONDS)

    def start(self, backlog: int) -> None:
        """Begin to take connections in."""
        self.socket.setblocking(False)
        self.socket.listen(backlog)
        self._listen()

    def close(self) -> None:
        """Take none any more; those that are open stay."""
        self._is_closed = True
        if self._resuming is not None:
            self._resuming.cancel()
        else:
            self._loop.remove_reader(self.socket)
        self.socket.close()

    async def wait_closed(self) -> None:
        """Wait until nothing is on its way in."""
        await asyncio.gather(*self._arriving)

    def _listen(self) -> None:
        self._resuming = None
        self._loop.add_reader(self.socket, self._take)

    def _pause(self, reason: str) -> None:
        """Leave the rest in the system's queue for a moment; said once a minute at most, however long it lasts."""
        if self._loop.time() - self._said_at >= _SAY_EVERY_SECONDS:
            self._said_at = self._loop.time()
            _log.warning("Connections have to wait", reason=reason, open=len(self._open.connections))
        self._loop.remove_reader(self.socket)
        self._resuming = self._loop.call_later(_PAUSE_SECONDS, self._listen)

    def _take(self) -> None:
        for _ in range(_AT_ONCE):
            if not self._open.has_room() and not self._open.let_oldest_go():
                if _has_waiting(self.socket):
                    self._pause("all are in use")
                return
            try:
                connection, _ = self.socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno in _OUT_OF:
                    self._open.let_oldest_go()
                self._pause(error.strerror or "accept failed")
                return
            connection.setblocking(False)
            self._open.arriving += 1
            task = self._loop.create_task(self._adopt(connection))
            self._arriving.add(task)
            task.add_done_callback(self._arriving.discard)

    async def _adopt(self, connection: socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, connection)
        except OSError:  # it is gone again
            self._open.arriving -= 1
            connection.close()
