"""The month of the fleet says of every customer what its own cost page says."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from portal.core.cost.service import cost, fleet_costs
from portal.core.errors import Invalid
from portal.core.fleet.service import customers
from portal.core.stack import Stack
from tests.integration.databases import Clock
from tests.integration.fleet.test_customer_list import add_up_days, execute, with_meter

ZONES = {"za": "Africa/Johannesburg", "ny": "America/New_York", "bare": "Africa/Johannesburg"}


async def with_tariff(stack: Stack, customer_id: object, currency: str | None) -> None:
    await execute(
        stack,
        "INSERT INTO fleet.tariffs (customer_id, id, municipality_id, name, effective_from, default_rate_per_kwh, "
        "vat_rate, currency) VALUES (:c, 1, 1, 'TOU', '2026-05-04', 1.2345, 0.15, :currency)",
        c=customer_id, currency=currency,
    )  # fmt: skip
    await execute(
        stack,
        "INSERT INTO fleet.tariff_periods (customer_id, id, tariff_id, name, days_of_week, start_time, end_time, "
        "rate_per_kwh) VALUES (:c, 1, 1, 'Peak', 31, '17:00', '20:00', 4.5)",
        c=customer_id,
    )


@pytest.fixture
async def fleet(admin_stack: Stack, clock: Clock) -> Stack:
    """Three customers with five weeks of hours: one priced in rand, one in dollars, one not at all."""
    clock.now = datetime(2026, 6, 3, 12, 0, tzinfo=UTC)
    for code, zone in ZONES.items():
        made = await customers.register(admin_stack, code, code)
        device = await with_meter(admin_stack, made.id, "Yard", "m", zone)
        if code != "bare":
            await with_tariff(admin_stack, made.id, "USD" if code == "ny" else None)
        await execute(
            admin_stack,
            "INSERT INTO fleet.hourly_energy (customer_id, device_id, hour, allocated_milliwh, unallocated_milliwh, "
            "is_covered) SELECT :c, :d, h, 1000000 + (extract(epoch FROM h)::bigint / 3600 % 17) * 12345, "
            "CASE WHEN extract(hour FROM h) = 3 THEN 77 ELSE 0 END, true "
            "FROM generate_series(timestamptz '2026-04-28', '2026-06-02', interval '1 hour') h "
            "WHERE extract(hour FROM h) <> 5",
            c=made.id, d=device,
        )  # fmt: skip
    await add_up_days(admin_stack)
    return admin_stack


async def test_each_line_is_what_the_customers_own_page_says(fleet: Stack) -> None:
    month = await fleet_costs.fleet_month(fleet, date(2026, 5, 1))
    assert [line.code for line in month.customers] == ["bare", "ny", "za"]
    for line in month.customers:
        report = await cost.fleet_cost(fleet, line.customer_id, *_may(ZONES[line.code]), days="local")
        assert (line.kwh, line.currency) == (report.total_kwh, report.currency)
        assert (line.base_cost, line.vat, line.total) == (report.base_cost, report.vat, report.total)
        assert line.unallocated_kwh == report.unallocated_kwh
        assert line.covered_hours == report.coverage.covered
        assert line.is_exact
    bare, dollars, rand = month.customers
    assert (bare.total, bare.unpriced_kwh) == (0, bare.kwh)
    assert rand.unpriced_kwh > 0
    assert {each.currency: each.total for each in month.totals} == {
        "USD": dollars.total, fleet.settings.billing.currency: rand.total,
    }  # fmt: skip


def _may(zone: str) -> tuple[datetime, datetime]:
    first, last = (datetime(2026, month, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC) for month in (5, 6))
    return first, last


async def test_the_months_of_meters_below_a_bulk_meter_are_not_added(fleet: Stack) -> None:
    before = await fleet_costs.fleet_month(fleet, date(2026, 5, 1))
    async with fleet.db.transaction() as session:
        await session.execute(text("UPDATE fleet.devices SET parent_id = gen_random_uuid(), kind = 'sub'"))
    after = await fleet_costs.fleet_month(fleet, date(2026, 5, 1))
    assert sum(line.kwh for line in before.customers) > 0
    assert sum((line.kwh for line in after.customers), Decimal(0)) == 0


async def test_a_month_without_anything_has_every_customer(fleet: Stack) -> None:
    month = await fleet_costs.fleet_month(fleet, date(2025, 1, 1))
    assert [(line.code, line.kwh, line.asked_hours) for line in month.customers] == [
        ("bare", 0, 0), ("ny", 0, 0), ("za", 0, 0),
    ]  # fmt: skip
    with pytest.raises(Invalid):
        await fleet_costs.fleet_month(fleet, date(2026, 5, 2))
