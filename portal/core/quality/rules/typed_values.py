"""Registers and CT ratios as people type them."""

import re
from decimal import Decimal
from typing import Final

from portal.core.values.money import MILLIWH_PER_KWH

_RATIO: Final = re.compile(r"\s*([1-9][0-9]{0,5})\s*[/:]\s*([1-9][0-9]{0,5})\s*")
_MOST_KWH: Final = 1_000_000_000


def milliwh_of(kwh: Decimal | None) -> int | None:
    """Return a register's kWh in milliwatt-hours; None of none.

    Raises `ValueError`, in words, for what no register shows.
    """
    if kwh is None:
        return None
    if not (kwh.is_finite() and 0 <= kwh < _MOST_KWH):
        msg = "a register shows 0 to 999,999,999 kWh"
        raise ValueError(msg)
    return int((kwh * MILLIWH_PER_KWH).to_integral_value())


def scale_of(text: str) -> tuple[int, int]:
    """Return the two numbers of a CT ratio such as 100/5. Raises `ValueError`, in words, for another text."""
    found = _RATIO.fullmatch(text)
    if found is None:
        msg = "a CT ratio is two whole numbers above zero, such as 100/5"
        raise ValueError(msg)
    return int(found[1]), int(found[2])
