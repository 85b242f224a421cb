"""A line that dies as a phone's does: the page's side is gone, and the server's side is not told."""

import selectors
import socket
import threading
from contextlib import suppress

_CHUNK = 65_536


class LossyLine:
    """Passes bytes on to a port of this machine. `cut` ends the page's side of all there is, and holds the server's."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._held: list[socket.socket] = []
        self._is_dead, self._is_over = False, False
        threading.Thread(target=self._accept, daemon=True).start()

    def go_dead(self) -> None:
        """Lose everything from now on in either direction, without either side noticing."""
        self._is_dead = True

    def cut(self) -> None:
        """End the page's side of every connection; the next ones work."""
        for page, server in self._pairs:
            self._held.append(server)
            with suppress(OSError):
                page.shutdown(socket.SHUT_RDWR)
        self._pairs, self._is_dead = [], False

    def close(self) -> None:
        self._is_over = True
        self._listener.close()
        for page, server in self._pairs:
            page.close()
            server.close()
        for server in self._held:
            server.close()

    def _accept(self) -> None:
        while not self._is_over:
            try:
                page, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                continue
            self._pairs.append((page, server))
            threading.Thread(target=self._pass_on, args=(page, server), daemon=True).start()

    def _pass_on(self, page: socket.socket, server: socket.socket) -> None:
        with selectors.DefaultSelector() as ready, suppress(OSError, ValueError):
            ready.register(page, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, page)
            while True:
                for key, _ in ready.select():
                    data = key.fileobj.recv(_CHUNK)  # pyright: ignore[reportAttributeAccessIssue]
                    if not data:
                        self._end(page, server)
                        return
                    if not self._is_dead:
                        key.data.sendall(data)

    def _end(self, page: socket.socket, server: socket.socket) -> None:
        """One side has ended: so does the other, but for a server's side that is held."""
        with suppress(OSError):
            page.close()
        if server not in self._held:
            with suppress(OSError):
                server.close()
