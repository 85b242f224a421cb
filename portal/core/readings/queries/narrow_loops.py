"""Loops over readings that are written at run time, each for just the fields that its readings have.

A reading has up to 30 quantities, and most boards send the same eight. A loop that asks each row which it has, and
looks up the step of each, takes three times as long as one that is written for them; this is the loop that every
stored reading goes through. So its text is made of the list of quantities and compiled. Nothing in the text comes from
outside: names and figures are those of `ALL_QUANTITIES`, and a row only decides which of them are in it.

How a row is packed: adding 1.5 * 2**52 (the lift) to a double leaves no room for a fraction, so the processor rounds it
to the nearest integer, half to even, and the lowest bits of the double are that integer. The row is packed as doubles,
with zeros where COPY has the length of a field. One XOR over the whole row then puts in the lengths and takes out what
is not integer; that costs as much as turning three doubles into integers one by one. Bits that are not as expected
show a value that does not fit. Whatever is not sure (near the middle between two integers, too large, a register below
zero) is left to the plain way of `rules/scaling`.
"""

# Any: rows are structs of a device or of the fleet, and what is compiled is asked for no type.

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct
from typing import Any

from portal.core.readings.rules.quantities import QUANTITY_OF, SOURCE, IntegerWidth, Quantity
from portal.core.readings.rules.scaling import QUICK_LIMITS

PREFIX_BYTES = 18
"""What a row begins with: its number of fields, customer and meter, both with their lengths."""
RECEIVED_BYTES = 8
"""How much longer that is where the second in which it was received stands between the two."""

Stamped = tuple[int, Any]
"""A reading behind its instant, in microseconds from 2000 on."""
Split = Callable[[Sequence[Stamped]], tuple[list[Stamped], list[Stamped]]]
"""Takes readings; returns those with just the fields of the loop, and the others."""
Pack = Callable[[Sequence[Stamped], Any, Mapping[str, int], list[bytes], list[Stamped]], None]
"""Takes readings of its fields, the rows' prefixes (by the number of the device's id, or the one of all), numbers of
sources; appends the rows, and the readings left to the plain way."""

_LIFT = 1.5 * 2**52
# An int4 is lifted by its half more, so that its bits are never those of a negative number; the XOR takes that back.
_LIFTS = {IntegerWidth.INT8: _LIFT, IntegerWidth.INT4: _LIFT + 2**31, IntegerWidth.INT2: _LIFT}
_LENGTH_ONLY = "4x"
_NULL_FIELD = b"\xff\xff\xff\xff"
# Known loops: more than kinds of boards that a stack knows, and a bound on what odd rows can have compiled.
KNOWN_LOOPS = 64


@lru_cache(maxsize=KNOWN_LOOPS)
def split_loop(fields: tuple[str, ...], present: tuple[str, ...]) -> Split:
    """Return the loop that parts readings with just the `present` of the `fields` their type has from the others."""
    checks = [f"reading.{name} is {'not ' if name in present else ''}None" for name in fields]
    lines = (
        "def split(readings):",
        "    same, others = [], []",
        "    append = same.append",
        "    for stamped in readings:",
        "        reading = stamped[1]",
        f"        if {' and '.join(checks)}:",
        "            append(stamped)",
        "        else:",
        "            others.append(stamped)",
        "    return same, others",
    )
    return compiled("split", lines, {})


@lru_cache(maxsize=KNOWN_LOOPS)
def pack_loop(
    columns: tuple[str, ...],
    present: tuple[str, ...],
    *,
    is_of_one_meter: bool,
    prefix_bytes: int = PREFIX_BYTES,
) -> Pack:
    """Return the loop that packs readings which have just the `present` of the `columns` that the COPY has."""
    row = _row_layout(columns, present, prefix_bytes)
    lines = (
        "def pack(readings, prefixes, sources, rows, plain):",
        "    append = rows.append",
        "    for stamp, reading in readings:",
        f"        prefix = prefixes{'' if is_of_one_meter else '[reading.device_id.int]'}",
        *(line for name in present if name != SOURCE for line in _product(QUANTITY_OF[name])),
        f"        if not ({' and '.join(row.sure) or True}):",
        "            plain.append((stamp, reading))",
        "            continue",
        f"        row = from_bytes(pack_doubles({', '.join(row.arguments)}), 'big')",
        "        if row & CHECKED != EXPECTED:",
        "            plain.append((stamp, reading))",
        "            continue",
        "        append((row ^ FINISH).to_bytes(SIZE, 'big'))",
    )
    return compiled("pack", lines, row.constants())


def _product(quantity: Quantity) -> tuple[str, str]:
    """Return the lines that make of a field its steps, unrounded and rounded with the lift in it."""
    name = quantity.name
    return (
        f"        {name} = reading.{name} * {float(quantity.scale)!r}",
        f"        {name}_lifted = {name} + {_LIFTS[quantity.width]!r}",
    )


def _sureness(quantity: Quantity) -> str:
    """Return the condition under which the rounded steps are those of the number's text."""
    name, limit = quantity.name, QUICK_LIMITS[quantity.width]
    near = f"{-limit.distance!r} < {name} - ({name}_lifted - {_LIFTS[quantity.width]!r}) < {limit.distance!r}"
    if quantity.width is IntegerWidth.INT4:
        return near  # the bits show whether it fits
    return f"{-limit.product!r} < {name} < {limit.product - 1!r} and {near}"


@dataclass(slots=True)
class _RowLayout:
    """How a row is packed, and what its bits must be and become.

    `checked`, `expected` and `finish` are as long as the row: bits that show whether a value fits, how they must be,
    and what is XORed in.
    """

    arguments: list[str]
    sure: list[str]
    shape: str
    checked: bytes
    expected: bytes
    finish: bytes

    @classmethod
    def begun(cls, prefix_bytes: int) -> _RowLayout:
        """Return a row of its prefix and its instant."""
        unchecked = bytes(prefix_bytes + 12)
        finish = bytes(prefix_bytes) + (8).to_bytes(4, "big") + bytes(8)
        shape = f"!{prefix_bytes}s{_LENGTH_ONLY}q"
        return cls(["prefix", "stamp"], [], shape, unchecked, unchecked, finish)

    def add(self, shape: str, finish: bytes, *, checked: bytes = b"", expected: bytes = b"") -> None:
        """Add what a field takes in the row; no `checked` and `expected`: nothing of it needs to be looked at."""
        self.shape += shape
        self.finish += finish
        self.checked += checked or bytes(len(finish))
        self.expected += expected or bytes(len(finish))

    def constants(self) -> dict[str, object]:
        """Return what the loop's text refers to."""
        shape = Struct(self.shape)
        bits = {"CHECKED": self.checked, "EXPECTED": self.expected, "FINISH": self.finish}
        return {
            **{name: int.from_bytes(value, "big") for name, value in bits.items()},
            "pack_doubles": shape.pack,
            "from_bytes": int.from_bytes,
            "SIZE": shape.size,
        }


def _row_layout(columns: tuple[str, ...], present: tuple[str, ...], prefix_bytes: int) -> _RowLayout:
    row = _RowLayout.begun(prefix_bytes)
    for name in columns:
        if name not in present:
            row.add(_LENGTH_ONLY, _NULL_FIELD)
        elif name == SOURCE:
            row.arguments.append("sources[reading.source]")
            row.add(f"{_LENGTH_ONLY}i", (4).to_bytes(4, "big") + bytes(4))
        else:
            row.sure.append(_sureness(QUANTITY_OF[name]))
            _add_quantity(row, QUANTITY_OF[name])
    return row


def _add_quantity(row: _RowLayout, quantity: Quantity) -> None:
    lifted = f"{quantity.name}_lifted"
    length = int(quantity.width).to_bytes(4, "big")
    # Of 1.5 * 2**52 with an integer of less than 2**51 in its lowest bits, the first 13 bits.
    lift = bytes.fromhex("4338")
    if quantity.width is IntegerWidth.INT2:  # a double has more bytes than such a field with its length
        row.arguments.append(f"int({lifted} - {_LIFT!r})")
        row.add(f"{_LENGTH_ONLY}h", length + bytes(2))
        return
    row.arguments.append(lifted)
    if quantity.width is IntegerWidth.INT4:
        # The upper half of the double becomes the length; in the lower one the first bit is that of the lift's half.
        upper, lower = lift + bytes(2), bytes.fromhex("80000000")
        finish = bytes(one ^ other for one, other in zip(upper, length, strict=True)) + lower
        row.add("d", finish, checked=b"\xff" * 4 + bytes(4), expected=upper + bytes(4))
        return
    checked = bytes(4) + bytes.fromhex("fff8") + bytes(6)
    row.add(
        f"{_LENGTH_ONLY}d",
        length + lift + bytes(6),
        checked=checked,
        expected=bytes(4) + lift + bytes(6),
    )


def compiled(name: str, lines: Sequence[str], constants: Mapping[str, object]) -> Any:
    """Compile a function whose text is made of names and figures of the list of quantities."""
    space: dict[str, Any] = dict(constants)
    exec("\n".join(lines), space)  # noqa: S102 - see the head of this file: nothing in it comes from outside
    return space[name]
