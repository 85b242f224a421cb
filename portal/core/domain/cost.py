"""What energy costs: one pure calculator for both run modes. Exact decimals; nothing is rounded here."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.core.domain.money import exact_decimals, kwh_from_milliwh
from portal.core.domain.rates import RateSlot
from portal.core.domain.tariffs import Tariff, active_tariff
from portal.core.domain.time import local_midnight

MAX_WINDOW = timedelta(days=366)

_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


class WindowInvalid(ValueError):
    """The window of a cost question is refused; the message is the reason in words."""


class MixedCurrencies(ValueError):
    """Money of two currencies would have to be added up; the message names them."""


@dataclass(frozen=True, slots=True)
class DeviceRef:
    """A device of the report, whether it used energy or not."""

    device_id: UUID
    name: str
    site_name: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Energy of one device on one UTC day within one rate slot (None: no tariff), over `buckets` hours.

    `buckets` counts the hours that have energy. Any splitting of the same energy gives the same report.
    """

    device_id: UUID
    day: date
    slot: RateSlot | None
    milliwh: int
    buckets: int


@dataclass(frozen=True, slots=True)
class DayCost:
    """One UTC date of a report; amounts exact, in the report's currency."""

    date: date
    kwh: Decimal
    base_cost: Decimal
    vat: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class DeviceCost:
    """One device of a report; amounts exact, in the report's currency."""

    device_id: UUID
    name: str
    site_name: str
    kwh: Decimal
    base_cost: Decimal
    vat: Decimal
    total: Decimal
    buckets_without_tariff: int


@dataclass(frozen=True, slots=True)
class CostReport:
    """The answer to "what did this window cost". Fixed monthly charges are not in it."""

    from_at: datetime
    to_at: datetime
    currency: str
    total_kwh: Decimal
    base_cost: Decimal
    vat: Decimal
    total: Decimal
    buckets_without_tariff: int
    unallocated_kwh: Decimal
    estimated_kwh: Decimal
    suspect_readings: int
    days: tuple[DayCost, ...]
    devices: tuple[DeviceCost, ...]


@dataclass(frozen=True, slots=True)
class Quality:
    """What the energy of a window left open: gaps in milliwatt-hours, and readings not believed."""

    unallocated_milliwh: int = 0
    estimated_milliwh: int = 0
    suspect_readings: int = 0


@dataclass(frozen=True, slots=True)
class FixedCharge:
    """A tariff's fixed charge for one whole local calendar month; `month` is its first day."""

    month: date
    tariff_id: int | None
    amount: Decimal
    vat: Decimal
    currency: str | None


@dataclass(slots=True)
class _Sum:
    """Energy and money of one line. The money is summed per rate at the end, so few exact products are made."""

    milliwh: int = 0
    buckets_without_tariff: int = 0
    milliwh_by_rate: dict[tuple[Decimal, Decimal], int] = field(default_factory=lambda: defaultdict(int))

    def add(self, usage: Usage) -> None:
        self.milliwh += usage.milliwh
        if usage.slot is not None:
            self.milliwh_by_rate[usage.slot.rate_per_kwh, usage.slot.vat_rate] += usage.milliwh
        elif usage.milliwh:
            self.buckets_without_tariff += usage.buckets

    def amounts(self) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        """Return kWh, base cost, VAT and total."""
        base = vat = Decimal(0)
        for (rate, vat_rate), milliwh in self.milliwh_by_rate.items():
            cost = kwh_from_milliwh(milliwh) * rate
            base += cost
            vat += cost * vat_rate
        return kwh_from_milliwh(self.milliwh), base, vat, base + vat


def check_window(from_at: datetime, to_at: datetime) -> None:
    """Raise WindowInvalid, with the reason, unless both are aware, `to` is after `from`, at most 366 days on."""
    for name, at in (("from", from_at), ("to", to_at)):
        if at.utcoffset() is None:
            msg = f"'{name}' has no UTC offset; write it like 2026-05-18T00:00:00Z"
            raise WindowInvalid(msg)
    if to_at <= from_at:
        msg = "'to' must be after 'from'"
        raise WindowInvalid(msg)
    if to_at - from_at > MAX_WINDOW:
        msg = f"the window is longer than {MAX_WINDOW.days} days"
        raise WindowInvalid(msg)


def price(
    usages: Iterable[Usage],
    *,
    devices: Sequence[DeviceRef],
    from_at: datetime,
    to_at: datetime,
    currency: str,
    quality: Quality | None = None,
) -> CostReport:
    """Price the energy of a window: totals, every UTC date of the window, and every device given.

    `currency` is the stack's own and holds where a tariff names none. Raises WindowInvalid, MixedCurrencies when
    usage was priced in more than one, and ValueError for usage of a device or day that is not in the question.
    """
    check_window(from_at, to_at)
    usages = tuple(usages)
    quality = quality or Quality()
    whole, by_day, by_device = _added_up(usages, _utc_days(from_at, to_at), devices)
    with exact_decimals():
        kwh, base, vat, total = whole.amounts()
        return CostReport(
            from_at=from_at,
            to_at=to_at,
            currency=_one_currency(usages, currency),
            total_kwh=kwh,
            base_cost=base,
            vat=vat,
            total=total,
            buckets_without_tariff=whole.buckets_without_tariff,
            unallocated_kwh=kwh_from_milliwh(quality.unallocated_milliwh),
            estimated_kwh=kwh_from_milliwh(quality.estimated_milliwh),
            suspect_readings=quality.suspect_readings,
            days=tuple(DayCost(day, *line.amounts()) for day, line in by_day.items()),
            devices=tuple(_device_cost(device, by_device[device.device_id]) for device in devices),
        )


def _added_up(
    usages: Iterable[Usage], days: Iterable[date], devices: Iterable[DeviceRef]
) -> tuple[_Sum, dict[date, _Sum], dict[UUID, _Sum]]:
    whole = _Sum()
    by_day = {day: _Sum() for day in days}
    by_device = {device.device_id: _Sum() for device in devices}
    for usage in usages:
        _check_known(usage, by_day, by_device)
        for line in (whole, by_day[usage.day], by_device[usage.device_id]):
            line.add(usage)
    return whole, by_day, by_device


def _device_cost(device: DeviceRef, line: _Sum) -> DeviceCost:
    return DeviceCost(
        device.device_id, device.name, device.site_name, *line.amounts(), line.buckets_without_tariff
    )


def _check_known(usage: Usage, days: dict[date, _Sum], devices: dict[UUID, _Sum]) -> None:
    if usage.device_id not in devices:
        msg = f"usage of device {usage.device_id}, which the report does not list"
        raise ValueError(msg)
    if usage.day not in days:
        msg = f"usage on {usage.day}, which is outside the report's window"
        raise ValueError(msg)


def _one_currency(usages: Iterable[Usage], own: str) -> str:
    found = {usage.slot.currency or own for usage in usages if usage.slot is not None and usage.milliwh}
    if len(found) > 1:
        names = " and ".join(sorted(found))
        msg = f"the window's tariffs are in {names}: money of two currencies is never added up"
        raise MixedCurrencies(msg)
    return found.pop() if found else own


def _utc_days(from_at: datetime, to_at: datetime) -> Iterator[date]:
    day = from_at.astimezone(UTC).date()
    last = (to_at.astimezone(UTC) - _INSTANT).date()
    while day <= last:
        yield day
        day += _DAY


def fixed_charges(
    tariffs: Sequence[Tariff], zone: ZoneInfo, start_at: datetime, end_at: datetime
) -> list[FixedCharge]:
    """Return the fixed charges of one municipality for the whole local calendar months inside a window.

    A month is charged by the tariff that is active on its first day; a month that begins before `start_at` or
    ends after `end_at`, or that no tariff covers, is not charged. Both instants must be aware.
    """
    charges: list[FixedCharge] = []
    month = start_at.astimezone(zone).date().replace(day=1)
    while local_midnight(following := _next_month(month), zone) <= end_at:
        tariff = active_tariff(tariffs, month)
        if local_midnight(month, zone) >= start_at and tariff is not None:
            charges.append(_fixed_charge(month, tariff))
        month = following
    return charges


def _next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _fixed_charge(month: date, tariff: Tariff) -> FixedCharge:
    with exact_decimals():
        vat = tariff.fixed_monthly_charge * tariff.vat_rate
    return FixedCharge(month, tariff.id, tariff.fixed_monthly_charge, vat, tariff.currency)
