"""The beginning of a file before it is imported: its columns and rows, and what they are taken for."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from portal.core.languages import tr
from portal.core.readings.rules.reading_files import FileInvalid
from portal.core.readings.rules.reading_tables import Row, TableOptions, separator_of
from portal.core.readings.rules.table_headers import Header, find_header
from portal.features.readings_import.sources import (
    is_nem12,
    is_workbook,
    sheets_of,
    text_lines,
    workbook_rows,
)

_LOOKED_AT = 200
_SHOWN_ROWS = 6
_MOST_COLUMNS = 200
_MOST_IN_CELL = 60


@dataclass(frozen=True, slots=True)
class SeenColumn:
    """A column of a table: its name, its first cells, and what it is taken for: "time", a quantity, or nothing."""

    name: str
    cells: tuple[str, ...]
    taken_for: str


@dataclass(frozen=True, slots=True)
class FileLook:
    """What a file is, from its beginning. `problem` is why nothing could be told, in words that name what to say.

    `kind` is "csv", "workbook" or "nem12"; of the last there are no columns but `lines`.
    """

    kind: str
    columns: tuple[SeenColumn, ...] = ()
    lines: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    problem: str = ""


def look_at(file: Path, sheet: str | None = None) -> FileLook:
    """Return what a file looks like. Raises `FileInvalid` for what is no file of readings."""
    if is_workbook(file):
        sheets = sheets_of(file)
        with workbook_rows(file, sheet) as rows:
            return _table("workbook", list(islice(rows, _LOOKED_AT)), sheets)
    head = [line for line, _ in zip(text_lines(file, lambda _: None), range(_LOOKED_AT), strict=False)]
    if not any(line.strip() for line in head):
        message = tr("The file is empty")
        raise FileInvalid(message)
    if is_nem12(file):
        return FileLook("nem12", lines=tuple(line.strip()[:200] for line in head[:_SHOWN_ROWS]))
    separator = separator_of(head, TableOptions())
    try:
        reader = csv.reader(head, delimiter=separator)
        rows = [Row(reader.line_num, cells) for cells in reader if cells]
    except csv.Error as error:
        message = tr("It is no table: {error}", error=error)
        raise FileInvalid(message) from None
    return _table("csv", rows)


def _table(kind: str, rows: list[Row], sheets: tuple[str, ...] = ()) -> FileLook:
    if not rows:
        message = tr("There is nothing in it")
        raise FileInvalid(message)
    try:
        header, problem = find_header([row.cells for row in rows], {}, ()), ""
    except FileInvalid as error:
        header, problem = _likely(rows), str(error)
    return FileLook(kind, tuple(_columns(header, rows)), (), sheets, problem)


def _likely(rows: list[Row]) -> Header:
    """Return the row with the most different names as a header of which nothing else is known."""
    index = max(range(len(rows)), key=lambda at: len(set(filter(None, rows[at].cells))))
    return Header(index, [cell.strip() for cell in rows[index].cells], (), (), None)


def _columns(header: Header, rows: list[Row]) -> Iterable[SeenColumn]:
    quantities = {at: quantity for at, _, quantity in header.quantities}
    below = rows[header.row_index + 1 : header.row_index + 1 + _SHOWN_ROWS]
    for at, name in enumerate(header.names[:_MOST_COLUMNS]):
        if not name:
            continue
        cells = tuple(row.cells[at].strip()[:_MOST_IN_CELL] if at < len(row.cells) else "" for row in below)
        yield SeenColumn(name, cells, "time" if at in header.times else quantities.get(at, ""))
