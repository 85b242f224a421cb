"""The cost answer of either run mode, over HTTP and from `portal cost`: exact energy, money rounded once, here.

Money is in cents that add up: days and devices each to the totals of energy, base and VAT to the total of a line.
On the Client the totals hold the fixed monthly charges as well, which are listed beside the days and devices.
"""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec

from portal.core.cost.rules.cost import CostReport, DayCost, DeviceCost, FixedCost, PeriodCost
from portal.core.cost.rules.shown_cost import as_shown
from portal.core.wire_fields import Exact, Instant

Kwh = Exact
"""Exact kilowatt-hours."""

Money = Annotated[Exact, msgspec.Meta(description="rounded to cents")]


class _Answer(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    pass


class PeriodAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """Energy and cost of one time-of-use period; without a name it is the default rate."""

    name: str | None
    kwh: Kwh
    base_cost: Money
    vat: Money
    total: Money


class FixedChargeAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A fixed charge of a site for a whole month, whose first day is `month`."""

    month: date
    site_name: str
    tariff_name: str
    base_cost: Money
    vat: Money
    total: Money


class DayAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """Energy and cost of one date."""

    date: date
    kwh: Kwh
    base_cost: Money
    vat: Money
    total: Money


class DeviceAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """Energy and cost of one device."""

    device_id: UUID
    name: str
    site_name: str
    kwh: Kwh
    base_cost: Money
    vat: Money
    total: Money
    buckets_without_tariff: int


class CostAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """What a window cost. Buckets without a tariff have energy but no price.

    All readings stored by `asOf` are counted; unless `isComplete`, later ones are not yet.
    """

    as_of: Instant
    is_complete: bool
    from_utc: Instant
    to_utc: Instant
    currency: str
    total_kwh: Kwh
    base_cost: Money
    vat: Money
    total: Money
    buckets_without_tariff: int
    unallocated_kwh: Kwh
    estimated_kwh: Kwh
    suspect_readings: int
    fixed_monthly_charges_included: bool
    days: list[DayAnswer]
    devices: list[DeviceAnswer]
    periods: list[PeriodAnswer]
    fixed_charges: list[FixedChargeAnswer]
    unknown_time_zones: list[str]


class FleetCostAnswer(CostAnswer, rename="camel", frozen=True, kw_only=True):
    """What a window cost a customer."""

    customer_id: UUID


def cost_answer(report: CostReport) -> CostAnswer:
    """Return the answer to a Client's own question."""
    return CostAnswer(**_figures(report, with_fixed=True))


def fleet_cost_answer(customer_id: UUID, report: CostReport) -> FleetCostAnswer:
    """Return the answer to an operator's question about a customer."""
    return FleetCostAnswer(customer_id=customer_id, **_figures(report, with_fixed=False))


# Any: figures by the names of their fields, for the struct that checks each.
def _figures(exact: CostReport, *, with_fixed: bool) -> dict[str, Any]:
    report = as_shown(exact)
    return {
        "as_of": report.as_of.at,
        "is_complete": report.as_of.is_complete,
        "from_utc": report.from_at,
        "to_utc": report.to_at,
        "currency": report.currency,
        "total_kwh": report.total_kwh,
        **{
            name: getattr(report, name) + sum(getattr(each, name) for each in report.fixed) for name in _MONEY
        },
        "buckets_without_tariff": report.buckets_without_tariff,
        "unallocated_kwh": report.unallocated_kwh,
        "estimated_kwh": report.estimated_kwh,
        "suspect_readings": report.suspect_readings,
        "fixed_monthly_charges_included": with_fixed,
        "days": [DayAnswer(date=day.date, kwh=day.kwh, **_money(day)) for day in report.days],
        "devices": [_device(device) for device in report.devices],
        "periods": [PeriodAnswer(name=line.name, kwh=line.kwh, **_money(line)) for line in report.periods],
        "fixed_charges": [_fixed(charge) for charge in report.fixed],
        "unknown_time_zones": list(report.unknown_zones),
    }


def _device(device: DeviceCost) -> DeviceAnswer:
    return DeviceAnswer(
        device_id=device.device_id,
        name=device.name,
        site_name=device.site_name,
        kwh=device.kwh,
        buckets_without_tariff=device.buckets_without_tariff,
        **_money(device),
    )


def _fixed(charge: FixedCost) -> FixedChargeAnswer:
    return FixedChargeAnswer(
        month=charge.month, site_name=charge.site_name, tariff_name=charge.tariff_name, **_money(charge)
    )


_MONEY = ("base_cost", "vat", "total")


# Any: as above
def _money(line: DayCost | DeviceCost | PeriodCost | FixedCost) -> dict[str, Any]:
    return {name: getattr(line, name) for name in _MONEY}
