"""The resolution of a register, read from its values."""

from collections.abc import Sequence
from typing import Final

_COARSEST_MILLIWH: Final = 1_000_000
_STEPS: Final = (*(m * 10**e for e in range(6) for m in (1, 2, 5)), _COARSEST_MILLIWH)
_SAMPLE: Final = 4_000
_FAULTY: Final = 3  # so many values may be of no register at all, however few there are


def count_of(shown: Sequence[int]) -> int:
    """Return the coarsest step of 1, 2 or 5 x 10^n mWh, at most 1 kWh, that the values are multiples of.

    One in twenty of the distinct values may be none, and of few values three: a count that is too fine would turn every
    tick of a slow register into an impossible rise, one that is a little too coarse does no harm.
    """
    values = sorted(set(shown) - {0})
    values = values[:: len(values) // _SAMPLE + 1]
    allowed = max(len(values) // 20, min(_FAULTY, (len(values) - 1) // 3))
    best = 1
    for step in _STEPS:
        if sum(1 for value in values if value % step) <= allowed:
            best = max(best, step)
    return best
