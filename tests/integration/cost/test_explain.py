"""From a figure down to its readings."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from portal.core.cost.service import cost, explain, tariff_comparison
from portal.core.errors import Invalid, NotFound
from portal.core.readings.service import readings
from portal.core.readings.wire import DeviceReading
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack
from portal.core.tariffs.service import municipalities, tariff_imports
from tests.integration.databases import Clock

AT = datetime(2026, 5, 18, 15, tzinfo=UTC)
TARIFF: dict[str, Any] = {
    "municipality": "Town",
    "name": "TOU",
    "effectiveFrom": "2026-01-01",
    "defaultRatePerKwh": 1,
    "vatRate": 0.15,
    "periods": [
        {"name": "Peak", "daysOfWeek": 127, "startTime": "17:30", "endTime": "19:00", "ratePerKwh": 10}
    ],
    "seasons": [
        {"name": "High", "firstDay": "06-01", "lastDay": "08-31", "defaultRatePerKwh": 2, "periods": []}
    ],
}


@pytest.fixture
async def device_id(client_stack: Stack) -> Any:
    await municipalities.add_municipality(client_stack, "Town", "Africa/Johannesburg")
    await tariff_imports.import_tariffs(client_stack, [TARIFF])
    await sites.add_site(client_stack, "House", municipality="Town")
    device = await devices.add_device(client_stack, "Main", site="House", external_id="main")
    minutes = ((-10, 10), (20, 12), (50, 18), (65, 21))
    rows = [
        DeviceReading(time=AT + timedelta(minutes=m), energy_imported_kwh=float(kwh)) for m, kwh in minutes
    ]
    await readings.import_readings(client_stack, device.id, rows)
    return device.id


async def test_an_hour_is_explained_down_to_its_readings(client_stack: Stack, device_id: Any) -> None:
    found = await explain.explain_hour(client_stack, device_id, AT + timedelta(minutes=5))
    assert (found.hour_at, found.site_name, found.municipality) == (AT, "House", "Town")
    assert [(piece.kwh, piece.minutes_in_hour, piece.minutes) for piece in found.pieces] == [
        (2, 20, 30),
        (6, 30, 30),
        (3, 10, 15),
    ]
    assert {reading.validation for reading in found.readings} == {"accepted"}
    low, peak = found.parts
    assert (low.period_name, peak.period_name, peak.rate_per_kwh, peak.tariff_name) == (
        None,
        "Peak",
        10,
        "TOU",
    )
    assert (low.end_at, low.season) == (AT + timedelta(minutes=30), None)
    assert low.kwh + peak.kwh == found.kwh
    assert round(low.kwh, 3) == Decimal("3.333")


async def test_the_explanation_and_the_report_say_the_same(client_stack: Stack, device_id: Any) -> None:
    found = await explain.explain_hour(client_stack, device_id, AT)
    report = await cost.client_cost(client_stack, AT, AT + timedelta(hours=1))
    assert sum(part.total for part in found.parts) == report.total
    assert found.kwh == report.total_kwh
    assert found.shown_base + found.shown_vat == found.shown_total


async def test_nobody_elses_device_is_explained(
    client_stack: Stack, admin_stack: Stack, device_id: Any
) -> None:
    with pytest.raises(NotFound):
        await explain.explain_hour(client_stack, uuid4(), AT)
    with pytest.raises(NotFound):
        await explain.explain_hour(admin_stack, device_id, AT, uuid4())


@pytest.mark.parametrize("hour", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC)])
async def test_hours_at_the_ends_of_the_calendar_are_refused(
    client_stack: Stack, device_id: Any, hour: datetime
) -> None:
    with pytest.raises(Invalid, match="1970 and 2200"):
        await explain.explain_hour(client_stack, device_id, hour)


async def test_two_tariffs_that_start_on_the_same_day_are_refused(
    client_stack: Stack, device_id: Any
) -> None:
    with pytest.raises(Invalid, match="starts on 2026-01-01 like 'TOU'"):
        await tariff_imports.import_tariffs(client_stack, [TARIFF | {"name": "Other"}])
    await tariff_imports.import_tariffs(client_stack, [TARIFF | {"name": "Other", "isActive": False}])


async def test_last_month_under_a_draft(client_stack: Stack, device_id: Any, clock: Clock) -> None:
    clock.now = datetime(2026, 6, 10, tzinfo=UTC)
    # Energy of another municipality is none of this one's, and neither are its fixed charges.
    await municipalities.add_municipality(client_stack, "City", "Africa/Johannesburg")
    await tariff_imports.import_tariffs(
        client_stack, [TARIFF | {"municipality": "City", "fixedMonthlyCharge": 999}]
    )
    await sites.add_site(client_stack, "Shop", municipality="City")
    shop = await devices.add_device(client_stack, "Shop", site="Shop", external_id="shop")
    rows = [DeviceReading(time=AT + timedelta(hours=n), energy_imported_kwh=100.0 * n) for n in range(2)]
    await readings.import_readings(client_stack, shop.id, rows)
    double = TARIFF | {"defaultRatePerKwh": 2, "periods": [TARIFF["periods"][0] | {"ratePerKwh": 20}]}
    found = await tariff_comparison.compare_last_month(
        client_stack, double | {"effectiveFrom": "2027-01-01", "fixedMonthlyCharge": 100}
    )
    assert found.kwh == 11
    assert found.actual.energy > 0
    assert found.draft.energy == 2 * found.actual.energy
    assert (found.actual.fixed, found.draft.fixed) == (0, 115)
    assert found.draft.total == found.draft.energy + 115
    month = datetime(2026, 4, 30, 22, tzinfo=UTC), datetime(2026, 5, 31, 22, tzinfo=UTC)
    report = await cost.client_cost(client_stack, *month)
    [its] = [device for device in report.devices if device.name == "Main"]
    assert found.actual.energy == round(its.total, 2)
