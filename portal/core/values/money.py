"""Exact decimals for energy and money, and the one place where money is rounded."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, Inexact, InvalidOperation, localcontext

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
    return round_unit(amount, _CENT)


def round_unit(amount: Decimal, unit: Decimal) -> Decimal:
    """Return an amount rounded half up (away from zero) to a unit like 0.01."""
    return amount.quantize(unit, rounding=ROUND_HALF_UP, context=_ROUNDING)


def kwh_from_milliwh(milliwh: int) -> Decimal:
    """Return an integer number of milliwatt-hours as kWh, exactly."""
    return Decimal(milliwh).scaleb(-6, _EXACT)


def apportion(parts: Sequence[Decimal], total: Decimal, unit: Decimal = _CENT) -> list[Decimal]:
    """Return the parts of a whole in whole units (cents) that add up to its rounded `total` exactly.

    Largest remainder: every part is rounded down, and the units that are then missing go to the parts that lost
    most, the first of equals first. `total` must be a number of whole units.
    """
    with localcontext(_ROUNDING):
        shown = [part.quantize(unit, rounding=ROUND_FLOOR) for part in parts]
        missing = int((total - sum(shown, Decimal(0))) / unit)
        by_loss = sorted(range(len(parts)), key=lambda index: shown[index] - parts[index])
        for turn in range(abs(missing)):
            # More units than parts, or too many already: only where total and parts do not belong together.
            index = by_loss[turn % len(parts)] if missing > 0 else by_loss[-1 - turn % len(parts)]
            shown[index] += unit if missing > 0 else -unit
        return shown
