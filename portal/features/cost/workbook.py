"""A cost report as an Excel workbook.

Imported when one is asked for: what writes it takes a tenth of a start of the product, and most never need it.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

from portal.core.cost.rules.cost import CostReport
from portal.core.values.texts import shown_text
from portal.features.cost.listings import listings_of
from portal.features.cost.sheets import FIGURES, Export, Value, sheets
from portal.features.cost.warnings import warnings_in_words
from portal.ui import formats

_DATE = "yyyy-mm-dd"
_WIDTHS = {"A": 30, "B": 30, "C": 14, "D": 14, "E": 14, "F": 14}


def xlsx_bytes(export: Export) -> bytes:
    """Return a workbook: a sheet that says what the report is about, then a sheet per listing."""
    book = Workbook()
    book.remove(book.worksheets[0])
    _about(book.create_sheet("Report"), export)
    parts = export.report.parts
    for sheet in (sheet for part in parts for sheet in sheets(part, export.report.coverage)):
        page = book.create_sheet(sheet.title if len(parts) == 1 else f"{sheet.title} {sheet.currency}")
        money = [f"{name} {sheet.currency}" for name in FIGURES[1:]]
        write_rows(page, [(sheet.first, sheet.note, FIGURES[0], *money), *sheet.rows, sheet.total])
        _bold(page, 1, page.max_row)
        page.freeze_panes = "A2"
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def _about(page: Worksheet, export: Export) -> None:
    report = export.report
    has_fixed = any(part.fixed for part in report.parts)
    fixed = "included, by the days of a month" if has_fixed else "not included"
    rows: list[Sequence[Value]] = [
        ("Energy of", export.about),
        ("First day", export.days.first),
        ("Last day", export.days.last),
        ("Days in", export.zone),
        *[line for part in report.parts for line in _totals(part)],
        ("Fixed charges", fixed),
        ("As of", formats.utc_time(report.as_of.at)),
        ("Made at", formats.utc_time(export.made_at)),
        *[("Note", line) for line in warnings_in_words(report)],
        *[("Not included", f"{each.tariff_name}: {'; '.join(each.charges)}") for each in report.left_out],
    ]
    write_rows(page, rows)
    for row in page.iter_rows(max_col=2):
        row[0].font = Font(bold=True)
        row[1].alignment = Alignment(horizontal="left")


def _totals(part: CostReport) -> list[tuple[str, Value]]:
    total = listings_of(part).total
    return [
        ("Currency", part.currency),
        ("kWh", total.kwh or Decimal(0)),
        ("Base", total.base),
        ("VAT", total.vat),
        ("Total", total.total),
    ]


def write_rows(page: Worksheet, rows: Sequence[Sequence[Value]]) -> None:
    """Add rows to a sheet: a text stays a text whatever it looks like, a number has the decimals it has."""
    for row in rows:
        page.append([_cell(page, value) for value in row])
    for column, width in _WIDTHS.items():
        page.column_dimensions[column].width = width


def _bold(page: Worksheet, *row_numbers: int) -> None:
    for row_number in row_numbers:
        for cell in page[row_number]:
            cell.font = Font(bold=True)


def _cell(page: Worksheet, value: Value) -> Cell:
    # A name stored by an earlier release may hold what no workbook can.
    shown = shown_text(value) if isinstance(value, str) else value
    cell = Cell(page, row=1, column=1, value=shown)  # `append` gives it its place
    if isinstance(value, str):
        cell.data_type = "s"  # a name that looks like a formula stays a name
    elif value is not None:
        cell.number_format = _DATE if isinstance(value, date) else _format(value)
    return cell


def _format(value: Decimal) -> str:
    """As many decimals as the figure has: those of its currency's minor unit."""
    decimals = max(0, -int(value.as_tuple().exponent))
    return f"#,##0.{'0' * decimals}" if decimals else "#,##0"
