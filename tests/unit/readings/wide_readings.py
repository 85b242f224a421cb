"""Readings of every quantity, and a row of the narrow table made plainly, for tests to compare with."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from portal.core.readings.rules.quantities import ALL_QUANTITIES, NARROW_QUANTITIES, Quantity

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable, Mapping

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
STRUCT_CODE = {8: "q", 4: "i", 2: "h"}

EveryQuantity = msgspec.defstruct(
    "EveryQuantity",
    [
        *((each.name, float | None, None) for each in ALL_QUANTITIES),
        ("source", str | None, None),
        ("time", datetime, datetime(2026, 5, 18, tzinfo=UTC)),
        ("device_id", UUID | None, None),
    ],
    rename="camel",
    omit_defaults=True,
    kw_only=True,
    gc=False,
)
"""As a row of a batch will be, with all that a meter measures."""


def stamp(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def steps(quantity: Quantity, value: float) -> int:
    return int((Decimal(repr(value)) * quantity.scale).to_integral_value(ROUND_HALF_EVEN))


def expected_fields(
    reading: Any, customer: int, meter: int, sources: Mapping[str, int], columns: Iterable[str]
) -> list[bytes | None]:
    """Return the fields of a reading's row, one after the other, None for a null."""
    keys = {"customer": struct.pack("!i", customer), "meter": struct.pack("!i", meter)}
    values: dict[str, bytes | None] = {**keys, "time": struct.pack("!q", stamp(reading.time))}
    for quantity in NARROW_QUANTITIES:
        value = getattr(reading, quantity.name, None)
        code = STRUCT_CODE[quantity.width]
        values[quantity.name] = None if value is None else struct.pack(f"!{code}", steps(quantity, value))
    values["source"] = None if reading.source is None else struct.pack("!i", sources[reading.source])
    return [values[name] for name in columns]


async def fields_of(pieces: AsyncIterable[bytes]) -> list[list[bytes | None]]:
    """Read a binary COPY by what the format says."""
    data = b"".join([piece async for piece in pieces])
    assert data.startswith(b"PGCOPY\n\xff\r\n\0" + bytes(8))
    position, rows = 19, []
    while (count := struct.unpack_from("!h", data, position)[0]) != -1:
        position += 2
        row: list[bytes | None] = []
        for _ in range(count):
            (length,) = struct.unpack_from("!i", data, position)
            position += 4
            row.append(None if length == -1 else data[position : position + length])
            position += max(length, 0)
        rows.append(row)
    assert position + 2 == len(data)
    return rows
