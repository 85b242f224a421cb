"""What energy costs: one pure calculator for both run modes. Exact decimals; nothing is rounded here."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from portal.core.cost.rules.coverage import NO_COVERAGE, Coverage
from portal.core.cost.rules.data_quality import NOT_ASKED, DataQuality
from portal.core.cost.rules.rates import Price
from portal.core.energy.rules.as_of import UNKNOWN, AsOf
from portal.core.sites.rules.meter_tree import DeviceKind, Formula, kind_of
from portal.core.values.money import exact_decimals, kwh_from_milliwh
from portal.core.values.time import FIRST_YEAR, LAST_YEAR

MAX_WINDOW = timedelta(days=366)


Key = TypeVar("Key", date, UUID)


class WindowInvalid(ValueError):
    """The window of a cost question is refused; the message is the reason in words."""


class MixedCurrencies(ValueError):
    """Money of two currencies would have to be added up; the message names them."""


@dataclass(frozen=True, slots=True)
class DeviceRef:
    """A device of the report, whether it used energy or not; only bulk meters are added up."""

    device_id: UUID
    name: str
    site_name: str
    site_id: UUID | None = None
    parent_id: UUID | None = None
    formula: Formula | None = None

    @property
    def kind(self) -> DeviceKind:
        """What it is to the meters of its site."""
        return kind_of(self.parent_id, self.formula)


@dataclass(frozen=True, slots=True)
class DayUsage:
    """Energy of all bulk meters together on one day at one price (None: no tariff)."""

    day: date
    price: Price | None
    milliwh: int


@dataclass(frozen=True, slots=True)
class DeviceUsage:
    """Energy of one device over the whole window at one price (None: no tariff), over `buckets` hours."""

    device_id: UUID
    price: Price | None
    milliwh: int
    buckets: int


@dataclass(frozen=True, slots=True)
class PeriodCost:
    """One time-of-use period of a report by its name; None is the default rate. Amounts exact."""

    name: str | None
    kwh: Decimal
    base_cost: Decimal
    vat: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class DayCost:
    """One date of a report; amounts exact, in the report's currency. `periods` splits it by time of use."""

    date: date
    kwh: Decimal
    base_cost: Decimal
    vat: Decimal
    total: Decimal
    periods: tuple[PeriodCost, ...] = ()


@dataclass(frozen=True, slots=True)
class DeviceCost:
    """One device of a report; amounts exact, in the report's currency. Two sites may have one name."""

    device_id: UUID
    name: str
    site_name: str
    kwh: Decimal
    base_cost: Decimal
    vat: Decimal
    total: Decimal
    buckets_without_tariff: int
    site_id: UUID | None = None
    kind: DeviceKind = DeviceKind.BULK
    parent_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ChargesLeftOut:
    """Charges of a price list that a tariff does not price, each with its figures in words."""

    tariff_name: str
    municipality: str
    charges: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CostReport:
    """The answer to "what did this window cost".

    Fixed charges stand apart, in `fixed`: the other figures are of energy alone. `devices` are the bulk meters, which
    add up to the total; `submeters` are sub-meters and virtual ones, which are in it already. `periods` splits it by
    time of use, energy without a tariff left out. `unknown_zones` names municipalities whose time zone no longer
    exists, so that nothing of theirs has a price. `zone` is the IANA zone of its days.

    Money of two currencies is never added up: this is the report of one, and `others` are those of the rest, with their
    own energy. Energy without a price, and what is doubtful, is in the first alone.
    """

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
    periods: tuple[PeriodCost, ...] = ()
    submeters: tuple[DeviceCost, ...] = ()
    fixed: "tuple[FixedCost, ...]" = ()
    unknown_zones: tuple[str, ...] = ()
    left_out: tuple[ChargesLeftOut, ...] = ()
    as_of: AsOf = UNKNOWN
    data_quality: DataQuality = NOT_ASKED
    coverage: Coverage = NO_COVERAGE
    zone: str = "UTC"
    others: "tuple[CostReport, ...]" = ()

    @property
    def parts(self) -> "tuple[CostReport, ...]":
        """The report of each currency, this one first."""
        return (self, *self.others)


@dataclass(frozen=True, slots=True)
class DailyCosts:
    """What a window cost by day alone: the figures of its report without those of single devices.

    `is_priced` says that all energy has a price. Amounts exact.
    """

    currency: str
    total_kwh: Decimal
    total: Decimal
    is_priced: bool
    days: tuple[DayCost, ...]


@dataclass(frozen=True, slots=True)
class FixedCost:
    """A site's fixed charge for days of one local calendar month, first and last included. Amounts to 20 decimals."""

    first_day: date
    last_day: date
    site_name: str
    tariff_name: str
    base_cost: Decimal
    vat: Decimal
    total: Decimal

    @property
    def month(self) -> date:
        """The first day of its month."""
        return self.first_day.replace(day=1)


@dataclass(frozen=True, slots=True)
class Quality:
    """What the energy of a window left open: gaps in milliwatt-hours, and readings not believed."""

    unallocated_milliwh: int = 0
    estimated_milliwh: int = 0
    suspect_readings: int = 0


@dataclass(slots=True)
class _Sum:
    """Energy and money of one line. The money is summed per rate at the end, so few exact products are made."""

    milliwh: int = 0
    buckets_without_tariff: int = 0
    milliwh_by_price: dict[Price, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, price: Price | None, milliwh: int, buckets: int = 0) -> None:
        self.milliwh += milliwh
        if price is not None:
            self.milliwh_by_price[price] += milliwh
        elif milliwh:
            self.buckets_without_tariff += buckets

    def amounts(self) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        """Return kWh, base cost, VAT and total."""
        return (kwh_from_milliwh(self.milliwh), *_money(self.milliwh_by_price))

    def periods(self) -> tuple[PeriodCost, ...]:
        """Return the lines of the time-of-use periods, the default rate last."""
        names: dict[str | None, dict[Price, int]] = defaultdict(dict)
        for price, milliwh in self.milliwh_by_price.items():
            names[price.period_name][price] = milliwh
        return tuple(
            PeriodCost(name, kwh_from_milliwh(sum(names[name].values())), *_money(names[name]))
            for name in sorted(names, key=lambda name: (name is None, name or ""))
        )


def _money(milliwh_by_price: dict[Price, int]) -> tuple[Decimal, Decimal, Decimal]:
    base = vat = Decimal(0)
    for price, milliwh in milliwh_by_price.items():
        cost = kwh_from_milliwh(milliwh) * price.rate_per_kwh
        base += cost
        vat += cost * price.vat_rate
    return base, vat, base + vat


def check_window(from_at: datetime, to_at: datetime, *, slack: timedelta = timedelta(0)) -> None:
    """Raise WindowInvalid, with the reason, unless both are aware, `to` is after `from`, at most 366 days on.

    Both lie in the years that a question may be about.

    `slack` is what the longest window may be longer by: 366 local days may have an hour more where clocks change.
    """
    for name, at in (("from", from_at), ("to", to_at)):
        if at.utcoffset() is None:
            msg = f"'{name}' has no UTC offset; write it like 2026-05-18T00:00:00Z"
            raise WindowInvalid(msg)
    if to_at <= from_at:
        msg = "'to' must be after 'from'"
        raise WindowInvalid(msg)
    if from_at.year < FIRST_YEAR or to_at.year > LAST_YEAR:
        msg = f"'from' and 'to' must be between the years {FIRST_YEAR} and {LAST_YEAR}"
        raise WindowInvalid(msg)
    if to_at - from_at > MAX_WINDOW + slack:
        msg = f"the window is longer than {MAX_WINDOW.days} days"
        raise WindowInvalid(msg)


def price_groups(
    by_day: Sequence[DayUsage],
    by_device: Sequence[DeviceUsage],
    *,
    days: Iterable[date],
    devices: Sequence[DeviceRef],
    window: tuple[datetime, datetime],
    currency: str,
    quality: Quality,
) -> CostReport:
    """Price the energy of a window that was grouped twice: by day and price, and by device and price.

    `days` are all days of the report; what has a price is in `currency`. Raises ValueError for usage of a device or day
    that is not in the question, or when the two groupings hold different amounts of energy.
    """
    whole, day_lines, device_lines = _added_up(by_day, by_device, days, devices)
    with exact_decimals():
        kwh, base, vat, total = whole.amounts()
        return CostReport(
            from_at=window[0],
            to_at=window[1],
            currency=currency,
            total_kwh=kwh,
            base_cost=base,
            vat=vat,
            total=total,
            buckets_without_tariff=whole.buckets_without_tariff,
            unallocated_kwh=kwh_from_milliwh(quality.unallocated_milliwh),
            estimated_kwh=kwh_from_milliwh(quality.estimated_milliwh),
            suspect_readings=quality.suspect_readings,
            days=tuple(DayCost(day, *line.amounts(), line.periods()) for day, line in day_lines.items()),
            devices=_device_costs(devices, device_lines, is_bulk=True),
            submeters=_device_costs(devices, device_lines, is_bulk=False),
            periods=whole.periods(),
        )


def price_days(by_day: Sequence[DayUsage], *, days: Iterable[date], currency: str) -> DailyCosts:
    """Price the energy of a window that was grouped by day and price; the same figures as `price_groups`.

    `days` are all days of the window; `currency` is the stack's own and holds where a tariff names none. Raises
    MixedCurrencies when usage was priced in more than one, and ValueError for usage of a day that is not in the
    question.
    """
    whole, lines = _Sum(), {day: _Sum() for day in days}
    for usage in by_day:
        line = _line(lines, usage.day, "day", "is outside the report's window")
        for each in (whole, line):
            each.add(usage.price, usage.milliwh)
    with exact_decimals():
        kwh, _, _, total = whole.amounts()
        return DailyCosts(
            _one_currency(whole, currency),
            kwh,
            total,
            whole.milliwh == sum(whole.milliwh_by_price.values()),
            tuple(DayCost(day, *line.amounts(), line.periods()) for day, line in lines.items()),
        )


def usage_of_virtual(devices: Iterable[DeviceRef], usage: Iterable[DeviceUsage]) -> list[DeviceUsage]:
    """Return what virtual meters used: at each price the sum of their meters' energy less that of those they leave out.

    `usage` is of the meters that measure. A difference may be below zero.
    """
    by_device: dict[UUID, dict[Price | None, int]] = defaultdict(lambda: defaultdict(int))
    for each in usage:
        by_device[each.device_id][each.price] += each.milliwh
    found: list[DeviceUsage] = []
    for device in devices:
        sums: dict[Price | None, int] = defaultdict(int)
        for term, sign in () if device.formula is None else device.formula.signs():
            for price, milliwh in by_device[term].items():
                sums[price] += sign * milliwh
        found.extend(DeviceUsage(device.device_id, price, milliwh, 0) for price, milliwh in sums.items())
    return found


def _added_up(
    by_day: Sequence[DayUsage],
    by_device: Sequence[DeviceUsage],
    days: Iterable[date],
    devices: Sequence[DeviceRef],
) -> tuple[_Sum, dict[date, _Sum], dict[UUID, _Sum]]:
    whole, day_lines = _Sum(), {day: _Sum() for day in days}
    device_lines = {device.device_id: _Sum() for device in devices}
    for usage in by_day:
        _line(day_lines, usage.day, "day", "is outside the report's window").add(usage.price, usage.milliwh)
    added_up = {device.device_id for device in devices if device.kind is DeviceKind.BULK}
    for usage in by_device:
        line = _line(device_lines, usage.device_id, "device", "is none the report lists")
        for each in (whole, line) if usage.device_id in added_up else (line,):
            each.add(usage.price, usage.milliwh, usage.buckets)
    if whole.milliwh != sum(line.milliwh for line in day_lines.values()):
        msg = "the days and the devices of the window do not hold the same energy"
        raise ValueError(msg)
    return whole, day_lines, device_lines


def _line(lines: dict[Key, _Sum], key: Key, what: str, why: str) -> _Sum:
    line = lines.get(key)
    if line is None:
        msg = f"usage of {what} {key}, which {why}"
        raise ValueError(msg)
    return line


def _device_costs(
    devices: Iterable[DeviceRef], lines: dict[UUID, _Sum], *, is_bulk: bool
) -> tuple[DeviceCost, ...]:
    return tuple(
        _device_cost(device, lines[device.device_id])
        for device in devices
        if (device.kind is DeviceKind.BULK) == is_bulk
    )


def _device_cost(device: DeviceRef, line: _Sum) -> DeviceCost:
    return DeviceCost(
        device.device_id,
        device.name,
        device.site_name,
        *line.amounts(),
        line.buckets_without_tariff,
        device.site_id,
        device.kind,
        device.parent_id,
    )


def _one_currency(whole: _Sum, own: str) -> str:
    found = {price.currency or own for price, milliwh in whole.milliwh_by_price.items() if milliwh}
    if len(found) > 1:
        names = " and ".join(sorted(found))
        msg = f"the window's tariffs are in {names}: money of two currencies is never added up"
        raise MixedCurrencies(msg)
    return found.pop() if found else own
