"""How much of a connection anybody may take before it is known who they are: bytes, seconds, descriptors."""

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True)
class Bounds:
    """What one connection may do. `docs/security.md` has the same figures in a table."""

    # Browsers send 2 kB of headers, with large cookies 8. A line may have what the websocket library takes as well.
    head_bytes: int = 32_000
    line_bytes: int = 8_000
    fields: int = 100
    # A request's headers are complete so long after the connection, or their first byte, came.
    head_seconds: float = 15
    # A board on a poor link needs minutes for a batch, but it keeps sending meanwhile.
    body_idle_seconds: float = 30
    body_seconds: float = 600
    body_bytes_a_second: int = 64
    body_grace_seconds: float = 60
    # What a chunked body may spend on the framing of its chunks, beyond as many bytes as it holds.
    framing_bytes: int = 65_536
    pipelined: int = 16
    # Somebody who reads nothing of what waits for them, or takes a very long time for all of it.
    unread_seconds: float = 30
    answer_seconds: float = 1800
    # How long what somebody still sends is read after a refusal, so that they can read the refusal.
    linger_seconds: float = 2
    socket_message_bytes: int = 1_000_000
    socket_fragments: int = 1_000
    socket_unread_bytes: int = 1_000_000
    stopping_idle_seconds: float = 1
    stopping_seconds: float = 3

    def while_stopping(self, body_took: float) -> Self:
        """Return the bounds of a server that is told to stop, for a body that has taken so many seconds already."""
        return replace(
            self, body_idle_seconds=self.stopping_idle_seconds, body_seconds=body_took + self.stopping_seconds
        )
