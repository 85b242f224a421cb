"""Energy within an hour, for rates and days that change inside it.

Hours are what is stored. One with an edge inside, a split interval, is taken apart by the readings around the edge, in
proportion to time, as energy is at the hour itself; the parts always add up to what the hour has.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from portal.core.energy.rules.pieces import Piece
from portal.core.values.time import HOUR

_MICROSECOND = timedelta(microseconds=1)


def split_interval(
    pieces: Iterable[Piece], hour: datetime, milliwh: int, edges: Sequence[datetime]
) -> list[int]:
    """Return the energy of an hour before, between and after edges inside it, which ascend.

    `milliwh` is what the hour has; `pieces` those whose energy it is. Without any, time alone decides.
    The last part takes what rounding leaves.
    """
    known = [
        piece for piece in pieces if piece.milliwh and piece.end_at > hour and piece.start_at < hour + HOUR
    ]
    parts: list[int] = []
    for edge in edges:
        until = (
            sum(_until(piece, hour, edge) for piece in known) if known else milliwh * (edge - hour) // HOUR
        )
        parts.append(min(until, milliwh) - sum(parts))
    return [*parts, milliwh - sum(parts)]


def _until(piece: Piece, hour: datetime, edge: datetime) -> int:
    """Return a piece's energy from the hour's start to an edge."""
    overlap = min(piece.end_at, edge) - max(piece.start_at, hour)
    if overlap <= timedelta(0):
        return 0
    if piece.start_at >= hour and piece.end_at <= edge:
        return piece.milliwh
    return piece.milliwh * (overlap // _MICROSECOND) // ((piece.end_at - piece.start_at) // _MICROSECOND)
