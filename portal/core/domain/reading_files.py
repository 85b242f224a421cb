"""Readings from a CSV file: what `portal import` takes, row by row, and why it refuses a row.

The parser is fed lines and yields one outcome per data row, so that a file of any size can show progress.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import NamedTuple

from portal.core.domain.readings import QUANTITIES, MeasuredRow
from portal.core.domain.time import parse_instant

TIME_COLUMNS = ("utc_timestamp", "time", "timestamp", "utc_time")
CSV_SOURCE = "csv"

_BYTE_ORDER_MARK = "\ufeff"


class FileInvalid(ValueError):
    """The file as a whole cannot be read; the message says why and what to change."""


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """A reading, and the line of the file it stands on (the first line is 1)."""

    line: int
    row: MeasuredRow


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A line that is not taken, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A line without any value in the mapped columns: nothing is wrong with it, and nothing is in it."""

    line: int


RowOutcome = ParsedRow | RefusedRow | SkippedRow


class _Layout(NamedTuple):
    time_position: int
    quantities: tuple[tuple[int, str, str], ...]  # position, column name, quantity
    width: int


def parse_csv(
    lines: Iterable[str], columns: Mapping[str, str] | None = None, source: str = CSV_SOURCE
) -> Iterator[RowOutcome]:
    """Yield the outcome of every row of a CSV file with a header.

    `columns` maps column names to quantities; without it the columns that are called like a quantity are taken.
    Times need an offset; a blank cell is "not measured". Raises FileInvalid where the header does not fit.
    """
    reader = csv.reader(_without_mark(lines))
    no_header: list[str] = []
    try:
        layout = _layout(next(reader, no_header), columns or {})
        for cells in reader:
            if cells:
                yield _outcome(reader.line_num, cells, layout, source)
    except csv.Error as error:
        msg = f"line {reader.line_num} is not CSV: {error}"
        raise FileInvalid(msg) from error


def _without_mark(lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield line.removeprefix(_BYTE_ORDER_MARK) if number == 0 else line


def _layout(header: list[str], columns: Mapping[str, str]) -> _Layout:
    names = [name.strip() for name in header]
    chosen = dict(columns) or {name: name for name in names if name in QUANTITIES}
    _check_mapping(chosen, names)
    time_column = next((name for name in TIME_COLUMNS if name in names), None)
    if time_column is None:
        msg = f"no time column: one of {', '.join(TIME_COLUMNS)} is needed; the header has {_listed(names)}"
        raise FileInvalid(msg)
    quantities = tuple((names.index(column), column, quantity) for column, quantity in chosen.items())
    return _Layout(names.index(time_column), quantities, len(names))


def _check_mapping(chosen: Mapping[str, str], names: list[str]) -> None:
    if not chosen:
        msg = f"no column is mapped to a quantity ({_listed(QUANTITIES)}); the header has {_listed(names)}"
        raise FileInvalid(msg)
    for column, quantity in chosen.items():
        if quantity not in QUANTITIES:
            msg = f"{quantity!r} is not a quantity; known are {_listed(QUANTITIES)}"
            raise FileInvalid(msg)
        if column not in names:
            msg = f"there is no column {column!r}; the header has {_listed(names)}"
            raise FileInvalid(msg)
    twice = sorted({quantity for quantity in chosen.values() if list(chosen.values()).count(quantity) > 1})
    if twice:
        msg = f"two columns are mapped to {twice[0]}"
        raise FileInvalid(msg)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "nothing"


def _outcome(line: int, cells: list[str], layout: _Layout, source: str) -> RowOutcome:
    if len(cells) > layout.width:
        return RefusedRow(line, f"{len(cells)} cells, but the header has {layout.width}")
    cells += [""] * (layout.width - len(cells))
    filled = [(column, quantity, cells[at].strip()) for at, column, quantity in layout.quantities]
    filled = [entry for entry in filled if entry[2]]
    if not filled:
        return SkippedRow(line)
    try:
        at = parse_instant(cells[layout.time_position])
        values = {quantity: _number(column, text) for column, quantity, text in filled}
    except ValueError as error:
        return RefusedRow(line, str(error))
    return ParsedRow(line, _row(at, values, source))


def _row(at: datetime, values: Mapping[str, float], source: str) -> MeasuredRow:
    return MeasuredRow(at, *(values.get(quantity) for quantity in QUANTITIES), source=source)


def _number(column: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value) or "_" in text:  # float() also takes the underscores of Python's own numbers
        msg = f"{column} is {text!r}, which is not a number"
        raise ValueError(msg)
    return value
