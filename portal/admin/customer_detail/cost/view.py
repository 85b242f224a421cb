"""The cost report as a page shows it. Rounding to cents happens here, once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypedDict

from portal.core.domain.cost import CostReport, DayCost, DeviceCost
from portal.ui import formats
from portal.ui.charts import NO_FIGURE, Figure, bar_figure

_DEVICE_KWH_DECIMALS = 2
_FEW_DAYS = 10


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
    currency: str = ""
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
        currency=currency,
        warnings=_warnings(report),
        has_devices=bool(report.devices),
        has_energy=report.total_kwh != 0,
        cost_figure=_figure(report, [line.total for line in report.days], prefix=f"{symbol} ", unit=""),
        energy_figure=_figure(report, [line.kwh for line in report.days], prefix="", unit="kWh"),
        days=[_row(line, formats.week_day(line.date), "", currency) for line in report.days],
        devices=[_device_row(line, currency) for line in report.devices],
    )


def _figure(report: CostReport, values: Sequence[Decimal], *, prefix: str, unit: str) -> Figure:
    days = [line.date.isoformat() for line in report.days]
    hover = [formats.week_day(line.date) for line in report.days]
    figure = bar_figure(
        days, [float(value) for value in values], name=unit or "Cost", unit=unit, prefix=prefix, hover=hover
    )
    figure["layout"]["yaxis"] |= {"tickprefix": prefix, "ticksuffix": ""}
    if len(days) <= _FEW_DAYS:
        # Few bars: name every day, and keep a single one from filling the whole width.
        figure["layout"]["xaxis"] |= {"type": "category", "tickvals": days, "ticktext": hover}
        figure["data"][0]["width"] = 0.5 if len(days) > 2 else 0.2
    return figure


def _row(line: DayCost | DeviceCost, label: str, note: str, currency: str) -> CostRow:
    return {
        "label": label,
        "note": note,
        "kwh": formats.number(line.kwh, _DEVICE_KWH_DECIMALS),
        "base": formats.money(line.base_cost, currency),
        "vat": formats.money(line.vat, currency),
        "total": formats.money(line.total, currency),
        "warning": "",
    }


def _device_row(line: DeviceCost, currency: str) -> CostRow:
    missing = line.buckets_without_tariff
    warning = f"{formats.count(missing, 'hour')} without tariff" if missing else ""
    return _row(line, line.name, line.site_name, currency) | {"warning": warning}


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
