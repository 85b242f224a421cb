"""Column types and fields used by several tables.

What the database fills in by itself is said twice in a field: `default` for rows made here, and a server default for
those that a statement adds without the column. A test compares the second with the migrated database.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from sqlalchemy import TIMESTAMP, BigInteger, Column, Identity, Integer, Numeric, String, TypeDecorator, text
from sqlmodel import Field

if TYPE_CHECKING:
    from sqlalchemy import Dialect

_Kind = TypeVar("_Kind", bound=StrEnum)

Rate = Numeric(16, 6)
Money = Numeric(16, 6)
Share = Numeric(8, 6)
Kilowatts = Numeric(12, 3)
Instant = TIMESTAMP(timezone=True)


class Word(TypeDecorator[_Kind]):
    """One of the words of an enumeration, as a text."""

    impl = String
    cache_ok = True

    def __init__(self, kind: type[_Kind], length: int) -> None:
        """`length` is the most the column takes."""
        super().__init__(length)
        self.kind = kind

    def process_bind_param(self, value: _Kind | None, dialect: Dialect) -> str | None:
        """Return the text."""
        return None if value is None else value.value

    def process_result_value(self, value: str | None, dialect: Dialect) -> _Kind | None:
        """Return the word. Raises `ValueError` for one that the enumeration has not."""
        return None if value is None else self.kind(value)


# Any: a field is its value to the type checker, and what the field of a table is of is said where it is declared.
def timestamp(*, nullable: bool = False, now: bool = False, primary_key: bool = False) -> Any:
    """Return a `timestamptz` field; `now` lets the database stamp the transaction's time."""
    column = Column(
        Instant,
        nullable=nullable,
        primary_key=primary_key,
        server_default=text("now()") if now else None,
    )
    return Field(default=None, sa_column=column)


# Any: as above
def stored(default: bool | int | str | Decimal, **field: Any) -> Any:  # noqa: FBT001 (a flag's value, not a switch)
    """Return a field whose default the database knows as well; `field` is what `Field` takes beside."""
    server_default = text(_literal(default))
    return Field(default=default, sa_column_kwargs={"server_default": server_default}, **field)


def _literal(value: bool | int | str | Decimal) -> str:  # noqa: FBT001 (a flag's value, not a switch)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lower()


# Any: as above
def uuid_key(**field: Any) -> Any:
    """Return a UUID that is made where the row is: here, or by the database."""
    return Field(
        default_factory=uuid4, sa_column_kwargs={"server_default": text("gen_random_uuid()")}, **field
    )


# Any: as above
def number_key(*, always: bool = False) -> Any:
    """Return a `bigint` key that the database counts up; `always`: a statement cannot bring one."""
    return Field(default=None, sa_column=Column(BigInteger, Identity(always=always), primary_key=True))


# Any: as above
def given_key() -> Any:
    """Return an `integer` key that every row is made with: the database counts nothing."""
    return Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))


# Tables of `app` that only a Client has; those without a mark are in both run modes.
OF_CLIENT = {"schema": "app", "info": {"mode": "Client"}}
