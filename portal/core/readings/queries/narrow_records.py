"""Records of the narrow table as readings again, by loops written for what the records have.

See `narrow_loops` for why loops are written at run time, and from what.
"""

# Any: a record's fields are an instant, integers and a text.

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from portal.core.readings.queries.narrow_loops import KNOWN_LOOPS, compiled
from portal.core.readings.rules.quantities import QUANTITY_OF, SOURCE
from portal.core.readings.rules.scaling import from_stored

RowT = TypeVar("RowT", bound=msgspec.Struct)

# As when packing: a handful of records, or many kinds of them, are not worth a loop each.
_FEWEST_FOR_A_LOOP = 50
_MOST_LOOPS = 8
_Record = Sequence[Any]
_Unpack = Callable[[Iterator[_Record], type[Any], Mapping[int, UUID], list[Any]], _Record | None]
"""Appends readings of records while they have just the loop's fields; returns the first that has others."""


def readings_of(
    records: Sequence[_Record], columns: Sequence[str], row_type: type[RowT], devices: Mapping[int, UUID]
) -> list[RowT]:
    """Return records as readings, in their order.

    A record has an instant, a meter's number and `columns`: quantities as they are stored, `source` as its text.
    `devices` are by the meters' numbers; numbers come back in the quantities' units.
    """
    names = tuple(columns)
    readings: list[RowT] = []
    loops: dict[tuple[int, ...], _Unpack] = {}
    most = _MOST_LOOPS if len(records) >= _FEWEST_FOR_A_LOOP else 0
    iterator = iter(records)
    record = next(iterator, None)
    while record is not None:
        present = tuple([index for index, value in enumerate(record[2:]) if value is not None])
        loop = loops.get(present)
        if loop is None and len(loops) < most:
            loop = loops[present] = _unpack_loop(names, present)
        if loop is None:
            readings.append(_plainly(record, names, row_type, devices))
            record = next(iterator, None)
        else:
            record = loop(chain((record,), iterator), row_type, devices, readings)
    return readings


def _plainly(
    record: _Record, columns: tuple[str, ...], row_type: type[RowT], devices: Mapping[int, UUID]
) -> RowT:
    at, meter, *stored = record
    values = {
        name: value if name == SOURCE else from_stored(QUANTITY_OF[name], value)
        for name, value in zip(columns, stored, strict=True)
        if value is not None
    }
    return row_type(time=at, device_id=devices[meter], **values)


@lru_cache(maxsize=KNOWN_LOOPS)
def _unpack_loop(columns: tuple[str, ...], present: tuple[int, ...]) -> _Unpack:
    # A list of columns is one of the product's own statements; here it is held to be names that the product knows.
    names = [name if name == SOURCE else QUANTITY_OF[name].name for name in columns]
    checks = [f"{name} is {'not ' if index in present else ''}None" for index, name in enumerate(names)]
    values = [
        f"{names[index]}={names[index]}" + ("" if names[index] == SOURCE else f" / {_scale(names[index])}")
        for index in present
    ]
    lines = (
        "def unpack(records, row_type, devices, readings):",
        "    append = readings.append",
        "    for record in records:",
        f"        {', '.join(('at', 'meter', *names))} = record",
        f"        if not ({' and '.join(checks) or True}):",
        "            return record",
        f"        append(row_type({', '.join(('time=at', 'device_id=devices[meter]', *values))}))",
        "    return None",
    )
    return compiled("unpack", lines, {})


def _scale(name: str) -> float:
    # A float: both come to the same double, and an integer would be turned into one for every value.
    return float(QUANTITY_OF[name].scale)
