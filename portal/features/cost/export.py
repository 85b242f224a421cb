"""A cost report as a file: CSV of one listing, or an Excel workbook of all. It holds just what the page shows."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, StringIO

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet
from starlette.responses import Response

from portal.core.cost.rules.cost import CostReport
from portal.core.errors import Invalid, NotFound
from portal.core.values.texts import is_formula, shown_text
from portal.core.values.time import iso_utc
from portal.features.cost.days import LOCAL_DAYS, UTC_DAYS
from portal.features.cost.listings import Line, Listing, Listings, listings_of
from portal.features.cost.warnings import warnings_in_words
from portal.ui import formats
from portal.ui.range_picker import DayRange, parse_days

LISTINGS = ("days", "devices", "sites", "periods")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CSV = "text/csv; charset=utf-8"
_DAY = "Day"
_NOTES = {"Device": "Site"}
_FIGURES = ("kWh", "Base", "VAT", "Total")
_REACH = ("As of", "Complete")
_Value = str | Decimal | date
_FORMATS = {Decimal: "#,##0.00", date: "yyyy-mm-dd"}
_WIDTHS = {"A": 30, "B": 30, "C": 14, "D": 14, "E": 14, "F": 14}


@dataclass(frozen=True, slots=True)
class Export:
    """A report and the words that say what it is: days, whose days they are, whose energy, and when it was made."""

    report: CostReport
    days: DayRange
    zone: str
    about: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Sheet:
    """A listing: a first column of dates or names, and what they add up to."""

    title: str
    first: str
    note: str
    rows: tuple[tuple[_Value, ...], ...]
    total: tuple[_Value, ...]


def sheets(report: CostReport) -> tuple[Sheet, ...]:
    """Return every listing of a report, in the cents and the hundredths of a kWh that a page shows."""
    listings = listings_of(report)
    return tuple(_sheet(listing, listings) for listing in listings.each)


def _sheet(listing: Listing, listings: Listings) -> Sheet:
    note = _NOTES.get(listing.first, "Note")
    return Sheet(listing.title, listing.first, note, tuple(map(_row, listing.lines)), _row(listings.total))


def _row(line: Line) -> tuple[_Value, ...]:
    return line.day or line.label, line.note, line.kwh or Decimal("0.00"), line.base, line.vat, line.total


def csv_bytes(sheet: Sheet, export: Export, *, for_machine: bool = False) -> bytes:
    """Return one listing as CSV in UTF-8: a row is a row of data, and a column of one kind. There is no total in it.

    Each row says its currency, which days it is about and how far its readings go, so that files can be put together.
    For people there is a mark in front that makes spreadsheets read UTF-8 as such; a program would take it for a part
    of the first name.
    """
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow((sheet.first, sheet.note, *_FIGURES, "Currency", "From", "To", "Days in", *_REACH))
    beside = (
        export.report.currency,
        export.days.first.isoformat(),
        export.days.last.isoformat(),
        export.zone,
        iso_utc(export.report.as_of.at),
        "yes" if export.report.as_of.is_complete else "no",
    )
    rows = [_dated(row) if sheet.first == _DAY else row for row in sheet.rows]
    writer.writerows([[*map(_plain, row), *beside] for row in rows])
    return text.getvalue().encode("utf-8" if for_machine else "utf-8-sig")


def _dated(row: tuple[_Value, ...]) -> tuple[_Value, ...]:
    """Return a row of a listing by day: what is of no day (a fixed charge) has none, and says what it is beside it."""
    label, note, *figures = row
    return row if isinstance(label, date) else ("", f"{label}: {note}" if note else label, *figures)


def _plain(value: _Value) -> str:
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, date):
        return value.isoformat()
    shown = shown_text(value)
    return f"'{shown}" if is_formula(value) or is_formula(shown) else shown


def xlsx_bytes(export: Export) -> bytes:
    """Return a workbook: a sheet that says what the report is about, then a sheet per listing."""
    book = Workbook()
    book.remove(book.worksheets[0])
    _about(book.create_sheet("Report"), export)
    for sheet in sheets(export.report):
        page = book.create_sheet(sheet.title)
        money = [f"{name} {export.report.currency}" for name in _FIGURES[1:]]
        _write(page, [(sheet.first, sheet.note, _FIGURES[0], *money), *sheet.rows, sheet.total])
        _bold(page, 1, page.max_row)
        page.freeze_panes = "A2"
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def _about(page: Worksheet, export: Export) -> None:
    report, total = export.report, listings_of(export.report).total
    fixed = "included for the whole months" if report.fixed else "not included"
    rows: list[Sequence[_Value]] = [
        ("Energy of", export.about),
        ("First day", export.days.first),
        ("Last day", export.days.last),
        ("Days in", export.zone),
        ("Currency", report.currency),
        ("kWh", total.kwh or Decimal(0)),
        *[
            (name, value)
            for name, value in (("Base", total.base), ("VAT", total.vat), ("Total", total.total))
        ],
        ("Fixed monthly charges", fixed),
        ("As of", formats.utc_time(report.as_of.at)),
        ("Made at", formats.utc_time(export.made_at)),
        *[("Note", line) for line in warnings_in_words(report)],
    ]
    _write(page, rows)
    for row in page.iter_rows(max_col=2):
        row[0].font = Font(bold=True)
        row[1].alignment = Alignment(horizontal="left")


def _write(page: Worksheet, rows: Sequence[Sequence[_Value]]) -> None:
    for row in rows:
        page.append([_cell(page, value) for value in row])
    for column, width in _WIDTHS.items():
        page.column_dimensions[column].width = width


def _bold(page: Worksheet, *row_numbers: int) -> None:
    for row_number in row_numbers:
        for cell in page[row_number]:
            cell.font = Font(bold=True)


def _cell(page: Worksheet, value: _Value) -> Cell:
    # A name stored by an earlier release may hold what no workbook can.
    shown = shown_text(value) if isinstance(value, str) else value
    cell = Cell(page, row=1, column=1, value=shown)  # `append` gives it its place
    if isinstance(value, str):
        cell.data_type = "s"  # a name that looks like a formula stays a name
    else:
        cell.number_format = _FORMATS[type(value)]
    return cell


def check_query(query: Mapping[str, str]) -> None:
    """Refuse what an address asks for and does not exist, which would be another file. Raises `Invalid`."""
    if {"from", "to"} & query.keys() and parse_days(query.get("from", ""), query.get("to", "")) is None:
        raise Invalid("'from' and 'to' are the first and the last day, like 2026-05-18")
    for name, words in (("days", (UTC_DAYS, LOCAL_DAYS)), ("by", LISTINGS)):
        if query.get(name, words[0]) not in words:
            raise Invalid(f"'{name}' must be one of {', '.join(words)}")


def download(export: Export, kind: str, listing: str, name: str, *, for_machine: bool = False) -> Response:
    """Return the answer that saves a report: `kind` csv or xlsx, `listing` one of LISTINGS (CSV only).

    The file is called by `name`, its listing and its days. Raises `NotFound` for another kind.
    """
    if kind not in ("csv", "xlsx"):
        raise NotFound("There is no such file: the kinds are csv and xlsx")
    days = f"{export.days.first}-{export.days.last}"
    if kind == "xlsx":
        body, media_type, file = xlsx_bytes(export), _XLSX, f"{name}-{days}.xlsx"
    else:
        place = LISTINGS.index(listing) if listing in LISTINGS else 0
        body, media_type = csv_bytes(sheets(export.report)[place], export, for_machine=for_machine), _CSV
        file = f"{name}-{LISTINGS[place]}-{days}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{file}"', "Cache-Control": "no-store"}
    return Response(body, media_type=media_type, headers=headers)
