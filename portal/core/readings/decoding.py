"""From the bytes of a body to typed rows, keeping every good row of a batch with bad ones.

The whole array is decoded at once; only where that fails is each row decoded by itself, to find
out which rows are wrong and why. A body may be megabytes of `[1,1,1,...`: rows are counted before a
container is made for them, so that memory follows the limit and not the body.
"""

# Any: what was read of JSON is of any type until its row has been judged.

import json
import math
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Generic, TypeVar, cast

import msgspec

from portal.core.errors import Invalid, TooLarge
from portal.core.readings.wire import DeviceReading, FleetReading
from portal.core.values.numbers import is_sound
from portal.core.values.texts import text_problem
from portal.core.wire_fields import TEXTS_OF_LINES, RowProblem

RowT = TypeVar("RowT", bound=msgspec.Struct)

_NOT_AN_ARRAY = "the body is not a JSON array"
_TOO_DEEP = "the body is nested too deeply"
_SPACE = " \t\r\n"
_SPACES = re.compile(rf"[{_SPACE}]*")
_ITEM = json.JSONDecoder()
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


def decode_rows(body: bytes, row_type: type[RowT], *, max_rows: int) -> DecodedRows[RowT]:
    """Decode a JSON array of rows of one type.

    Raises `Invalid` where the body is not a JSON array and `TooLarge` where it has more than `max_rows` rows.
    """
    if body.count(b"{") > max_rows:  # a row that decodes has at least one, so fewer need no counting
        _count_rows(body, max_rows)
    try:
        rows = _array_decoder(row_type).decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        decoded = _decode_one_by_one(body, row_type, max_rows)
    else:
        _check_count(len(rows), max_rows)
        decoded = DecodedRows(rows, range(len(rows)), ())
        if row_type in _FLOAT_ONLY and b"\\u0000" not in body:
            return decoded
    return decoded.keep(value_problem)


class _Row:
    """Stands for any row while rows are only counted."""


_ROW = _Row()


def _count_rows(body: bytes, max_rows: int) -> None:
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
    raw_rows, decode = _split(body, row_type, max_rows)
    for number, raw in enumerate(raw_rows):
        try:
            rows.append(decode(raw))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            problems.append(RowProblem(number, _reason(error)))
        else:
            numbers.append(number)
    return DecodedRows(rows, numbers, problems)


def _split(body: bytes, row_type: type[RowT], max_rows: int) -> tuple[Sequence[Any], Callable[[Any], RowT]]:
    """Return the rows undecoded, and what decodes one."""
    _count_rows(body, max_rows)
    try:
        rows = _RAW_ARRAY.decode(body)
    except msgspec.ValidationError:
        raise Invalid(_NOT_AN_ARRAY) from None
    except RecursionError:
        raise Invalid(_TOO_DEEP) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _split_with_nan(body, max_rows), lambda row: msgspec.convert(row, row_type)
    _check_count(len(rows), max_rows)
    return rows, _row_decoder(row_type).decode


def _split_with_nan(body: bytes, max_rows: int) -> list[Any]:
    """Split a body that is JSON but for NaN and Infinity, as many a logger writes a failed reading.

    Refusing it as a whole would block such a device for ever; this way only the row is refused.
    """
    if b"NaN" not in body and b"Infinity" not in body:
        raise Invalid(_NOT_AN_ARRAY)
    try:
        return _items(body.decode("utf-8").strip(_SPACE), max_rows)
    except RecursionError:
        raise Invalid(_TOO_DEEP) from None
    except ValueError:
        raise Invalid(_NOT_AN_ARRAY) from None


def _items(text: str, max_rows: int) -> list[Any]:
    """Read an array item by item, so that it can end at the limit. Raises ValueError, and `TooLarge`."""
    if not text.startswith("["):
        raise ValueError(_NOT_AN_ARRAY)
    rows: list[Any] = []
    position = _past_space(text, 1)
    if position == len(text) - 1 and text[position] == "]":
        return rows
    while True:
        _check_count(len(rows) + 1, max_rows)
        row, position = _ITEM.raw_decode(text, position)
        rows.append(row)
        position = _past_space(text, position)
        if position == len(text) - 1 and text[position] == "]":
            return rows
        if text[position : position + 1] != ",":
            raise ValueError(_NOT_AN_ARRAY)
        position = _past_space(text, position + 1)


def _past_space(text: str, position: int) -> int:
    match = _SPACES.match(text, position)
    return match.end() if match else position


def _check_count(count: int, max_rows: int) -> None:
    if count > max_rows:
        message = f"at most {max_rows} rows are allowed in one request"
        raise TooLarge(message)


def _reason(error: Exception) -> str:
    """Return what is wrong with a row, led by the name of its field."""
    if isinstance(error, UnicodeDecodeError):
        return "a text is not valid UTF-8"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    text, _, path = str(error).partition(" - at `$")
    field = path.rstrip("`").lstrip(".")
    missing = _MISSING.match(text)
    if missing:
        field = f"{field}.{missing[1]}" if field else missing[1]
        return f"{field}: missing"
    if "timezone component" in text:
        text = "a time without a UTC offset; add Z or an offset like +02:00"
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
        problem = value_problem(item)
        if problem is not None:
            return f"[{index}].{problem}"
    return None


def _array_decoder(row_type: type[RowT]) -> msgspec.json.Decoder[list[RowT]]:
    return _decoder(list[row_type])


def _row_decoder(row_type: type[RowT]) -> msgspec.json.Decoder[RowT]:
    return _decoder(row_type)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


_RAW_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
