"""One post of a board to the device ingest, as it is kept for those who look after the board."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

KEPT_POSTS = 30
"""Of each device so many of the last posts are kept, whatever became of them."""
KEPT_REFUSED = 20
"""Beside them so many of the last ones of which anything was refused."""
KEPT_UNKNOWN = 100
"""So many of the last posts with a token that nobody has."""
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class BoardPost:
    """A post, when it came (aware UTC), what it was answered, and of its rows how many were stored, known and refused.

    `rows` is None where they could not be counted. Without `device_id` nobody has its token: `token_hash` may still be
    one that a device had before, and of the token its length and its last characters are known.
    """

    posted_at: datetime
    status: int
    device_id: UUID | None = None
    body_bytes: int | None = None
    rows: int | None = None
    stored_rows: int = 0
    known_rows: int = 0
    refused_rows: int = 0
    reason: str = ""
    address: str = ""
    token_length: int | None = None
    token_last4: str = ""
    token_hash: str = ""

    @property
    def is_refused(self) -> bool:
        """Whether it was refused as a whole."""
        return self.status >= 400 or (self.refused_rows > 0 and self.refused_rows == self.rows)

    @property
    def has_trouble(self) -> bool:
        """Whether it was refused as a whole or in part."""
        return self.status >= 400 or self.refused_rows > 0
