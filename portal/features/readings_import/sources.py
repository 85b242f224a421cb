"""Opens what `portal import` is given, by its content and not its name: text in UTF-8 or UTF-16, or a workbook."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile
from zlib import error as zlib_error

from portal.core.readings.rules.reading_files import FileInvalid
from portal.core.readings.rules.reading_tables import Row

if TYPE_CHECKING:
    from openpyxl import Workbook

_WORKBOOK, _OLD_WORKBOOK, _GZIP = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_LONGEST_LINE = 1_000_000
_MOST_UNPACKED_BYTES = 1024**3
_NEM12_STARTS = ("100,NEM12", "100,NEM13", "200,", "300,")
# What its readers raise for a workbook that is none, or is cut off somewhere.
_DAMAGED = (
    BadZipFile,
    ParseError,
    zlib_error,
    KeyError,
    ValueError,
    TypeError,
    IndexError,
    OSError,
    EOFError,
)
_ALMOST_A_SECOND = timedelta(milliseconds=5)


def is_workbook(file: Path) -> bool:
    """Whether a file is a workbook by its first bytes. Raises FileInvalid for what has to be saved as another first."""
    with file.open("rb") as content:
        start = content.read(4)
    if start == _OLD_WORKBOOK:
        msg = f"{file.name} is a workbook of Excel before 2007: save it as .xlsx or as CSV"
        raise FileInvalid(msg)
    if start.startswith(_GZIP):
        msg = f"{file.name} is compressed: unpack it first"
        raise FileInvalid(msg)
    return start == _WORKBOOK


def is_nem12(file: Path) -> bool:
    """Whether a text file begins like one of the market's."""
    with _opened(file) as content:
        return content.readline(200).lstrip("\ufeff").upper().replace('"', "").startswith(_NEM12_STARTS)


def text_lines(file: Path, advance: Callable[[int], object]) -> Iterator[str]:
    """Yield the lines of a text file one by one, and tell how many bytes each took."""
    with _opened(file) as content:
        while line := content.readline(_LONGEST_LINE):
            if len(line) == _LONGEST_LINE:
                msg = f"{file.name} has a line of more than {_LONGEST_LINE} characters: it is no file of readings"
                raise FileInvalid(msg)
            advance(len(line))
            yield line


def _opened(file: Path) -> IO[str]:
    with file.open("rb") as content:
        encoding = "utf-16" if content.read(2) in _UTF16 else "utf-8"
    return file.open(encoding=encoding, newline="")


def sheets_of(file: Path) -> tuple[str, ...]:
    """Return the names of a workbook's sheets. Raises FileInvalid for a damaged one."""
    with file.open("rb") as content:
        book = _book(file, content)
        try:
            return tuple(book.sheetnames)
        finally:
            book.close()


@contextmanager
def workbook_rows(file: Path, sheet: str | None) -> Iterator[Iterator[Row]]:
    """Open a workbook and hand out the rows of one sheet, the first by default, as they are read."""
    with file.open("rb") as content:
        book = _book(file, content)
        try:
            names = book.sheetnames
            if sheet is not None and sheet not in names:
                msg = f"there is no sheet {sheet!r}; the workbook has {', '.join(names)}"
                raise FileInvalid(msg)
            yield _rows(file, book[sheet or names[0]])
        finally:
            book.close()


def _book(file: Path, content: IO[bytes]) -> "Workbook":
    # A third of what every verb would wait for at its start.
    from openpyxl import load_workbook  # noqa: PLC0415

    try:
        with ZipFile(content) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
        if unpacked <= _MOST_UNPACKED_BYTES:
            return load_workbook(content, read_only=True, data_only=True)
    except _DAMAGED as error:
        raise _damaged(file) from error
    msg = f"{file.name} unpacks to {unpacked // 1024**2} MiB: save the sheet as CSV"
    raise FileInvalid(msg)


def _damaged(file: Path) -> FileInvalid:
    return FileInvalid(
        f"{file.name} begins like a workbook and is none, or a damaged one: open and save it again"
    )


def _rows(file: Path, page: Any) -> Iterator[Row]:
    page.reset_dimensions()  # what a file says of its own size need not be so
    rows = enumerate(page.iter_rows(values_only=True), start=1)
    while True:
        try:
            number, values = next(rows, (0, ()))
        except _DAMAGED as error:
            raise _damaged(file) from error
        if not number:
            return
        cells = [_text(value) for value in values]
        if any(cells):
            yield Row(number, cells)


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return _whole_seconds(value).isoformat(sep=" ")
        case date() | time():
            return value.isoformat()
        case float():
            return repr(value)
        case _:
            return str(value)


def _whole_seconds(at: datetime) -> datetime:
    """Return the second a spreadsheet's fraction of a day is meant to be."""
    nearest = (at + timedelta(milliseconds=500)).replace(microsecond=0)
    return nearest if abs(nearest - at) < _ALMOST_A_SECOND else at
