"""A cost report as a file: CSV of one listing, or an Excel workbook of all. It holds just what the page shows."""

import csv
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from io import StringIO

from starlette.responses import Response

from portal.core.errors import Invalid, NotFound
from portal.core.values.texts import is_formula, shown_text
from portal.core.values.time import iso_utc
from portal.features.cost.days import LOCAL_DAYS, UTC_DAYS
from portal.features.cost.sheets import DAY, FIGURES, Export, Sheet, Value, sheets
from portal.ui.range_picker import parse_days

LISTINGS = ("days", "devices", "sites", "periods")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
_REACH = ("As of", "Complete")


def csv_bytes(by_currency: Sequence[Sheet], export: Export, *, for_machine: bool = False) -> bytes:
    """Return one listing as CSV in UTF-8: a row is a row of data, and a column of one kind. There is no total in it.

    `by_currency` is the listing in each currency.

    Each row says its currency, which days it is about and how far its readings go, so that files can be put together.
    For people there is a mark in front that makes spreadsheets read UTF-8 as such; a program would take it for a part
    of the first name. What a day without readings used is not known: its figures are empty.
    """
    text = StringIO()
    writer = csv.writer(text)
    first = by_currency[0]
    writer.writerow((first.first, first.note, *FIGURES, "Currency", "From", "To", "Days in", *_REACH))
    beside = (
        export.days.first.isoformat(),
        export.days.last.isoformat(),
        export.zone,
        iso_utc(export.report.as_of.at),
        "yes" if export.report.as_of.is_complete else "no",
    )
    for sheet in by_currency:
        rows = [_dated(row) if sheet.first == DAY else row for row in sheet.rows]
        writer.writerows([[*map(_plain, row), sheet.currency, *beside] for row in rows])
    return text.getvalue().encode("utf-8" if for_machine else "utf-8-sig")


def _dated(row: tuple[Value, ...]) -> tuple[Value, ...]:
    """Return a row of a listing by day: what is of no day (a fixed charge) has none, and says what it is beside it."""
    label, note, *figures = row
    return row if isinstance(label, date) else ("", f"{label}: {note}" if note else label, *figures)


def _plain(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    shown = shown_text(value)
    return f"'{shown}" if is_formula(value) or is_formula(shown) else shown


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
        from portal.features.cost.workbook import xlsx_bytes  # noqa: PLC0415 - see there

        body, media_type, file = xlsx_bytes(export), XLSX, f"{name}-{days}.xlsx"
    else:
        index = LISTINGS.index(listing) if listing in LISTINGS else 0
        listed = [sheets(part, export.report.coverage)[index] for part in export.report.parts]
        body, media_type = csv_bytes(listed, export, for_machine=for_machine), CSV
        file = f"{name}-{LISTINGS[index]}-{days}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{file}"', "Cache-Control": "no-store"}
    return Response(body, media_type=media_type, headers=headers)
