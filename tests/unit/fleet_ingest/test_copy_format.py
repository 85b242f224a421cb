"""The row that queues a batch's hours, in PostgreSQL's binary COPY format, read back by what the format says."""

import struct
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from portal.core.readings.queries import copy_format
from portal.core.readings.queries.copy_binary import microseconds
from portal.core.readings.queries.narrow_rows import TouchedHour

CUSTOMER, DEVICE = UUID(int=0xC), UUID(int=0xD)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


async def read(pieces: AsyncIterator[bytes]) -> list[list[bytes | None]]:
    data = b"".join([piece async for piece in pieces])
    assert data.startswith(b"PGCOPY\n\xff\r\n\0" + bytes(8))
    position, rows = 19, []
    while (count := struct.unpack_from("!h", data, position)[0]) != -1:
        position += 2
        row: list[bytes | None] = []
        for _ in range(count):
            (length,) = struct.unpack_from("!i", data, position)
            position += 4
            row.append(None if length == -1 else data[position : position + length])
            position += max(length, 0)
        rows.append(row)
    assert position + 2 == len(data)
    return rows


async def test_what_is_queued_is_one_row_of_arrays() -> None:
    """The array format is that of array_send in PostgreSQL's arrayfuncs.c."""
    hour = datetime(2026, 5, 18, 8, tzinfo=UTC)
    early = datetime(1999, 12, 31, 23, tzinfo=UTC)
    other = UUID(int=(1 << 128) - 1)
    hours = [
        TouchedHour(5, microseconds(hour), microseconds(hour + timedelta(seconds=7))),
        TouchedHour(6, microseconds(early), microseconds(early)),
    ]

    def array(element_oid: int, *elements: bytes) -> bytes:
        head = struct.pack("!iiIii", 1, 0, element_oid, len(elements), 1)
        return head + b"".join(struct.pack("!i", len(each)) + each for each in elements)

    def stamps(*times: datetime) -> list[bytes]:
        return [struct.pack("!q", (at - EPOCH) // timedelta(microseconds=1)) for at in times]

    async def row() -> AsyncIterator[bytes]:
        yield copy_format.queue_row(CUSTOMER, hours, {5: DEVICE, 6: other})

    assert await read(row()) == [
        [
            CUSTOMER.bytes,
            array(2950, DEVICE.bytes, other.bytes),
            array(1184, *stamps(hour, early)),
            array(1184, *stamps(hour + timedelta(seconds=7), early)),
        ]
    ]
