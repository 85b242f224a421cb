"""What names a meter event in addresses and on the command line: its device, what it is and when."""

from typing import NamedTuple
from uuid import UUID

from portal.core.energy.rules.judging import ProposalKind

_PARTS = 3


class EventId(NamedTuple):
    """A meter event by its content: `at` in microseconds since 1970 (UTC)."""

    device_id: UUID
    kind: ProposalKind
    at: int

    def __str__(self) -> str:
        return f"{self.device_id}.{self.kind}.{self.at}"


def event_id(text: str) -> EventId:
    """Return the event that a text names. Raises `ValueError` for a text that names none."""
    parts = text.strip().split(".")
    msg = "an event is named like DEVICE.exchange.1764000000000000"
    if len(parts) != _PARTS:
        raise ValueError(msg)
    try:
        found = EventId(UUID(parts[0]), ProposalKind(parts[1]), int(parts[2]))
    except ValueError:
        raise ValueError(msg) from None
    if not 0 <= found.at < 1 << 53:
        raise ValueError(msg)
    return found
