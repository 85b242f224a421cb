"""A cost report as people and machines are shown it: in cents that always add up.

Every figure alone is within a cent of the exact one. The total is rounded once; base and VAT, then days, devices,
periods and sites are apportioned so that each list adds up to what stands above it, and each line across.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from portal.core.cost.rules.cost import CostReport, DayCost, DeviceCost, FixedCost, PeriodCost
from portal.core.values.money import apportion, round_cents, round_unit

_Line = TypeVar("_Line", DayCost, DeviceCost, PeriodCost, FixedCost)


def as_shown(report: CostReport) -> CostReport:
    """Return the report with all money in whole cents; energy stays exact."""
    total = round_cents(report.total)
    base, vat = apportion((report.base_cost, report.vat), total)
    days = tuple(
        replace(day, periods=_lines(day.periods, day.base_cost, day.vat))
        for day in _lines(report.days, base, vat)
    )
    return replace(
        report,
        base_cost=base,
        vat=vat,
        total=total,
        days=days,
        devices=_lines(report.devices, base, vat),
        periods=_lines(report.periods, base, vat),
        fixed=tuple(_rounded(charge) for charge in report.fixed),
    )


def shown_kwh(parts: Sequence[Decimal], unit: Decimal = Decimal("0.01")) -> tuple[list[Decimal], Decimal]:
    """Return energies rounded to a unit, and their sum, so that they add up."""
    total = round_unit(sum(parts, Decimal(0)), unit)
    return apportion(parts, total, unit), total


def _lines(lines: tuple[_Line, ...], base: Decimal, vat: Decimal) -> tuple[_Line, ...]:
    if not lines:
        return lines
    bases = apportion([line.base_cost for line in lines], base)
    vats = apportion([line.vat for line in lines], vat)
    return tuple(
        replace(line, base_cost=its_base, vat=its_vat, total=its_base + its_vat)
        for line, its_base, its_vat in zip(lines, bases, vats, strict=True)
    )


def _rounded(charge: FixedCost) -> FixedCost:
    base, vat = round_cents(charge.base_cost), round_cents(charge.vat)
    return replace(charge, base_cost=base, vat=vat, total=base + vat)
