"""Statements over the tables for connections of the driver: worded once, and prepared once by each connection.

For what is asked with every request. A session of SQLAlchemy takes its time to put a statement together, to find it
again and to begin a transaction; here only the driver is left. Values are given by the names of their `bindparam`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVarTuple, cast

from sqlalchemy.dialects.postgresql import asyncpg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncpg import Connection
    from sqlalchemy import ClauseElement, CompoundSelect, Insert, Select, Update
    from sqlalchemy.sql.compiler import SQLCompiler

_Columns = TypeVarTuple("_Columns")
_DIALECT = asyncpg.dialect()


class _Worded:
    """The text of a statement, and the names of its values in their order."""

    def __init__(self, statement: ClauseElement) -> None:
        compiled = cast("SQLCompiler", statement.compile(dialect=_DIALECT))
        self.text = str(compiled)
        self._names = tuple(compiled.positiontup or ())
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}

    def in_order(self, values: dict[str, object]) -> Sequence[object]:
        """Return values by name in the order in which the statement numbers them."""
        given = self._fixed | values if self._fixed else values
        return [given[name] for name in self._names]


class Prepared(Generic[*_Columns]):
    """A question; its rows are as typed as its columns."""

    def __init__(self, statement: Select[*_Columns] | CompoundSelect[*_Columns]) -> None:
        """Word the statement; costs a millisecond, so at import."""
        self._worded = _Worded(statement)
        self._read = [
            (index, read)
            for index, column in enumerate(statement.selected_columns)
            if (read := column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None))
        ]

    async def first(self, connection: Connection, **values: object) -> tuple[*_Columns] | None:
        """Return the first row, or None."""
        row = await connection.fetchrow(self._worded.text, *self._worded.in_order(values))
        return None if row is None else self._row(row)

    async def all(self, connection: Connection, **values: object) -> list[tuple[*_Columns]]:
        """Return every row."""
        rows = await connection.fetch(self._worded.text, *self._worded.in_order(values))
        return [self._row(row) for row in rows]

    # Any: what the driver read becomes what the columns say, by the types of these.
    def _row(self, record: Sequence[Any]) -> tuple[*_Columns]:
        """Return what the driver read, with what a column's own type makes of it."""
        if not self._read:
            return cast("tuple[*_Columns]", tuple(record))
        row = list(record)
        for index, read in self._read:
            row[index] = read(row[index])
        return cast("tuple[*_Columns]", tuple(row))


class PreparedChange:
    """A change that returns nothing."""

    def __init__(self, statement: Insert | Update) -> None:
        """Word the statement."""
        self._worded = _Worded(statement)

    async def run(self, connection: Connection, **values: object) -> None:
        """Change the rows."""
        await connection.execute(self._worded.text, *self._worded.in_order(values))
