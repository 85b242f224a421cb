"""Exact decimals for energy and money, and the one place where money is rounded."""

from collections.abc import Generator
from contextlib import contextmanager
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact, InvalidOperation, localcontext

MILLIWH_PER_KWH = 1_000_000

_CENT = Decimal("0.01")
# Products of an energy (20 digits), a rate (15) and a VAT rate (15) stay exact; Inexact is trapped so that a
# lost digit can never go by silently.
_EXACT = Context(prec=120, traps=[Inexact, InvalidOperation])
_ROUNDING = Context(prec=120, traps=[InvalidOperation])


@contextmanager
def exact_decimals() -> Generator[None, None, None]:
    """Run decimal arithmetic that must not round; raises decimal.Inexact where a digit would be lost."""
    with localcontext(_EXACT):
        yield


def round_cents(amount: Decimal) -> Decimal:
    """Return an amount rounded half up (away from zero) to cents: once, at the edge, never inside a sum."""
    return amount.quantize(_CENT, rounding=ROUND_HALF_UP, context=_ROUNDING)


def kwh_from_milliwh(milliwh: int) -> Decimal:
    """Return an integer number of milliwatt-hours as kWh, exactly."""
    return Decimal(milliwh).scaleb(-6, _EXACT)
