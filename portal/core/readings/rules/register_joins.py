"""Registers made of a file's intervals, put beside the readings that a device has already.

What is stored stays. What is new goes on from the reading before it; where there is none it leads up to the reading
after it. Where its energy does not fit between the two the register would have to fall, which would be taken for a
reset: that part of the file is refused instead. So is one whose readings are stored with other energy: a file of
corrected figures changes nothing, and says so.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from portal.core.energy.rules.registers import REGISTER_COUNT_MILLIWH, register_milliwh
from portal.core.readings.rules.quantities import QUANTITY_OF
from portal.core.readings.rules.reading_files import ParsedRow, RefusedRow, RowOutcome
from portal.core.values.money import MILLIWH_PER_KWH, kwh_from_milliwh
from portal.core.values.time import iso_utc


class Stood(NamedTuple):
    """What a register showed at an aware instant, in milliwatt-hours (of the others: a millionth of their unit)."""

    at: datetime
    milliwh: int


class _Block(NamedTuple):
    """Rows `[first, end)` that are new, between two stored readings."""

    first: int
    end: int
    before: Stood | None
    after: Stood | None


def join_registers(rows: Sequence[ParsedRow], stored: Mapping[str, Sequence[Stood]]) -> Iterator[RowOutcome]:
    """Yield the refusals, then the rows with their registers as they go on from what is stored.

    `rows` are in time order, and their registers never fall. `stored` holds, by quantity and in time order, the
    readings from the last one before the file to the first one after it.
    """
    joined = [replace(parsed.row, **dict.fromkeys(stored)) for parsed in rows]
    for quantity, known in stored.items():
        measured = [index for index, each in enumerate(rows) if getattr(each.row, quantity) is not None]
        series = [Stood(rows[n].row.at, register_milliwh(getattr(rows[n].row, quantity))) for n in measured]
        values = _values_there(series, known)
        unit = QUANTITY_OF[quantity].unit
        yield from (RefusedRow(rows[measured[n]].line, reason) for n, reason in _others(series, values, unit))
        for block in _blocks(series, known):
            joined_values = _joined_values(series, block)
            if joined_values is None:
                yield RefusedRow(rows[measured[block.first]].line, _reason(series, block, unit))
            else:
                values[block.first : block.end] = joined_values
        for index, value in zip(measured, values, strict=True):
            kwh = None if value is None else value / MILLIWH_PER_KWH
            joined[index] = replace(joined[index], **{quantity: kwh})
    for parsed, row in zip(rows, joined, strict=True):
        if any(value is not None for value in row.values):
            yield ParsedRow(parsed.line, row)


def _values_there(series: Sequence[Stood], known: Sequence[Stood]) -> list[int | None]:
    there = {reading.at: reading.milliwh for reading in known}
    return [there.get(row.at) for row in series]


def _others(series: Sequence[Stood], there: Sequence[int | None], unit: str) -> Iterator[tuple[int, str]]:
    """Yield where runs of stored readings rise by more or less than the file says, and by how much: they stay."""
    known = [(index, value) for index, value in enumerate(there) if value is not None]
    # Neighbours have the same difference of index and number.
    for _, run in groupby(enumerate(known), key=lambda each: each[1][0] - each[0]):
        indexes = [index for _, index in run]
        first, base = indexes[0]
        rises = [(n, series[n].milliwh - series[first].milliwh, value - base) for n, value in indexes]
        index, given, stored = max(rises, key=lambda rise: abs(rise[1] - rise[2]))
        if abs(given - stored) > REGISTER_COUNT_MILLIWH:
            window = f"{iso_utc(series[first].at)} to {iso_utc(series[index].at)}"
            found = f"{_shown(given, unit)} in the file, but {_shown(stored, unit)} are stored"
            yield first, f"{window}: {found}, which stay"


def _blocks(series: Sequence[Stood], known: Sequence[Stood]) -> Iterator[_Block]:
    """Yield the runs of rows that are not stored and have no stored reading between them."""
    times = [reading.at for reading in known]
    there = set(times)
    position_of = [None if row.at in there else bisect_right(times, row.at) for row in series]
    first = 0
    for index in range(1, len(series) + 1):
        if index < len(series) and position_of[index] == position_of[first]:
            continue
        position = position_of[first]
        if position is not None:
            before = known[position - 1] if position else None
            yield _Block(first, index, before, known[position] if position < len(known) else None)
        first = index


def _joined_values(series: Sequence[Stood], block: _Block) -> Sequence[int | None] | None:
    """Return the registers of a block in milliwatt-hours, None where its energy does not fit."""
    anchor = block.before or block.after
    base = anchor.milliwh - _file_register(series, anchor.at) if anchor else 0
    values = [base + row.milliwh for row in series[block.first : block.end]]
    after = block.after
    if values[0] < 0:
        return None
    if after is None:
        return values
    # What was stored may count whole tenths, as meters and an earlier release do: an overlap may differ by one.
    if base + _file_register(series, after.at) > after.milliwh + REGISTER_COUNT_MILLIWH:
        return None
    return [min(value, after.milliwh) for value in values]


def _file_register(series: Sequence[Stood], at: datetime) -> int:
    """Return what the file's register shows at an instant, in proportion to time within an interval."""
    position = bisect_right(series, at, key=lambda row: row.at)
    if position == 0:
        return series[0].milliwh
    if position == len(series):
        return series[-1].milliwh
    start, end = series[position - 1], series[position]
    return start.milliwh + (end.milliwh - start.milliwh) * (at - start.at) // (end.at - start.at)


def _reason(series: Sequence[Stood], block: _Block, unit: str) -> str:
    """Say what does not fit, and where. Without a reading after it everything fits."""
    start_at = max(series[0].at, block.before.at) if block.before else series[0].at
    after = block.after or series[-1]
    end_at = min(series[-1].at, after.at)
    energy = _shown(_file_register(series, end_at) - _file_register(series, start_at), unit)
    return (
        f"{iso_utc(start_at)} to {iso_utc(end_at)}: {energy} do not fit below the device's register, which shows"
        f" {_shown(after.milliwh, unit)} at {iso_utc(after.at)}; what is stored stays, so import files in the order of"
        " their days"
    )


def _shown(milliwh: int, unit: str) -> str:
    return f"{kwh_from_milliwh(milliwh).normalize():f} {unit}"
