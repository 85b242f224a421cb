"""What the register of a meter shows."""

from datetime import datetime
from math import isnan
from typing import NamedTuple

from portal.core.values.money import MILLIWH_PER_KWH

# The Acuvim II counts primary energy in 0.1 kWh. Two readings a second apart may differ by one whole count although
# hardly anything was consumed between them; without this allowance such a step would exceed any rated power.
REGISTER_COUNT_MILLIWH = 100_000

IMPORTED_QUANTITY = 6
"""The number by which conflicting values of the imported active energy are stored; a test holds it to the list."""

FEWEST_DIGITS, MOST_DIGITS = 3, 12
"""How many digits of whole kWh a register may have."""

_MOST_MILLIWH = 10**18


class Reading(NamedTuple):
    """What a register showed at an aware instant, in milliwatt-hours."""

    at: datetime
    register_milliwh: int


def are_register_digits(count: int) -> bool:
    """Tell whether a register can have so many digits of whole kWh."""
    return FEWEST_DIGITS <= count <= MOST_DIGITS


def register_milliwh(kwh: float) -> int:
    """Return a register in kWh as integer milliwatt-hours, rounded half to even.

    Exact for every register an Acuvim II can show (up to 99,999,999.9 kWh). A figure beyond any register is cut to
    +-10^18, which a database integer holds and which is judged suspect all the same. Raises ValueError for NaN.
    """
    if isnan(kwh):
        msg = "a register cannot show NaN"
        raise ValueError(msg)
    return round(max(-_MOST_MILLIWH, min(_MOST_MILLIWH, kwh * MILLIWH_PER_KWH)))
