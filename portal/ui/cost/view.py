"""The cost report as a page shows it. Rounding to cents happens here, once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypedDict

from portal.core.domain.cost import CostReport, DayCost, DeviceCost
from portal.ui import formats
from portal.ui.charts import NO_FIGURE, Figure, bar_figure

_FEW_DAYS = 10
_FEWEST_SLOTS = 5


class CostRow(TypedDict):
    """One line of the table per day or per device."""

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


def build_cost(report: CostReport) -> CostView:
    """The report in texts, and as a figure of money and one of energy."""
    currency = report.currency
    symbol = formats.currency_symbol(currency)
    return CostView(
        kwh=formats.kwh(report.total_kwh),
        base=formats.money(report.base_cost, currency),
        vat=formats.money(report.vat, currency),
        total=formats.money(report.total, currency),
        per_kwh=_per_kwh(report, currency),
        vat_share=_vat_share(report),
        unit=symbol,
        total_cells=[
            formats.number(value, 2)
            for value in (report.total_kwh, report.base_cost, report.vat, report.total)
        ],
        warnings=_warnings(report),
        has_devices=bool(report.devices),
        has_energy=report.total_kwh != 0,
        cost_figure=_figure(report, [line.total for line in report.days], prefix=f"{symbol} ", unit=""),
        energy_figure=_figure(report, [line.kwh for line in report.days], prefix="", unit="kWh"),
        days=[_row(line, formats.week_day(line.date), "") for line in report.days],
        devices=[_device_row(line) for line in report.devices],
    )


def _figure(report: CostReport, values: Sequence[Decimal], *, prefix: str, unit: str) -> Figure:
    days = [line.date for line in report.days]
    figure = bar_figure(
        [day.isoformat() for day in days],
        [float(value) for value in values],
        name=unit or "Cost",
        unit=unit,
        prefix=prefix,
        hover=[formats.week_day(day) for day in days],
    )
    figure["layout"]["yaxis"] |= {"tickprefix": prefix, "ticksuffix": f" {unit}" if unit else ""}
    if len(days) <= _FEW_DAYS:
        _name_each_day(figure, days)
    return figure


def _name_each_day(figure: Figure, days: Sequence[date]) -> None:
    """Few bars: each gets its own name, and one or two of them stay in the middle and slim."""
    margin = 0.5 + max(0, _FEWEST_SLOTS - len(days)) / 2
    figure["layout"]["xaxis"] |= {
        "type": "category",
        "tickvals": [day.isoformat() for day in days],
        "ticktext": [_short_day(day, is_first=day == days[0]) for day in days],
        "range": [-margin, len(days) - 1 + margin],
    }


def _short_day(day: date, *, is_first: bool) -> str:
    month = f" {day:%b}" if is_first or day.day == 1 else ""
    return f"{day:%a}<br>{day.day}{month}"


def _row(line: DayCost | DeviceCost, label: str, note: str) -> CostRow:
    return {
        "label": label,
        "note": note,
        "kwh": formats.number(line.kwh, 2),
        "base": formats.number(line.base_cost, 2),
        "vat": formats.number(line.vat, 2),
        "total": formats.number(line.total, 2),
        "warning": "",
    }


def _device_row(line: DeviceCost) -> CostRow:
    row = _row(line, line.name, line.site_name)
    if line.buckets_without_tariff:
        row["warning"] = f"{formats.count(line.buckets_without_tariff, 'hour')} without tariff"
    return row


def _per_kwh(report: CostReport, currency: str) -> str:
    if report.total_kwh == 0:
        return ""
    return f"{formats.money(report.total / report.total_kwh, currency)} per kWh, all in"


def _vat_share(report: CostReport) -> str:
    if report.base_cost == 0:
        return ""
    return f"{formats.number(report.vat / report.base_cost * 100, 1)}\u00a0% of base"


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
    return warnings
