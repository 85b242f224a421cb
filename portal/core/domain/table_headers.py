"""The header of a table: on which row it is, and which columns hold times and quantities."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from portal.core.domain.interval_lengths import duration
from portal.core.domain.reading_files import FileInvalid, listed, mapped_quantities, quantity_named
from portal.core.domain.readings import QUANTITIES

# In the order in which they are preferred, without regard to case; spaces and underscores are the same.
_TIMES = (
    "utc timestamp", "time", "timestamp", "utc time", "datetime", "date time", "date/time", "date and time",
    "interval start", "start datetime", "start", "from", "reading time", "read time", "read at", "period start", "ts",
)  # fmt: skip
_DATES = ("date", "day", "reading date", "read date", "interval date")
_CLOCKS = ("start time", "time", "interval start time", "interval start", "hour", "time of day")
_DURATIONS = ("duration", "interval", "interval length", "interval duration")
_LOOKS_LIKE_TIME = re.compile(r"\d{4}-\d{1,2}-\d{1,2}.*|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}.*|\d{10}|\d{13}")
_TITLE_ROWS = 60
_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ]00:00:00")


class Header(NamedTuple):
    """Where a header is, from 0 among the rows, and its columns: `quantities` are position, name, quantity."""

    place: int
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
    for place, names in enumerate(named):
        chosen = _chosen(names, wanted) if wanted else {n: q for n in names if (q := quantity_named(n))}
        if chosen and (not wanted or len(chosen) == len(wanted)):
            below = rows[place + 1] if place + 1 < len(rows) else ()
            return _header(place, names, mapped_quantities(chosen, "column"), time_columns, below)
    nothing: list[str] = []
    likely = max(named, key=lambda names: len(set(filter(None, names))), default=nothing)
    if not wanted:
        msg = f"no column is mapped to a quantity ({listed(QUANTITIES)}); the header has {listed(likely)}"
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
    place: int, names: list[str], chosen: Mapping[str, str], time_columns: Sequence[str], below: Sequence[str]
) -> Header:
    quantities = tuple((names.index(name), name, quantity) for name, quantity in chosen.items())
    taken = {at for at, _, _ in quantities}
    times = _told_times(names, time_columns) if time_columns else _found_times(names, taken, below)
    return Header(place, names, times, quantities, _position(names, _DURATIONS, taken | set(times)))


def _told_times(names: list[str], time_columns: Sequence[str]) -> tuple[int, ...]:
    found: list[int] = []
    for column in time_columns:
        at = _position(names, [column])
        if at is None:
            msg = f"there is no time column {column!r}; the header has {listed(names)}"
            raise FileInvalid(msg)
        found.append(at)
    return tuple(found)


def _found_times(names: list[str], taken: set[int], below: Sequence[str]) -> tuple[int, ...]:
    date = _position(names, _DATES, taken)
    if date is not None:
        clock = _position(names, _CLOCKS, taken | {date})
        return (date,) if clock is None else (date, clock)
    time = _position(names, _TIMES, taken)
    if time is None:
        cells = enumerate(cell.strip() for cell in below[: len(names)])
        time = next((at for at, cell in cells if at not in taken and _LOOKS_LIKE_TIME.fullmatch(cell)), None)
    if time is None:
        msg = f"no time column: name it with --time-column; the header has {listed(names)}"
        raise FileInvalid(msg)
    return (time,)


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
