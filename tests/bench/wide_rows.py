"""The yardstick: readings as wide rows, which they were once, in PostgreSQL's binary COPY format.

Packing whole rows with `struct` takes a fraction of the driver's own encoder, which goes value by value, and
the rows leave in pieces: a small request beside a large batch need not wait for the whole of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import attrgetter
from struct import Struct
from typing import TYPE_CHECKING, Any

from portal.core.pacing import give_way
from portal.core.readings.queries.copy_binary import (
    HEAD,
    NULL,
    TAIL,
    TIMESTAMPTZ_OID,
    UUID_OID,
    array,
    microseconds,
    one_row,
)
from portal.core.readings.wire import QUANTITIES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime
    from uuid import UUID

    from portal.core.readings.wire import DeviceReading, FleetReading

_NO_SOURCE = b"\xff\xff\xff\xff"
_ROWS_PER_PIECE = 100
_quantities_of = attrgetter(*QUANTITIES)
# Any: of the device or the fleet; only these have a device each, and no row is asked which it is.
_Readings = Sequence[Any]


def device_rows(device_id: UUID, readings: Sequence[DeviceReading | FleetReading]) -> AsyncIterator[bytes]:
    """Return rows of (time, device_id, the eight quantities, source), all of one device."""
    return _pieces(readings, _Layout(1, device_id.bytes))


def fleet_rows(customer_id: UUID, readings: Sequence[FleetReading]) -> AsyncIterator[bytes]:
    """Return rows of (time, customer_id, device_id, the eight quantities, source), all of one customer."""
    return _pieces(readings, _Layout(2, lead=customer_id.bytes + b"\0\0\0\x10"))


def staged_rows(readings: Sequence[FleetReading]) -> AsyncIterator[bytes]:
    """Return rows of (time, device_id, the eight quantities, source), each of its own device."""
    return _pieces(readings, _Layout(1))


def queue_row(customer_id: UUID, firsts: Mapping[tuple[UUID, datetime], datetime]) -> bytes:
    """Return one row of (customer_id, device_ids, hours, firsts): the first reading of each device and hour.

    `firsts` is by device and hour; all instants are aware.
    """
    hours = [hour for _, hour in firsts]
    stamps = {at: microseconds(at).to_bytes(8, "big", signed=True) for at in {*hours, *firsts.values()}}
    return one_row(
        customer_id.bytes,
        array(UUID_OID, 16, [device.bytes for device, _ in firsts]),
        array(TIMESTAMPTZ_OID, 8, [stamps[hour] for hour in hours]),
        array(TIMESTAMPTZ_OID, 8, [stamps[first] for first in firsts.values()]),
    )


@dataclass(frozen=True, slots=True)
class _Layout:
    """How many key columns follow the time, and what they hold: `whole` for every row, or `lead` and the device."""

    key_columns: int
    whole: bytes = b""
    lead: bytes = b""


async def _pieces(readings: _Readings, layout: _Layout) -> AsyncIterator[bytes]:
    yield HEAD
    stamps: dict[datetime, int] = {}
    for start in range(0, len(readings), _ROWS_PER_PIECE):
        if start:
            await give_way()
        yield _packed(readings[start : start + _ROWS_PER_PIECE], layout, stamps)
    yield TAIL


def _packed(readings: _Readings, layout: _Layout, stamps: dict[datetime, int]) -> bytes:
    # Written out value by value: this is the one loop over every reading that is stored.
    whole, lead, quantities_of = layout.whole, layout.lead, _quantities_of
    shape, columns = _shape(layout.key_columns)
    pack = shape.pack
    rows: list[bytes] = []
    append = rows.append
    for reading in readings:
        at = reading.time
        stamp = stamps.get(at)
        if stamp is None:
            stamp = stamps[at] = microseconds(at)
        keys = whole or lead + reading.device_id.int.to_bytes(16, "big")
        values = quantities_of(reading)
        if None in values:
            append(_row_with_gaps(layout.key_columns, stamp, keys, values))
        else:
            a, b, c, d, e, f, g, h = values
            append(pack(columns, 8, stamp, 16, keys, 8, a, 8, b, 8, c, 8, d, 8, e, 8, f, 8, g, 8, h))
        append(_NO_SOURCE if reading.source is None else _text(reading.source))
    return b"".join(rows)


def _row_with_gaps(key_columns: int, stamp: int, keys: bytes, values: tuple[float | None, ...]) -> bytes:
    shape, columns = _shape(key_columns, tuple([value is None for value in values]))
    flat: list[float | int] = []
    for value in values:
        flat += (NULL,) if value is None else (8, value)
    return shape.pack(columns, 8, stamp, 16, keys, *flat)


@cache
def _shape(key_columns: int, missing: tuple[bool, ...] = (False,) * len(QUANTITIES)) -> tuple[Struct, int]:
    """Return the layout of a row up to its source, and its number of columns."""
    keys = 16 * key_columns + 4 * (key_columns - 1)
    quantities = "".join("i" if is_missing else "id" for is_missing in missing)
    return Struct(f"!hiqi{keys}s{quantities}"), 1 + key_columns + len(QUANTITIES) + 1


@lru_cache(maxsize=1000)
def _text(source: str) -> bytes:
    encoded = source.encode()
    return len(encoded).to_bytes(4, "big") + encoded
