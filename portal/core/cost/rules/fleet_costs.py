"""What a month cost each customer of a fleet, and all of them together in each currency. Exact; nothing is rounded."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from portal.core.values.money import exact_decimals, kwh_from_milliwh

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from portal.core.cost.rules.rates import Price

_ZERO = Decimal(0)


class PricedEnergy(NamedTuple):
    """Energy of a customer's bulk meters at one price (None: no tariff), and what of it is not certain.

    `covered_hours` are hours of meters with energy from readings.
    """

    customer_id: UUID
    price: Price | None
    milliwh: int
    unallocated_milliwh: int
    covered_hours: int


class CustomerAsked(NamedTuple):
    """A customer of the month: how many hours of its meters are asked for, and whether its hours are priced exactly."""

    customer_id: UUID
    code: str
    name: str
    asked_hours: int
    is_exact: bool


@dataclass(frozen=True, slots=True)
class CustomerMonth:
    """A customer's month in one currency. `kwh` is all of its energy where `is_first`, of which some may have no price.

    Energy that is doubtful, without a price and the coverage stand in the first of a customer's lines alone.
    """

    customer_id: UUID
    code: str
    name: str
    currency: str
    kwh: Decimal
    base_cost: Decimal
    vat: Decimal
    total: Decimal
    unpriced_kwh: Decimal
    unallocated_kwh: Decimal
    asked_hours: int
    covered_hours: int
    is_exact: bool
    is_first: bool = True

    @property
    def coverage(self) -> Decimal | None:
        """Which share of the hours asked for has energy from readings; None of none."""
        return Decimal(self.covered_hours) / self.asked_hours if self.asked_hours else None


@dataclass(frozen=True, slots=True)
class CurrencyMonth:
    """All customers' months in one currency."""

    currency: str
    customers: int
    kwh: Decimal
    base_cost: Decimal
    vat: Decimal
    total: Decimal


def customer_months(
    customers: Sequence[CustomerAsked], energy: Iterable[PricedEnergy], own_currency: str
) -> tuple[CustomerMonth, ...]:
    """Return the month of every customer, a line for each of its currencies; one without energy has one as well."""
    of_customer: dict[UUID, list[PricedEnergy]] = defaultdict(list)
    for each in energy:
        of_customer[each.customer_id].append(each)
    with exact_decimals():
        return tuple(
            line
            for customer in customers
            for line in _lines(customer, of_customer[customer.customer_id], own_currency)
        )


def _lines(customer: CustomerAsked, energy: Sequence[PricedEnergy], own_currency: str) -> list[CustomerMonth]:
    by_currency: dict[str, list[PricedEnergy]] = {}
    for each in energy:
        if each.price is not None:
            by_currency.setdefault(each.price.currency or own_currency, []).append(each)
    unpriced = [each for each in energy if each.price is None]
    codes = sorted(by_currency, key=lambda code: (code != own_currency, code)) or [own_currency]
    covered = sum(each.covered_hours for each in energy)
    lines: list[CustomerMonth] = []
    for index, code in enumerate(codes):
        priced, is_first = by_currency.get(code, []), index == 0
        base, vat = _money(priced)
        lines.append(
            CustomerMonth(
                customer.customer_id,
                customer.code,
                customer.name,
                code,
                kwh_from_milliwh(sum(each.milliwh for each in (*priced, *(unpriced if is_first else ())))),
                base,
                vat,
                base + vat,
                kwh_from_milliwh(sum(each.milliwh for each in unpriced)) if is_first else _ZERO,
                kwh_from_milliwh(sum(each.unallocated_milliwh for each in energy)) if is_first else _ZERO,
                max(customer.asked_hours, covered) if is_first else 0,
                covered if is_first else 0,
                customer.is_exact,
                is_first,
            )
        )
    return lines


def _money(energy: Iterable[PricedEnergy]) -> tuple[Decimal, Decimal]:
    base = vat = _ZERO
    for each in energy:
        if each.price is not None:
            cost = kwh_from_milliwh(each.milliwh) * each.price.rate_per_kwh
            base += cost
            vat += cost * each.price.vat_rate
    return base, vat


def currency_totals(months: Iterable[CustomerMonth]) -> tuple[CurrencyMonth, ...]:
    """Return the totals of each currency: money of two is never added up."""
    found: Mapping[str, list[CustomerMonth]] = defaultdict(list)
    for month in months:
        found[month.currency].append(month)
    with exact_decimals():
        return tuple(
            CurrencyMonth(
                code,
                len(lines),
                sum((line.kwh for line in lines), _ZERO),
                sum((line.base_cost for line in lines), _ZERO),
                sum((line.vat for line in lines), _ZERO),
                sum((line.total for line in lines), _ZERO),
            )
            for code, lines in sorted(found.items())
        )
