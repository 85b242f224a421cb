"""Rows of the narrow table, read back by what the COPY format says and compared with a plain way to make them."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.core.readings.queries import narrow_loops
from portal.core.readings.queries.narrow_rows import NarrowBatch, NarrowRows, RowKeys, TouchedHour, hours_row
from portal.core.readings.rules.quantities import (
    ALL_QUANTITIES,
    NARROW_QUANTITIES,
    QUANTITY_OF,
    Quantity,
    QuantityGroup,
)
from portal.core.readings.wire import DeviceReading, FleetReading
from tests.unit.readings.wide_readings import EveryQuantity, expected_fields, fields_of, stamp, steps

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

START = datetime(2026, 5, 18, 8, tzinfo=UTC)
METERS = {number: UUID(int=(number << 100) + 7) for number in (1, 2, 300, 70_000)}
SOURCES = {"board": 1, "nem12": 70_000}
NUMBERS = {device.int: number for number, device in METERS.items()}
KEYS = RowKeys(9, NUMBERS, SOURCES)
NAMES = [each.name for each in ALL_QUANTITIES]
REGISTERS = [each.name for each in ALL_QUANTITIES if each.group is QuantityGroup.REGISTERS]
ORDER = [*(each.name for each in NARROW_QUANTITIES), "source"]


async def check(readings: Sequence[Any], keys: RowKeys = KEYS) -> NarrowRows:
    """Every reading is in the batch as the plain way has it, or among what was left out, by its index."""
    batch = await NarrowBatch(readings, keys).narrow_rows()
    used = {name for name in ORDER for reading in readings if getattr(reading, name, None) is not None}
    assert batch.columns == ("customer", "meter", "time", *(name for name in ORDER if name in used))
    left_out = {index for index, _ in batch.refused} | set(batch.unknown)
    kept = [
        (_meter(keys, reading), stamp(reading.time), reading)
        for index, reading in enumerate(readings)
        if index not in left_out
    ]
    expected = [expected_fields(each, 9, meter, SOURCES, batch.columns) for meter, _, each in kept]
    found = await fields_of(batch.pieces())
    assert sorted(map(repr, found)) == sorted(map(repr, expected))
    order = [(struct.unpack("!i", row[1])[0], struct.unpack("!q", row[2])[0]) for row in found]  # type: ignore[arg-type]
    assert order == sorted(order)
    firsts: dict[tuple[int, int], int] = {}
    for meter, at, _ in kept:
        hour = at - at % 3_600_000_000
        firsts[meter, hour] = min(at, firsts.get((meter, hour), at))
    assert batch.hours == sorted(TouchedHour(*key, first) for key, first in firsts.items())
    return batch


def _meter(keys: RowKeys, reading: Any) -> int:
    return keys.meters if isinstance(keys.meters, int) else keys.meters[reading.device_id.int]


def every(at: datetime = START, meter: int = 1, **values: Any) -> Any:
    return EveryQuantity(time=at, device_id=METERS[meter], **values)


@st.composite
def value_of(draw: st.DrawFn, quantity: Quantity) -> float:
    """What fits, also at the ends, with the middles between steps and what is beside them."""
    number = draw(
        st.integers(quantity.least, quantity.most)
        | st.integers(-2, 2)
        | st.sampled_from((quantity.least, quantity.most))
    )
    fraction = draw(st.sampled_from((0, 0, 500, 499, -500, 1)) | st.integers(-499, 499))
    value = float(Decimal(number * 1000 + fraction).scaleb(-3 - quantity.decimals))
    beside = draw(st.sampled_from((value, math.nextafter(value, math.inf), math.nextafter(value, -math.inf))))
    return beside if quantity.least <= steps(quantity, beside) <= quantity.most else value * 0.5


@st.composite
def batches(draw: st.DrawFn) -> list[Any]:
    """Readings of a few kinds of boards, mixed."""
    kinds = draw(st.lists(st.sets(st.sampled_from(NAMES)), min_size=1, max_size=4))
    values = {name: [draw(value_of(QUANTITY_OF[name])) for _ in range(3)] for kind in kinds for name in kind}
    chance = draw(st.randoms(use_true_random=False))
    return [
        every(
            START + timedelta(seconds=chance.randrange(20_000), microseconds=chance.randrange(1_000_000)),
            chance.choice(list(METERS)),
            source=chance.choice([None, "board", "nem12"]),
            **{name: chance.choice(values[name]) for name in chance.choice(kinds)},
        )
        for _ in range(draw(st.integers(0, 150)))
    ]


@settings(max_examples=60, deadline=None)
@given(batches())
async def test_every_row_is_what_the_plain_way_makes_of_it(readings: list[Any]) -> None:
    batch = await check(readings)
    assert not batch.refused


@settings(max_examples=20, deadline=None)
@given(batches())
async def test_rows_of_one_meter_need_no_device(readings: list[Any]) -> None:
    for reading in readings[::2]:
        reading.device_id = None
    await check(readings, RowKeys(9, 300, SOURCES))


@pytest.mark.parametrize("row_type", [DeviceReading, FleetReading])
async def test_rows_of_today_are_packed_as_they_are(row_type: Any) -> None:
    readings = [
        row_type(
            time=START + timedelta(minutes=minute),
            device_id=METERS[1],
            active_power_kw=minute / 7,
            energy_imported_kwh=1000 + minute / 3,
        )
        for minute in range(200)
    ]
    batch = await check(readings)
    assert batch.columns == ("customer", "meter", "time", "energy_imported_kwh", "active_power_kw")


TOO_MUCH = [
    ("active_power_kw", 214748.36476),
    ("active_power_kw", -214748.36486),
    ("active_power_kw", 1e300),
    ("power_factor", 3.27676),
    ("power_factor", -4.0),
    ("energy_imported_kwh", 2251799813.685249),
    ("energy_imported_kwh", -1e16),
    ("voltage_v", math.nan),
    ("power_factor", math.nan),
    ("energy_imported_kwh", math.nan),
    ("current_thd_percent", math.inf),
    ("energy_exported_kwh", -math.inf),
]


@pytest.mark.parametrize("rows", [3, 300])
@pytest.mark.parametrize(("name", "value"), TOO_MUCH)
async def test_a_row_that_does_not_fit_is_left_out_by_name(name: str, value: float, rows: int) -> None:
    readings = [
        every(START + timedelta(minutes=number), frequency_hz=50.0, **{name: 1.0}) for number in range(rows)
    ]
    readings[1] = every(START + timedelta(hours=90), frequency_hz=50.0, **{name: value})
    batch = await check(readings)
    assert len(batch.rows) == rows - 1
    [(index, reason)] = batch.refused
    assert index == 1
    assert reason.startswith(f"{QUANTITY_OF[name].wire_name}: ")


@pytest.mark.parametrize("rows", [5, 500])
async def test_rows_of_devices_without_a_meter_are_named(rows: int) -> None:
    readings = [every(START + timedelta(minutes=number), voltage_v=230.0) for number in range(rows)]
    readings[2].device_id = readings[4].device_id = UUID(int=5)
    batch = await check(readings)
    assert batch.unknown == [2, 4]


async def test_what_does_not_fit_and_who_is_unknown_stand_in_the_order_of_the_batch() -> None:
    readings = [every(START, voltage_v=1e9 if number % 2 else 1.0) for number in range(120)]
    batch = await check(readings)
    assert [index for index, _ in batch.refused] == list(range(1, 120, 2))


async def test_instants_are_taken_whatever_their_offset() -> None:
    ahead = timezone(timedelta(hours=5, minutes=45))
    readings = [
        every((START + timedelta(seconds=number)).astimezone(ahead if number % 2 else UTC), voltage_v=1.0)
        for number in range(100)
    ]
    await check(readings)


async def test_rows_of_one_instant_stand_beside_each_other() -> None:
    readings = [every(START, voltage_v=float(number)) for number in range(100)]
    batch = await check(readings)
    again = await check(list(reversed(readings)))
    assert batch.rows == again.rows


async def test_many_kinds_of_rows_have_few_loops_written() -> None:
    """Nobody has the stack compile a loop for every row that he sends."""
    narrow_loops.pack_loop.cache_clear()
    narrow_loops.split_loop.cache_clear()
    readings = [
        every(
            START + timedelta(seconds=kind),
            **{name: 1.0 for bit, name in enumerate(NAMES) if kind >> bit & 1},
        )
        for kind in range(1, 2000)
    ]
    await check(readings)
    assert narrow_loops.pack_loop.cache_info().misses <= 8
    assert narrow_loops.split_loop.cache_info().misses <= 8


@pytest.mark.parametrize("name", ["voltage_v", "power_factor", "energy_imported_kwh"])
async def test_the_middle_between_two_steps_goes_to_the_even_one(name: str) -> None:
    """One in twenty comes out on the wrong side when only its double is multiplied: 0.575 * 100 is less than 57.5."""
    quantity = QUANTITY_OF[name]
    middles = [float(Decimal(2 * steps + 1).scaleb(-quantity.decimals) / 2) for steps in range(1000)]
    await check([every(START + timedelta(minutes=at), **{name: value}) for at, value in enumerate(middles)])


@pytest.mark.parametrize("digits_less", [0, 1])
def test_what_meters_show_needs_no_second_look(digits_less: int) -> None:
    """Rows of whole steps are packed by the loop; what is left to the plain way takes several times as long."""
    shown = {each.name: round(0.98765432, each.decimals - digits_less) for each in ALL_QUANTITIES}
    readings = [every(START, **shown), every(START, **dict.fromkeys(shown, 0.0))]
    readings += [every(START, **dict.fromkeys(shown, -0.5) | dict.fromkeys(REGISTERS, 140000000.0))]
    present = tuple(name for name in ORDER if name in shown)
    rows: list[bytes] = []
    plain: list[Any] = []
    prefix = bytes(narrow_loops.PREFIX_BYTES)
    loop = narrow_loops.pack_loop(present, present, is_of_one_meter=True)
    loop([(stamp(each.time), each) for each in readings], prefix, {}, rows, plain)
    assert (len(rows), plain) == (3, [])


async def test_a_handful_of_rows_has_none_written() -> None:
    narrow_loops.pack_loop.cache_clear()
    await check([every(START, voltage_v=230.5), every(START, 2, power_factor=0.97, source="board")])
    assert narrow_loops.pack_loop.cache_info().misses == 0


async def test_no_rows_are_an_empty_copy() -> None:
    batch = await check([])
    assert (batch.rows, batch.hours) == ([], [])


async def test_hours_are_one_row_of_arrays() -> None:
    """The array format is that of array_send in PostgreSQL's arrayfuncs.c."""
    hours = [TouchedHour(3, 7_200_000_000, 7_200_000_001), TouchedHour(70_000, 0, 5)]

    def array(element_oid: int, *elements: bytes) -> bytes:
        head = struct.pack("!iiIii", 1, 0, element_oid, len(elements), 1)
        return head + b"".join(struct.pack("!i", len(each)) + each for each in elements)

    async def pieces() -> AsyncIterator[bytes]:
        yield hours_row(9, hours)

    assert await fields_of(pieces()) == [
        [
            struct.pack("!i", 9),
            array(23, struct.pack("!i", 3), struct.pack("!i", 70_000)),
            array(1184, struct.pack("!q", 7_200_000_000), struct.pack("!q", 0)),
            array(1184, struct.pack("!q", 7_200_000_001), struct.pack("!q", 5)),
        ]
    ]
