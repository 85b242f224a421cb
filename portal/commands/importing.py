"""`portal import`: readings from a file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import Progress

from portal.commands.output import AsJson, answer
from portal.commands.session import with_stack
from portal.core.domain.nem12 import parse_nem12
from portal.core.domain.reading_files import FileInvalid, ParsedRow, RefusedRow, RowOutcome, parse_csv
from portal.core.domain.readings import QUANTITIES
from portal.core.domain.register_joins import join_registers
from portal.core.errors import Invalid, NotFound
from portal.core.services import readings, sites
from portal.core.settings import RunMode
from portal.core.stack import Stack
from portal.core.wire.readings import DeviceReading

_ROWS_AT_ONCE = 5000
_SHOWN_REFUSALS = 20


class FileFormat(StrEnum):
    """What the file is."""

    CSV = "csv"
    NEM12 = "nem12"


@dataclass
class ImportReport:
    """What became of a file's rows; `id` is the device's. `refused` lists the first rows and why."""

    id: UUID
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    skipped: int = 0
    refused: list[dict[str, object]] = field(default_factory=list)

    def refuse(self, line: int, reason: str) -> None:
        """Count a refused row."""
        self.rejected += 1
        if len(self.refused) < _SHOWN_REFUSALS:
            self.refused.append({"line": line, "reason": reason})


def import_readings(
    file: Path,
    device: Annotated[str, typer.Option(help="The device's external id or its id.")],
    file_format: Annotated[FileFormat, typer.Option("--format")] = FileFormat.CSV,
    column: Annotated[list[str] | None, typer.Option(help="name=quantity; may be repeated.")] = None,
    nmi: Annotated[str | None, typer.Option(help="Which meter of a NEM12 file with several.")] = None,
    as_json: AsJson = False,
) -> None:
    """Import a device's readings from a file; what is there already changes nothing."""
    columns = dict(_mapping(text) for text in column or [])
    report = with_stack(
        lambda stack: import_file(stack, file, device, file_format, columns, nmi), mode=RunMode.CLIENT
    )
    answer(report, _words(report), as_json=as_json)


def _mapping(text: str) -> tuple[str, str]:
    name, separator, quantity = text.rpartition("=")
    if not separator or not name:
        message = f"--column takes name=quantity, not {text!r}; quantities are {', '.join(QUANTITIES)}"
        raise Invalid(message)
    return name, quantity


async def import_file(
    stack: Stack,
    file: Path,
    device: str,
    file_format: FileFormat,
    columns: dict[str, str],
    nmi: str | None = None,
) -> ImportReport:
    """Import a file in batches of its own transaction each; raises `Invalid` or `NotFound` before any is stored.

    A file that turns out unreadable half-way keeps what was stored: importing it again adds the rest.
    """
    report = ImportReport(await _device_id(stack, device))
    try:
        with Progress(console=Console(stderr=True), transient=True) as progress:
            total = file.stat().st_size  # noqa: ASYNC240 - nothing else runs in a command
            bar = progress.add_task(file.name, total=total)
            lines = _counted(file, lambda size: progress.advance(bar, size))
            if file_format is FileFormat.NEM12:
                outcomes = iter(await _nem12(stack, report.id, lines, nmi))
            else:
                outcomes = parse_csv(lines, columns)
            while batch := list(islice(outcomes, _ROWS_AT_ONCE)):
                await _store(stack, batch, report)
    except FileInvalid as error:
        raise Invalid(str(error)) from None
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}"
        raise Invalid(message) from None
    await stack.storage.refresh(stack.db)
    return report


async def _nem12(stack: Stack, device_id: UUID, lines: Iterator[str], nmi: str | None) -> list[RowOutcome]:
    """Read the whole file: its registers go on from what the device has, which its first and last day decide."""
    outcomes = list(parse_nem12(lines, nmi))
    rows = [outcome for outcome in outcomes if isinstance(outcome, ParsedRow)]
    others: list[RowOutcome] = [each for each in outcomes if not isinstance(each, ParsedRow)]
    if not rows:
        return others
    stored = await readings.registers_around(stack, device_id, rows[0].row.at, rows[-1].row.at)
    return [*others, *join_registers(rows, stored)]


async def _device_id(stack: Stack, device: str) -> UUID:
    for known in await sites.list_devices(stack):
        if device in (known.external_id, str(known.id)):
            return known.id
    message = f"There is no device {device!r}"
    raise NotFound(message)


def _counted(file: Path, advance: Callable[[int], object]) -> Iterator[str]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            advance(len(line.encode()))
            yield line


async def _store(stack: Stack, batch: list[RowOutcome], report: ImportReport) -> None:
    rows: list[ParsedRow] = []
    for outcome in batch:
        if isinstance(outcome, ParsedRow):
            rows.append(outcome)
        elif isinstance(outcome, RefusedRow):
            report.refuse(outcome.line, outcome.reason)
        else:
            report.skipped += 1
    if not rows:
        return
    stored = await readings.import_readings(stack, report.id, [_reading(parsed) for parsed in rows])
    report.accepted += stored.accepted
    report.duplicates += stored.duplicates
    for problem in stored.errors:
        report.refuse(rows[problem.row].line, problem.reason)


def _reading(parsed: ParsedRow) -> DeviceReading:
    row = parsed.row
    return DeviceReading(time=row.at, source=row.source, **{name: getattr(row, name) for name in QUANTITIES})


def _words(report: ImportReport) -> str:
    lines = [
        (
            f"{report.accepted} readings stored, {report.duplicates} were there already, "
            f"{report.rejected} refused, {report.skipped} lines empty."
        )
    ]
    lines += [f"line {refusal['line']}: {refusal['reason']}" for refusal in report.refused]
    if report.rejected > len(report.refused):
        lines.append(f"... and {report.rejected - len(report.refused)} more.")
    return "\n".join(lines)
