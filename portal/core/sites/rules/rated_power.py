"""A device's rated power: what any way in may set it to."""

from decimal import Decimal

from portal.core.errors import Invalid
from portal.core.values.numbers import exact_number

MOST_KW = 999_999_999
_WATT = Decimal("0.001")


def rated_kw(value: object) -> Decimal:
    """Return a rated power in kW, to the watt. Raises `Invalid` for no number and for one out of bounds."""
    try:
        power_kw = exact_number(value)
    except ValueError:
        power_kw = Decimal(0)
    if not _WATT <= power_kw < MOST_KW:
        message = f"A device's rated power is a number of kW, at least 0.001 and below {MOST_KW}"
        raise Invalid(message)
    return power_kw.quantize(_WATT)
