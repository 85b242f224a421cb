"""Readings as rows of the narrow table, in PostgreSQL's binary COPY format.

A batch is brought into the order of meter and time, which decides how fast the database stores it, and is then rounded
to stored integers and packed piece by piece: while one piece is packed the database stores the one before. The hours to
queue are found on the way. Rows that share their fields are packed by a loop written for these (`narrow_loops`); the
few others one by one.
"""

# Any: rows are structs of a device or of the fleet; only these have a device each.

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, pairwise
from operator import itemgetter
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
from portal.core.readings.queries.narrow_loops import (
    PREFIX_BYTES,
    RECEIVED_BYTES,
    Stamped,
    pack_loop,
    split_loop,
)
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
_BEFORE_ALL = -(2**63)
_Readings = Sequence[Any]
_stamp_of = itemgetter(0)


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


class Instant(NamedTuple):
    """A meter and an instant of it, in microseconds from 2000 on."""

    meter: int
    stamp: int


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

    def instant_of(self, row: bytes) -> Instant:
        """Return the meter and the instant of a row."""
        begin = PREFIX_BYTES + RECEIVED_BYTES * ("received" in self.columns) - 4
        return Instant(*_METER_AND_INSTANT.unpack_from(row, begin))

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


class NarrowBatch:
    """Readings of one customer, all of one type, with aware times of 2000 or later, as they become rows.

    The columns are the keys and what at least one of the readings has.
    """

    def __init__(self, readings: _Readings, keys: RowKeys) -> None:
        self._readings = readings
        self._is_of_one_meter = isinstance(keys.meters, int)
        self._ordered, unknown = _in_order(readings, keys.meters)
        self._kinds, few = _kinds(self._ordered)
        self._are_all_of_one_kind = len(self._kinds) == 1 and not few
        present = {name for fields in self._kinds for name in fields}
        present.update(*[_present(reading) for _, reading in few])
        self._packing = _Packing(keys, tuple([name for name in _ORDER if name in present]))
        self._packing.unknown.extend([reading for _, reading in unknown])
        self._hours = _TouchedHours(keys.prefix_bytes)
        self._rows: list[bytes] = []
        self.columns = (*keys.columns, *self._packing.columns)

    @property
    def has_repeated_instants(self) -> bool:
        """Whether several of the readings are of one meter and time."""
        return any(
            one[0] == other[0] and (self._is_of_one_meter or one[1].device_id == other[1].device_id)
            for one, other in pairwise(self._ordered)
        )

    async def pieces(self) -> AsyncIterator[bytes]:
        """Pack the readings and yield the COPY of them in pieces, giving way between them. To be called once."""
        yield HEAD
        async for rows in self._rows_of_pieces():
            yield b"".join(rows)
        yield TAIL

    async def narrow_rows(self) -> NarrowRows:
        """Pack the readings and return them, for whoever has to have all before the first is copied."""
        async for _ in self._rows_of_pieces():
            pass
        # Of one meter and time there may have been some at the end of a piece and some in the next.
        self._rows.sort()
        return self.packed()

    def packed(self) -> NarrowRows:
        """Return what has become of the readings, after the last piece."""
        packing = self._packing
        positions = (
            {id(each): index for index, each in enumerate(self._readings)} if packing.has_left_out else {}
        )
        return NarrowRows(
            self.columns,
            self._rows,
            self._hours.found,
            sorted([(positions[id(each)], reason) for each, reason in packing.refused]),
            sorted([positions[id(each)] for each in packing.unknown]),
        )

    async def _rows_of_pieces(self) -> AsyncIterator[Sequence[bytes]]:
        for start in range(0, len(self._ordered), _ROWS_PER_PIECE):
            if start:
                await give_way()
            rows = self._pack(self._ordered[start : start + _ROWS_PER_PIECE])
            self._hours.note(rows)
            self._rows += rows
            yield rows

    def _pack(self, piece: Sequence[Stamped]) -> list[bytes]:
        rows: list[bytes] = []
        if self._are_all_of_one_kind:
            self._packing.pack(self._kinds[0], piece, rows)
        else:
            of_type = _fields(piece[0][1].__class__)
            for fields in self._kinds:
                same, piece = split_loop(of_type, fields)(piece)
                self._packing.pack(fields, same, rows)
            for stamped in piece:
                self._packing.pack_plainly(stamped, rows)
        rows.sort()
        return rows


def _in_order(
    readings: _Readings, meters: Mapping[int, int] | int
) -> tuple[Sequence[Stamped], Sequence[Stamped]]:
    """Return readings by meter and time, and those of devices that have no meter."""
    of_devices: defaultdict[int, list[Stamped]] = defaultdict(list)
    is_of_one_meter, is_ascending = isinstance(meters, int), True
    last_at, stamp = None, _BEFORE_ALL
    # Most batches go from minute to minute: then an instant is counted once, and each meter's readings ascend.
    for reading in readings:
        at = reading.time
        if at != last_at:
            before, last_at, stamp = stamp, at, microseconds(at)
            is_ascending = is_ascending and before < stamp
        of_devices[0 if is_of_one_meter else reading.device_id.int].append((stamp, reading))
    if not is_ascending:
        for group in of_devices.values():
            group.sort(key=_stamp_of)
    if isinstance(meters, int):
        return of_devices[0], ()
    known = sorted(of_devices.keys() & meters.keys(), key=meters.__getitem__)
    unknown = [each for device in of_devices.keys() - meters.keys() for each in of_devices[device]]
    return list(chain.from_iterable([of_devices[device] for device in known])), unknown


def _kinds(readings: Sequence[Stamped]) -> tuple[list[tuple[str, ...]], Sequence[Stamped]]:
    """Return which fields readings have that are worth a loop, and those that are too few or too odd for one."""
    kinds: list[tuple[str, ...]] = []
    rest = readings
    while len(rest) >= _FEWEST_FOR_A_LOOP and len(kinds) < _MOST_LOOPS:
        first = rest[0][1]
        kinds.append(_present(first))
        _, rest = split_loop(_fields(first.__class__), kinds[-1])(rest)
    return kinds, rest


@cache
def _fields(row_type: type[Any]) -> tuple[str, ...]:
    """Return which columns a type of readings has fields for, in the order of the row."""
    return tuple([name for name in _ORDER if name in row_type.__struct_fields__])


def _present(reading: Any) -> tuple[str, ...]:
    return tuple([name for name in _fields(reading.__class__) if getattr(reading, name) is not None])


class _Prefixes(dict[int, bytes]):
    """What rows begin with, by the number of the device's id."""

    def __init__(self, keys: RowKeys, meters: Mapping[int, int], columns: int) -> None:
        super().__init__()
        self._meters = meters
        before = (4, keys.customer) if keys.received is None else (4, keys.customer, 4, keys.received)
        self._customer = Struct(f"!h{len(before) + 1}i").pack(columns, *before, 4)

    def of_meter(self, meter: int) -> bytes:
        return self._customer + meter.to_bytes(4, "big")

    def __missing__(self, device: int) -> bytes:
        prefix = self[device] = self.of_meter(self._meters[device])
        return prefix


class _Packing:
    """Rows of one batch while they are made."""

    def __init__(self, keys: RowKeys, columns: tuple[str, ...]) -> None:
        self.columns = columns
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

    def pack(self, fields: tuple[str, ...], readings: Sequence[Stamped], rows: list[bytes]) -> None:
        """Pack readings that have just these fields, at the end of `rows`."""
        is_of_one_meter, prefix_bytes = self._only is not None, self._prefix_bytes
        loop = pack_loop(self.columns, fields, is_of_one_meter=is_of_one_meter, prefix_bytes=prefix_bytes)
        plain: list[Stamped] = []
        loop(readings, self._only or self._prefixes, self._sources, rows, plain)
        for stamped in plain:
            self.pack_plainly(stamped, rows)

    def pack_plainly(self, stamped: Stamped, rows: list[bytes]) -> None:
        """Pack one reading field by field, whatever it has."""
        stamp, reading = stamped
        prefix = self._only or self._prefixes[reading.device_id.int]
        try:
            fields = [self._field(reading, name) for name in self.columns]
        except DoesNotFit as refusal:
            self.refused.append((reading, str(refusal)))
        else:
            rows.append(b"".join((prefix, _INSTANT.pack(8, stamp), *fields)))

    def _field(self, reading: Any, name: str) -> bytes:
        value = getattr(reading, name)
        if value is None:
            return _NULL_FIELD
        if name == SOURCE:
            return b"\0\0\0\x04" + self._sources[value].to_bytes(4, "big")
        quantity = QUANTITY_OF[name]
        stored = to_stored(quantity, value).to_bytes(quantity.width, "big", signed=True)
        return len(stored).to_bytes(4, "big") + stored


class _TouchedHours:
    """The hours of sorted rows with the first reading of each, found by comparing the rows' beginnings."""

    def __init__(self, prefix_bytes: int) -> None:
        self.found: list[TouchedHour] = []
        self._prefix_bytes = prefix_bytes
        self._end = b""

    def note(self, rows: Sequence[bytes]) -> None:
        """Take the next rows."""
        prefix_bytes, end = self._prefix_bytes, self._end
        for row in rows:
            if row >= end:
                meter, stamp = _METER_AND_INSTANT.unpack_from(row, prefix_bytes - 4)
                hour = stamp - stamp % _HOUR
                self.found.append(TouchedHour(meter, hour, stamp))
                end = row[: prefix_bytes + 4] + (hour + _HOUR).to_bytes(8, "big")
        self._end = end
