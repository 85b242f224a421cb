"""A report to make others of."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from portal.core.cost.rules.cost import CostReport

MONDAY = datetime(2026, 5, 18, tzinfo=UTC)
NOTHING_USED = CostReport(
    from_at=MONDAY,
    to_at=MONDAY + timedelta(days=1),
    currency="ZAR",
    total_kwh=Decimal(0),
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
