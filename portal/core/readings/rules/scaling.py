"""The one rounding of a reading: between a number as it travels and the integer it is stored as.

A number means what its shortest text says, as JSON writes it: 0.575 is 575 thousandths, though the double is a little
less. It is rounded to the stored step, half to even; a number that does not fit is refused, never cut.

Most numbers need no text. A double is within half of its last bit of its text, and so is a product of its exact
value: together they are less than the product by 2**52. Where the product is not that near to the middle between two
integers, the nearest is right. `QUICK_LIMITS` says how near.
"""

import math
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from portal.core.readings.rules.quantities import ALL_QUANTITIES, IntegerWidth, Quantity


class QuickLimit(NamedTuple):
    """Up to which product, and how far from an integer, the nearest integer is known to be right.

    `product / 2**52 + distance` is less than a half.
    """

    product: float
    distance: float


# Registers beyond 140 GWh are read as text, and so is one in twelve of those below that are not whole steps (such as a
# meter's 32-bit float printed in full); that takes a microsecond.
QUICK_LIMITS = {
    IntegerWidth.INT8: QuickLimit(2.0**47, 0.46),
    IntegerWidth.INT4: QuickLimit(2.0**31, 0.499999),
    IntegerWidth.INT2: QuickLimit(2.0**15, 0.499999),
}
"""By the width of the stored integer."""

_QUICK = {each.name: (float(each.scale), *QUICK_LIMITS[each.width]) for each in ALL_QUANTITIES}


class DoesNotFit(ValueError):
    """A number that cannot be stored, in words led by the quantity's name on the wire."""


def to_stored(quantity: Quantity, value: float) -> int:
    """Return a number in the quantity's unit as the integer that is stored, rounded half to even.

    Raises `DoesNotFit` for a number that is not finite or too large for the quantity.
    """
    scale, most_product, most_distance = _QUICK[quantity.name]
    product = value * scale
    if -most_product < product < most_product:
        nearest = round(product)
        if -most_distance < product - nearest < most_distance and nearest <= quantity.most:
            return nearest
    if not math.isfinite(value):
        raise DoesNotFit(f"{quantity.wire_name}: not a finite number")
    return _fitting(quantity, value, exact_steps(quantity, value))


def exact_steps(quantity: Quantity, value: float) -> int:
    """Return how many stored steps a finite number is, by its shortest text, whether or not they fit."""
    steps = Decimal(repr(float(value))).scaleb(quantity.decimals)
    return int(steps.to_integral_value(ROUND_HALF_EVEN))


def from_stored(quantity: Quantity, stored: int) -> float:
    """Return the number, in the quantity's unit, whose shortest text is the stored integer's."""
    return stored / quantity.scale


def _fitting(quantity: Quantity, value: float, steps: int) -> int:
    if quantity.least <= steps <= quantity.most:
        return steps
    bounds = f"{_text(quantity, quantity.least)} to {_text(quantity, quantity.most)}"
    raise DoesNotFit(f"{quantity.wire_name}: {float(value)!r} does not fit, {bounds} can be stored")


def _text(quantity: Quantity, steps: int) -> str:
    return f"{Decimal(steps).scaleb(-quantity.decimals):f}"
