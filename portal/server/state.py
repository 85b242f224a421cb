"""Which connections a server has open, and which of them can be let go."""

from typing import Protocol

from uvicorn.server import ServerState


class Connection(Protocol):
    """What the server does with any connection, a request's or a websocket's."""

    def look(self, now: float) -> None:
        """End what has taken too long, by the loop's clock."""
        ...

    def let_go(self) -> None:
        """Close at once, without a word."""
        ...


class OpenConnections(ServerState):
    """uvicorn's record of a server's connections, and beside it who waits without a request, the oldest first."""

    def __init__(self) -> None:
        super().__init__()
        # uvicorn says protocols of its own; those of this server are bounded ones.
        self.connections: set[Connection]  # pyright: ignore[reportIncompatibleVariableOverride]
        self.waiting: dict[Connection, None] = {}
        self.websockets: set[Connection] = set()
        self.most = 10_000
        # Accepted, and not among the connections yet.
        self.arriving = 0

    def has_room(self) -> bool:
        """Whether one more fits beside the open ones and those that are arriving."""
        return len(self.connections) + self.arriving < self.most

    def has_room_for_websocket(self) -> bool:
        """Whether one more may be open: they stay for hours, so that half of the places are kept for requests."""
        return len(self.websockets) < self.most // 2

    def let_oldest_go(self) -> bool:
        """Close the connection that has waited longest without a request; False when none waits."""
        oldest = next(iter(self.waiting), None)
        if oldest is None:
            return False
        del self.waiting[oldest]
        oldest.let_go()
        return True
