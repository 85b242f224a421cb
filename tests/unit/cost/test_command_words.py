"""What `portal cost` says of a report to a person."""

from dataclasses import replace
from decimal import Decimal

import pytest

from portal.commands.cost import _words
from tests.unit.cost.report_examples import NOTHING_USED

_REPORT = replace(NOTHING_USED, total_kwh=Decimal(1))


@pytest.mark.parametrize(
    ("amount", "hours", "readings"),
    [
        (1, "1 device hour has energy but no tariff: it costs", "1 reading was not believed."),
        (1200, "1,200 device hours have energy but no tariff: it costs", "1,200 readings were not believed."),
    ],
)
def test_what_is_counted_is_one_or_many(amount: int, hours: str, readings: str) -> None:
    lines = _words(replace(_REPORT, buckets_without_tariff=amount, suspect_readings=amount)).splitlines()
    assert [line for line in lines if hours in line]
    assert readings in lines
