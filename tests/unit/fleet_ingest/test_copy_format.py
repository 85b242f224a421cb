"""Rows in PostgreSQL's binary COPY format, read back by what the format says."""

import struct
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from portal.core.readings.queries import copy_format
from portal.core.readings.wire import QUANTITIES, DeviceReading, FleetReading

CUSTOMER, DEVICE = UUID(int=0xC), UUID(int=0xD)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
values = st.none() | st.floats(allow_nan=False, allow_infinity=False)


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


def expected(reading: Any, *keys: UUID) -> list[bytes | None]:
    stamp = (reading.time - EPOCH) // timedelta(microseconds=1)
    numbers = [getattr(reading, name) for name in QUANTITIES]
    source = None if reading.source is None else reading.source.encode()
    return [
        struct.pack("!q", stamp),
        *(key.bytes for key in keys),
        *(None if number is None else struct.pack("!d", number) for number in numbers),
        source,
    ]


@settings(max_examples=50)
@given(
    st.lists(values, min_size=8, max_size=8),
    st.none() | st.text(alphabet=st.characters(exclude_characters="\0", codec="utf-8"), max_size=50),
    st.integers(min_value=-14, max_value=14),
)
async def test_every_row_is_what_it_says(
    numbers: list[float | None], source: str | None, offset: int
) -> None:
    at = datetime(2026, 5, 18, 8, 2, 0, 123456, timezone(timedelta(hours=offset)))
    given_values = dict(zip(QUANTITIES, numbers, strict=True))
    fleet = FleetReading(time=at, device_id=DEVICE, source=source, **given_values)
    own = DeviceReading(time=at, source=source, **given_values)
    assert await read(copy_format.fleet_rows(CUSTOMER, [fleet])) == [expected(fleet, CUSTOMER, DEVICE)]
    assert await read(copy_format.staged_rows([fleet])) == [expected(fleet, DEVICE)]
    assert await read(copy_format.device_rows(DEVICE, [own])) == [expected(own, DEVICE)]


async def test_rows_keep_their_order_over_the_pieces_they_leave_in() -> None:
    readings = [
        DeviceReading(time=EPOCH + timedelta(minutes=number), active_power_kw=float(number))
        for number in range(1234)
    ]
    found = await read(copy_format.device_rows(DEVICE, readings))
    assert found == [expected(reading, DEVICE) for reading in readings]


async def test_what_is_queued_is_one_row_of_arrays() -> None:
    """The array format is that of array_send in PostgreSQL's arrayfuncs.c."""
    hour = datetime(2026, 5, 18, 8, tzinfo=UTC)
    early = datetime(1999, 12, 31, 23, tzinfo=UTC)
    other = UUID(int=(1 << 128) - 1)
    firsts = {(DEVICE, hour): hour + timedelta(seconds=7), (other, early): early}

    def array(element_oid: int, *elements: bytes) -> bytes:
        head = struct.pack("!iiIii", 1, 0, element_oid, len(elements), 1)
        return head + b"".join(struct.pack("!i", len(each)) + each for each in elements)

    def stamps(*times: datetime) -> list[bytes]:
        return [struct.pack("!q", (at - EPOCH) // timedelta(microseconds=1)) for at in times]

    async def row() -> AsyncIterator[bytes]:
        yield copy_format.queue_row(CUSTOMER, firsts)

    assert await read(row()) == [
        [
            CUSTOMER.bytes,
            array(2950, DEVICE.bytes, other.bytes),
            array(1184, *stamps(hour, early)),
            array(1184, *stamps(hour + timedelta(seconds=7), early)),
        ]
    ]
