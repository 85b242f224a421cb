"""The cost report as a page shows it: in cents that add up, whichever way they are listed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypedDict, TypeVar

from portal.core.domain.cost import CostReport, DayCost, DeviceCost, FixedCost, PeriodCost
from portal.core.domain.shown_cost import as_shown, shown_kwh
from portal.ui import formats
from portal.ui.charts import NO_FIGURE, Figure
from portal.ui.cost.bars import day_figure
from portal.ui.cost.hues import period_kind, period_label

_NO_TARIFF = "No tariff"
_Named = TypeVar("_Named", DayCost, DeviceCost, PeriodCost)
_Line = DayCost | DeviceCost | PeriodCost | FixedCost


class CostRow(TypedDict):
    """One line of a table: per day, device, site or period. `key` is what an explanation starts from."""

    key: str
    kind: str
    label: str
    note: str
    kwh: str
    base: str
    vat: str
    total: str
    warning: str


@dataclass
class CostView:
    """Everything the tab shows of one report."""

    kwh: str = ""
    base: str = ""
    vat: str = ""
    total: str = ""
    per_kwh: str = ""
    vat_share: str = ""
    unit: str = ""
    total_cells: list[str] = field(default_factory=lambda: [""] * 4)
    warnings: list[str] = field(default_factory=list)
    has_devices: bool = False
    has_energy: bool = False
    cost_figure: Figure = field(default_factory=lambda: dict(NO_FIGURE))
    energy_figure: Figure = field(default_factory=lambda: dict(NO_FIGURE))
    days: list[CostRow] = field(default_factory=list)
    devices: list[CostRow] = field(default_factory=list)
    sites: list[CostRow] = field(default_factory=list)
    periods: list[CostRow] = field(default_factory=list)
    has_fixed: bool = False


def build_cost(exact: CostReport) -> CostView:
    """The report in texts, and as a figure of money and one of energy. Fixed charges are a line of every table."""
    report = as_shown(exact)
    currency = report.currency
    base, vat, total = (_with_fixed(report, name) for name in ("base_cost", "vat", "total"))
    _, kwh = shown_kwh([day.kwh for day in report.days])
    fixed = _fixed_rows(report)
    return CostView(
        kwh=formats.kwh(report.total_kwh),
        base=formats.money(base, currency),
        vat=formats.money(vat, currency),
        total=formats.money(total, currency),
        per_kwh=_per_kwh(report, currency),
        vat_share=_vat_share(base, vat),
        unit=formats.currency_symbol(currency),
        total_cells=[formats.number(value, 2) for value in (kwh, base, vat, total)],
        warnings=_warnings(report),
        has_devices=bool(report.devices),
        has_energy=report.total_kwh != 0,
        cost_figure=day_figure(report, "cost"),
        energy_figure=day_figure(report, "energy"),
        days=_rows(report.days, _day_name) + fixed,
        devices=_rows(report.devices, _device_name) + fixed,
        sites=_site_rows(report) + fixed,
        periods=_period_rows(report) + fixed,
        has_fixed=bool(fixed),
    )


def _with_fixed(report: CostReport, name: str) -> Decimal:
    return getattr(report, name) + sum((getattr(each, name) for each in report.fixed), Decimal(0))


def _day_name(line: DayCost) -> CostRow:
    return _row(line, line.date.isoformat(), formats.week_day(line.date))


def _device_name(line: DeviceCost) -> CostRow:
    row = _row(line, str(line.device_id), line.name, line.site_name)
    if line.buckets_without_tariff:
        row["warning"] = f"{formats.count(line.buckets_without_tariff, 'hour')} without tariff"
    return row


def _rows(lines: Sequence[_Named], make: Callable[[_Named], CostRow]) -> list[CostRow]:
    """The lines as rows whose energies add up as well."""
    energies, _ = shown_kwh([line.kwh for line in lines])
    rows = [make(line) for line in lines]
    for row, kwh in zip(rows, energies, strict=True):
        row["kwh"] = formats.number(kwh, 2)
    return rows


def _site_rows(report: CostReport) -> list[CostRow]:
    names = dict.fromkeys(line.site_name for line in report.devices)
    return _rows(
        [_site(report, name) for name in names], lambda line: _row(line, line.name or "", line.name or "")
    )


def _site(report: CostReport, name: str) -> PeriodCost:
    lines = [line for line in report.devices if line.site_name == name]
    kwh, base, vat, total = (
        sum((getattr(line, part) for line in lines), Decimal(0))
        for part in ("kwh", "base_cost", "vat", "total")
    )
    return PeriodCost(name, kwh, base, vat, total)


def _period_rows(report: CostReport) -> list[CostRow]:
    """The time-of-use periods, and the energy no tariff covers, which costs nothing."""
    uncovered = report.total_kwh - sum((line.kwh for line in report.periods), Decimal(0))
    zero = Decimal(0)
    without = [PeriodCost(_NO_TARIFF, uncovered, zero, zero, zero)] if uncovered else []
    return _rows([*report.periods, *without], _period_name)


def _period_name(line: PeriodCost) -> CostRow:
    row = _row(line, period_label(line.name), period_label(line.name))
    row["kind"] = period_kind(line.name)
    return row


def _fixed_rows(report: CostReport) -> list[CostRow]:
    return [
        _row(line, "", "Fixed monthly charge", f"{line.month:%B %Y}, {line.site_name}, {line.tariff_name}")
        for line in report.fixed
    ]


def _row(line: _Line, key: str, label: str, note: str = "") -> CostRow:
    return {
        "key": key,
        "kind": "",
        "label": label,
        "note": note,
        "kwh": "",
        "base": formats.number(line.base_cost, 2),
        "vat": formats.number(line.vat, 2),
        "total": formats.number(line.total, 2),
        "warning": "",
    }


def _per_kwh(report: CostReport, currency: str) -> str:
    if report.total_kwh == 0:
        return ""
    return f"{formats.money(report.total / report.total_kwh, currency)} per kWh, all in"


def _vat_share(base: Decimal, vat: Decimal) -> str:
    if base == 0:
        return ""
    return f"{formats.number(vat / base * 100, 1)}\u00a0% of base"


def _warnings(report: CostReport) -> list[str]:
    warnings: list[str] = []
    if report.buckets_without_tariff:
        hours = formats.count(report.buckets_without_tariff, "device hour")
        warnings.append(
            f"No tariff for {hours} with energy: the kWh are counted, but cost nothing here. Give the site a"
            " municipality, or add a tariff that covers these days."
        )
    if report.unallocated_kwh:
        warnings.append(
            f"{formats.kwh(report.unallocated_kwh)} kWh were used during gaps in the readings, at hours nobody knows."
            " They are not in these figures."
        )
    if report.estimated_kwh:
        warnings.append(f"{formats.kwh(report.estimated_kwh)} kWh are estimated: spread evenly over gaps.")
    if report.suspect_readings:
        many = report.suspect_readings != 1
        warnings.append(
            f"{formats.count(report.suspect_readings, 'suspect reading')} {'were' if many else 'was'} kept but not"
            " billed: the register fell, or rose faster than the device can."
        )
    warnings.extend(
        f"The time zone of {name} is not known any more, so none of its rates hold. Choose another zone for it."
        for name in report.unknown_zones
    )
    return warnings
