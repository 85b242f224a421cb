"""Readings from a NEM12 file, the Australian market's format for interval data.

The file states the energy of each interval; a meter's register is made of it by adding up, in whole counts of 0.1 kWh
with the remainder carried, so that nothing is lost within a file. It starts at 0; `register_joins` makes it go on from
what the device showed before. NEM12 days are in Australian Eastern Standard Time, +10:00 all
year, and each reading is stamped with the end of its interval. Where intervals are missing or not believed the register
stands still: a reading is also given at the start of the run that follows, so that the gap holds no energy.

Records used: 100 header, 200 channel, 300 one day's intervals, 400 quality of some of them, 900 end.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from portal.core.domain.meter import REGISTER_COUNT_MILLIWH
from portal.core.domain.money import MILLIWH_PER_KWH
from portal.core.domain.reading_files import FileInvalid, ParsedRow, RefusedRow, RowOutcome, SkippedRow
from portal.core.domain.readings import MeasuredRow

NEM12_ZONE = timezone(timedelta(hours=10), "AEST")
NEM12_SOURCE = "nem12"
CHANNELS: Mapping[str, str] = {"E1": "energy_imported_kwh", "B1": "energy_exported_kwh"}

_MINUTES_PER_DAY = 1440
_INTERVAL_MINUTES = (5, 15, 30)
_COUNTS_PER_KWH = MILLIWH_PER_KWH // REGISTER_COUNT_MILLIWH
_MILLIWH_PER_UNIT = {"WH": 1_000, "KWH": MILLIWH_PER_KWH, "MWH": 1_000 * MILLIWH_PER_KWH}
# Actual, final substitute and substitute are what a meter data provider stands by.
_GOOD_QUALITY = frozenset("AFS")
_QUALITY_WORDS = {"E": "an estimate", "N": "no data", "V": "of several qualities without saying which"}
_CHANNEL_FIELDS, _DAY_FIELDS, _QUALITY_FIELDS = 9, 3, 4


class _Channel(NamedTuple):
    quantity: str
    minutes: int
    milliwh_per_unit: int


@dataclass(slots=True)
class _Day:
    """A 300 record until the 400 records that may follow it are known."""

    line: int
    channel: _Channel
    starts_at: datetime
    milliwh: list[int]
    quality: list[str]


@dataclass(slots=True)
class _Register:
    """One channel's intervals by their start, with energy and line, and the days that were given."""

    minutes: int
    intervals: dict[datetime, tuple[int, int]] = field(default_factory=dict[datetime, tuple[int, int]])
    days: set[datetime] = field(default_factory=set[datetime])


def parse_nem12(lines: Iterable[str], nmi: str | None = None) -> Iterator[RowOutcome]:
    """Yield refusals, then the readings in time order with imported (E1) and exported (B1) energy together.

    `nmi` picks one meter of a file that holds several. Other channels are skipped; values whose quality is not
    actual, final or substituted are refused, one refusal per run of intervals. Raises FileInvalid for a file that is
    not NEM12 or that holds several meters without `nmi`.
    """
    parser = _Parser(nmi)
    for line, text in enumerate(lines, start=1):
        record = [cell.strip() for cell in text.lstrip("\ufeff").split(",")]
        if record != [""]:
            yield from parser.take(line, record)
    yield from parser.finish()
    yield from parser.readings()


class _Parser:
    def __init__(self, nmi: str | None) -> None:
        self._nmi = nmi
        self._chosen_nmi = nmi
        self._line = 0
        self._channel: _Channel | None = None
        self._day: _Day | None = None
        self._registers: dict[str, _Register] = {}
        self._ended = False

    def take(self, line: int, record: list[str]) -> Iterator[RowOutcome]:
        if self._line == 0:
            _check_header(record)
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
            yield RefusedRow(line, f"unknown record {kind[:20]!r}")

    def finish(self) -> Iterator[RowOutcome]:
        if self._line == 0:
            msg = "the file is empty"
            raise FileInvalid(msg)
        yield from self._close_day()
        if not self._ended:
            yield RefusedRow(
                self._line, "the file ends without its 900 record: it may have been cut off here"
            )

    def readings(self) -> Iterator[RowOutcome]:
        """Yield one row per instant at which any register was read."""
        shown: dict[datetime, tuple[int, dict[str, float]]] = {}
        for quantity, register in self._registers.items():
            for at, counts, line in _read_out(register):
                shown.setdefault(at, (line, {}))[1][quantity] = counts / _COUNTS_PER_KWH
        for at in sorted(shown):
            line, registers = shown[at]
            yield ParsedRow(line, MeasuredRow(at, **registers, source=NEM12_SOURCE))

    def _open_channel(self, line: int, record: list[str]) -> Iterator[RowOutcome]:
        self._channel = None
        if len(record) < _CHANNEL_FIELDS:
            yield RefusedRow(line, "a 200 record has nine fields, from the NMI to the interval length")
            return
        nmi, suffix, unit, length = record[1], record[4].upper(), record[7].upper(), record[8]
        if self._is_other_meter(nmi) or suffix not in CHANNELS:
            yield SkippedRow(line)
        elif unit not in _MILLIWH_PER_UNIT:
            yield RefusedRow(line, f"channel {suffix} is in {record[7]!r}; energy comes in Wh, kWh or MWh")
        elif length not in map(str, _INTERVAL_MINUTES):
            yield RefusedRow(
                line, f"channel {suffix} has intervals of {length!r} minutes; 5, 15 and 30 exist"
            )
        else:
            yield from self._use_channel(
                line, suffix, _Channel(CHANNELS[suffix], int(length), _MILLIWH_PER_UNIT[unit])
            )

    def _use_channel(self, line: int, suffix: str, channel: _Channel) -> Iterator[RowOutcome]:
        register = self._registers.setdefault(channel.quantity, _Register(channel.minutes))
        if register.minutes != channel.minutes:
            yield RefusedRow(line, f"channel {suffix} changes its interval length within the file")
            return
        self._channel = channel

    def _is_other_meter(self, nmi: str) -> bool:
        if self._chosen_nmi is None:
            self._chosen_nmi = nmi
        if nmi != self._chosen_nmi and self._nmi is None:
            msg = f"the file holds several meters (NMI {self._chosen_nmi} and {nmi}): say which one to import"
            raise FileInvalid(msg)
        return nmi != self._chosen_nmi

    def _open_day(self, line: int, record: list[str]) -> Iterator[RowOutcome]:
        if self._channel is None:
            yield SkippedRow(line)
            return
        try:
            self._day = _read_day(line, record, self._channel)
        except ValueError as error:
            yield RefusedRow(line, str(error))

    def _note_quality(self, line: int, record: list[str]) -> Iterator[RowOutcome]:
        day = self._day
        if day is None:
            yield SkippedRow(line)
            return
        if len(record) < _QUALITY_FIELDS or not (record[1].isdecimal() and record[2].isdecimal()):
            yield RefusedRow(line, "a 400 record names the first and the last interval and their quality")
            return
        first, last = int(record[1]), int(record[2])
        if not 1 <= first <= last <= len(day.milliwh):
            yield RefusedRow(
                line, f"intervals {first} to {last} do not exist: the day has {len(day.milliwh)}"
            )
            return
        day.quality[first - 1 : last] = [record[3]] * (last - first + 1)

    def _close_day(self) -> Iterator[RowOutcome]:
        """Take the day's intervals that are of good quality, and refuse the others run by run."""
        day, self._day = self._day, None
        if day is None:
            return
        register = self._registers[day.channel.quantity]
        step = timedelta(minutes=day.channel.minutes)
        if day.starts_at in register.days:
            yield RefusedRow(day.line, f"{_local_date(day)} was given before for this channel")
            return
        register.days.add(day.starts_at)
        for first, last, quality in _runs(day.quality):
            if quality[:1] in _GOOD_QUALITY:
                for index in range(first, last + 1):
                    register.intervals[day.starts_at + index * step] = (day.milliwh[index], day.line)
            else:
                yield RefusedRow(day.line, _quality_reason(day, first, last, quality))


def _check_header(record: list[str]) -> None:
    version = record[1] if len(record) > 1 else ""
    if record[0] != "100" or version != "NEM12":
        found = f"it is {version}, which holds meter readings, not intervals" if version == "NEM13" else ""
        msg = f"not a NEM12 file: the first record must be 100,NEM12{'; ' + found if found else ''}"
        raise FileInvalid(msg)


def _read_day(line: int, record: list[str], channel: _Channel) -> _Day:
    count = _MINUTES_PER_DAY // channel.minutes
    if len(record) < _DAY_FIELDS + count:
        found = max(0, len(record) - _DAY_FIELDS)
        msg = f"{count} intervals of {channel.minutes} minutes and a quality are expected, {found} values are there"
        raise ValueError(msg)
    values = [_milliwh(text, channel, index) for index, text in enumerate(record[2 : 2 + count], start=1)]
    return _Day(line, channel, _day_start(record[1]), values, [record[2 + count]] * count)


def _day_start(text: str) -> datetime:
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError as error:
        msg = f"{text!r} is not a date like 20260131"
        raise ValueError(msg) from error
    return datetime.combine(day, time.min, tzinfo=NEM12_ZONE).astimezone(UTC)


def _milliwh(text: str, channel: _Channel, interval: int) -> int:
    try:
        energy = Decimal(text)
    except InvalidOperation:
        energy = Decimal("NaN")
    if not energy.is_finite() or energy < 0:
        msg = f"interval {interval} is {text!r}, which is not an amount of energy"
        raise ValueError(msg)
    return round(energy * channel.milliwh_per_unit)


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


def _read_out(register: _Register) -> Iterator[tuple[datetime, int, int]]:
    """Yield instant, register in counts and line: at each interval's end, and at the start of each run."""
    step = timedelta(minutes=register.minutes)
    cumulative, previous_end = 0, None
    for start_at, (milliwh, line) in sorted(register.intervals.items()):
        if start_at != previous_end:
            yield start_at, cumulative // REGISTER_COUNT_MILLIWH, line
        cumulative += milliwh
        previous_end = start_at + step
        yield previous_end, cumulative // REGISTER_COUNT_MILLIWH, line
