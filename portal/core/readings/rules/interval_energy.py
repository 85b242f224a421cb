"""Registers made of the energy of intervals, as market files and utilities' exports state it.

The register is the running sum in integers, so that nothing is lost to rounding; it is shown to the milliwatt-hour and
starts at 0 (`register_joins` makes it go on from what the device showed before). Where intervals are missing it stands
still: a reading is also given at the start of the run that follows, so that the gap holds no energy.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from portal.core.readings.rules.reading_files import (
    CellInvalid,
    IntervalRow,
    ParsedRow,
    RefusedRow,
    RowOutcome,
)
from portal.core.readings.rules.readings import MeasuredRow
from portal.core.values.money import MILLIWH_PER_KWH
from portal.core.values.numbers import exact_number

NANOWH_PER_MILLIWH = 1_000_000
NANOWH_PER_KWH = MILLIWH_PER_KWH * NANOWH_PER_MILLIWH
_MOST_KWH = 1_000_000_000


class Interval(NamedTuple):
    """Energy of the half-open interval between two aware instants, and the line that states it."""

    start_at: datetime
    end_at: datetime
    nanowh: int
    line: int
    is_estimated: bool = False


def energy_nanowh(text: str, nanowh_per_unit: int = NANOWH_PER_KWH) -> int:
    """Return an amount of energy as nanowatt-hours. Raises CellInvalid for anything else, and for less than none."""
    try:
        amount = exact_number(text)
    except ValueError:
        amount = None
    if amount is None or not 0 <= amount * nanowh_per_unit <= _MOST_KWH * NANOWH_PER_KWH:
        msg = f"{text[:40]!r} is not an amount of energy"
        raise CellInvalid(msg, "not an amount of energy")
    return round(amount * nanowh_per_unit)


def registers_of(series: Mapping[str, Sequence[Interval]], source: str) -> Iterator[ParsedRow]:
    """Yield one row per instant at which any register was read, in time order.

    `series` are intervals by register, in time order and without overlaps. A reading at the end of an interval that is
    an estimate says so in its source.
    """
    shown: dict[datetime, tuple[int, dict[str, float], bool]] = {}
    for quantity, intervals in series.items():
        for at, nanowh, line, is_estimated in _read_out(intervals):
            first_line, values, estimated = shown.get(at, (line, {}, False))
            values[quantity] = round(nanowh / NANOWH_PER_MILLIWH) / MILLIWH_PER_KWH
            shown[at] = (first_line, values, estimated or is_estimated)
    for at in sorted(shown):
        line, values, estimated = shown[at]
        yield ParsedRow(line, MeasuredRow(at, **values, source=f"{source} estimate" if estimated else source))


def _read_out(intervals: Iterable[Interval]) -> Iterator[tuple[datetime, int, int, bool]]:
    """Yield instant, register in nanowatt-hours and line: at each interval's end, and at the start of each run."""
    cumulative, previous_end = 0, None
    for start_at, end_at, nanowh, line, is_estimated in intervals:
        if start_at != previous_end:
            yield start_at, cumulative, line, False
        cumulative += nanowh
        previous_end = end_at
        yield end_at, cumulative, line, is_estimated


def rows_of_intervals(given: Iterable[IntervalRow], source: str) -> Iterator[RowOutcome]:
    """Yield refusals, then one row per instant, of intervals in any order. One that overlaps another is refused."""
    ordered = sorted(given, key=lambda each: (each.start_at, each.line))
    series: dict[str, list[Interval]] = {}
    beside: dict[datetime, ParsedRow] = {}
    for each in ordered:
        for quantity, nanowh in each.energy_nanowh.items():
            taken = series.setdefault(quantity, [])
            if taken and each.start_at < taken[-1].end_at:
                yield _overlap(each, taken[-1])
            else:
                taken.append(Interval(each.start_at, each.end_at, nanowh, each.line))
        if any(value is not None for value in each.row.values):
            beside.setdefault(each.row.at, ParsedRow(each.line, each.row))
    for parsed in registers_of(series, source):
        other = beside.pop(parsed.row.at, None)
        yield parsed if other is None else ParsedRow(parsed.line, _both(parsed.row, other.row))
    yield from beside.values()


def _overlap(late: IntervalRow, taken: Interval) -> RefusedRow:
    if (late.start_at, late.end_at) == (taken.start_at, taken.end_at):
        reason = f"the interval of line {taken.line} was given before"
        return RefusedRow(late.line, reason, "interval given before")
    reason = f"the interval overlaps the one of line {taken.line}: is its length right? (--interval)"
    return RefusedRow(late.line, reason, "interval overlaps")


def _both(registers: MeasuredRow, other: MeasuredRow) -> MeasuredRow:
    return replace(other, source=registers.source, **registers.measured)


def looks_like_intervals(values: Sequence[float]) -> bool:
    """Whether values that are said to be a register's, in time order, fall row after row as energies of intervals do.

    A register wobbles by a count or is reset once in a while; here more than one fall counts, and more than one of
    five changes. A fall of less than a five-hundredth is a wobble.
    """
    changes = falls = 0
    for earlier, later in pairwise(values):
        changes += later != earlier
        falls += later < earlier and earlier - later > abs(earlier) / 500
    return falls >= 2 and falls * 5 > changes
