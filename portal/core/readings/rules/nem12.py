"""Readings from a NEM12 file, the Australian market's format for interval data.

The file states the energy of each interval; `interval_energy` makes a register of each channel that is mapped to one.
NEM12 days are in Australian Eastern Standard Time, +10:00 all year, and each reading is stamped with the end of its
interval. The length of the intervals may change from one 200 record to the next. Intervals that are not believed hold
no energy: the register stands still over them.

A device has one import and one export register: E1 and B1 feed them unless a mapping says otherwise. Every other
channel (E2 is often the controlled load) is left out by name and with its energy, since a bill without it is too low.

Records used: 100 header, 200 channel, 300 one day's intervals, 400 quality of some of them, 900 end.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum
from typing import NamedTuple

from portal.core.readings.rules.interval_energy import NANOWH_PER_KWH, Interval, energy_nanowh, registers_of
from portal.core.readings.rules.nem12_left_out import OtherChannel
from portal.core.readings.rules.reading_files import (
    CellInvalid,
    FileInvalid,
    Note,
    RefusedRow,
    RowOutcome,
    SkippedRow,
    mapped_quantities,
)

NEM12_ZONE = timezone(timedelta(hours=10), "AEST")
NEM12_SOURCE = "nem12"
CHANNELS: Mapping[str, str] = {"E1": "energy_imported_kwh", "B1": "energy_exported_kwh"}

_MINUTES_PER_DAY = 1440
_INTERVAL_MINUTES = (5, 15, 30)
_NANOWH_PER_UNIT = {"WH": NANOWH_PER_KWH // 1000, "KWH": NANOWH_PER_KWH, "MWH": 1000 * NANOWH_PER_KWH}
# Actual, final substitute and substitute are what a meter data provider stands by.
_GOOD_QUALITY = frozenset("AFS")
_QUALITY_WORDS = {"E": "an estimate", "N": "no data", "V": "of several qualities without saying which"}
_CHANNEL_FIELDS, _QUALITY_FIELDS = 9, 4
_QUALITY = re.compile(r"[AEFNSV][0-9]{0,2}")


class Estimates(StrEnum):
    """What becomes of intervals that are estimates of the market's own."""

    REFUSE = "refuse"
    TAKE = "take"
    LEAVE_OUT = "leave-out"


@dataclass(frozen=True, slots=True)
class Nem12Options:
    """What somebody said about a file. `nmi` picks one meter of several; `channels` maps suffixes to quantities."""

    nmi: str | None = None
    channels: Mapping[str, str] = field(default_factory=dict[str, str])
    leave_out: Sequence[str] = ()
    estimates: Estimates = Estimates.REFUSE


class _Channel(NamedTuple):
    suffix: str
    quantity: str | None
    minutes: int
    nanowh_per_unit: int
    unit: str


@dataclass(slots=True)
class _Day:
    """A 300 record until the 400 records that may follow it are known; a value that cannot be read is its text."""

    line: int
    channel: _Channel
    starts_at: datetime
    values: list[str]
    quality: list[str]


@dataclass(slots=True)
class _Register:
    """One channel's intervals by their start, and the days that were given."""

    intervals: dict[datetime, Interval] = field(default_factory=dict[datetime, Interval])
    days: set[datetime] = field(default_factory=set[datetime])


def parse_nem12(lines: Iterable[str], options: Nem12Options | None = None) -> Iterator[RowOutcome]:
    """Yield refusals and what is left out, then the readings in time order with all registers of an instant together.

    Values whose quality is not actual, final or substituted are refused, one refusal per run of intervals. Raises
    FileInvalid for a file that is not NEM12 or that holds several meters without saying which.
    """
    parser = _Parser(options or Nem12Options())
    for line, text in enumerate(lines, start=1):
        record = [cell.strip().strip('"') for cell in text.lstrip("\ufeff").split(",")]
        if any(record):
            yield from parser.take(line, record)
    yield from parser.finish()
    yield from parser.readings()


class _Parser:
    def __init__(self, options: Nem12Options) -> None:
        self._options = options
        named = {suffix.upper(): quantity for suffix, quantity in options.channels.items()}
        self._quantities = mapped_quantities(named or CHANNELS, "channel")
        self._left_out = frozenset(suffix.upper() for suffix in options.leave_out)
        self._chosen_nmi = options.nmi
        self._line = 0
        self._channel: _Channel | None = None
        self._is_below_a_channel = False
        self._day: _Day | None = None
        self._registers: dict[str, _Register] = {}
        self._others: dict[str, OtherChannel] = {}
        self._other_meters: set[str] = set()
        self._ended = False

    def take(self, line: int, record: list[str]) -> Iterator[RowOutcome]:
        if self._line == 0 and (note := _check_header(record)):
            yield note
        self._line = line
        kind = record[0]
        if kind != "400":
            yield from self._close_day()
        if kind == "200":
            yield from self._open_channel(line, record)
        elif kind == "300":
            yield from self._open_day(line, record)
        elif kind == "400":
            yield from self._note_quality(line, record)
        elif kind == "900":
            self._ended = True
        elif kind not in ("100", "500"):
            yield RefusedRow(line, f"unknown record {kind[:20]!r}", "unknown record")

    def finish(self) -> Iterator[RowOutcome]:
        if self._line == 0:
            msg = "the file is empty"
            raise FileInvalid(msg)
        yield from self._close_day()
        if not self._ended:
            yield RefusedRow(
                self._line, "the file ends without its 900 record: it may have been cut off here"
            )
        if self._other_meters:
            meters = ", ".join(sorted(self._other_meters))
            yield Note(f"Only the meter {self._chosen_nmi} was read; the file also holds {meters}.")
        for other in self._others.values():
            yield other.outcome(is_wanted=other.suffix in self._left_out)

    def readings(self) -> Iterator[RowOutcome]:
        """Yield one row per instant at which any register was read."""
        series = {
            quantity: [register.intervals[start] for start in sorted(register.intervals)]
            for quantity, register in self._registers.items()
        }
        yield from registers_of(series, NEM12_SOURCE)

    def _open_channel(self, line: int, record: list[str]) -> Iterator[RowOutcome]:
        self._channel, self._is_below_a_channel = None, True
        if len(record) < _CHANNEL_FIELDS:
            yield RefusedRow(line, "a 200 record has nine fields, from the NMI to the interval length")
            return
        nmi, suffix, unit, length = record[1], record[4].upper(), record[7], record[8]
        if self._is_other_meter(nmi):
            yield SkippedRow(line)
            return
        quantity = self._quantities.get(suffix)
        if length not in map(str, _INTERVAL_MINUTES):
            yield RefusedRow(
                line,
                f"channel {suffix} has intervals of {length!r} minutes; 5, 15 and 30 exist",
                "interval length",
            )
        elif quantity and unit.upper() not in _NANOWH_PER_UNIT:
            yield RefusedRow(
                line, f"channel {suffix} is in {unit!r}; energy comes in Wh, kWh or MWh", "unit of a channel"
            )
        else:
            factor = _NANOWH_PER_UNIT.get(unit.upper(), NANOWH_PER_KWH)
            self._channel = _Channel(suffix, quantity, int(length), factor, unit)
            if quantity is None:
                self._others.setdefault(suffix, OtherChannel(suffix, line, unit)).is_energy &= (
                    unit.upper() in _NANOWH_PER_UNIT
                )

    def _is_other_meter(self, nmi: str) -> bool:
        if self._chosen_nmi is None:
            self._chosen_nmi = nmi
        if nmi == self._chosen_nmi:
            return False
        if self._options.nmi is None:
            msg = (
                f"the file holds several meters (NMI {self._chosen_nmi} and {nmi}): say which one, with --nmi"
            )
            raise FileInvalid(msg)
        self._other_meters.add(nmi)
        return True

    def _open_day(self, line: int, record: list[str]) -> Iterator[RowOutcome]:
        if not self._is_below_a_channel:
            yield RefusedRow(line, "a 300 record without the 200 record that says whose it is")
        elif self._channel is None:
            yield SkippedRow(line)
        else:
            try:
                self._day = _read_day(line, record, self._channel)
            except CellInvalid as error:
                yield RefusedRow(line, str(error), error.kind)

    def _note_quality(self, line: int, record: list[str]) -> Iterator[RowOutcome]:
        day = self._day
        if day is None:
            yield SkippedRow(line)
            return
        if len(record) < _QUALITY_FIELDS or not all(_is_count(cell) for cell in record[1:3]):
            yield RefusedRow(line, "a 400 record names the first and the last interval and their quality")
            return
        first, last = int(record[1]), int(record[2])
        if not 1 <= first <= last <= len(day.values):
            reason = f"intervals {first} to {last} do not exist: the day has {len(day.values)}"
            yield RefusedRow(line, reason, "intervals that do not exist")
            return
        day.quality[first - 1 : last] = [record[3]] * (last - first + 1)

    def _close_day(self) -> Iterator[RowOutcome]:
        """Take the day's intervals that are of good quality, and refuse the others run by run."""
        day, self._day = self._day, None
        if day is None:
            return
        if day.channel.quantity is None:
            self._others[day.channel.suffix].add(day.values)
            return
        register = self._registers.setdefault(day.channel.quantity, _Register())
        if day.starts_at in register.days:
            yield RefusedRow(
                day.line, f"{_local_date(day)} was given before for this channel", "day given before"
            )
            return
        register.days.add(day.starts_at)
        for first, last, quality in _runs(day.quality):
            yield from self._take_run(day, register, first, last, quality)

    def _take_run(
        self, day: _Day, register: _Register, first: int, last: int, quality: str
    ) -> Iterator[RowOutcome]:
        is_estimate = quality[:1] == "E"
        if is_estimate and self._options.estimates is Estimates.LEAVE_OUT:
            yield Note(_quality_reason(day, first, last, quality))
        elif quality[:1] in _GOOD_QUALITY or (is_estimate and self._options.estimates is Estimates.TAKE):
            yield from _fill(day, register, range(first, last + 1), is_estimate=is_estimate)
        else:
            hint = " (--estimates take or leave-out)" if is_estimate else ""
            reason = _quality_reason(day, first, last, quality)
            yield RefusedRow(day.line, reason + hint, f"quality {quality[:1]}")


def _fill(day: _Day, register: _Register, indexes: range, *, is_estimate: bool) -> Iterator[RowOutcome]:
    step = timedelta(minutes=day.channel.minutes)
    for index in indexes:
        try:
            nanowh = energy_nanowh(day.values[index], day.channel.nanowh_per_unit)
        except CellInvalid as error:
            reason = f"{_local_date(day)}, interval {index + 1}: {error}"
            yield RefusedRow(day.line, reason, error.kind)
            continue
        start_at = day.starts_at + index * step
        register.intervals[start_at] = Interval(start_at, start_at + step, nanowh, day.line, is_estimate)


def _check_header(record: list[str]) -> Note | None:
    if record[0] in ("200", "300"):  # as some portals leave it out
        return Note("The 100 record is missing at the beginning of the file; the rest was read as NEM12.")
    version = record[1] if len(record) > 1 else ""
    if record[0] != "100" or version != "NEM12":
        found = f"it is {version}, which holds meter readings, not intervals" if version == "NEM13" else ""
        msg = f"not a NEM12 file: the first record must be 100,NEM12{'; ' + found if found else ''}"
        raise FileInvalid(msg)
    return None


def _read_day(line: int, record: list[str], channel: _Channel) -> _Day:
    count = _MINUTES_PER_DAY // channel.minutes
    cells = record[2:]
    there = next((index for index, cell in enumerate(cells) if _QUALITY.fullmatch(cell)), None)
    if there is None and len(cells) > count and not _is_figure(cells[count]):
        there = count
    if there != count:
        found = _leading_figures(cells) if there is None else there
        msg = f"{found} values are there where {count} belong: a day has {count} intervals of {channel.minutes} minutes"
        raise CellInvalid(msg, "number of values")
    return _Day(line, channel, _day_start(record[1]), cells[:count], [cells[count]] * count)


def _leading_figures(cells: Sequence[str]) -> int:
    return next((index for index, cell in enumerate(cells) if not _is_figure(cell)), len(cells))


def _is_figure(cell: str) -> bool:
    return cell[:1].isdecimal() or cell[:1] in ("-", "+", ".")


def _day_start(text: str) -> datetime:
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:8])) if len(text) == 8 else None
    except ValueError:
        day = None
    if day is None:
        msg = f"{text[:20]!r} is not a date like 20260131"
        raise CellInvalid(msg, "not a date")
    return datetime.combine(day, time.min, tzinfo=NEM12_ZONE).astimezone(UTC)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 4


def _runs(quality: list[str]) -> Iterator[tuple[int, int, str]]:
    first = 0
    for index in range(1, len(quality) + 1):
        if index == len(quality) or quality[index] != quality[first]:
            yield first, index - 1, quality[first]
            first = index


def _quality_reason(day: _Day, first: int, last: int, quality: str) -> str:
    which = f"interval {first + 1}" if first == last else f"intervals {first + 1} to {last + 1}"
    words = _QUALITY_WORDS.get(quality[:1], "unknown")
    return f"{_local_date(day)}, {which}: quality {quality!r} is {words}, so the energy is not taken"


def _local_date(day: _Day) -> date:
    return day.starts_at.astimezone(NEM12_ZONE).date()
