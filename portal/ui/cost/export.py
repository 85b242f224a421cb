"""A cost report as a file: CSV of one listing, or an Excel workbook of all. Figures add up as on the page."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO, StringIO

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet
from starlette.responses import Response

from portal.core.domain.cost import CostReport, DayCost, DeviceCost, FixedCost, PeriodCost
from portal.core.domain.shown_cost import as_shown
from portal.ui.cost.hues import period_label

LISTINGS = ("days", "devices", "sites", "periods")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_Line = DayCost | DeviceCost | PeriodCost | FixedCost
_Value = str | Decimal
# What a spreadsheet would run as a formula when it opens a CSV file.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A listing with its heading; the last row is the total."""

    title: str
    heading: tuple[str, ...]
    rows: tuple[tuple[_Value, ...], ...]


def sheets(exact: CostReport) -> tuple[Sheet, ...]:
    """Return every listing of a report in cents; energy is exact."""
    report = as_shown(exact)
    sites = dict.fromkeys(line.site_name for line in report.devices)
    by_site = [(name, [line for line in report.devices if line.site_name == name]) for name in sites]
    return (
        _sheet("Days", ("Date",), report, [((day.date.isoformat(),), [day]) for day in report.days]),
        _sheet(
            "Devices",
            ("Site", "Device"),
            report,
            [((line.site_name, line.name), [line]) for line in report.devices],
        ),
        _sheet("Sites", ("Site",), report, [((name,), lines) for name, lines in by_site]),
        _sheet("Periods", ("Period",), report, _periods(report)),
    )


def _periods(report: CostReport) -> list[tuple[tuple[str, ...], Sequence[_Line]]]:
    lines = list(report.periods)
    uncovered = report.total_kwh - sum((line.kwh for line in lines), Decimal(0))
    if uncovered:
        lines.append(PeriodCost("No tariff", uncovered, Decimal(0), Decimal(0), Decimal(0)))
    return [((period_label(line.name),), [line]) for line in lines]


def _sheet(
    title: str,
    names: tuple[str, ...],
    report: CostReport,
    lines: Iterable[tuple[tuple[str, ...], Sequence[_Line]]],
) -> Sheet:
    rows = [(*label, *_sums(parts)) for label, parts in lines]
    blank = ("",) * (len(names) - 1)
    rows += [
        (f"Fixed charge {each.month:%Y-%m} {each.site_name}", *blank, *_sums([each])) for each in report.fixed
    ]
    totals = [
        sum((row[-4 + n] for row in rows if isinstance(row[-4 + n], Decimal)), Decimal(0)) for n in range(4)
    ]  # type: ignore[misc]
    money = [f"{name} {report.currency}" for name in ("Base", "VAT", "Total")]
    return Sheet(title, (*names, "kWh", *money), (*rows, ("Total", *blank, *totals)))


def _sums(lines: Sequence[_Line]) -> tuple[Decimal, ...]:
    energy = [Decimal(0) if isinstance(line, FixedCost) else line.kwh for line in lines]
    money = [[getattr(line, name) for line in lines] for name in ("base_cost", "vat", "total")]
    return tuple(sum(values, Decimal(0)) for values in (energy, *money))


def csv_bytes(sheet: Sheet) -> bytes:
    """Return one listing as CSV in UTF-8, with a mark that makes spreadsheets read it as such."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(sheet.heading)
    writer.writerows([[_plain(value) for value in row] for row in sheet.rows])
    return text.getvalue().encode("utf-8-sig")


def _plain(value: _Value) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return f"'{value}" if value.startswith(_FORMULA_STARTS) else value


def xlsx_bytes(exact: CostReport) -> bytes:
    """Return a workbook with a sheet per listing."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for sheet in sheets(exact):
        page = book.create_sheet(sheet.title)
        for row in (sheet.heading, *sheet.rows):
            page.append([_cell(page, value) for value in row])
        for row_number in (1, page.max_row):
            for cell in page[row_number]:
                cell.font = Font(bold=True)
        page.freeze_panes = "A2"
        page.column_dimensions["A"].width = page.column_dimensions["B"].width = 24
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def _cell(page: Worksheet, value: _Value) -> Cell:
    cell = Cell(page, value=value)
    if isinstance(value, Decimal):
        cell.number_format = "#,##0.00"
    else:
        cell.data_type = "s"  # a name that looks like a formula stays a name
    return cell


def download(report: CostReport, kind: str, listing: str, name: str) -> Response:
    """Return the answer that saves a report: `kind` csv or xlsx, `listing` one of LISTINGS (CSV only)."""
    if kind == "xlsx":
        body, media_type = xlsx_bytes(report), _XLSX
    else:
        place = LISTINGS.index(listing) if listing in LISTINGS else 0
        body, media_type, kind = csv_bytes(sheets(report)[place]), "text/csv; charset=utf-8", "csv"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{kind}"',
        "Cache-Control": "no-store",
    }
    return Response(body, media_type=media_type, headers=headers)
