"""A window in more than one currency: a report of each, and nothing added up across."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from portal.core.cost.rules.cost import (
    CostReport,
    DayUsage,
    DeviceRef,
    DeviceUsage,
    FixedCost,
    Quality,
    price_groups,
)

_ZERO = Decimal(0)


def price_in_each(
    by_day: Sequence[DayUsage],
    by_device: Sequence[DeviceUsage],
    *,
    days: Iterable[date],
    devices: Sequence[DeviceRef],
    window: tuple[datetime, datetime],
    currency: str,
    quality: Quality,
) -> CostReport:
    """Price a window as `price_groups` does, whatever currencies its tariffs are in: a report of each.

    `currency` is the stack's own and holds where a tariff names none. The first report is of it where it is among them;
    what has no price, what is doubtful and the devices that used nothing are in the first as well.
    """
    days = tuple(days)
    found = _currencies(by_day, currency)

    def of(usage: DayUsage | DeviceUsage) -> str:
        return found[0] if usage.price is None else usage.price.currency or currency

    users = {
        code: {usage.device_id for usage in by_device if usage.milliwh and of(usage) == code}
        for code in found
    }
    users[found[0]] |= {device.device_id for device in devices} - set[object]().union(*users.values())
    reports = tuple(
        price_groups(
            [usage for usage in by_day if of(usage) == code],
            [usage for usage in by_device if of(usage) == code and (usage.milliwh or usage.device_id in its)],
            days=days,
            devices=[device for device in devices if device.device_id in its],
            window=window,
            currency=code,
            quality=quality if code == found[0] else Quality(),
        )
        for code, its in users.items()
    )
    return replace(reports[0], others=reports[1:])


def _currencies(usages: Iterable[DayUsage], own: str) -> list[str]:
    """Return the currencies of what was used, the stack's own first; that alone where nothing has a price."""
    found = {usage.price.currency or own for usage in usages if usage.price is not None and usage.milliwh}
    return sorted(found, key=lambda code: (code != own, code)) or [own]


def with_fixed(report: CostReport, fixed: Iterable[tuple[str, FixedCost]]) -> CostReport:
    """Return a report with fixed charges, each given with its currency, also one that no energy was priced in."""
    charges: dict[str, list[FixedCost]] = {}
    for code, charge in fixed:
        charges.setdefault(code, []).append(charge)
    known = {part.currency for part in report.parts}
    if not report.total and not report.total_kwh and charges and report.currency not in charges:
        report, known = replace(report, currency=min(charges)), {min(charges)}
    first, *others = (
        replace(part, fixed=tuple(charges.get(part.currency, ())), others=()) for part in report.parts
    )
    others += [
        replace(_without_energy(report, code), fixed=tuple(charges[code]))
        for code in sorted(charges.keys() - known)
    ]
    return replace(first, others=tuple(others))


def _without_energy(report: CostReport, currency: str) -> CostReport:
    days = tuple(
        replace(day, kwh=_ZERO, base_cost=_ZERO, vat=_ZERO, total=_ZERO, periods=()) for day in report.days
    )
    nothing = dict.fromkeys(
        ("total_kwh", "base_cost", "vat", "total", "unallocated_kwh", "estimated_kwh"), _ZERO
    )
    return replace(
        report,
        currency=currency,
        days=days,
        devices=(),
        periods=(),
        buckets_without_tariff=0,
        suspect_readings=0,
        unknown_zones=(),
        left_out=(),
        others=(),
        **nothing,
    )
