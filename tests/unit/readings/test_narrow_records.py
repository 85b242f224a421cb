"""Records of the narrow table as readings: what was packed comes back, to the step that is stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.core.readings.queries import narrow_records
from portal.core.readings.queries.narrow_records import readings_of
from portal.core.readings.rules.quantities import NARROW_QUANTITIES, QUANTITY_OF
from portal.core.readings.rules.scaling import from_stored, to_stored
from portal.core.readings.wire import FleetReading
from tests.unit.readings.wide_readings import EveryQuantity

START = datetime(2026, 5, 18, 8, tzinfo=UTC)
COLUMNS = (*(each.name for each in NARROW_QUANTITIES), "source")
DEVICES = {meter: UUID(int=meter << 90) for meter in (1, 2, 70_000)}


def record(at: datetime, meter: int, **stored: Any) -> tuple[Any, ...]:
    return (at, meter, *(stored.get(name) for name in COLUMNS))


@st.composite
def stored_records(draw: st.DrawFn) -> list[tuple[Any, ...]]:
    kinds = draw(st.lists(st.sets(st.sampled_from(COLUMNS)), min_size=1, max_size=12))
    chance = draw(st.randoms(use_true_random=False))
    found: list[tuple[Any, ...]] = []
    for _ in range(draw(st.integers(0, 40))):
        kind = chance.choice(kinds)
        for _ in range(chance.randrange(1, 6)):
            values = {
                name: chance.choice(("board", "", "nem12"))
                if name == "source"
                else chance.randint(QUANTITY_OF[name].least, QUANTITY_OF[name].most)
                for name in kind
            }
            found.append(
                record(START + timedelta(seconds=len(found)), chance.choice(list(DEVICES)), **values)
            )
    return found


@settings(max_examples=50, deadline=None)
@given(stored_records())
def test_every_record_comes_back_in_its_order(records: list[tuple[Any, ...]]) -> None:
    readings = readings_of(records, COLUMNS, EveryQuantity, DEVICES)
    assert readings == [
        EveryQuantity(
            time=at,
            device_id=DEVICES[meter],
            **{
                name: value if value is None or name == "source" else from_stored(QUANTITY_OF[name], value)
                for name, value in zip(COLUMNS, stored, strict=True)
            },
        )
        for at, meter, *stored in records
    ]
    sent = msgspec.json.decode(msgspec.json.encode(readings), type=list[EveryQuantity])
    for (_, _, *stored), reading in zip(records, sent, strict=True):
        for quantity, value in zip(NARROW_QUANTITIES, stored, strict=False):
            back = getattr(reading, quantity.name)
            assert (None if back is None else to_stored(quantity, back)) == value


def test_columns_may_be_those_that_are_asked_for() -> None:
    columns = ("energy_imported_kwh", "active_power_kw")
    records = [(START, 2, 1_994_000_001, None), (START, 1, None, -32_514)] * 60
    readings = readings_of(records, columns, FleetReading, DEVICES)
    assert readings[:2] == [
        FleetReading(time=START, device_id=DEVICES[2], energy_imported_kwh=1994.000001),
        FleetReading(time=START, device_id=DEVICES[1], active_power_kw=-3.2514),
    ]
    assert len(readings) == 120


def test_a_column_that_is_no_quantity_is_never_written_into_a_loop() -> None:
    with pytest.raises(KeyError):
        readings_of([(START, 1, 5)] * 60, ("print()",), FleetReading, DEVICES)


def test_many_kinds_of_records_have_few_loops_written() -> None:
    narrow_records._unpack_loop.cache_clear()
    records = [
        record(START, 1, **{name: 1 for bit, name in enumerate(COLUMNS[:10]) if kind >> bit & 1})
        for kind in range(1, 1000)
    ]
    readings_of(records, COLUMNS, EveryQuantity, DEVICES)
    assert narrow_records._unpack_loop.cache_info().misses <= 8
