"""The cost answer of either run mode, over HTTP and from `portal cost`: exact energy, money rounded once, here.

Money is in its currency's minor units, which add up: days and devices each to the totals of energy, base and VAT to the
total of a line. On the Client the totals hold the fixed charges as well, which are listed beside the days and devices.
Each currency has a total of its own.
"""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from portal.core.cost.rules.cost import CostReport, DayCost, DeviceCost, FixedCost, PeriodCost
from portal.core.cost.rules.coverage import Coverage, DayCover
from portal.core.cost.rules.data_quality import DataQuality, EventInWindow
from portal.core.cost.rules.shown_cost import as_shown
from portal.core.cost.rules.totals import CurrencyTotal, totals_of
from portal.core.sites.rules.meter_tree import DeviceKind
from portal.core.wire_fields import CurrencyCode, Exact, Instant

Kwh = Exact
"""Exact kilowatt-hours."""

Money = Annotated[Exact, msgspec.Meta(description="rounded to its currency's minor unit")]


class _Answer(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    pass


class PeriodAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """Energy and cost of one time-of-use period; without a name it is the default rate."""

    name: str | None
    kwh: Kwh
    base_cost: Money
    vat: Money
    total: Money
    currency: CurrencyCode


class FixedChargeAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A site's fixed charge for days of a month, in proportion to them. `month` is the first day of that month."""

    month: date
    first_day: date
    last_day: date
    site_name: str
    tariff_name: str
    base_cost: Money
    vat: Money
    total: Money
    currency: CurrencyCode


class DayAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """Energy and cost of one date.

    `hoursPresent` of its `hoursAsked` meter-hours have energy from readings, whatever the currency; where it is 0 the
    day has no readings, which is not a day of 0 kWh. Both are null for a day that is still to come.
    """

    date: date
    kwh: Kwh
    base_cost: Money
    vat: Money
    total: Money
    currency: CurrencyCode
    hours_present: int | None
    hours_asked: int | None


class CoverageAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """How much of a window has energy from readings.

    Asked for are the hours that are over, of meters that had begun to send: an average, a comparison or a forecast is
    of the days with readings alone.
    """

    hours_present: int
    hours_asked: int
    days_with_readings: int
    days: int


class DeviceAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """Energy and cost of one device."""

    device_id: UUID
    name: str
    site_name: str
    kwh: Kwh
    base_cost: Money
    vat: Money
    total: Money
    currency: CurrencyCode
    buckets_without_tariff: int


class TotalAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """What a window cost in one currency, and the energy behind it."""

    currency: CurrencyCode
    kwh: Kwh
    base_cost: Money
    vat: Money
    total: Money
    fixed: Annotated[Money, msgspec.Meta(description="what of the total are fixed charges, with VAT")]


class ChargesLeftOutAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """Charges of a price list that a tariff of the window does not price, each in words."""

    tariff_name: str
    municipality: str
    charges: list[str]


class MeterEventAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """What seems to have happened to a meter, from its first to its last reading.

    `kwh` is the energy counted between the accepted readings before and after it.
    """

    kind: str
    device_id: UUID
    device_name: str
    site_name: str
    from_utc: Instant
    to_utc: Instant
    readings: int
    kwh: Kwh
    reasons: list[str]


class SubmeterAnswer(DeviceAnswer, rename="camel", frozen=True, kw_only=True):
    """What a device below others, or one that is calculated, used and what that costs: in theirs already."""

    kind: Literal["sub", "virtual"]
    parent_id: UUID | None


class CostAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """What a window cost. Buckets without a tariff have energy but no price.

    All readings stored by `asOf` are counted; unless `isComplete`, later ones are not yet. Where tariffs are in more
    than one currency, `totals` has one each, a line is of one currency, and the four figures of money are null: money
    of two currencies is not added up. Days are those of `timeZone`.
    `meterEvents` are the first of a window, glitches of one or two readings left out; behind `provisionalFrom`,
    readings that follow may still change what is believed.
    """

    as_of: Instant
    is_complete: bool
    from_utc: Instant
    to_utc: Instant
    time_zone: str
    currency: CurrencyCode | None
    total_kwh: Kwh
    base_cost: Money | None
    vat: Money | None
    total: Money | None
    totals: list[TotalAnswer]
    buckets_without_tariff: int
    unallocated_kwh: Kwh
    estimated_kwh: Kwh
    suspect_readings: int
    conflicts: int
    meter_event_count: int
    meter_events: list[MeterEventAnswer]
    provisional_from: Instant | None
    coverage: CoverageAnswer
    fixed_monthly_charges_included: bool
    days: list[DayAnswer]
    devices: list[DeviceAnswer]
    submeters: list[SubmeterAnswer]
    periods: list[PeriodAnswer]
    fixed_charges: list[FixedChargeAnswer]
    unknown_time_zones: list[str]
    not_included: list[ChargesLeftOutAnswer]


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
    totals = totals_of(report)
    only = totals[0] if len(totals) == 1 else None
    return {
        "as_of": report.as_of.at,
        "is_complete": report.as_of.is_complete,
        "from_utc": report.from_at,
        "to_utc": report.to_at,
        "time_zone": report.zone,
        "currency": only and only.currency,
        "total_kwh": sum(each.kwh for each in totals),
        **{name: only and getattr(only, name) for name in _MONEY},
        "totals": [
            TotalAnswer(currency=each.currency, kwh=each.kwh, fixed=each.fixed, **_money(each))
            for each in totals
        ],
        "buckets_without_tariff": report.buckets_without_tariff,
        "unallocated_kwh": report.unallocated_kwh,
        "estimated_kwh": report.estimated_kwh,
        "suspect_readings": report.suspect_readings,
        **_quality(report.data_quality),
        "coverage": _coverage(report.coverage),
        "fixed_monthly_charges_included": with_fixed,
        "unknown_time_zones": list(report.unknown_zones),
        "not_included": [
            ChargesLeftOutAnswer(
                tariff_name=each.tariff_name, municipality=each.municipality, charges=list(each.charges)
            )
            for each in report.left_out
        ],
        **_lists(report),
    }


# Any: as above
def _lists(report: CostReport) -> dict[str, Any]:
    """Return the lines, each with its currency; days without energy are in the first one's alone."""
    covered = {each.day: each for each in report.coverage.days}
    return {
        "days": [
            _day(day, part.currency, covered.get(day.date))
            for part in report.parts
            for day in part.days
            if part is report or day.kwh
        ],
        "devices": [
            DeviceAnswer(**_device(device, part.currency)) for part in report.parts for device in part.devices
        ],
        "submeters": [
            SubmeterAnswer(
                **_device(device, part.currency),
                kind="sub" if device.kind is DeviceKind.SUB else "virtual",
                parent_id=device.parent_id,
            )
            for part in report.parts
            for device in part.submeters
        ],
        "periods": [
            PeriodAnswer(name=line.name, kwh=line.kwh, currency=part.currency, **_money(line))
            for part in report.parts
            for line in part.periods
        ],
        "fixed_charges": [_fixed(charge, part.currency) for part in report.parts for charge in part.fixed],
    }


def _day(day: DayCost, currency: str, cover: DayCover | None) -> DayAnswer:
    return DayAnswer(
        date=day.date,
        kwh=day.kwh,
        currency=currency,
        hours_present=cover and cover.covered,
        hours_asked=cover and cover.asked,
        **_money(day),
    )


def _coverage(found: Coverage) -> CoverageAnswer:
    return CoverageAnswer(
        hours_present=found.covered,
        hours_asked=found.asked,
        days_with_readings=len(found.days) - len(found.empty_days),
        days=len(found.days),
    )


# Any: as above
def _quality(found: DataQuality) -> dict[str, Any]:
    return {
        "conflicts": found.conflicts,
        "meter_event_count": found.event_count,
        "meter_events": [_event(event) for event in found.events],
        "provisional_from": found.provisional_from,
    }


def _event(event: EventInWindow) -> MeterEventAnswer:
    return MeterEventAnswer(
        kind=event.kind.value,
        device_id=event.device_id,
        device_name=event.device_name,
        site_name=event.site_name,
        from_utc=event.at,
        to_utc=event.until,
        readings=event.readings,
        kwh=event.kwh,
        reasons=[reason.value for reason in event.reasons],
    )


# Any: as above
def _device(device: DeviceCost, currency: str) -> dict[str, Any]:
    return {
        "device_id": device.device_id,
        "name": device.name,
        "site_name": device.site_name,
        "kwh": device.kwh,
        "currency": currency,
        "buckets_without_tariff": device.buckets_without_tariff,
        **_money(device),
    }


def _fixed(charge: FixedCost, currency: str) -> FixedChargeAnswer:
    return FixedChargeAnswer(
        month=charge.month,
        first_day=charge.first_day,
        last_day=charge.last_day,
        site_name=charge.site_name,
        tariff_name=charge.tariff_name,
        currency=currency,
        **_money(charge),
    )


_MONEY = ("base_cost", "vat", "total")


# Any: as above
def _money(line: DayCost | DeviceCost | PeriodCost | FixedCost | CurrencyTotal) -> dict[str, Any]:
    return {name: getattr(line, name) for name in _MONEY}
