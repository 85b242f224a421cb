"""What is spelled out for the sake of speed or of types has every quantity, in the order of the list."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from portal.core.outbox.queries.reading_rows import RetryRow, WaitingRow
from portal.core.readings.queries import held_readings
from portal.core.readings.rules.quantities import ALL_QUANTITIES
from portal.core.readings.wire import DeviceReading, FleetReading, LooseReading

NOW, DEVICE = datetime(2026, 5, 18, tzinfo=UTC), UUID(int=7)

_NAMES = tuple(quantity.name for quantity in ALL_QUANTITIES)
_WIRE_NAMES = tuple(quantity.wire_name for quantity in ALL_QUANTITIES)


@pytest.mark.parametrize("kind", [DeviceReading, FleetReading, LooseReading])
def test_every_quantity_is_on_the_wire(kind: Any) -> None:
    assert tuple(name for name in kind.__struct_fields__ if name in _NAMES) == _NAMES
    assert tuple(name for name in kind.__struct_encode_fields__ if name in _WIRE_NAMES) == _WIRE_NAMES


@pytest.mark.parametrize("kind", [WaitingRow, RetryRow, held_readings._Reading])
def test_every_quantity_is_in_the_rows_that_are_sent(kind: Any) -> None:
    assert kind._fields[-len(_NAMES) - 1 :] == (*_NAMES, "source")
