"""Takes a file apart and stores what is in it, in transactions of some thousand rows each; or says what it would."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from pathlib import Path
from uuid import UUID

from portal.core import energy
from portal.core.errors import Invalid, NotFound
from portal.core.languages import tr
from portal.core.readings.rules.interval_energy import looks_like_intervals, rows_of_intervals
from portal.core.readings.rules.nem12 import Nem12Options, parse_nem12
from portal.core.readings.rules.quantities import REGISTERS
from portal.core.readings.rules.reading_files import (
    FileInvalid,
    IntervalRow,
    LeftOut,
    Note,
    ParsedRow,
    RefusedRow,
    RowOutcome,
)
from portal.core.readings.rules.reading_tables import TableOptions, parse_csv, parse_table
from portal.core.readings.rules.register_joins import join_registers
from portal.core.readings.rules.same_times import one_row_per_time
from portal.core.readings.service import readings
from portal.core.readings.wire import as_sent
from portal.core.sites.service import devices
from portal.core.stack import Stack
from portal.core.values.time import iso_utc
from portal.features.readings_import.report import ImportReport
from portal.features.readings_import.sources import is_nem12, is_workbook, text_lines, workbook_rows

_ROWS_AT_ONCE = 5000
# Intervals in any order become a register together; a larger file has to be in the order of time from one of these to
# the next, so that memory does not follow the file.
_INTERVALS_AT_ONCE = 100_000


class FileFormat(StrEnum):
    """What the file is."""

    CSV = "csv"
    NEM12 = "nem12"


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What somebody said about a file. Without `file_format` it is told by its content.

    With `is_dry_run` nothing is stored, and the report says what would be.
    """

    file_format: FileFormat | None = None
    table: TableOptions = field(default_factory=TableOptions)
    nem12: Nem12Options = field(default_factory=Nem12Options)
    sheet: str | None = None
    allow_refused: bool = False
    is_dry_run: bool = False


@dataclass
class ImportProgress:
    """How far a file has been read, for whoever looks meanwhile; a workbook does not say how large it is."""

    total_bytes: int | None = None
    read_bytes: int = 0

    def advance(self, size: int) -> None:
        """Count bytes that were read."""
        self.read_bytes += size


async def import_file(
    stack: Stack,
    file: Path,
    device: str,
    options: ImportOptions,
    *,
    progress: ImportProgress | None = None,
    name: str = "",
) -> ImportReport:
    """Import a file in batches of its own transaction each; raises `Invalid` or `NotFound` before any is stored.

    A file that turns out unreadable half-way keeps what was stored: importing it again adds the rest. It is called
    `name` in the report and the trail, by default as it is called where it lies.
    """
    report = ImportReport(await _device_id(stack, device), name or file.name)
    try:
        await _Import(stack, report, options).take(file, progress or ImportProgress())
    except FileInvalid as error:
        raise Invalid(str(error)) from None
    except (OSError, UnicodeError) as error:
        message = tr(
            "{file} cannot be read: {error}",
            file=file,
            error=getattr(error, "strerror", None) or tr("it is not UTF-8 text"),
        )
        raise Invalid(message) from None
    if not options.is_dry_run:
        await energy.refresh(stack)
    report.judge(allow_refused=options.allow_refused)
    return report


@dataclass(frozen=True, slots=True)
class _Import:
    """One file on its way. It is read in a thread: whoever else waits for this process goes on meanwhile."""

    stack: Stack
    report: ImportReport
    options: ImportOptions

    async def take(self, file: Path, progress: ImportProgress) -> None:
        options = self.options
        if is_workbook(file):
            with workbook_rows(file, options.sheet) as rows:
                await self._table(parse_table(rows, options.table))
            return
        progress.total_bytes = file.stat().st_size  # noqa: ASYNC240 - one look
        lines = text_lines(file, progress.advance)
        file_format = options.file_format or (FileFormat.NEM12 if is_nem12(file) else FileFormat.CSV)
        if file_format is FileFormat.NEM12:
            # All of it at once: its registers go on from what the device has, which its first and last day decide.
            await self._registers(await asyncio.to_thread(list, parse_nem12(lines, options.nem12)))
        else:
            await self._table(parse_csv(lines, options.table))

    async def _table(self, outcomes: Iterator[RowOutcome]) -> None:
        table = self.options.table
        if not table.per_interval:
            while batch := await _some(outcomes, _ROWS_AT_ONCE):
                if table.per_interval is None:
                    _check_registers(batch)
                await self._store(one_row_per_time(batch))
            return
        while batch := await _some(outcomes, _INTERVALS_AT_ONCE):
            given = [each for each in batch if isinstance(each, IntervalRow)]
            others = [each for each in batch if not isinstance(each, IntervalRow)]
            await self._registers([*others, *rows_of_intervals(given, table.source)])

    async def _registers(self, outcomes: Iterable[RowOutcome]) -> None:
        """Store rows whose registers begin at nought, as they go on from what the device has."""
        found = list(outcomes)
        rows = sorted((each for each in found if isinstance(each, ParsedRow)), key=lambda each: each.row.at)
        await self._store([each for each in found if not isinstance(each, ParsedRow)])
        if not rows:
            return
        registers = {name for parsed in rows for name in parsed.row.measured if name in REGISTERS}
        window = rows[0].row.at, rows[-1].row.at
        stored = await readings.registers_around(self.stack, self.report.id, sorted(registers), window)
        joined = join_registers(rows, stored)
        while batch := list(islice(joined, _ROWS_AT_ONCE)):
            await self._store(batch)

    async def _store(self, batch: Iterable[RowOutcome]) -> None:
        report = self.report
        rows: list[ParsedRow] = []
        for outcome in batch:
            if isinstance(outcome, ParsedRow):
                rows.append(outcome)
            else:
                _note(report, outcome)
        rows = await self._without_others(rows) if rows else rows
        if not rows:
            return
        report.span(rows[0].row.at, rows[-1].row.at)
        sent = [as_sent(parsed.row) for parsed in rows]
        if self.options.is_dry_run:
            stored = await readings.try_readings(self.stack, report.id, sent)
        else:
            stored = await readings.import_readings(self.stack, report.id, sent, report.file)
        report.accepted += stored.accepted
        report.duplicates += stored.duplicates
        # A conflict came up just now, with what a board sent meanwhile: both values are kept.
        report.completed += stored.completed + stored.conflicts
        for problem in stored.errors:
            report.refuse(rows[problem.row].line, problem.reason)

    async def _without_others(self, rows: Sequence[ParsedRow]) -> list[ParsedRow]:
        """Refuse rows whose time has other values: another meter's file must not outbid what was measured."""
        sent = [as_sent(parsed.row) for parsed in rows]
        others = set(await readings.indexes_of_others(self.stack, self.report.id, sent))
        for index in sorted(others):
            at = iso_utc(rows[index].row.at)
            self.report.refuse(
                rows[index].line,
                tr("{at} is stored with other values, which stay", at=at),
                tr("stored with other values"),
            )
        return [parsed for index, parsed in enumerate(rows) if index not in others]


async def _some(outcomes: Iterator[RowOutcome], count: int) -> list[RowOutcome]:
    return await asyncio.to_thread(lambda: list(islice(outcomes, count)))


def _check_registers(batch: Iterable[RowOutcome]) -> None:
    rows = sorted((each.row for each in batch if isinstance(each, ParsedRow)), key=lambda row: row.at)
    for quantity in REGISTERS:
        values = [value for row in rows if (value := getattr(row, quantity)) is not None]
        if looks_like_intervals(values):
            msg = tr(
                "{quantity} is a meter's register, which rises, and here it falls row after row: is it "
                "the energy of each interval? Then say --per-interval; or --registers, if it is one",
                quantity=quantity,
            )
            raise FileInvalid(msg)


async def _device_id(stack: Stack, device: str) -> UUID:
    for known in await devices.list_devices(stack):
        if device in (known.external_id, str(known.id)):
            return known.id
    message = tr("There is no device {device}", device=f"{device!r}")
    raise NotFound(message)


def _note(report: ImportReport, outcome: RowOutcome) -> None:
    match outcome:
        case RefusedRow():
            report.refuse(outcome.line, outcome.reason, outcome.kind)
        case LeftOut():
            report.leave_out(outcome)
        case Note():
            report.notes.append(outcome.text)
        case _:
            report.skipped += 1
