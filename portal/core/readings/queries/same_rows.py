"""Rows of one batch for one instant of one meter, made one before they are compared with what is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from portal.core.readings.queries.narrow_loops import PREFIX_BYTES, RECEIVED_BYTES
from portal.core.readings.rules.quantities import ALL_QUANTITIES, QUANTITY_OF, SOURCE
from portal.core.readings.rules.same_instant import MergedReading, RowEffect, merged_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from portal.core.readings.queries.narrow_rows import Instant, NarrowRows

_POSITIONS = {quantity.name: position for position, quantity in enumerate(ALL_QUANTITIES)}
"""The number by which a conflict names its quantity: the list only ever grows at its end."""
_INSTANT_BYTES = 12
_NULL_FIELD = b"\xff\xff\xff\xff"


class ConflictingValue(NamedTuple):
    """A value beside the greatest of its instant, as stored; `quantity` is its position in the list."""

    instant: Instant
    quantity: int
    value: int


@dataclass(frozen=True, slots=True)
class DistinctRows:
    """A batch with one row for each instant of a meter.

    `others` says of the instants that had several rows what each but the first one was to those before it.
    """

    packed: NarrowRows
    others: Mapping[Instant, Sequence[RowEffect]]
    conflicts: Sequence[ConflictingValue]


def distinct_rows(packed: NarrowRows, sources: Mapping[str, int]) -> DistinctRows:
    """Return the batch with its rows for the same instant merged; `sources` are those of its rows."""
    prefix_bytes = PREFIX_BYTES + RECEIVED_BYTES * ("received" in packed.columns)
    key_bytes = prefix_bytes + _INSTANT_BYTES
    if len({row[:key_bytes] for row in packed.rows}) == len(packed.rows):  # as nearly always
        return DistinctRows(packed, {}, ())
    rows: list[bytes] = []
    others: dict[Instant, Sequence[RowEffect]] = {}
    conflicts: list[ConflictingValue] = []
    names = {number: name for name, number in sources.items()}
    for key, group in groupby(packed.rows, key=lambda row: row[:key_bytes]):
        first, *rest = group
        if not rest:
            rows.append(first)
            continue
        instant = packed.instant_of(first)
        columns = packed.columns[packed.columns.index("time") + 1 :]
        unpacked = [_unpacked(row[key_bytes:], columns) for row in (first, *rest)]
        chosen = merged_source(names.get(row.pop(SOURCE, 0)) for row in unpacked)
        merged, others[instant] = _merged(unpacked)
        values = dict(merged.values) if chosen is None else {**merged.values, SOURCE: sources[chosen]}
        rows.append(key + b"".join([_packed(name, values.get(name)) for name in columns]))
        conflicts += [ConflictingValue(instant, _POSITIONS[name], value) for name, value in merged.conflicts]
    return DistinctRows(replace(packed, rows=rows), others, conflicts)


def _merged(rows: Sequence[Mapping[str, int]]) -> tuple[MergedReading, list[RowEffect]]:
    merged = MergedReading(rows[0])
    effects: list[RowEffect] = []
    for row in rows[1:]:
        merged, effect = merged.joined_by(row)
        effects.append(effect)
    return merged, effects


def _unpacked(fields: bytes, columns: Sequence[str]) -> dict[str, int]:
    """Return the values that a row has, by their columns."""
    values: dict[str, int] = {}
    at = 0
    for name in columns:
        length = int.from_bytes(fields[at : at + 4], "big", signed=True)
        at += 4
        if length > 0:
            values[name] = int.from_bytes(fields[at : at + length], "big", signed=True)
            at += length
    return values


def _packed(name: str, value: int | None) -> bytes:
    if value is None:
        return _NULL_FIELD
    width = 4 if name == SOURCE else int(QUANTITY_OF[name].width)
    return width.to_bytes(4, "big") + value.to_bytes(width, "big", signed=True)
