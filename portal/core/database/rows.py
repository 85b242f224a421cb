"""Rows of SQL text, as typed as those of an expression over the tables.

An expression says of what type its columns are; a text says nothing, and what it returns would be of any type. So
whoever asks by text says what a row of it is: a `NamedTuple` or a dataclass, whose fields are the columns, in order.
That is checked with every answer. Of what type the values are is checked in every test that asks a database.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import TYPE_CHECKING, TypeVar, cast

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

    from asyncpg import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

Row = TypeVar("Row")
Value = TypeVar("Value")


async def rows_of(
    session: AsyncSession | AsyncConnection,
    kind: Callable[..., Row],
    statement: str,
    given: Mapping[str, object] | None = None,
    *,
    keys: int = 0,
) -> list[Row]:
    """Return the rows of a statement, each as the NamedTuple or dataclass `kind`.

    The first `keys` columns are the key of a meter, and together the field `key` of the row. Raises `TypeError` where
    the columns are not the fields.
    """
    result = await session.execute(text(statement), given)
    return made(kind, tuple(result.keys()), result.all(), keys)


async def streamed(
    session: AsyncSession,
    kind: Callable[..., Row],
    statement: str,
    given: Mapping[str, object],
    at_once: int,
) -> AsyncIterator[Sequence[Row]]:
    """Yield the rows of a statement as they come, at most `at_once` together, to be unpacked."""
    result = await session.stream(text(statement), given, execution_options={"yield_per": at_once})
    names = tuple(result.keys())
    async for some in result.partitions():
        yield unpackable(kind, names, some)


async def row_of(
    session: AsyncSession | AsyncConnection,
    kind: Callable[..., Row],
    statement: str,
    given: Mapping[str, object] | None = None,
) -> Row:
    """Return the only row of a statement that has one."""
    (row,) = await rows_of(session, kind, statement, given)
    return row


async def row_if_any(
    session: AsyncSession | AsyncConnection,
    kind: Callable[..., Row],
    statement: str,
    given: Mapping[str, object] | None = None,
) -> Row | None:
    """Return the first row of a statement, or None."""
    return next(iter(await rows_of(session, kind, statement, given)), None)


async def values_of(
    session: AsyncSession | AsyncConnection,
    kind: type[Value],
    statement: str,
    given: Mapping[str, object] | None = None,
) -> list[Value]:
    """Return the first column of a statement; it has no NULL. Raises `TypeError` for another type than `kind`."""
    found = await session.execute(text(statement), given)
    return [_required(kind, value) for value in found.scalars()]


async def value_of(
    session: AsyncSession | AsyncConnection,
    kind: type[Value],
    statement: str,
    given: Mapping[str, object] | None = None,
) -> Value | None:
    """Return the first column of the first row; None is NULL, or no row. Raises `TypeError` for another type."""
    found: object = await session.scalar(text(statement), given)
    return None if found is None else _required(kind, found)


async def is_so(
    session: AsyncSession | AsyncConnection, statement: str, given: Mapping[str, object] | None = None
) -> bool:
    """Return what a statement answers with yes or no; NULL, or no row, is no."""
    return await value_of(session, bool, statement, given) or False


async def fetch_rows(
    connection: Connection, kind: Callable[..., Row], statement: str, *given: object, keys: int = 0
) -> list[Row]:
    """Return the rows of a statement on a connection of the driver, each as `kind`; `keys` as in `rows_of`."""
    found = await connection.fetch(statement, *given)
    return made(kind, tuple(found[0].keys()), found, keys) if found else []


async def fetch_unpackable(
    connection: Connection, kind: Callable[..., Row], statement: str, *given: object
) -> Sequence[Row]:
    """Return the rows of a statement on a connection of the driver as records: see `unpackable`."""
    found = await connection.fetch(statement, *given)
    return unpackable(kind, tuple(found[0].keys()), found) if found else []


async def fetch_row(
    connection: Connection, kind: Callable[..., Row], statement: str, *given: object
) -> Row | None:
    """Return the first row of a statement on a connection of the driver, or None."""
    found = await connection.fetchrow(statement, *given)
    return None if found is None else made(kind, tuple(found.keys()), [found])[0]


async def fetch_value(
    connection: Connection, kind: type[Value], statement: str, *given: object
) -> Value | None:
    """Return the first column of the first row on a connection of the driver; None is NULL, or no row."""
    found = await connection.fetchval(statement, *given)
    return None if found is None else _required(kind, found)


def made(
    kind: Callable[..., Row], names: tuple[str, ...], records: Iterable[Sequence[object]], keys: int = 0
) -> list[Row]:
    """Return records as rows. Raises `TypeError` where the names of the columns are not those of the fields."""
    _compare(kind, names if keys == 0 else ("key", *names[keys:]))
    make = _maker(kind)
    if keys:
        return [make((tuple(record[:keys]), *record[keys:])) for record in records]
    return [make(record) for record in records]


def unpackable(
    kind: Callable[..., Row], names: tuple[str, ...], records: Sequence[Sequence[object]]
) -> Sequence[Row]:
    """Return records as they are: they unpack, and are indexed, as rows are, but have no fields by name.

    For readings by the thousand, of which making rows takes as long as all that is done with them.
    Raises `TypeError` where the names of the columns are not those of the fields.
    """
    _compare(kind, names)
    return cast("Sequence[Row]", records)


def _compare(kind: Callable[..., object], named: tuple[str, ...]) -> None:
    if named != _fields(kind):
        message = f"{kind} has the fields {_fields(kind)}, and the statement the columns {named}"
        raise TypeError(message)


@cache
def _maker(kind: Callable[..., Row]) -> Callable[[Iterable[object]], Row]:
    """Return what makes a row of its values; a class of NamedTuple has a way that takes two thirds of the time."""
    make: Callable[[Iterable[object]], Row] | None = getattr(kind, "_make", None)
    return make or (lambda values: kind(*values))


@cache
def _fields(kind: Callable[..., object]) -> tuple[str, ...]:
    if dataclasses.is_dataclass(kind):
        return tuple(field.name for field in dataclasses.fields(kind))
    return cast("tuple[str, ...]", getattr(kind, "_fields"))  # noqa: B009 (a class of NamedTuple has it)


def _required(kind: type[Value], value: object) -> Value:
    if not isinstance(value, kind):
        message = f"{kind.__name__} was asked for, and the statement returns {type(value).__name__}"
        raise TypeError(message)
    return value
