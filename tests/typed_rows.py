"""Whether the rows of SQL text hold what they are said to hold: every test that asks a database looks."""

from __future__ import annotations

import types
import typing
from collections import abc
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from portal.core.database import rows
from portal.core.database.layout import MeterKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

# What modules import for the type checker alone.
_NAMES = {
    "date": date,
    "datetime": datetime,
    "time": time,
    "timedelta": timedelta,
    "Decimal": Decimal,
    "UUID": UUID,
    "Mapping": abc.Mapping,
    "Sequence": abc.Sequence,
    "MeterKey": MeterKey,
}
_made = rows.made


def made(
    kind: Callable[..., Any], names: tuple[str, ...], records: Iterable[Sequence[object]], keys: int = 0
) -> list[Any]:
    """Make rows as the product does, and raise `TypeError` where a value is not of its field's type."""
    found = _made(kind, names, records, keys)
    hints = _hints(kind)
    for row in found[:20]:
        for name, hint in hints.items():
            value = getattr(row, name)
            if not is_of(value, hint):
                message = f"{kind.__name__}.{name} is {value!r}, and said to be {hint}"
                raise TypeError(message)
    return found


@cache
def _hints(kind: Callable[..., Any]) -> dict[str, Any]:
    fields = rows._fields(kind)
    found = typing.get_type_hints(kind, localns=_NAMES)
    return {name: found[name] for name in fields}


def is_of(value: object, hint: Any) -> bool:
    """Tell whether a value is of a type, elements of lists and tuples included."""
    origin, of = typing.get_origin(hint), typing.get_args(hint)
    if hint is object:
        return True
    if origin in (types.UnionType, typing.Union):
        return any(is_of(value, one) for one in of)
    if typing.is_typeddict(hint):
        return isinstance(value, dict) and set(value) == set(hint.__annotations__)
    if origin in (list, tuple) and isinstance(value, origin):
        return all(is_of(each, of[0]) for each in value)
    if hint in (int, float):  # neither a bool for an int, nor an int for a float
        return type(value) is hint
    return isinstance(value, origin or hint)
