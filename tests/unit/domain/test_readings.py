"""Rows of readings: what can be stored."""

from dataclasses import fields
from datetime import UTC, datetime

import pytest

from portal.core.domain.readings import QUANTITIES, MeasuredRow, measured_row, row_problem

NOON = datetime(2026, 5, 18, 12, tzinfo=UTC)


def test_a_row_has_exactly_the_eight_quantities_in_their_order() -> None:
    assert tuple(field.name for field in fields(MeasuredRow)) == ("at", *QUANTITIES, "source")
    row = MeasuredRow(NOON, *range(8))  # type: ignore[arg-type]
    assert row.values == tuple(range(8))


def test_nothing_measured_is_not_zero() -> None:
    row = measured_row(NOON, {"voltage_v": 0.0, "frequency_hz": None})
    assert (row.voltage_v, row.frequency_hz, row.active_power_kw) == (0.0, None, None)
    assert row_problem(row) is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", QUANTITIES)
def test_what_measures_nothing_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        measured_row(NOON, {name: value})


def test_unknown_quantities_naive_times_and_long_sources_are_refused() -> None:
    with pytest.raises(ValueError, match="'colour'"):
        measured_row(NOON, {"colour": 1.0})
    with pytest.raises(ValueError, match="offset"):
        measured_row(NOON.replace(tzinfo=None), {})
    with pytest.raises(ValueError, match="50"):
        measured_row(NOON, {}, source="s" * 51)
