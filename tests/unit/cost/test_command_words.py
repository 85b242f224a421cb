"""What `portal cost` says of a report to a person."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from portal.commands.cost import _words
from portal.core.cost.rules.cost import CostReport

_MONDAY = datetime(2026, 5, 18, tzinfo=UTC)
_REPORT = CostReport(
    from_at=_MONDAY,
    to_at=_MONDAY + timedelta(days=1),
    currency="ZAR",
    total_kwh=Decimal(1),
    base_cost=Decimal(0),
    vat=Decimal(0),
    total=Decimal(0),
    buckets_without_tariff=0,
    unallocated_kwh=Decimal(0),
    estimated_kwh=Decimal(0),
    suspect_readings=0,
    days=(),
    devices=(),
)


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
