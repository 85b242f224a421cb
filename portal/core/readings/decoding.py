"""From the bytes of a body to typed rows, keeping every good row of a batch with bad ones.

The whole array is decoded at once; only where that fails is each row decoded by itself, to find
out which rows are wrong and why. A body may be megabytes of `[1,1,1,...`: rows are counted before a
container is made for them, so that memory follows the limit and not the body.
"""

# Any: what was read of JSON is of any type until its row has been judged.

import asyncio
import math
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Generic, TypeVar, cast

import msgspec

from portal.core.errors import Invalid, TooLarge
from portal.core.readings.rules.board_times import NO_OFFSET, board_instant
from portal.core.readings.rules.unsound_bodies import NOT_AN_ARRAY, Quoted, body_problem, without_mark
from portal.core.readings.wire import DeviceReading, FleetReading, LooseReading
from portal.core.values.numbers import is_sound
from portal.core.values.texts import text_problem
from portal.core.wire_fields import TEXTS_OF_LINES, RowProblem
from portal.core.words import noted, say

RowT = TypeVar("RowT", bound=msgspec.Struct)

_TOO_DEEP = noted("the body is nested too deeply")
# Rows of as many bytes are decoded one by one within a millisecond or two.
_BRIEF_BYTES = 16_384
_AT_TIME = " - at `$.time`"
_FOUND = re.compile(r"got `(\w+)`")
_NAMES = {
    "object": "an object",
    "str": "a text",
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
}
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_WORDS = {
    "Number out of range": "not a finite number",
    "Input data was truncated": "not valid JSON text",
}
# What a board calls itself is kept with its reading whatever it is: no reading is lost for it.
_KEPT = frozenset(("source",))
# Rows of these types hold only floats, which strict JSON cannot make infinite, so the search of every
# value is spared where the bytes rule the other problems out as well.
_FLOAT_ONLY: frozenset[type[msgspec.Struct]] = frozenset({DeviceReading, FleetReading})


@dataclass(frozen=True, slots=True)
class DecodedRows(Generic[RowT]):
    """Rows that are well formed, each with its index in the body (from 0), and the problems of the others."""

    rows: Sequence[RowT]
    numbers: Sequence[int]
    problems: Sequence[RowProblem]

    @property
    def sent(self) -> int:
        """How many rows the body held."""
        return len(self.rows) + len(self.problems)

    def keep(self, problem_of: Callable[[RowT], str | None]) -> "DecodedRows[RowT]":
        """Return the rows without those that `problem_of` objects to; its answer becomes their reason."""
        rows: list[RowT] = []
        numbers: list[int] = []
        problems = list(self.problems)
        for number, row in zip(self.numbers, self.rows, strict=True):
            reason = problem_of(row)
            if reason is None:
                rows.append(row)
                numbers.append(number)
            else:
                problems.append(RowProblem(number, reason))
        problems.sort(key=lambda problem: problem.row)
        return DecodedRows(rows, numbers, problems)

    def without(self, reasons: Mapping[int, str]) -> "DecodedRows[RowT]":
        """Return the rows without some, named by their positions in `rows`, each with the reason."""
        if not reasons:
            return self
        kept = [position for position in range(len(self.rows)) if position not in reasons]
        problems = [RowProblem(self.numbers[position], reason) for position, reason in reasons.items()]
        return DecodedRows(
            [self.rows[position] for position in kept],
            [self.numbers[position] for position in kept],
            sorted([*self.problems, *problems], key=lambda problem: problem.row),
        )


def decode_rows(body: bytes, row_type: type[RowT], *, max_rows: int) -> DecodedRows[RowT]:
    """Decode a JSON array of rows of one type.

    Raises `Invalid` where the body is not a JSON array and `TooLarge` where it has more than `max_rows` rows.
    """
    body = without_mark(body)
    return _decode_whole(body, row_type, max_rows) or _decode_one_by_one(body, row_type, max_rows)


async def decode_rows_aside(body: bytes, row_type: type[RowT], *, max_rows: int) -> DecodedRows[RowT]:
    """Decode as `decode_rows` does; what takes long, a large body with a flaw, is done by a thread, so nobody waits."""
    body = without_mark(body)
    decoded = _decode_whole(body, row_type, max_rows)
    if decoded is not None:
        return decoded
    if len(body) <= _BRIEF_BYTES:
        return _decode_one_by_one(body, row_type, max_rows)
    return await asyncio.to_thread(_decode_one_by_one, body, row_type, max_rows)


def _decode_whole(body: bytes, row_type: type[RowT], max_rows: int) -> DecodedRows[RowT] | None:
    """Return all rows, or nothing where the body or one of its rows has a flaw. Raises `TooLarge`."""
    if body.count(b"{") > max_rows:  # a row that decodes has at least one, so fewer need no counting
        _count_rows(body, max_rows)
    try:
        rows = _array_decoder(row_type).decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    _check_count(len(rows), max_rows)
    decoded = DecodedRows(rows, range(len(rows)), ())
    # A search for one byte takes no time, and few bodies have any escape.
    if row_type in _FLOAT_ONLY and (b"\\" not in body or b"\\u0000" not in body):
        return decoded
    return decoded.keep(value_problem)


class _Row:
    """Stands for any row while rows are only counted."""


_ROW = _Row()


def _count_rows(body: bytes | bytearray, max_rows: int) -> None:
    """Raise `TooLarge` at the first row too many; what is no JSON array is judged by whoever decodes it."""
    count = 0

    def count_row(_: type, __: Any) -> _Row:
        nonlocal count
        count += 1
        _check_count(count, max_rows)
        return _ROW

    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        msgspec.json.Decoder(list[_Row], dec_hook=count_row).decode(body)


def _decode_one_by_one(body: bytes, row_type: type[RowT], max_rows: int) -> DecodedRows[RowT]:
    rows: list[RowT] = []
    numbers: list[int] = []
    problems: list[RowProblem] = []
    decode = _row_reader(row_type)
    for number, raw in enumerate(_split(body, row_type, max_rows)):
        try:
            rows.append(decode(raw))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, _TimeInvalid) as error:
            problems.append(RowProblem(number, _reason(error)))
        else:
            numbers.append(number)
    return DecodedRows(rows, numbers, problems).keep(value_problem)


def _split(body: bytes, row_type: type[RowT], max_rows: int) -> Sequence[msgspec.Raw]:
    """Return the rows undecoded. Raises `TooLarge`, and `Invalid` saying what the body is and where."""
    _count_rows(body, max_rows)
    try:
        rows = _raw_rows(body)
    except msgspec.DecodeError as error:
        if row_type not in _FLOAT_ONLY:
            raise Invalid(body_problem(body, str(error))) from None
        rows = _split_with_words(body, str(error), max_rows)
    _check_count(len(rows), max_rows)
    return rows


def _split_with_words(body: bytes, flaw: str, max_rows: int) -> Sequence[msgspec.Raw]:
    """Split a body that is JSON but for nan, inf and their like, as many a board prints a failed measurement.

    Refusing it as a whole would block such a board for ever; this way only the row is refused.
    """
    quoted = Quoted(body)
    if not quoted.has_words:
        raise Invalid(body_problem(body, flaw))
    _count_rows(quoted.text, max_rows)
    try:
        return _raw_rows(quoted.text)
    except msgspec.DecodeError as error:
        raise Invalid(body_problem(body, str(error), quoted)) from None


def _raw_rows(body: bytes | bytearray) -> Sequence[msgspec.Raw]:
    try:
        return _RAW_ARRAY.decode(body)
    except msgspec.ValidationError as error:
        found = _FOUND.search(str(error))
        message = f"{NOT_AN_ARRAY} but {_NAMES.get(found[1], found[1])}" if found else NOT_AN_ARRAY
        raise Invalid(message) from None
    except RecursionError:
        raise Invalid(_TOO_DEEP) from None


def _row_reader(row_type: type[RowT]) -> Callable[[msgspec.Raw], RowT]:
    """Return what decodes a row: a device's reading with its time in any form."""
    decode = _decoder(row_type).decode
    return decode if row_type is not DeviceReading else cast("Callable[[msgspec.Raw], RowT]", _read_loosely)


def _read_loosely(raw: msgspec.Raw) -> DeviceReading:
    try:
        return _decoder(DeviceReading).decode(raw)
    except msgspec.ValidationError as error:
        if not str(error).endswith(_AT_TIME):
            raise
    loose = _decoder(LooseReading).decode(raw)
    try:
        at = board_instant(loose.time)
    except ValueError as error:
        raise _TimeInvalid(str(error)) from None
    values: dict[str, Any] = {name: getattr(loose, name) for name in loose.__struct_fields__}
    values["time"] = at
    return DeviceReading(**values)


class _TimeInvalid(ValueError):
    """The time of a row is none, or has no offset."""


def _check_count(count: int, max_rows: int) -> None:
    if count > max_rows:
        message = say("at most {max_rows} rows are allowed in one request", max_rows=max_rows)
        raise TooLarge(message)


def _reason(error: Exception) -> str:
    """Return what is wrong with a row, led by the name of its field."""
    if isinstance(error, UnicodeDecodeError):
        return "a text is not valid UTF-8"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, _TimeInvalid):
        return f"time: {error}"
    text, _, path = str(error).partition(" - at `$")
    field = path.rstrip("`").lstrip(".")
    missing = _MISSING.match(text)
    if missing:
        field = f"{field}.{missing[1]}" if field else missing[1]
        return f"{field}: missing"
    if "timezone component" in text:
        text = NO_OFFSET
    if text.startswith("Expected `float"):
        text = "neither a text nor a number" if "float | str" in text else "not a number"
    text = _WORDS.get(text, text)
    return f"{field}: {text}" if field else text


def value_problem(row: msgspec.Struct) -> str | None:
    """Return the field and the flaw of the first value that is well formed but that no column takes."""
    for name, wire_name in zip(row.__struct_fields__, row.__struct_encode_fields__, strict=True):
        problem = _problem_of(name, getattr(row, name))
        if problem is not None:
            return f"{wire_name}{problem}"
    return None


def _problem_of(name: str, value: Any) -> str | None:
    if isinstance(value, str):
        return _text_problem(name, value)
    if isinstance(value, float):
        return None if math.isfinite(value) else ": not a finite number"
    if isinstance(value, Decimal):
        return None if is_sound(value) else ": not a number, or one of too many digits"
    if isinstance(value, list):
        return _first_item_problem(cast("list[Any]", value))
    return None


def _text_problem(name: str, value: str) -> str | None:
    if name in _KEPT:
        return ": holds a NUL character" if "\x00" in value else None
    problem = text_problem(value, lines=name in TEXTS_OF_LINES)
    return f": {problem}" if problem else None


def _first_item_problem(items: list[Any]) -> str | None:
    for index, item in enumerate(items):
        problem = value_problem(item) if isinstance(item, msgspec.Struct) else None
        if problem is not None:
            return f"[{index}].{problem}"
    return None


def _array_decoder(row_type: type[RowT]) -> msgspec.json.Decoder[list[RowT]]:
    return _decoder(list[row_type])


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


_RAW_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
