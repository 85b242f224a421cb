"""The cost report as a page shows it: in cents that add up, whichever way they are listed."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypedDict

from portal.core.cost.rules.cost import CostReport
from portal.core.cost.rules.shown_cost import as_shown
from portal.features.cost.bars import day_figure
from portal.features.cost.listings import Line, Listing, listings_of
from portal.features.cost.warnings import warnings_in_words
from portal.ui import formats
from portal.ui.charts import NO_FIGURE, Figure


class CostRow(TypedDict):
    """One line of a table: per day, device, site or period. `key` is what an explanation starts from."""

    key: str
    hue: str
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
    as_of: str = ""
    has_devices: bool = False
    has_energy: bool = False
    cost_figure: Figure = field(default_factory=lambda: dict(NO_FIGURE))
    energy_figure: Figure = field(default_factory=lambda: dict(NO_FIGURE))
    days: list[CostRow] = field(default_factory=list)
    devices: list[CostRow] = field(default_factory=list)
    sites: list[CostRow] = field(default_factory=list)
    periods: list[CostRow] = field(default_factory=list)
    has_fixed: bool = False


def build_cost(exact: CostReport, zone: str = "UTC") -> CostView:
    """The report in texts, and as a figure of money and one of energy. Fixed charges are a line of every table.

    `zone` is the one that the page is in.
    """
    report, listings = as_shown(exact), listings_of(exact)
    currency, total = report.currency, listings.total
    return CostView(
        kwh=formats.kwh(report.total_kwh),
        base=formats.money(total.base, currency),
        vat=formats.money(total.vat, currency),
        total=formats.money(total.total, currency),
        per_kwh=_per_kwh(report, currency),
        vat_share=_vat_share(total.base, total.vat),
        unit=formats.currency_symbol(currency),
        total_cells=[formats.number(value, 2) for value in (total.kwh, total.base, total.vat, total.total)],
        warnings=warnings_in_words(report),
        as_of=formats.moment_of(report.as_of, zone),
        has_devices=bool(report.devices),
        has_energy=report.total_kwh != 0,
        cost_figure=day_figure(report, "cost"),
        energy_figure=day_figure(report, "energy"),
        days=_rows(listings.days),
        devices=_rows(listings.devices),
        sites=_rows(listings.sites),
        periods=_rows(listings.periods),
        has_fixed=bool(report.fixed),
    )


def _rows(listing: Listing) -> list[CostRow]:
    return [_row(line) for line in listing.lines]


def _row(line: Line) -> CostRow:
    hours = line.hours_without_tariff
    return {
        "key": line.key,
        "hue": line.hue,
        "label": line.label,
        "note": line.note,
        "kwh": "" if line.kwh is None else formats.number(line.kwh, 2),
        "base": formats.number(line.base, 2),
        "vat": formats.number(line.vat, 2),
        "total": formats.number(line.total, 2),
        "warning": f"{formats.count(hours, 'hour')} without tariff" if hours else "",
    }


def _per_kwh(report: CostReport, currency: str) -> str:
    if report.total_kwh == 0:
        return ""
    share = "without fixed charges" if report.fixed else "all in"
    return f"{formats.money(report.total / report.total_kwh, currency)} per kWh, {share}"


def _vat_share(base: Decimal, vat: Decimal) -> str:
    if base == 0:
        return ""
    return f"{formats.number(vat / base * 100, 1)}\u00a0% of base"
