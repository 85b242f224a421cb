"""`portal import`: readings from a file."""

import sys
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from portal.commands import import_options as options
from portal.commands.import_progress import shown_progress
from portal.commands.output import AsJson, answer
from portal.commands.session import with_stack
from portal.core.errors import Invalid
from portal.core.readings.rules.nem12 import Estimates, Nem12Options
from portal.core.readings.rules.reading_files import FileInvalid, mapped_quantities
from portal.core.readings.rules.reading_tables import SEPARATORS, TableOptions
from portal.core.settings import RunMode
from portal.core.values.time import is_zone
from portal.features.readings_import.report import ImportReport
from portal.features.readings_import.run import ImportOptions, import_file

_LONGEST_INTERVAL = 1440


def import_readings(  # noqa: PLR0913 - each is an option of the command line
    file: options.File,
    *,
    device: options.Device,
    file_format: options.Format = None,
    allow_refused: options.AllowRefused = False,
    column: options.Columns = None,
    time_column: options.TimeColumns = None,
    time_zone: options.TimeZone = None,
    date_order: options.Order = None,
    per_interval: options.PerInterval = None,
    interval: options.Minutes = None,
    stamped: options.Stamped = options.Stamp.START,
    separator: options.Separator = None,
    decimal_mark: options.Mark = None,
    sheet: options.Sheet = None,
    nmi: options.Meter = None,
    channel: options.Channels = None,
    leave_out: options.LeaveOut = None,
    estimates: options.TakeEstimates = Estimates.REFUSE,
    as_json: AsJson = False,
) -> None:
    """Import a device's readings from a file; what is there already changes nothing.

    Exits 1 where rows were refused, energy was left out, or nothing was stored. "Importing files" in
    docs/client-guide.md has examples.
    """
    table = TableOptions(
        columns=_mapping("column", column),
        time_columns=tuple(time_column or ()),
        zone=_zone(time_zone),
        date_order=date_order,
        separator=_separator(separator),
        decimal_mark=decimal_mark,
        per_interval=per_interval,
        interval=_length(interval),
        stamped_end=stamped is options.Stamp.END,
    )
    nem12 = Nem12Options(nmi, _mapping("channel", channel), tuple(leave_out or ()), estimates)
    wanted = ImportOptions(file_format, table, nem12, sheet, allow_refused)
    report = _taken(file, device, wanted)
    answer(_plain(report), report.in_words(), as_json=as_json)
    if report.failure:
        sys.exit(f"portal: not all of the file is stored: {report.failure}")


def _taken(file: Path, device: str, wanted: ImportOptions) -> ImportReport:
    with shown_progress(file.name) as progress:
        return with_stack(
            lambda stack: import_file(stack, file, device, wanted, progress=progress), mode=RunMode.CLIENT
        )


def _plain(report: ImportReport) -> dict[str, object]:
    names = ("id", "accepted", "duplicates", "rejected", "skipped", "refused", "left_out", "notes", "failure")
    return {name: getattr(report, name) for name in names}


def _mapping(what: str, given: list[str] | None) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in given or []:
        name, separator, quantity = text.rpartition("=")
        if not separator or not name or name in pairs:
            known = options.QUANTITIES_IN_WORDS
            message = (
                f"--{what} takes name=quantity, once for each name, not {text!r}; quantities are {known}"
            )
            raise Invalid(message)
        pairs[name] = quantity
    try:
        return mapped_quantities(pairs, what)
    except FileInvalid as error:
        raise Invalid(str(error)) from None


def _zone(name: str | None) -> ZoneInfo | None:
    if name is not None and not is_zone(name):
        message = f"{name!r} is not an IANA time zone, such as Africa/Johannesburg"
        raise Invalid(message)
    return None if name is None else ZoneInfo(name)


def _separator(text: str | None) -> str | None:
    found = "\t" if text in ("tab", "\\t") else text
    if found is not None and found not in SEPARATORS:
        message = f"--separator is one of , ; | or tab, not {text!r}"
        raise Invalid(message)
    return found


def _length(minutes: int | None) -> timedelta | None:
    if minutes is not None and not 1 <= minutes <= _LONGEST_INTERVAL:
        message = f"--interval is 1 to {_LONGEST_INTERVAL} minutes"
        raise Invalid(message)
    return None if minutes is None else timedelta(minutes=minutes)
