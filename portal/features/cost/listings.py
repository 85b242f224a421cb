"""A cost report as lists of lines that add up, in minor units and 0.01 kWh: what pages show and files hold."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from portal.core.cost.rules.cost import CostReport, DayCost, DeviceCost, FixedCost, PeriodCost
from portal.core.cost.rules.shown_cost import as_shown, shown_kwh
from portal.core.cost.rules.totals import total_of
from portal.core.languages import tr
from portal.core.sites.rules.meter_tree import DeviceKind
from portal.core.words import noted
from portal.features.cost.fixed_days import fixed_by_day
from portal.features.cost.hues import hues_of, period_label, period_rank
from portal.ui import formats

_ZERO = Decimal(0)
_NO_TARIFF = noted("No tariff")
_NAMED_DEVICES = 3
_AMOUNTS = ("base_cost", "vat", "total")
_Line = DayCost | DeviceCost | PeriodCost | FixedCost


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `key` is what an explanation starts from: a day or a device; a fixed charge has no energy."""

    label: str
    base: Decimal
    vat: Decimal
    total: Decimal
    kwh: Decimal | None = None
    note: str = ""
    key: str = ""
    hue: str = ""
    day: date | None = None
    hours_without_tariff: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """Lines of one kind; every listing of a report has the same totals."""

    title: str
    first: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Listings:
    """Every listing of a report, and what each of them adds up to; `submeters` are within it and add up to nothing."""

    days: Listing
    devices: Listing
    sites: Listing
    periods: Listing
    total: Line
    submeters: tuple[Line, ...] = ()

    @property
    def each(self) -> tuple[Listing, ...]:
        """The listings in the order of a page."""
        return self.days, self.devices, self.sites, self.periods


def listings_of(exact: CostReport) -> Listings:
    """Return the lines of a report, of its own currency. Fixed charges are part of days, else lines of their own."""
    report = as_shown(exact)
    fixed = tuple(_fixed(charge) for charge in report.fixed)
    days = _listing(tr("Days"), tr("Day"), _days(report), ())
    energy = sum((line.kwh or _ZERO for line in days.lines), _ZERO)
    total = total_of(report)
    return Listings(
        days,
        _listing(tr("Devices"), tr("Device"), [_device(line) for line in report.devices], fixed),
        _listing(tr("Sites"), tr("Site"), _sites(report), fixed),
        _listing(tr("Time of use"), tr("Period"), _periods(report), fixed),
        Line(tr("Total"), total.base_cost, total.vat, total.total, energy),
        tuple(_submeter(line) for line in report.submeters),
    )


def _listing(title: str, first: str, lines: Sequence[Line], fixed: tuple[Line, ...]) -> Listing:
    energies, _ = shown_kwh([line.kwh or _ZERO for line in lines])
    shown = (replace(line, kwh=kwh) for line, kwh in zip(lines, energies, strict=True))
    return Listing(title, first, (*shown, *fixed))


def _days(report: CostReport) -> list[Line]:
    fixed = fixed_by_day(report.fixed, [line.date for line in report.days], report.currency)
    return [_day(line, *fixed.get(line.date, (_ZERO, _ZERO)), report.currency) for line in report.days]


def _day(line: DayCost, fixed: Decimal, its_vat: Decimal, currency: str) -> Line:
    note = tr("{fixed} fixed", fixed=formats.money(fixed + its_vat, currency)) if fixed else ""
    return replace(
        _line(line, formats.week_day(line.date), note),
        base=line.base_cost + fixed,
        vat=line.vat + its_vat,
        total=line.total + fixed + its_vat,
        kwh=line.kwh,
        key=line.date.isoformat(),
        day=line.date,
    )


def _device(line: DeviceCost) -> Line:
    return replace(
        _line(line, line.name, line.site_name),
        kwh=line.kwh,
        key=str(line.device_id),
        hours_without_tariff=line.buckets_without_tariff,
    )


def _submeter(line: DeviceCost) -> Line:
    """A virtual meter has no hours of its own to be explained: those of its meters are."""
    is_virtual = line.kind is DeviceKind.VIRTUAL
    shown = _device(line)
    note = tr("{site_name}, calculated", site_name=line.site_name) if is_virtual else line.site_name
    return replace(shown, kwh=shown_kwh([line.kwh])[1], note=note, key="" if is_virtual else shown.key)


def _sites(report: CostReport) -> list[Line]:
    """The devices' lines by site; a site is explained from its first device with energy."""
    devices_of: dict[tuple[str, UUID | None], list[DeviceCost]] = {}
    for device in report.devices:
        devices_of.setdefault((device.site_name, device.site_id), []).append(device)
    names = Counter(name for name, _ in devices_of)
    return [_site(name, devices, is_only=names[name] == 1) for (name, _), devices in devices_of.items()]


def _site(name: str, devices: Sequence[DeviceCost], *, is_only: bool) -> Line:
    base, vat, total, kwh = (
        sum((getattr(line, part) for line in devices), _ZERO) for part in (*_AMOUNTS, "kwh")
    )
    first = next((line for line in devices if line.kwh), devices[0])
    # Sites of one name are told apart by their devices.
    note = (
        "" if is_only else tr("with {join}", join=", ".join(line.name for line in devices[:_NAMED_DEVICES]))
    )
    return Line(name, base, vat, total, kwh, note, key=str(first.device_id))


def _periods(report: CostReport) -> list[Line]:
    """The time-of-use periods from peak down, and the energy no tariff covers, which costs nothing."""
    hues = hues_of(line.name for line in report.periods)
    lines = [
        replace(
            _line(line, period_label(line.name)),
            kwh=line.kwh,
            hue=hues[line.name] if hues.keys() != {None} else "",
            key=_last_day(report, line.name),
        )
        for line in sorted(report.periods, key=lambda line: period_rank(line.name), reverse=True)
    ]
    uncovered = report.total_kwh - sum((line.kwh for line in report.periods), _ZERO)
    return [*lines, Line(tr(_NO_TARIFF), _ZERO, _ZERO, _ZERO, uncovered)] if uncovered else lines


def _last_day(report: CostReport, period: str | None) -> str:
    used = [
        day.date.isoformat()
        for day in report.days
        if any(line.name == period and line.kwh for line in day.periods)
    ]
    return used[-1] if used else ""


def _fixed(charge: FixedCost) -> Line:
    following = charge.last_day + timedelta(days=1)
    is_whole = charge.first_day.day == 1 and following.day == 1
    days = formats.month(charge.month) if is_whole else formats.day_range(charge.first_day, charge.last_day)
    return _line(charge, tr("Fixed charge"), f"{days}, {charge.site_name}, {charge.tariff_name}")


def _line(line: _Line, label: str, note: str = "") -> Line:
    return Line(label, line.base_cost, line.vat, line.total, note=note)
