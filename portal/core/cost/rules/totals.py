"""What a window came to, a total for each currency: energy and fixed charges together."""

from dataclasses import dataclass
from decimal import Decimal

from portal.core.cost.rules.cost import CostReport
from portal.core.values.money import exact_decimals

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class CurrencyTotal:
    """The cost of one currency with fixed charges, which are `fixed` of the total. As exact as its report."""

    currency: str
    kwh: Decimal
    base_cost: Decimal
    vat: Decimal
    total: Decimal
    fixed: Decimal


def totals_of(report: CostReport) -> tuple[CurrencyTotal, ...]:
    """Return the total of each currency of a report, in the order of its parts."""
    return tuple(total_of(part) for part in report.parts)


def total_of(part: CostReport) -> CurrencyTotal:
    """Return the total of a report's own currency."""
    with exact_decimals():
        fixed_base, fixed_vat, fixed = (
            sum((getattr(charge, name) for charge in part.fixed), _ZERO)
            for name in ("base_cost", "vat", "total")
        )
        return CurrencyTotal(
            part.currency,
            part.total_kwh,
            part.base_cost + fixed_base,
            part.vat + fixed_vat,
            part.total + fixed,
            fixed,
        )
