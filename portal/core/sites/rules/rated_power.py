"""A device's rated power: what any way in may set it to, and what its current transformers and voltage make of it."""

from decimal import Context, Decimal

from portal.core.errors import Invalid
from portal.core.values.numbers import exact_number
from portal.core.words import noted, say

MOST_KW = 999_999_999
_WATT = Decimal("0.001")
_PHASES = Decimal(3)
_DIGITS = Context(prec=40)


def rated_kw(value: object) -> Decimal:
    """Return a rated power in kW, to the watt. Raises `Invalid` for no number and for one out of bounds."""
    try:
        power_kw = exact_number(value)
    except ValueError:
        power_kw = Decimal(0)
    if not _WATT <= power_kw < MOST_KW:
        message = say(
            "A device's rated power is a number of kW, at least 0.001 and below {most_kw}", most_kw=MOST_KW
        )
        raise Invalid(message)
    return power_kw.quantize(_WATT)


def rated_kw_of(ct_primary_a: object, nominal_voltage_v: object) -> Decimal:
    """Return the power in kW, to the watt, of three phases at the primary current of the CTs: sqrt(3) x V x A.

    The voltage is that between two phases (400 V, 11,000 V). Raises `Invalid` for no number, for one that is not above
    zero, and for a power out of bounds.
    """
    current, voltage = (_above_zero(value) for value in (ct_primary_a, nominal_voltage_v))
    product = _DIGITS.multiply(_DIGITS.multiply(current, voltage), _DIGITS.sqrt(_PHASES))
    return rated_kw(_DIGITS.quantize(_DIGITS.divide(product, Decimal(1000)), _WATT))


def rated_kw_given(
    max_power_kw: object = None, ct_primary_a: object = None, nominal_voltage_v: object = None
) -> Decimal | None:
    """Return the rated power (kW) that somebody gave: as such, or by the CTs and the voltage; None where neither.

    Raises `Invalid` for both, for one of the two figures alone, and for what is no such figure.
    """
    if ct_primary_a is None and nominal_voltage_v is None:
        return None if max_power_kw is None else rated_kw(max_power_kw)
    if max_power_kw is not None:
        message = noted(
            "Give a device's rated power, or the CT's primary current and the nominal voltage, not both"
        )
        raise Invalid(message)
    if ct_primary_a is None or nominal_voltage_v is None:
        message = noted("The CT's primary current (A) and the nominal voltage (V) belong together")
        raise Invalid(message)
    return rated_kw_of(ct_primary_a, nominal_voltage_v)


def _above_zero(value: object) -> Decimal:
    try:
        figure = exact_number(value)
    except ValueError:
        figure = Decimal(0)
    if figure <= 0:
        message = noted("The CT's primary current (A) and the nominal voltage (V) are numbers above zero")
        raise Invalid(message)
    return figure
