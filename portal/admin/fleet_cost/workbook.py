"""A month of all customers as an Excel workbook: what it is about, the totals of each currency, every customer.

Imported when one is asked for, as `portal.features.cost.workbook` is.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from io import BytesIO

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from portal.core.cost.service.fleet_costs import CustomerMonth, FleetMonth
from portal.features.cost.sheets import Value
from portal.features.cost.workbook import write_rows
from portal.ui import formats

_CUSTOMERS = (
    *("Customer", "Code", "Currency", "kWh", "Base", "VAT", "Total", "kWh without a tariff", "kWh in gaps"),
    *("Hours asked for", "Hours covered", "Exact"),
)
_TOTALS = ("Currency", "Customers", "kWh", "Base", "VAT", "Total")


def month_xlsx(month: FleetMonth, made_at: datetime) -> bytes:
    """Return a month as a workbook; its figures are those of the page and of the CSV."""
    book = Workbook()
    book.remove(book.worksheets[0])
    _about(book.create_sheet("Report"), month, made_at)
    totals: list[Sequence[Value]] = [
        (each.currency, Decimal(each.customers), each.kwh, each.base_cost, each.vat, each.total)
        for each in month.totals
    ]
    _table(book.create_sheet("Totals"), [_TOTALS, *totals])
    _table(book.create_sheet("Customers"), [_CUSTOMERS, *map(_row, month.customers)])
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def _about(page: Worksheet, month: FleetMonth, made_at: datetime) -> None:
    write_rows(
        page,
        [
            ("Month", f"{month.first:%Y-%m}"),
            ("Days in", "local days of each site"),
            ("Fixed charges", "not included"),
            ("As of", formats.utc_time(month.as_of.at)),
            ("Complete", "yes" if month.as_of.is_complete else "no"),
            ("Made at", formats.utc_time(made_at)),
        ],
    )


def _table(page: Worksheet, rows: Sequence[Sequence[Value]]) -> None:
    write_rows(page, rows)
    for cell in page[1]:
        cell.font = Font(bold=True)
    page.freeze_panes = "A2"


def _row(line: CustomerMonth) -> Sequence[Value]:
    return (
        line.name,
        line.code,
        line.currency,
        line.kwh,
        line.base_cost,
        line.vat,
        line.total,
        line.unpriced_kwh,
        line.unallocated_kwh,
        Decimal(line.asked_hours),
        Decimal(line.covered_hours),
        "yes" if line.is_exact else "no",
    )
