"""The header of a table: on which row it is, and which columns hold times and quantities."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from portal.core.readings.rules.interval_lengths import duration
from portal.core.readings.rules.quantities import QUANTITY_OF
from portal.core.readings.rules.quantity_names import quantity_named
from portal.core.readings.rules.reading_files import FileInvalid, listed, mapped_quantities

# In the order in which they are preferred, without regard to case; spaces and underscores are the same.
_TIMES = (
    "utc timestamp", "time", "timestamp", "utc time", "datetime", "date time", "date/time", "date and time",
    "interval start", "start datetime", "start", "from", "reading time", "read time", "read at", "period start", "ts",
)  # fmt: skip
_DATES = ("date", "day", "reading date", "read date", "interval date")
_CLOCKS = ("start time", "time", "interval start time", "interval start", "hour", "time of day")
_DURATIONS = ("duration", "interval", "interval length", "interval duration")
_LOOKS_LIKE_TIME = re.compile(r"\d{4}-\d{1,2}-\d{1,2}.*|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}.*|\d{10}|\d{13}")
_LOOKS_LIKE_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[AaPp]\.?[Mm]\.?)?")
_TITLE_ROWS, _LOOKED_AT_ROWS = 60, 50
_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ]00:00:00")


class Header(NamedTuple):
    """Where a header is, from 0 among the rows, and its columns: `quantities` are position, name, quantity."""

    row_index: int
    names: list[str]
    times: tuple[int, ...]
    quantities: tuple[tuple[int, str, str], ...]
    duration: int | None

    @property
    def time_names(self) -> list[str]:
        """Return the names of the columns that make the time."""
        return [self.names[at] for at in self.times]

    def time_in(self, cells: Sequence[str]) -> str:
        """Return the time of a row as text: date and time of day joined where they stand apart."""
        parts = [cells[at].strip() if at < len(cells) else "" for at in self.times]
        if len(parts) > 1:  # a workbook's date alone is midnight of it
            parts[0] = _MIDNIGHT.sub(r"\1", parts[0])
        return " ".join(filter(None, parts))

    def duration_in(self, cells: Sequence[str]) -> timedelta | None:
        """Return the length of a row's interval, where a column gives it."""
        at = self.duration
        return None if at is None or at >= len(cells) else duration(cells[at])


def find_header(
    rows: Sequence[Sequence[str]], columns: Mapping[str, str], time_columns: Sequence[str]
) -> Header:
    """Return the header among the first rows. Raises FileInvalid, saying what is missing.

    It is the first row that has every column of the mapping, or without one a column called like a quantity; where
    there is none, the reason speaks of the row with the most names.
    """
    named = [[cell.strip() for cell in row] for row in rows[:_TITLE_ROWS]]
    wanted = mapped_quantities(columns, "column") if columns else {}
    for row_index, names in enumerate(named):
        chosen = _chosen(names, wanted) if wanted else {n: q for n in names if (q := quantity_named(n))}
        # A title says what the table is about, by itself: a header has a time as well.
        is_title = not wanted and len(set(filter(None, names))) < 2
        if chosen and not is_title and (not wanted or len(chosen) == len(wanted)):
            below = rows[row_index + 1 : row_index + 1 + _LOOKED_AT_ROWS]
            return _header(row_index, names, mapped_quantities(chosen, "column"), time_columns, below)
    nothing: list[str] = []
    likely = max(named, key=lambda names: len(set(filter(None, names))), default=nothing)
    if not wanted:
        msg = f"no column is mapped to a quantity ({listed(QUANTITY_OF)}); the header has {listed(likely)}"
        raise FileInvalid(msg)
    found = _chosen(likely, wanted)
    missing = next(name for name, quantity in wanted.items() if quantity not in found.values())
    msg = f"there is no column {missing!r}; the header has {listed(likely)}"
    raise FileInvalid(msg)


def _chosen(names: Sequence[str], wanted: Mapping[str, str]) -> dict[str, str]:
    """Return the columns of the mapping that are there, as the header spells them."""
    found = ((_position(names, [column]), quantity) for column, quantity in wanted.items())
    return {names[at]: quantity for at, quantity in found if at is not None}


def _header(
    row_index: int,
    names: list[str],
    chosen: Mapping[str, str],
    time_columns: Sequence[str],
    below: Sequence[Sequence[str]],
) -> Header:
    twin = next((name for name in chosen if names.count(name) > 1), None)
    if twin is not None:
        msg = f"two columns are called {twin!r}: nobody can tell which of them is meant"
        raise FileInvalid(msg)
    quantities = tuple((names.index(name), name, quantity) for name, quantity in chosen.items())
    taken = {at for at, _, _ in quantities}
    times = _told_times(names, time_columns) if time_columns else _found_times(names, taken, below)
    return Header(row_index, names, times, quantities, _position(names, _DURATIONS, taken | set(times)))


def _told_times(names: list[str], time_columns: Sequence[str]) -> tuple[int, ...]:
    found: list[int] = []
    for column in time_columns:
        at = _position(names, [column])
        if at is None:
            msg = f"there is no time column {column!r}; the header has {listed(names)}"
            raise FileInvalid(msg)
        found.append(at)
    return tuple(found)


def _found_times(names: list[str], taken: set[int], below: Sequence[Sequence[str]]) -> tuple[int, ...]:
    date = _position(names, _DATES, taken)
    time = date if date is not None else _position(names, _TIMES, taken)
    if time is None:
        others = (at for at in range(len(names)) if at not in taken)
        time = next((at for at in others if _all_like(_LOOKS_LIKE_TIME, _cells(below[:1], at))), None)
    if time is None:
        msg = f"no time column: name it with --time-column; the header has {listed(names)}"
        raise FileInvalid(msg)
    clock = _clock_beside(names, taken | {time}, below) if _are_days(_cells(below, time)) else None
    return (time,) if clock is None else (time, clock)


def _clock_beside(names: list[str], taken: set[int], below: Sequence[Sequence[str]]) -> int | None:
    """Return the column with the time of day that belongs to a date: by its name, or else by what is in it."""
    named = _position(names, _CLOCKS, taken)
    if named is not None:
        return named
    others = (at for at in range(len(names)) if at not in taken)
    return next((at for at in others if _all_like(_LOOKS_LIKE_CLOCK, _cells(below, at))), None)


def _are_days(cells: Sequence[str]) -> bool:
    """Whether times are days alone; a workbook writes them as midnights."""
    return all(":" not in _MIDNIGHT.sub(r"\1", cell) and not cell.isdecimal() for cell in cells)


def _all_like(shape: re.Pattern[str], cells: Sequence[str]) -> bool:
    return bool(cells) and all(shape.fullmatch(cell) for cell in cells)


def _cells(rows: Sequence[Sequence[str]], at: int) -> list[str]:
    return [cell for row in rows if at < len(row) and (cell := row[at].strip())]


def _position(names: Sequence[str], wanted: Iterable[str], taken: Iterable[int] = ()) -> int | None:
    """Return where the first of some names is, exactly as written or else without regard to case and underscores."""
    for name in wanted:
        if name in names and names.index(name) not in taken:
            return names.index(name)
    plain = [_plain(name) for name in names]
    for name in map(_plain, wanted):
        if name in plain and plain.index(name) not in taken:
            return plain.index(name)
    return None


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").lower().split())
