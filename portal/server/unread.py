"""Whoever does not read what is sent to them is let go: it fills memory and holds a descriptor."""

from asyncio import Transport

from portal.server.bounds import Bounds


class Unread:
    """Watches what a connection has yet to read."""

    def __init__(self, transport: Transport, bounds: Bounds) -> None:
        self._transport, self._bounds = transport, bounds
        self._size = 0
        self._began_at = self._moved_at = 0.0

    def look(self, now: float) -> bool:
        """Cut the connection where nothing has been read for too long; True when it was cut."""
        size = self._transport.get_write_buffer_size()
        if not size:
            self._size = 0
            return False
        if not self._size:
            self._began_at = self._moved_at = now
        elif size != self._size:
            self._moved_at = now
        self._size = size
        if (
            now - self._moved_at < self._bounds.unread_seconds
            and now - self._began_at < self._bounds.answer_seconds
        ):
            return False
        self._transport.abort()
        return True
