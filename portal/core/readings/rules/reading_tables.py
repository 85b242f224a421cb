"""Readings from a table: a CSV file of any separator, or the rows of a workbook.

What exports of utilities and loggers differ in is found out from the first rows and said: the separator, title lines
above the header, the decimal mark, where the times are. What cannot be found out for certain is asked for, in words
that name the option; it is never guessed.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from portal.core.readings.rules.figures_in_cells import DecimalMark, FigureReader, is_missing
from portal.core.readings.rules.interval_energy import energy_nanowh
from portal.core.readings.rules.interval_lengths import IntervalClock, length_in_words
from portal.core.readings.rules.quantities import REGISTERS
from portal.core.readings.rules.reading_files import (
    CellInvalid,
    FileInvalid,
    IntervalRow,
    Note,
    ParsedRow,
    RefusedRow,
    RowOutcome,
    SkippedRow,
    listed,
)
from portal.core.readings.rules.reading_times import DateOrder, TimeReader
from portal.core.readings.rules.readings import MeasuredRow
from portal.core.readings.rules.table_headers import Header, find_header

SEPARATORS = (",", ";", "\t", "|")
_SEPARATOR_WORDS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
# From these the layout is found out; everything after them is read as it comes.
_SAMPLED_ROWS = 200
_BYTE_ORDER_MARK = "\ufeff"


class Row(NamedTuple):
    """The cells of a row and the line it ends on."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class TableOptions:
    """What somebody said about a table; what is None or empty is found out, or refused where it must be said.

    `columns` maps column names to quantities; without it the columns called like a quantity are taken. With
    `per_interval` the columns of registers hold the energy of each row's interval instead of the register; False says
    that they are registers whatever they look like.
    """

    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    time_columns: Sequence[str] = ()
    zone: ZoneInfo | None = None
    date_order: DateOrder | None = None
    separator: str | None = None
    decimal_mark: DecimalMark | None = None
    per_interval: bool | None = None
    interval: timedelta | None = None
    stamped_end: bool = False
    source: str = "csv"


def parse_csv(lines: Iterable[str], options: TableOptions | None = None) -> Iterator[RowOutcome]:
    """Yield notes on what was found out, then the outcome of every row. Raises FileInvalid where nothing fits."""
    options = options or TableOptions()
    remaining = _without_mark(lines)
    head = list(islice(remaining, _SAMPLED_ROWS))
    separator = options.separator or separator_of(head, options)
    reader = csv.reader(chain(head, remaining), delimiter=separator)
    rows = (Row(reader.line_num, cells) for cells in reader if cells)
    try:
        yield from parse_table(rows, replace(options, separator=separator))
    except csv.Error as error:
        msg = f"line {reader.line_num} is not CSV: {error}"
        raise FileInvalid(msg) from error


def parse_table(rows: Iterable[Row], options: TableOptions) -> Iterator[RowOutcome]:
    """Yield notes on what was found out, then the outcome of every row, with intervals where they are said to be."""
    remaining = iter(rows)
    head = list(islice(remaining, _SAMPLED_ROWS))
    header = find_header([row.cells for row in head], options.columns, options.time_columns)
    below = [row for row in head[header.row_index + 1 :] if any(cell.strip() for cell in row.cells)]
    table = _Table(header, below, options)
    yield Note(table.found_in_words(head[header.row_index].line))
    for row in chain(below, remaining):
        yield table.outcome(row)
    yield from table.missing_in_words()


def _without_mark(lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield line.removeprefix(_BYTE_ORDER_MARK) if number == 0 else line


def separator_of(head: Sequence[str], options: TableOptions) -> str:
    """Return the separator under which a header is found; of several the one with the most columns."""
    widths: dict[str, int] = {}
    for separator in SEPARATORS:
        try:
            rows = [cells for cells in csv.reader(head, delimiter=separator) if cells]
            header = find_header(rows, options.columns, options.time_columns)
        except (FileInvalid, csv.Error):
            continue
        widths[separator] = len(header.names)
    if widths:
        return max(widths, key=lambda separator: widths[separator])
    # None fits: the reason is given for the one that splits most.
    return max(SEPARATORS, key=lambda separator: sum(line.count(separator) for line in head))


class _Table:
    """A table whose layout is known, read row by row."""

    def __init__(self, header: Header, sample: Sequence[Row], options: TableOptions) -> None:
        self._header = header
        self._options = options
        self._times = TimeReader(options.zone, options.date_order)
        cells = [[row.cells[at] for row in sample if at < len(row.cells)] for at, _, _ in header.quantities]
        self._figures = FigureReader.of([cell for column in cells for cell in column], options.decimal_mark)
        self._interval = self._interval_clock(sample) if options.per_interval else None
        self._missing: dict[tuple[str, str], tuple[int, int]] = {}

    def _interval_clock(self, sample: Sequence[Row]) -> IntervalClock:
        header, options = self._header, self._options
        if not any(quantity in REGISTERS for _, _, quantity in header.quantities):
            msg = f"no column of energy per interval: map one to {listed(REGISTERS)}"
            raise FileInvalid(msg)
        times = TimeReader(options.zone, options.date_order)
        starts: list[datetime] = []
        for row in sample:
            try:
                starts.append(times.instant(header.time_in(row.cells)))
            except CellInvalid:
                continue
        durations = [header.duration_in(row.cells) for row in sample]
        return IntervalClock.of(starts, durations, options.interval, options.zone, options.stamped_end)

    def found_in_words(self, header_line: int) -> str:
        """Say how the table is read."""
        header = self._header
        parts = [f"header on line {header_line}", f"times from {' and '.join(map(repr, header.time_names))}"]
        parts += [f"{name!r} is {quantity}" for _, name, quantity in header.quantities]
        if self._options.separator:
            parts.append(
                f"cells separated by {_SEPARATOR_WORDS.get(self._options.separator, 'a mark of its own')}"
            )
        if self._figures.is_proved:
            parts.append(f"decimal {'comma' if self._figures.mark is DecimalMark.COMMA else 'point'}")
        if self._interval:
            stamped = "end" if self._options.stamped_end else "start"
            length = length_in_words(self._interval.length)
            parts.append(f"energy per interval of {length}, stamped with its {stamped}")
        return "Read as: " + "; ".join(parts) + "."

    def outcome(self, row: Row) -> RowOutcome:
        """Return what becomes of a row."""
        width = len(self._header.names)
        if any(cell.strip() for cell in row.cells[width:]):
            reason = f"{len(row.cells)} cells, but the header has {width}{self._comma_hint(row.cells)}"
            return RefusedRow(row.line, reason, "more cells than the header")
        if len(row.cells) < width and any("\n" in cell for cell in row.cells):
            return RefusedRow(row.line, "a quotation mark is opened and not closed: lines may be lost in it")
        cells = row.cells + [""] * (width - len(row.cells))
        filled = [(name, quantity, cells[at].strip()) for at, name, quantity in self._header.quantities]
        filled = [each for each in filled if not self._is_missing(row.line, each[0], each[2])]
        if not filled:
            return SkippedRow(row.line)
        try:
            return self._read(row.line, cells, filled)
        except CellInvalid as error:
            return RefusedRow(row.line, str(error), error.kind)
        except ValueError as error:
            return RefusedRow(row.line, str(error))

    def _comma_hint(self, cells: Sequence[str]) -> str:
        if self._options.separator != "," or not any(cell.strip().isdecimal() for cell in cells[1:]):
            return ""
        return (
            "; does the file write decimals with commas and separate its cells with them as well? Export it with"
            " semicolons between the cells, or with decimal points"
        )

    def _is_missing(self, line: int, name: str, text: str) -> bool:
        if not text:
            return True
        if not is_missing(text):
            return False
        count, first = self._missing.get((name, text), (0, line))
        if len(self._missing) < 100:
            self._missing[name, text] = count + 1, first
        return True

    def _read(self, line: int, cells: Sequence[str], filled: Sequence[tuple[str, str, str]]) -> RowOutcome:
        at = self._times.instant(self._header.time_in(cells))
        if self._interval is None:
            values = {quantity: self._figures.number(name, text) for name, quantity, text in filled}
            return ParsedRow(line, self._row(at, values))
        energy = {
            quantity: energy_nanowh(self._figures.plain(name, text))
            for name, quantity, text in filled
            if quantity in REGISTERS
        }
        others = {
            quantity: self._figures.number(name, text)
            for name, quantity, text in filled
            if quantity not in REGISTERS
        }
        start_at, end_at = self._interval.around(at, self._header.duration_in(cells))
        return IntervalRow(line, start_at, end_at, energy, self._row(at, others))

    def _row(self, at: datetime, values: Mapping[str, float]) -> MeasuredRow:
        return MeasuredRow(at, source=self._options.source, **values)

    def missing_in_words(self) -> Iterator[Note]:
        """Name the words that stood for a missing value."""
        for (name, text), (count, first) in self._missing.items():
            cells = "1 cell" if count == 1 else f"{count} cells"
            yield Note(
                f"{text[:40]!r} in {name!r} stands for a missing value: {cells}, the first on line {first}."
            )
