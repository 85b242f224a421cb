"""What of the fleet's data is not here yet: what will be lost first, then what is kept at Clients."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from uuid import UUID

SILENT_AFTER: Final = timedelta(hours=2)
"""A board is silent whose last reading is older, while its customer's stack pushes."""
BOARD_KEEPS: Final = timedelta(days=17)
"""How long a board of ours keeps a reading a minute before it overwrites the oldest (docs/firmware.md)."""


@dataclass(frozen=True, slots=True)
class DebtLine:
    """A customer of which something is missing.

    `full_at` is when its longest silent board has overwritten the oldest reading, as reckoned from what boards keep;
    None where none is silent. `waiting_rows` wait at its Client, reckoned where `is_estimate`; `drain_seconds` is
    what it said.
    """

    customer_id: UUID
    code: str
    name: str
    state: str
    silent_boards: int
    silent_since: datetime | None
    silent_site: str
    waiting_rows: int
    is_estimate: bool
    given_up_rows: int
    oldest_at: datetime | None
    drain_seconds: int | None
    refusal: str
    last_seen_at: datetime | None

    @property
    def full_at(self) -> datetime | None:
        """When a board will have overwritten what is not here yet."""
        return None if self.silent_since is None else self.silent_since + BOARD_KEEPS


def worst_first(lines: list[DebtLine], now: datetime) -> list[DebtLine]:
    """Return lines with the one first that loses readings first, then what waits, the oldest first.

    Behind them stand boards that have overwritten readings already: nothing can be done about those.
    """

    def key(line: DebtLine) -> tuple[int, float, str]:
        if line.full_at is not None and line.full_at > now:
            return 0, (line.full_at - now).total_seconds(), line.code
        if line.full_at is not None and line.oldest_at is None:
            return 2, (line.full_at - now).total_seconds(), line.code
        return 1, (line.oldest_at - now).total_seconds() if line.oldest_at is not None else 0.0, line.code

    return sorted(lines, key=key)
