"""What all of PostgreSQL's binary COPY format has in common: head and tail, instants, arrays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TAIL = b"\xff\xff"
NULL = -1
"""The length that says that a field is null."""

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# The numbers of built-in types never change: pg_type.dat of PostgreSQL's sources.
INT4_OID, UUID_OID, TIMESTAMPTZ_OID = 23, 2950, 1184
# An array's dimensions, whether it has nulls, its type; then length and lower bound of each dimension.
_ARRAY = Struct("!iiIii")


def microseconds(at: datetime) -> int:
    """Return an aware instant as PostgreSQL counts it: from 2000 on."""
    return (at - EPOCH) // MICROSECOND


def array(element_oid: int, size: int, elements: Sequence[bytes]) -> bytes:
    """Return a one-dimensional array without nulls, counted from 1."""
    length = size.to_bytes(4, "big")
    return _ARRAY.pack(1, 0, element_oid, len(elements), 1) + b"".join([length + each for each in elements])


def one_row(*fields: bytes) -> bytes:
    """Return a whole COPY of one row."""
    sized = [part for field in fields for part in (len(field).to_bytes(4, "big"), field)]
    return b"".join((HEAD, len(fields).to_bytes(2, "big"), *sized, TAIL))
