"""Energy between two accepted readings, and how it is split at the hours."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from portal.core.values.time import HOUR, floor_hour

_MICROSECOND = timedelta(microseconds=1)


class PieceKind(StrEnum):
    """Whether the time of a piece's energy is known well enough to bill it by the hour."""

    ALLOCATED = "allocated"
    GAP = "gap"


class Piece(NamedTuple):
    """Energy of the half-open interval between two accepted readings; a GAP is longer than is guessed over."""

    start_at: datetime
    end_at: datetime
    milliwh: int
    kind: PieceKind


def split_by_hour(piece: Piece) -> list[tuple[datetime, int]]:
    """Return a piece's energy per UTC hour, in proportion to time; the last part takes the rounding remainder.

    The parts are integers and add up to the piece exactly. A piece that ends on the hour lies wholly before it.
    """
    first = floor_hour(piece.start_at)
    if piece.end_at <= first + HOUR:
        return [(first, piece.milliwh)]
    whole = (piece.end_at - piece.start_at) // _MICROSECOND
    parts: list[tuple[datetime, int]] = []
    left = piece.milliwh
    start_at, hour = piece.start_at, first
    while (next_hour := hour + HOUR) < piece.end_at:
        part = piece.milliwh * ((next_hour - start_at) // _MICROSECOND) // whole
        parts.append((hour, part))
        left -= part
        start_at = hour = next_hour
    parts.append((hour, left))
    return parts
