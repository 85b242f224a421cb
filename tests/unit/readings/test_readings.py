"""Rows of readings as they are handed over."""

from dataclasses import fields
from datetime import UTC, datetime

from portal.core.readings.rules.readings import QUANTITIES, MeasuredRow

NOON = datetime(2026, 5, 18, 12, tzinfo=UTC)


def test_a_row_has_exactly_the_eight_quantities_in_their_order() -> None:
    assert tuple(field.name for field in fields(MeasuredRow)) == ("at", *QUANTITIES, "source")
    row = MeasuredRow(NOON, *range(8))  # type: ignore[arg-type]
    assert row.values == tuple(range(8))
