"""A cost report as people and machines are shown it: in whole minor units of its currency that always add up.

Every figure is within one unit (a cent) of its exact value, and so is the sum of every line. The total is rounded once;
base and VAT, then days, devices, periods and sites are apportioned so that each list adds up to what stands above it,
and each line across. Fixed charges are rounded once as a whole, and apportioned in the same way. Sub-meters
are in the total already, and rounded each by itself.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from portal.core.cost.rules.cost import CostReport, DayCost, DeviceCost, FixedCost, PeriodCost
from portal.core.values.apportioning import apportion, apportion_pairs
from portal.core.values.currencies import minor_unit
from portal.core.values.money import exact_decimals, round_money, round_unit

_Line = TypeVar("_Line", DayCost, DeviceCost, PeriodCost, FixedCost)


def as_shown(report: CostReport) -> CostReport:
    """Return the report with all money in whole minor units, that of other currencies in theirs; energy stays exact."""
    unit = minor_unit(report.currency)
    base, vat = shown_pair(report.base_cost, report.vat, report.currency)
    days = tuple(
        replace(day, periods=_lines(day.periods, day.base_cost, day.vat, unit))
        for day in _lines(report.days, base, vat, unit)
    )
    return replace(
        report,
        base_cost=base,
        vat=vat,
        total=base + vat,
        days=days,
        devices=_lines(report.devices, base, vat, unit),
        submeters=tuple(_rounded(line, report.currency) for line in report.submeters),
        periods=_lines(report.periods, base, vat, unit),
        fixed=_fixed(report.fixed, report.currency),
        others=tuple(as_shown(other) for other in report.others),
    )


def shown_pair(base: Decimal, vat: Decimal, currency: str) -> tuple[Decimal, Decimal]:
    """Return base and VAT in whole minor units that add up to their rounded total."""
    with exact_decimals():
        total = base + vat
    shown_base, shown_vat = apportion((base, vat), round_money(total, currency), minor_unit(currency))
    return shown_base, shown_vat


def shown_kwh(parts: Sequence[Decimal], unit: Decimal = Decimal("0.01")) -> tuple[list[Decimal], Decimal]:
    """Return energies rounded to a unit, and their sum, so that they add up."""
    total = round_unit(sum(parts, Decimal(0)), unit)
    return apportion(parts, total, unit), total


def _lines(lines: tuple[_Line, ...], base: Decimal, vat: Decimal, unit: Decimal) -> tuple[_Line, ...]:
    if not lines:
        return lines
    pairs = apportion_pairs([(line.base_cost, line.vat) for line in lines], (base, vat), unit)
    return tuple(
        replace(line, base_cost=its_base, vat=its_vat, total=its_base + its_vat)
        for line, (its_base, its_vat) in zip(lines, pairs, strict=True)
    )


def _fixed(charges: tuple[FixedCost, ...], currency: str) -> tuple[FixedCost, ...]:
    with exact_decimals():
        base, vat = (
            sum((getattr(charge, name) for charge in charges), Decimal(0)) for name in ("base_cost", "vat")
        )
    return _lines(charges, *shown_pair(base, vat, currency), minor_unit(currency))


def _rounded(line: DeviceCost, currency: str) -> DeviceCost:
    base, vat = shown_pair(line.base_cost, line.vat, currency)
    return replace(line, base_cost=base, vat=vat, total=base + vat)
