"""What the import of a file shows, as texts, and what its boxes say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypedDict
from zoneinfo import ZoneInfo

from portal.core.errors import Invalid
from portal.core.languages import tr
from portal.core.readings.rules.figures_in_cells import DecimalMark
from portal.core.readings.rules.nem12 import Estimates, Nem12Options
from portal.core.readings.rules.reading_files import FileInvalid, mapped_quantities
from portal.core.readings.rules.reading_tables import TableOptions
from portal.core.readings.rules.reading_times import DateOrder
from portal.core.values.time import is_zone
from portal.core.words import noted
from portal.features.readings_import.look import FileLook, SeenColumn
from portal.features.readings_import.report import ImportReport
from portal.features.readings_import.run import FileFormat, ImportOptions, ImportProgress
from portal.ui import formats

COLUMN: Final = "column-"
TIME: Final = "time"
KIND_WORDS: Final = {"csv": noted("A table (CSV)"), "workbook": noted("A workbook (Excel)"), "nem12": "NEM12"}
PROBLEMS: Final = {
    "large": noted(
        "The file is larger than 256 MB. Split it, or use `portal import` where this portal is installed."
    ),
    "empty": noted("The file is empty."),
    "none": noted("No file was chosen."),
}
_LONGEST_INTERVAL: Final = 1440
_MOST_SHOWN: Final = 20
_UNTOLD: Final = noted(
    "The names of the columns do not tell what they hold. Say below which one is the time, "
    "and what the others are."
)
# What the readers of files name by the options of the command line, and what it is called here.
_WORDS: Final = (
    ("name it with --time-column", "choose which column is the time"),
    ("Then say --per-interval; or --registers, if it is one", "Then choose so at Energy columns"),
    ("say it in minutes, like --interval 30", "say it in minutes at Interval"),
    ("with --nmi", "at Meter (NMI)"),
    (" (--estimates take or leave-out)", " (say at Estimates what becomes of them)"),
    (", or say --leave-out", ", or name it at Leave out"),
    ("; say --leave-out", "; name it at Leave out:"),
    ("with --channel ", "with the channel "),
    (", like --time-zone Africa/Johannesburg", ", at Time zone"),
    (", --decimal-mark", ", at Decimals"),
    (" --decimal-mark point or comma", " at Decimals"),
    (" (--decimal-mark comma)", " (say so at Decimals)"),
    (" (--interval)", " (Interval)"),
    (" (--date-order dmy)", ""),
    (" (--date-order mdy)", ""),
    (" (--date-order ymd)", ""),
)


class ColumnRow(TypedDict):
    """A column of the file: what it is called, what stands in it, and what it is taken for."""

    name: str
    label: str
    cells: str
    taken_for: str


class RefusedLine(TypedDict):
    """Rows that were refused for one reason."""

    count: str
    words: str


@dataclass(frozen=True)
class LookView:
    """The beginning of a file."""

    kind: str = ""
    kind_word: str = ""
    columns: list[ColumnRow] = field(default_factory=list)
    lines: str = ""
    sheets: list[str] = field(default_factory=list)
    problem: str = ""


@dataclass(frozen=True)
class ReportView:
    """What became of a file, or would."""

    title: str = ""
    tone: str = ""
    is_dry_run: bool = False
    facts: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    refused: list[RefusedLine] = field(default_factory=list)
    can_store: bool = False
    action: str = ""


def build_look(look: FileLook) -> LookView:
    """Return what the beginning of a file shows."""
    return LookView(
        look.kind,
        tr(KIND_WORDS[look.kind]),
        [_column(index, column) for index, column in enumerate(look.columns)],
        "\n".join(look.lines),
        list(look.sheets),
        tr(_UNTOLD) if look.problem else "",
    )


def build_report(report: ImportReport, zone: str, *, is_dry_run: bool) -> ReportView:
    """Return what became of a file, or with `is_dry_run` would."""
    new = report.accepted + report.completed
    facts = [
        (
            tr("Would be stored") if is_dry_run else tr("Stored"),
            formats.counted(report.accepted, "{count} reading", "{count} readings"),
        ),
        (
            tr("Would complete what is there") if is_dry_run else tr("Completed"),
            formats.counted(report.completed, "{count} reading", "{count} readings"),
        ),
        (tr("There already"), formats.counted(report.duplicates, "{count} reading", "{count} readings")),
        (tr("Refused"), formats.counted(report.rejected, "{count} row", "{count} rows")),
        (tr("Without a value"), formats.counted(report.skipped, "{count} line", "{count} lines")),
    ]
    if report.first_at is not None:
        first, last = (formats.local_time(at, zone) for at in (report.first_at, report.last_at))
        facts.append((tr("Readings from"), tr("{first} to {last}", first=first, last=last)))
    return ReportView(
        title=_title(report, new, is_dry_run=is_dry_run),
        tone="ok" if report.failure is None else "warn" if new or report.duplicates else "fail",
        is_dry_run=is_dry_run,
        facts=facts,
        notes=[in_page_words(note) for note in (*report.notes, *(each.reason for each in report.left_out))],
        refused=[
            {"count": formats.number(each.count, 0), "words": in_page_words(each.in_words())}
            for each in report.refused[:_MOST_SHOWN]
        ],
        can_store=is_dry_run and new > 0,
        action=f"Store {formats.counted(new, '{count} reading', '{count} readings')}",
    )


def progress_in_words(progress: ImportProgress) -> tuple[str, int]:
    """Return how far a file has been read, in words and in hundredths; 0 where nobody can say."""
    read = f"{formats.number(progress.read_bytes / 1_000_000, 1)} MB"
    if not progress.total_bytes:
        return (tr("Reading the workbook") if not progress.read_bytes else tr("{read} read", read=read)), 0
    share = min(99, int(progress.read_bytes * 100 / progress.total_bytes))
    return tr(
        "{read} of {total_bytes} MB read",
        read=read,
        total_bytes=formats.number(progress.total_bytes / 1_000_000, 1),
    ), share


def options_in(form: Mapping[str, Any], look: LookView) -> ImportOptions:
    """Return what the boxes say about a file. Raises `Invalid`, naming the box."""
    if look.kind == "nem12":
        return ImportOptions(FileFormat.NEM12, nem12=_nem12(form))
    chosen = {column["label"]: str(form.get(column["name"], "")) for column in look.columns}
    columns = {label: taken for label, taken in chosen.items() if taken and taken != TIME}
    times = [label for label, taken in chosen.items() if taken == TIME]
    if not columns:
        raise Invalid(tr("Choose for at least one column which quantity it holds"))
    if not times:
        raise Invalid(tr("Choose which column is the time"))
    table = TableOptions(
        columns=_mapped(columns),
        time_columns=times,
        zone=_zone(_text(form, "zone")),
        date_order=DateOrder(order) if (order := _text(form, "date_order")) in set(DateOrder) else None,
        decimal_mark=DecimalMark(mark) if (mark := _text(form, "decimals")) in set(DecimalMark) else None,
        per_interval={"intervals": True, "registers": False}.get(_text(form, "energy")),
        interval=_minutes(_text(form, "interval")),
        stamped_end=_text(form, "stamped") == "end",
    )
    file_format = FileFormat.CSV if look.kind == "csv" else None
    return ImportOptions(file_format, table, sheet=_text(form, "sheet") or None)


def in_page_words(text: str) -> str:
    """Return what a reader of files says, with the boxes of this page in place of the options of the command line."""
    for option, words in _WORDS:
        text = text.replace(option, words)
    return text


def _title(report: ImportReport, new: int, *, is_dry_run: bool) -> str:
    if is_dry_run:
        return tr("Nothing is stored yet. This is what would be.") if new else tr("Nothing would be stored")
    if report.failure is None:
        return tr("All of the file is stored")
    return tr("Not all of the file is stored: {failure}", failure=report.failure)


def _column(index: int, column: SeenColumn) -> ColumnRow:
    return {
        "name": f"{COLUMN}{index}",
        "label": column.name,
        "cells": "\n".join(column.cells[:4]),
        "taken_for": column.taken_for,
    }


def _nem12(form: Mapping[str, Any]) -> Nem12Options:
    channels: dict[str, str] = {}
    for part in _text(form, "channels").replace(";", ",").split(","):
        if part.strip():
            name, separator, quantity = part.partition("=")
            if not separator:
                raise Invalid(tr("Channels are written like E1=energyImportedKwh, B1=energyExportedKwh"))
            channels[name.strip()] = quantity.strip()
    left_out = tuple(part for part in _text(form, "leave_out").replace(",", " ").split() if part)
    estimates = _text(form, "estimates")
    return Nem12Options(
        _text(form, "nmi") or None,
        _mapped(channels),
        left_out,
        Estimates(estimates) if estimates in set(Estimates) else Estimates.REFUSE,
    )


def _mapped(columns: Mapping[str, str]) -> dict[str, str]:
    try:
        return mapped_quantities(columns, "column")
    except FileInvalid as error:
        raise Invalid(str(error)) from None


def _zone(name: str) -> ZoneInfo | None:
    if name and not is_zone(name):
        raise Invalid(tr("{name} is not a time zone, such as Africa/Johannesburg", name=f"{name!r}"))
    return ZoneInfo(name) if name else None


def _minutes(text: str) -> timedelta | None:
    if not text:
        return None
    if not text.isdecimal() or not 1 <= int(text[:6]) <= _LONGEST_INTERVAL:
        raise Invalid(
            tr("An interval has 1 to {longest_interval} minutes", longest_interval=_LONGEST_INTERVAL)
        )
    return timedelta(minutes=int(text))


def _text(form: Mapping[str, Any], name: str) -> str:
    return str(form.get(name, "")).strip()
