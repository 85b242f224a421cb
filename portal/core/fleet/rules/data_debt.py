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

    `full_at` is when the first of its silent boards begins to overwrite what it has not sent, None where none is
    silent; reckoned from what boards mostly keep, unless `full_is_known`. `waiting_rows` wait at its Client, reckoned
    where `is_estimate`; `drain_seconds` is what it said. `open_events` wait for a person.
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
    full_at: datetime | None = None
    full_is_known: bool = False
    open_events: int = 0

    @property
    def is_only_events(self) -> bool:
        """Whether everything is here, and a person is to say something about it."""
        return not (
            self.silent_boards or self.waiting_rows or self.given_up_rows or self.oldest_at or self.refusal
        )


def worst_first(lines: list[DebtLine], now: datetime) -> list[DebtLine]:
    """Return lines with the one first that loses readings first, then what waits, the oldest first.

    Behind them stand boards that have overwritten readings already: nothing can be done about those. Last come
    customers of which everything is here, with the most meter events that wait for a person first.
    """

    def key(line: DebtLine) -> tuple[int, float, str]:
        if line.is_only_events:
            return 3, -line.open_events, line.code
        if line.full_at is not None and line.full_at > now:
            return 0, (line.full_at - now).total_seconds(), line.code
        if line.full_at is not None and line.oldest_at is None:
            return 2, (line.full_at - now).total_seconds(), line.code
        return 1, (line.oldest_at - now).total_seconds() if line.oldest_at is not None else 0.0, line.code

    return sorted(lines, key=key)
