"""What the page of the fleet's month shows, as texts. Pure."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final, TypedDict

from portal.core.cost.service.fleet_costs import CurrencyMonth, CustomerMonth, FleetMonth
from portal.core.languages import tr
from portal.ui import formats

ROWS: Final = 50
_NONE: Final = "\u2013"


class MonthRow(TypedDict):
    """A customer's month in one currency."""

    name: str
    code: str
    href: str
    kwh: str
    base: str
    vat: str
    total: str
    rate: str
    coverage: str
    is_low: bool
    note: str


class TotalRow(TypedDict):
    """All customers in one currency."""

    currency: str
    customers: str
    kwh: str
    base: str
    vat: str
    total: str
    rate: str


# Any: a key that sorts, of whatever an order is about.
_KEYS: Final[dict[str, Callable[[CustomerMonth], Any]]] = {
    "name": lambda line: line.name.lower(),
    "kwh": lambda line: line.kwh,
    "total": lambda line: line.total,
    "rate": lambda line: line.total / line.kwh if line.kwh else Decimal(0),
    "coverage": lambda line: line.coverage if line.coverage is not None else Decimal(2),
    "unpriced": lambda line: line.unpriced_kwh,
}


def ordered(month: FleetMonth, order: str, *, is_descending: bool) -> list[CustomerMonth]:
    """The lines of a month in an order; those that are alike by their code."""
    by_code = sorted(month.customers, key=lambda line: (line.code.lower(), line.currency))
    return sorted(by_code, key=_KEYS[order], reverse=is_descending)


def build_months(lines: Sequence[CustomerMonth], first: str, last: str) -> list[MonthRow]:
    """The lines as rows; `first` and `last` are the days of the month, for the page behind each."""
    return [_row(line, first, last) for line in lines]


def build_totals(totals: Sequence[CurrencyMonth]) -> list[TotalRow]:
    """The totals as rows."""
    return [
        {
            "currency": each.currency,
            "customers": formats.number(each.customers, 0),
            "kwh": formats.kwh(each.kwh),
            "base": formats.money(each.base_cost, each.currency),
            "vat": formats.money(each.vat, each.currency),
            "total": formats.money(each.total, each.currency),
            "rate": _rate(each.total, each.kwh, each.currency),
        }
        for each in totals
    ]


def _row(line: CustomerMonth, first: str, last: str) -> MonthRow:
    coverage = line.coverage
    return {
        "name": line.name,
        "code": line.code,
        "href": f"/customers/{line.customer_id}?tab=cost&from={first}&to={last}&days=local",
        "kwh": formats.number(line.kwh, 2),
        "base": formats.money(line.base_cost, line.currency),
        "vat": formats.money(line.vat, line.currency),
        "total": formats.money(line.total, line.currency),
        "rate": _rate(line.total, line.kwh - line.unpriced_kwh, line.currency),
        "coverage": coverage_words(coverage) if line.is_first else "",
        "is_low": coverage is not None and coverage < Decimal("0.95"),
        "note": _note(line),
    }


def coverage_words(coverage: Decimal | None) -> str:
    """Which share of the hours has energy from readings; 100 % is said of all of them alone."""
    if coverage is None:
        return _NONE
    percent = coverage * 100
    shown = min(percent, Decimal("99.9")) if percent < 100 else percent
    return f"{formats.number(shown, 1)}\u00a0%"


def _rate(total: Decimal, kwh: Decimal, currency: str) -> str:
    if kwh <= 0:
        return _NONE
    return f"{formats.currency_symbol(currency)}\u00a0{formats.number(total / kwh, 4)}"


def _note(line: CustomerMonth) -> str:
    parts: list[str] = []
    if line.unpriced_kwh:
        parts.append(tr("{unpriced_kwh} kWh without a tariff", unpriced_kwh=formats.kwh(line.unpriced_kwh)))
    if line.unallocated_kwh:
        parts.append(
            tr(
                "{unallocated_kwh} kWh used during gaps, not placed",
                unallocated_kwh=formats.kwh(line.unallocated_kwh),
            )
        )
    if not line.is_exact:
        parts.append(tr("≈ prices change within hours: its own page is exact"))
    return "; ".join(parts)
