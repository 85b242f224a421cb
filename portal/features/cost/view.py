"""The cost report as a page shows it: in minor units that add up, whichever way they are listed."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TypedDict

from portal.core.cost.rules.cost import CostReport
from portal.core.cost.rules.coverage import Coverage
from portal.core.cost.rules.shown_cost import as_shown
from portal.core.cost.rules.totals import total_of
from portal.core.languages import tr
from portal.core.values.currencies import currency_digits
from portal.features.cost.bars import day_figure
from portal.features.cost.coverage_words import NO_READINGS, coverage_words, hours_note
from portal.features.cost.listings import Line, Listing, listings_of
from portal.features.cost.warnings import warnings_in_words
from portal.ui import formats
from portal.ui.plotted import NO_BARS, Drawn


class CostRow(TypedDict):
    """One line of a table: per day, device, site or period. `key` is what an explanation starts from.

    `used` says that there is energy in it.
    """

    key: str
    used: bool
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
    energy_cost: str = ""
    fixed_and_vat: str = ""
    fixed_and_vat_note: str = ""
    per_kwh: str = ""
    vat_share: str = ""
    currency: str = ""
    currencies: list[str] = field(default_factory=list)
    unit: str = ""
    total_cells: list[str] = field(default_factory=lambda: [""] * 4)
    missing_count: str = ""
    missing_which: str = ""
    warnings: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    as_of: str = ""
    has_devices: bool = False
    has_energy: bool = False
    cost_figure: Drawn = field(default_factory=lambda: dict(NO_BARS))
    energy_figure: Drawn = field(default_factory=lambda: dict(NO_BARS))
    days: list[CostRow] = field(default_factory=list)
    devices: list[CostRow] = field(default_factory=list)
    submeters: list[CostRow] = field(default_factory=list)
    sites: list[CostRow] = field(default_factory=list)
    periods: list[CostRow] = field(default_factory=list)
    has_fixed: bool = False


def build_cost(whole: CostReport, zone: str = "UTC", currency: str = "") -> CostView:
    """The report in texts, and as bars of money and of energy. Fixed charges are a line of every table.

    `zone` is the one that the page is in. Of a report in several currencies it is the part in `currency`, or the first.
    """
    exact = part_in(whole, currency)
    report, listings, missing = as_shown(exact), listings_of(exact), coverage_words(whole.coverage)
    currency, total = report.currency, listings.total
    return CostView(
        kwh=formats.kwh(report.total_kwh),
        base=formats.money(total.base, currency),
        vat=formats.money(total.vat, currency),
        total=formats.money(total.total, currency),
        energy_cost=formats.money(report.base_cost, currency),
        fixed_and_vat=formats.money(total.total - report.base_cost, currency),
        fixed_and_vat_note=_fixed_and_vat(total.base - report.base_cost, total.vat, currency),
        per_kwh=_per_kwh(exact, currency),
        vat_share=_vat_share(total.base, total.vat),
        currency=currency,
        currencies=[part.currency for part in whole.parts] if whole.others else [],
        unit=formats.currency_symbol(currency),
        total_cells=[formats.number(total.kwh, 2), *_cells(total, currency)],
        missing_count=missing.counted,
        missing_which=missing.which,
        warnings=warnings_in_words(whole),
        left_out=[f"{charge} ({each.tariff_name})" for each in whole.left_out for charge in each.charges],
        as_of=formats.moment_of(report.as_of, zone),
        has_devices=bool(whole.devices or whole.submeters or whole.others),
        has_energy=report.total_kwh != 0,
        cost_figure=day_figure(replace(report, coverage=whole.coverage), "cost"),
        energy_figure=day_figure(replace(report, coverage=whole.coverage), "energy"),
        days=_day_rows(listings.days, currency, whole.coverage),
        devices=_rows(listings.devices, currency),
        submeters=[_row(line, currency) for line in listings.submeters],
        sites=_rows(listings.sites, currency),
        periods=_rows(listings.periods, currency),
        has_fixed=bool(report.fixed),
    )


def part_in(report: CostReport, currency: str) -> CostReport:
    """The part of a report that is in a currency; the first where there is none."""
    found = next((part for part in report.parts if part.currency == currency), report)
    return replace(found, coverage=report.coverage)


def _rows(listing: Listing, currency: str) -> list[CostRow]:
    return [_row(line, currency) for line in listing.lines]


def _day_rows(listing: Listing, currency: str, coverage: Coverage) -> list[CostRow]:
    """The days; one without readings is not one of 0.00 kWh, and one with some of them says how many."""
    known = {each.day: each for each in coverage.days}
    rows = _rows(listing, currency)
    for line, row in zip(listing.lines, rows, strict=True):
        cover = known.get(line.day) if line.day else None
        if cover is None:
            continue
        row["note"] = ", ".join(words for words in (hours_note(cover), line.note) if words)
        if not cover.covered and not line.kwh:
            row["kwh"] = tr(NO_READINGS)
            if not line.note:
                row |= {"base": formats.MISSING, "vat": formats.MISSING, "total": formats.MISSING}
    return rows


def _cells(line: Line, currency: str) -> list[str]:
    return [formats.amount(value, currency) for value in (line.base, line.vat, line.total)]


def _row(line: Line, currency: str) -> CostRow:
    hours = line.hours_without_tariff
    base, vat, total = _cells(line, currency)
    return {
        "key": line.key,
        "used": bool(line.kwh),
        "hue": line.hue,
        "label": line.label,
        "note": line.note,
        "kwh": "" if line.kwh is None else formats.number(line.kwh, 2),
        "base": base,
        "vat": vat,
        "total": total,
        "warning": tr("{hour} without tariff", hour=formats.counted(hours, "{count} hour", "{count} hours"))
        if hours
        else "",
    }


def _per_kwh(report: CostReport, currency: str) -> str:
    if report.total_kwh == 0:
        return ""
    price = formats.number(total_of(report).total / report.total_kwh, max(2, currency_digits(currency)))
    return tr(
        "{currency}\u00a0{price} per kWh, all in", currency=formats.currency_symbol(currency), price=price
    )


def _fixed_and_vat(fixed: Decimal, vat: Decimal, currency: str) -> str:
    its_vat = tr("{vat} VAT", vat=formats.money(vat, currency))
    return (
        tr("{fixed} fixed, {its_vat}", fixed=formats.money(fixed, currency), its_vat=its_vat)
        if fixed
        else its_vat
    )


def _vat_share(base: Decimal, vat: Decimal) -> str:
    if base == 0:
        return ""
    return tr("{vat}\u00a0% of base", vat=formats.number(vat / base * 100, 1))
