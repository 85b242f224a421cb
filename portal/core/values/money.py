"""Exact decimals for energy and money, and the one place where money is rounded."""

from collections.abc import Generator
from contextlib import contextmanager
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, Inexact, InvalidOperation, localcontext

from portal.core.values.currencies import minor_unit

MILLIWH_PER_KWH = 1_000_000

# Products of an energy (20 digits), a rate (15) and a VAT rate (15) stay exact; Inexact is trapped so that a
# lost digit can never go by silently.
_EXACT = Context(prec=120, traps=[Inexact, InvalidOperation])
_ROUNDING = Context(prec=120, traps=[InvalidOperation])
_SHARE_UNIT = Decimal(1).scaleb(-20)


@contextmanager
def exact_decimals() -> Generator[None, None, None]:
    """Run decimal arithmetic that must not round; raises decimal.Inexact where a digit would be lost."""
    with localcontext(_EXACT):
        yield


@contextmanager
def rounding_decimals() -> Generator[None, None, None]:
    """Run decimal arithmetic that rounds where it is told to, with digits for every amount there is."""
    with localcontext(_ROUNDING):
        yield


def round_money(amount: Decimal, currency: str) -> Decimal:
    """Return an amount rounded half up (away from zero) to its currency's minor unit: once, at the edge."""
    return round_unit(amount, minor_unit(currency))


def round_unit(amount: Decimal, unit: Decimal) -> Decimal:
    """Return an amount rounded half up (away from zero) to a unit like 0.01."""
    return amount.quantize(unit, rounding=ROUND_HALF_UP, context=_ROUNDING)


def share_of(amount: Decimal, part: int, whole: int) -> Decimal:
    """Return `part / whole` of an amount: exact for the whole, else to 20 decimals, far below any minor unit."""
    if part == whole:
        return amount
    with rounding_decimals():
        return (amount * part / whole).quantize(_SHARE_UNIT, rounding=ROUND_HALF_EVEN)


def kwh_from_milliwh(milliwh: int) -> Decimal:
    """Return an integer number of milliwatt-hours as kWh, exactly."""
    return Decimal(milliwh).scaleb(-6, _EXACT)
