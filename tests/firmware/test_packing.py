"""Rows of JSON in gzip: what any other program unpacks are the rows."""

import json

from node.packing import RowPacker, distance_symbol, length_symbol
from node.payload import decimal_text, row_fields
from node.quantities import ALL, EIGHT, Reading
from tests.firmware.checks import MOST_STEPS, unpacked

_SOURCE = "acuvim-ii 3LN/3CT SN1234567"
# Deflate's own tables, of RFC 1951 3.2.5: the first length and distance of each symbol.
_FIRST_LENGTHS = (
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    13,
    15,
    17,
    19,
    23,
    27,
    31,
    35,
    43,
    51,
    59,
    67,
    83,
    99,
    115,
    131,
    163,
    195,
    227,
    258,
)
_FIRST_DISTANCES = (
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
    8193, 12289, 16385, 24577,
)  # fmt: skip


def _reading(minute: int, values: "list[int | None]") -> Reading:
    return Reading(1_800_014_400 + 60 * minute, values)


def _packed(readings: "list[Reading]", wanted: "tuple[int, ...]" = ALL) -> "tuple[bytes, str]":
    packer = RowPacker(bytearray(200_000))
    rows = []
    for reading in readings:
        fields = row_fields(reading, reading.at, wanted, _SOURCE)
        rows.append("".join([key + value for key, value in fields]) + "}")
        assert packer.add(fields)
    return bytes(packer.finish()), "[" + ",".join(rows) + "]"


def test_numbers_are_written_from_integers() -> None:
    for steps, decimals, text in (
        (381_089, 1, "38108.9"),
        (999_999_999, 1, "99999999.9"),
        (-1, 4, "-0.0001"),
        (0, 4, "0"),
        (10_000, 4, "1"),
        (-12_500, 4, "-1.25"),
        (5, 1, "0.5"),
        (381_089_000_040, 6, "381089.00004"),
    ):
        assert decimal_text(steps, decimals) == text


def test_symbols_are_those_of_deflate() -> None:
    for symbol, first in enumerate(_FIRST_LENGTHS):
        assert length_symbol(first)[0] == 257 + symbol
    for symbol, first in enumerate(_FIRST_DISTANCES):
        assert distance_symbol(first)[0] == symbol
        assert distance_symbol(first)[2] == 0
    assert length_symbol(12) == (265, 1, 1)
    assert distance_symbol(32_768) == (29, 13, 8191)


def test_rows_of_every_kind_come_out_as_they_were() -> None:
    chance = 1
    readings = []
    for minute in range(300):
        values: list[int | None] = []
        for index in ALL:
            chance = (chance * 1103515245 + 12345) & 0x7FFFFFFF
            kind = chance >> 16 & 15
            # The same, missing, of another length, of another sign: each in a row of its own and beside others.
            size = 1 if kind == 0 else MOST_STEPS[index] if kind == 1 else 40_000
            values.append(
                None if kind == 2 else 777 if kind > 12 else (chance >> 3) % size * (-1 if kind == 3 else 1)
            )
        values[5] = 50_000
        readings.append(_reading(minute, values))
    packed, text = _packed(readings)
    assert unpacked(packed) == text.encode()
    assert [row["time"] for row in json.loads(text)] == [reading.at for reading in readings]


def test_rows_that_are_all_the_same_are_copied_over_more_than_a_copy_takes() -> None:
    for length in range(1, 40):
        values: list[int | None] = [10**length % MOST_STEPS[index] for index in ALL]
        packed, text = _packed([_reading(0, values) for _ in range(3)])
        assert unpacked(packed) == text.encode()


def test_one_row_alone() -> None:
    values: list[int | None] = [1] * len(ALL)
    packed, text = _packed([_reading(0, values)], EIGHT)
    assert unpacked(packed) == text.encode()
    assert len(packed) < len(text) + 80


def test_a_full_buffer_takes_no_further_row_and_is_whole() -> None:
    values: list[int | None] = list(range(30, 60))
    packer = RowPacker(bytearray(3000))
    rows = 0
    while True:
        reading = _reading(rows, [value * rows for value in range(30, 60)])
        if not packer.add(row_fields(reading, reading.at, ALL, _SOURCE)):
            break
        rows += 1
    assert rows > 5
    assert len(json.loads(unpacked(packer.finish()))) == rows == packer.rows
    assert values
