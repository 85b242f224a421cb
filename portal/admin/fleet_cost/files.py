"""A month of all customers as CSV: what the page shows, all of it, with nothing rounded away that is known."""

import csv
from io import StringIO

from portal.core.cost.service.fleet_costs import CustomerMonth, FleetMonth
from portal.core.values.texts import is_formula, shown_text
from portal.core.values.time import iso_utc

_HEADINGS = (
    *("Customer", "Code", "Currency", "kWh", "Base", "VAT", "Total", "kWh without a tariff", "kWh in gaps"),
    *("Hours asked for", "Hours covered", "Exact", "Month", "Days in", "As of", "Complete"),
)


def month_csv(month: FleetMonth, *, for_machine: bool = False) -> bytes:
    """Return a month as CSV in UTF-8: a row for each customer and currency, and no total among them.

    For people there is a mark in front that makes spreadsheets read UTF-8 as such.
    """
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEADINGS)
    reached = iso_utc(month.as_of.at), "yes" if month.as_of.is_complete else "no"
    for line in month.customers:
        writer.writerow([*_cells(line), f"{month.first:%Y-%m}", "local", *reached])
    return text.getvalue().encode("utf-8" if for_machine else "utf-8-sig")


def _cells(line: CustomerMonth) -> list[str]:
    figures = (
        line.kwh,
        line.base_cost,
        line.vat,
        line.total,
        line.unpriced_kwh,
        line.unallocated_kwh,
    )
    return [
        _plain(line.name),
        _plain(line.code),
        line.currency,
        *(f"{figure:f}" for figure in figures),
        str(line.asked_hours),
        str(line.covered_hours),
        "yes" if line.is_exact else "no",
    ]


def _plain(text: str) -> str:
    shown = shown_text(text)
    return f"'{shown}" if is_formula(text) or is_formula(shown) else shown
