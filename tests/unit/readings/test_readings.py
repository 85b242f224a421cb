"""Rows of readings as they are handed over."""

from dataclasses import fields
from datetime import UTC, datetime

from portal.core.readings.rules.quantities import ALL_QUANTITIES
from portal.core.readings.rules.readings import QUANTITIES, MeasuredRow
from portal.core.readings.wire import DeviceReading, as_sent

NOON = datetime(2026, 5, 18, 12, tzinfo=UTC)


NAMES = tuple(each.name for each in ALL_QUANTITIES)


def test_a_row_has_exactly_the_quantities_of_the_list_in_their_order() -> None:
    assert tuple(field.name for field in fields(MeasuredRow)) == ("at", *NAMES, "source")
    row = MeasuredRow(NOON, *range(30))  # type: ignore[arg-type]
    assert row.values == tuple(range(30))
    assert row.measured == dict(zip(NAMES, range(30), strict=True))


def test_the_eight_that_every_release_knows_come_first() -> None:
    assert NAMES[: len(QUANTITIES)] == QUANTITIES


def test_what_is_missing_is_not_measured_and_not_zero() -> None:
    row = MeasuredRow(NOON, active_power_kw=0.0, current_n_a=1.5, source="file")
    assert row.measured == {"active_power_kw": 0.0, "current_n_a": 1.5}
    assert as_sent(row) == DeviceReading(time=NOON, active_power_kw=0.0, current_n_a=1.5, source="file")
