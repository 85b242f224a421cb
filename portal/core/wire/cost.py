"""The cost answer of either run mode, over HTTP and from `portal cost`: exact energy, money rounded once, here."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from portal.core.domain.cost import CostReport, DayCost, DeviceCost
from portal.core.domain.money import round_cents
from portal.core.wire.fields import Exact

Kwh = Exact
"""Exact kilowatt-hours."""

Money = Annotated[Exact, msgspec.Meta(description="rounded to cents")]


class _Answer(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    pass


class DayAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """Energy and cost of one UTC date."""

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
    """What a window cost. Buckets without a tariff have energy but no price."""

    from_utc: datetime
    to_utc: datetime
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


class FleetCostAnswer(CostAnswer, rename="camel", frozen=True, kw_only=True):
    """What a window cost a customer."""

    customer_id: UUID


def cost_answer(report: CostReport) -> CostAnswer:
    """Return the answer to a Client's own question."""
    return CostAnswer(**_figures(report))


def fleet_cost_answer(customer_id: UUID, report: CostReport) -> FleetCostAnswer:
    """Return the answer to an operator's question about a customer."""
    return FleetCostAnswer(customer_id=customer_id, **_figures(report))


def _figures(report: CostReport) -> dict[str, Any]:
    return {
        "from_utc": report.from_at,
        "to_utc": report.to_at,
        "currency": report.currency,
        "total_kwh": report.total_kwh,
        **_money(report),
        "buckets_without_tariff": report.buckets_without_tariff,
        "unallocated_kwh": report.unallocated_kwh,
        "estimated_kwh": report.estimated_kwh,
        "suspect_readings": report.suspect_readings,
        "fixed_monthly_charges_included": False,
        "days": [DayAnswer(date=day.date, kwh=day.kwh, **_money(day)) for day in report.days],
        "devices": [_device(device) for device in report.devices],
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


def _money(line: CostReport | DayCost | DeviceCost) -> dict[str, Any]:
    return {
        "base_cost": round_cents(line.base_cost),
        "vat": round_cents(line.vat),
        "total": round_cents(line.total),
    }
