"""Readings as rows of the narrow table, in PostgreSQL's binary COPY format.

Rounding to stored integers, packing, sorting by meter and time (which decides how fast the database stores them) and
finding the hours to queue are one way through the batch. Rows that share their fields are packed by a loop written for
these (`narrow_loops`); the few others one by one.
"""

# Any: rows are structs of a device or of the fleet; only these have a device each.

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from struct import Struct
from typing import Any, NamedTuple

from portal.core.pacing import give_way
from portal.core.readings.queries.copy_binary import (
    HEAD,
    INT4_OID,
    NULL,
    TAIL,
    TIMESTAMPTZ_OID,
    array,
    microseconds,
    one_row,
)
from portal.core.readings.queries.narrow_loops import PREFIX_BYTES, RECEIVED_BYTES, pack_loop, split_loop
from portal.core.readings.rules.quantities import NARROW_QUANTITIES, QUANTITY_OF, SOURCE
from portal.core.readings.rules.scaling import DoesNotFit, to_stored

_KEYS = ("customer", "meter", "time")
_KEYS_AND_RECEIVED = ("customer", "received", "meter", "time")
_ORDER = (*(quantity.name for quantity in NARROW_QUANTITIES), SOURCE)
_HOUR = 3_600_000_000
_ROWS_PER_PIECE = 200
# A loop takes a millisecond to write, as long as hundreds of rows take one by one: fewer rows, or ever other fields,
# are not worth it, and nobody can have one written for each row.
_FEWEST_FOR_A_LOOP = 50
_MOST_LOOPS = 8
_METER_AND_INSTANT = Struct("!i4xq")
_INSTANT = Struct("!iq")
_NULL_FIELD = NULL.to_bytes(4, "big", signed=True)
_Readings = Sequence[Any]


@dataclass(frozen=True, slots=True)
class RowKeys:
    """The small keys that stand for ids and texts in a batch.

    `meters` is by the number of a device's id (`UUID.int`), without those that the customer does not have; or one
    number, and all rows are of that meter. `sources` has every source that a row names. `received` is the second from
    2000 on that the rows of a Client bear; the Admin's have none.
    """

    customer: int
    meters: Mapping[int, int] | int
    sources: Mapping[str, int] = field(default_factory=dict[str, int])
    received: int | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a row begins with."""
        return _KEYS if self.received is None else _KEYS_AND_RECEIVED

    @property
    def prefix_bytes(self) -> int:
        """How long what stands before the time is."""
        return PREFIX_BYTES if self.received is None else PREFIX_BYTES + RECEIVED_BYTES


class TouchedHour(NamedTuple):
    """An hour of a meter that a batch brings readings for; both instants in microseconds from 2000 on."""

    meter: int
    hour: int
    first: int


# Its text would be that of all rows: megabytes, in whatever message it got into.
@dataclass(frozen=True, slots=True, repr=False)
class NarrowRows:
    """A batch as rows of `columns`, sorted by meter and time, and what could not be one.

    `refused` has the index of a reading and what does not fit, `unknown` the index of one whose device has no meter.
    `hours` are in the order of the rows. Rows of one meter and time are beside each other, in the order of their bytes.
    """

    columns: tuple[str, ...]
    rows: Sequence[bytes]
    hours: Sequence[TouchedHour]
    refused: Sequence[tuple[int, str]]
    unknown: Sequence[int]

    def stamp_of(self, row: bytes) -> int:
        """Return the instant of a row, in microseconds from 2000 on."""
        begin = PREFIX_BYTES + RECEIVED_BYTES * ("received" in self.columns) + 4
        return int.from_bytes(row[begin : begin + 8], "big", signed=True)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the COPY of all rows in pieces, giving way between them."""
        yield HEAD
        for start in range(0, len(self.rows), _ROWS_PER_PIECE):
            if start:
                await give_way()
            yield b"".join(self.rows[start : start + _ROWS_PER_PIECE])
        yield TAIL


def hours_row(customer: int, hours: Sequence[TouchedHour]) -> bytes:
    """Return a whole COPY of one row of (customer, meters, hours, firsts): an int4 and three arrays."""
    return one_row(
        customer.to_bytes(4, "big"),
        array(INT4_OID, 4, [each.meter.to_bytes(4, "big") for each in hours]),
        array(TIMESTAMPTZ_OID, 8, [each.hour.to_bytes(8, "big", signed=True) for each in hours]),
        array(TIMESTAMPTZ_OID, 8, [each.first.to_bytes(8, "big", signed=True) for each in hours]),
    )


async def narrow_rows(readings: _Readings, keys: RowKeys) -> NarrowRows:
    """Round and pack readings of one customer, all of one type, with aware times of 2000 or later.

    The columns are the keys and what at least one of the readings has. Gives way to what is brief in between.
    """
    groups, few = _by_fields(readings)
    present = {name for fields, _ in groups for name in fields}
    present.update(*[_present(reading) for reading in few])
    packing = _Packing(keys, tuple([name for name in _ORDER if name in present]))
    for fields, group in groups:
        for start in range(0, len(group), _ROWS_PER_PIECE):
            packing.pack(fields, group[start : start + _ROWS_PER_PIECE])
            await give_way()
    for start in range(0, len(few), _ROWS_PER_PIECE):
        for reading in few[start : start + _ROWS_PER_PIECE]:
            packing.pack_plainly(reading)
        await give_way()
    packing.rows.sort()
    positions = {id(each): index for index, each in enumerate(readings)} if packing.has_left_out else {}
    return NarrowRows(
        (*keys.columns, *packing.columns),
        packing.rows,
        _touched_hours(packing.rows, keys.prefix_bytes),
        sorted([(positions[id(each)], reason) for each, reason in packing.refused]),
        sorted([positions[id(each)] for each in packing.unknown]),
    )


def _by_fields(readings: _Readings) -> tuple[list[tuple[tuple[str, ...], _Readings]], _Readings]:
    """Return readings in groups of the same fields, and those that are too few or too odd for a loop."""
    groups: list[tuple[tuple[str, ...], _Readings]] = []
    rest = readings
    while len(rest) >= _FEWEST_FOR_A_LOOP and len(groups) < _MOST_LOOPS:
        present = _present(rest[0])
        same, rest = split_loop(_fields(rest[0].__class__), present)(rest)
        groups.append((present, same))
    return groups, rest


@cache
def _fields(row_type: type[Any]) -> tuple[str, ...]:
    """Return which columns a type of readings has fields for, in the order of the row."""
    return tuple([name for name in _ORDER if name in row_type.__struct_fields__])


def _present(reading: Any) -> tuple[str, ...]:
    return tuple([name for name in _fields(reading.__class__) if getattr(reading, name) is not None])


class _Prefixes(dict[int, bytes]):
    """What rows begin with, by the number of the device's id; empty for a device that has no meter."""

    def __init__(self, keys: RowKeys, meters: Mapping[int, int], columns: int) -> None:
        super().__init__()
        self._meters = meters
        before = (4, keys.customer) if keys.received is None else (4, keys.customer, 4, keys.received)
        self._customer = Struct(f"!h{len(before) + 1}i").pack(columns, *before, 4)

    def of_meter(self, meter: int) -> bytes:
        return self._customer + meter.to_bytes(4, "big")

    def __missing__(self, device: int) -> bytes:
        meter = self._meters.get(device)
        prefix = self[device] = b"" if meter is None else self.of_meter(meter)
        return prefix


class _Packing:
    """Rows of one batch while they are made."""

    def __init__(self, keys: RowKeys, columns: tuple[str, ...]) -> None:
        self.columns = columns
        self.rows: list[bytes] = []
        self.refused: list[tuple[Any, str]] = []
        self.unknown: list[Any] = []
        self._sources = keys.sources
        meters: Mapping[int, int] = {} if isinstance(keys.meters, int) else keys.meters
        self._prefixes = _Prefixes(keys, meters, len(keys.columns) + len(columns))
        self._prefix_bytes = keys.prefix_bytes
        # Of one meter there is one beginning of all rows, and whether they name their device does not matter.
        self._only = self._prefixes.of_meter(keys.meters) if isinstance(keys.meters, int) else None

    @property
    def has_left_out(self) -> bool:
        return bool(self.refused or self.unknown)

    def pack(self, fields: tuple[str, ...], readings: _Readings) -> None:
        """Pack readings that have just these fields."""
        is_of_one_meter, prefix_bytes = self._only is not None, self._prefix_bytes
        loop = pack_loop(self.columns, fields, is_of_one_meter=is_of_one_meter, prefix_bytes=prefix_bytes)
        plain: list[Any] = []
        loop(readings, self._only or self._prefixes, self._sources, self.rows, plain, self.unknown)
        for reading in plain:
            self.pack_plainly(reading)

    def pack_plainly(self, reading: Any) -> None:
        """Pack one reading field by field, whatever it has."""
        prefix = self._only or self._prefixes[reading.device_id.int]
        if not prefix:
            self.unknown.append(reading)
            return
        try:
            fields = [self._field(reading, name) for name in self.columns]
        except DoesNotFit as refusal:
            self.refused.append((reading, str(refusal)))
        else:
            self.rows.append(b"".join((prefix, _INSTANT.pack(8, microseconds(reading.time)), *fields)))

    def _field(self, reading: Any, name: str) -> bytes:
        value = getattr(reading, name)
        if value is None:
            return _NULL_FIELD
        if name == SOURCE:
            return b"\0\0\0\x04" + self._sources[value].to_bytes(4, "big")
        quantity = QUANTITY_OF[name]
        stored = to_stored(quantity, value).to_bytes(quantity.width, "big", signed=True)
        return len(stored).to_bytes(4, "big") + stored


def _touched_hours(rows: Sequence[bytes], prefix_bytes: int) -> list[TouchedHour]:
    """Return the hours of sorted rows with the first reading of each, by comparing the rows' beginnings."""
    hours: list[TouchedHour] = []
    end = b""
    for row in rows:
        if row >= end:
            meter, stamp = _METER_AND_INSTANT.unpack_from(row, prefix_bytes - 4)
            hour = stamp - stamp % _HOUR
            hours.append(TouchedHour(meter, hour, stamp))
            end = row[: prefix_bytes + 4] + (hour + _HOUR).to_bytes(8, "big")
    return hours
