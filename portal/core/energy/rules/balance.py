"""What a day's energy must be, from nothing but the registers at the ends of days.

A second way to the same figure: the judge goes through every reading, this looks at the first and the last of each
day. Where a register only rose the two agree to the last milliwatt-hour, so that a difference shows either a reset, a
suspect reading or an exchange, which the judge must explain, or an error.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from portal.core.energy.rules.pieces import Piece, PieceKind, split_by_hour
from portal.core.energy.rules.registers import Reading


class DayEnds(NamedTuple):
    """The first and the last reading of a UTC day."""

    first: Reading
    last: Reading


def day_energy(days: Sequence[DayEnds], max_gap: timedelta) -> dict[date, int]:
    """Return each UTC day's energy, allocated and unallocated together, in milliwatt-hours.

    `days` are those of one meter that have readings, ascending. The energy between two days is split at the hour
    like any other; that of a gap counts where the gap ends.
    """
    energy: dict[date, int] = defaultdict(int)
    for ends in days:
        energy[ends.first.at.date()] += ends.last.register_milliwh - ends.first.register_milliwh
    for before, after in pairwise(days):
        for day, milliwh in _between(before.last, after.first, max_gap):
            energy[day] += milliwh
    return dict(energy)


def _between(before: Reading, after: Reading, max_gap: timedelta) -> list[tuple[date, int]]:
    milliwh = after.register_milliwh - before.register_milliwh
    if after.at - before.at > max_gap:
        return [(after.at.date(), milliwh)]
    piece = Piece(before.at, after.at, milliwh, PieceKind.ALLOCATED)
    return [(hour.date(), part) for hour, part in split_by_hour(piece)]
