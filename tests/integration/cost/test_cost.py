"""What energy costs: the specification's example to the cent, and whose energy it is."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from portal.core.cost.rules.cost import CostReport
from portal.core.cost.service import cost
from portal.core.errors import Invalid, NotFound
from portal.core.overview.service import overview as dashboard
from portal.core.readings.service import readings
from portal.core.readings.wire import DeviceReading
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack
from portal.core.tariffs.service import municipalities, tariff_imports, tariffs
from portal.core.values.money import round_money
from tests.integration.databases import Clock

MONDAY = datetime(2026, 5, 18, tzinfo=UTC)
DAY = timedelta(days=1)
WORKED_EXAMPLE = [((8, 0), 1994), ((8, 40), 2000), ((10, 0), 2000), ((10, 20), 2020), ((10, 40), 2050)]
TARIFF: dict[str, Any] = {
    "municipality": "Example City",
    "name": "Domestic TOU",
    "effectiveFrom": "2026-01-01",
    "defaultRatePerKwh": 2.5,
    "fixedMonthlyCharge": 120,
    "vatRate": 0.15,
    "periods": [
        {"name": "Peak", "daysOfWeek": 31, "startTime": "17:00", "endTime": "20:00", "ratePerKwh": 3.75},
        {"name": "Off-Peak", "daysOfWeek": 96, "startTime": "00:00", "endTime": "23:59", "ratePerKwh": 1.2},
    ],
}


async def _store(stack: Stack, device_id: Any, rows: list[tuple[tuple[int, int], float]]) -> None:
    stored = [
        DeviceReading(time=MONDAY.replace(hour=hour, minute=minute), energy_imported_kwh=kwh)
        for (hour, minute), kwh in rows
    ]
    await readings.import_readings(stack, device_id, stored)


@pytest.fixture
async def house(client_stack: Stack) -> Stack:
    """Alice's stack: one metered house under the tariff of the specification's example."""
    await municipalities.add_municipality(client_stack, "Example City", "Africa/Johannesburg")
    await tariff_imports.import_tariffs(client_stack, [TARIFF])
    await sites.add_site(client_stack, "House", municipality="Example City")
    device = await devices.add_device(client_stack, "Main", site="House", external_id="main")
    await _store(client_stack, device.id, WORKED_EXAMPLE)
    return client_stack


async def test_the_worked_example_comes_out_to_the_cent(house: Stack) -> None:
    report = await cost.client_cost(house, MONDAY, MONDAY + DAY)
    assert (report.total_kwh, report.base_cost, report.vat, report.total) == (56, 140, 21, 161)
    assert report.buckets_without_tariff == 0
    [device] = report.devices
    assert (device.name, device.site_name, device.total) == ("Main", "House", 161)


async def test_peak_hours_are_local_hours(house: Stack) -> None:
    device = await devices.add_device(house, "Evening", site="House", external_id="evening")
    await _store(house, device.id, [((15, 0), 0), ((16, 0), 10)])
    report = await cost.client_cost(house, MONDAY.replace(hour=15), MONDAY.replace(hour=16))
    assert report.base_cost == Decimal("37.5")


async def test_cost_is_additive_over_a_split_of_the_window(house: Stack) -> None:
    whole = await cost.client_cost(house, MONDAY, MONDAY + DAY)
    for hour in range(1, 24):
        cut = MONDAY.replace(hour=hour)
        parts = [await cost.client_cost(house, MONDAY, cut), await cost.client_cost(house, cut, MONDAY + DAY)]
        assert sum(part.total for part in parts) == whole.total
        assert sum(part.total_kwh for part in parts) == whole.total_kwh


async def test_energy_without_a_tariff_is_counted_and_costs_nothing(house: Stack) -> None:
    await sites.add_site(house, "Farm")
    device = await devices.add_device(house, "Pump", site="Farm", external_id="pump")
    await _store(house, device.id, [((9, 0), 0), ((10, 30), 3)])
    report = await cost.client_cost(house, MONDAY, MONDAY + DAY)
    assert report.buckets_without_tariff == 2
    assert (report.total_kwh, round_money(report.total, "ZAR")) == (59, Decimal("161.00"))


async def test_a_site_is_priced_alone(house: Stack) -> None:
    [site] = await sites.list_sites(house)
    assert (await cost.client_cost(house, MONDAY, MONDAY + DAY, site.id)).total == 161
    assert (await cost.client_cost(house, MONDAY, MONDAY + DAY, uuid4())).total_kwh == 0


async def test_a_gap_is_reported_and_spread_only_when_asked_for(house: Stack) -> None:
    device = await devices.add_device(house, "Gappy", site="House", external_id="gappy")
    await _store(house, device.id, [((0, 0), 0), ((4, 0), 8)])
    reported = await cost.client_cost(house, MONDAY, MONDAY + DAY)
    assert (reported.total_kwh, reported.unallocated_kwh, reported.estimated_kwh) == (56, 8, 0)
    spread = await cost.client_cost(house, MONDAY, MONDAY + DAY, gaps="estimate")
    assert (spread.total_kwh, spread.unallocated_kwh, spread.estimated_kwh) == (64, 0, 8)


@pytest.mark.parametrize(
    ("length", "words"), [(timedelta(0), "after"), (-DAY, "after"), (timedelta(days=366, seconds=1), "366")]
)
async def test_a_bad_window_is_refused_with_the_reason(
    client_stack: Stack, length: timedelta, words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        await cost.client_cost(client_stack, MONDAY, MONDAY + length)


async def test_an_unknown_customer_is_not_found(admin_stack: Stack) -> None:
    with pytest.raises(NotFound):
        await cost.fleet_cost(admin_stack, uuid4(), MONDAY, MONDAY + DAY)


async def test_money_of_two_currencies_has_a_total_each(house: Stack) -> None:
    await municipalities.add_municipality(house, "Windhoek", "Africa/Windhoek")
    await tariff_imports.import_tariffs(house, [{**TARIFF, "municipality": "Windhoek", "currency": "NAD"}])
    await sites.add_site(house, "Lodge", municipality="Windhoek")
    device = await devices.add_device(house, "Lodge main", site="Lodge", external_id="lodge")
    await _store(house, device.id, [((8, 0), 0), ((9, 0), 1)])
    report = await cost.client_cost(house, MONDAY, MONDAY + DAY, days="local")
    assert [(part.currency, part.total_kwh, part.total) for part in report.parts] == [
        ("ZAR", 56, 161),
        ("NAD", 1, Decimal("2.875")),
    ]
    shown = [(part.currency, [charge.site_name for charge in part.fixed]) for part in report.parts]
    assert shown == [("ZAR", ["House"]), ("NAD", ["Lodge"])]
    assert [[device.name for device in part.devices] for part in report.parts] == [["Main"], ["Lodge main"]]


async def test_a_tariff_import_with_mistakes_of_every_kind_names_all_and_changes_nothing(
    house: Stack,
) -> None:
    wrong = {**TARIFF, "municipality": "Nowhere", "vatRate": 15}
    negative = {**TARIFF, "name": "B", "defaultRatePerKwh": -1}
    twice = {**TARIFF, "name": "C", "effectiveFrom": "2027-01-01"}
    unread = {**TARIFF, "name": "D", "effectiveFrom": "soon"}
    with pytest.raises(Invalid) as refused:
        await tariff_imports.import_tariffs(house, [negative, wrong, twice, twice, unread, unread, "x"])
    found = {problem["path"]: problem["message"] for problem in (refused.value.details or {})["problems"]}
    assert list(found) == [
        "[0].defaultRatePerKwh",
        "[0].effectiveFrom",
        "[1].vatRate",
        "[1].municipality",
        "[3].name",
        "[4].effectiveFrom",
        "[5].effectiveFrom",
        "[6]",
    ]
    assert "like 'Domestic TOU'" in found["[0].effectiveFrom"]
    assert found["[1].municipality"] == "there is no municipality 'Nowhere'"
    assert "given twice, here and in [2]" in found["[3].name"]
    assert all(f"\n  {path}: {message}" in refused.value.message for path, message in found.items())
    [municipality] = await tariffs.list_tariffs(house)
    assert [tariff.name for tariff in municipality.tariffs] == ["Domestic TOU"]


async def test_an_import_may_be_tried_and_says_which_days_have_no_price(house: Stack) -> None:
    changed = {**TARIFF, "effectiveTo": "2026-06-30", "defaultRatePerKwh": 9}
    later = {**TARIFF, "name": "Later", "effectiveFrom": "2026-07-05", "effectiveTo": "2026-12-31"}
    tried = await tariff_imports.import_tariffs(house, [changed, later], dry_run=True)
    [municipality] = await tariffs.list_tariffs(house)
    assert [(tariff.name, tariff.default_rate_per_kwh) for tariff in municipality.tariffs] == [
        ("Domestic TOU", Decimal("2.5"))
    ]
    assert [(each.id, each.replaced) for each in tried.tariffs] == [
        (municipality.tariffs[0].id, True),
        (None, False),
    ]
    stored = await tariff_imports.import_tariffs(house, [changed, later])
    assert stored.uncovered == tried.uncovered
    assert [(run.first, run.last) for run in stored.uncovered] == [
        (date(2026, 7, 1), date(2026, 7, 4)),
        (date(2027, 1, 1), None),
    ]
    [municipality] = await tariffs.list_tariffs(house)
    assert [tariff.id for tariff in municipality.tariffs] == [each.id for each in stored.tariffs]
    assert municipality.tariffs[0].default_rate_per_kwh == 9


async def test_a_list_of_tariffs_that_is_sent_back_under_another_name_is_no_way_around_the_check(
    house: Stack,
) -> None:
    [municipality] = await tariffs.list_tariffs(house)
    known = {**TARIFF, "id": municipality.tariffs[0].id, "name": "Renamed"}
    with pytest.raises(Invalid, match="like 'Domestic TOU'"):
        await tariff_imports.import_tariffs(house, [known])


async def test_the_dashboard_shows_the_present(house: Stack, clock: Clock) -> None:
    clock.now = MONDAY.replace(hour=10, minute=50)
    overview = await dashboard.client_overview(house)
    assert overview.time_zone == "Africa/Johannesburg"
    assert overview.energy_today_kwh == 56
    assert overview.cost_today == 161
    [line] = overview.sites
    assert (line.name, line.energy_today_kwh, line.is_stale) == ("House", 56, False)
    assert overview.power_kw is None
    clock.advance(days=1, minutes=-30)
    tomorrow = await dashboard.client_overview(house)
    assert (tomorrow.energy_today_kwh, tomorrow.sites[0].is_stale) == (0, True)


async def test_another_rated_power_has_the_readings_judged_anew_at_once(house: Stack) -> None:
    before = await cost.client_cost(house, MONDAY, MONDAY + DAY)
    (device,) = before.devices
    site = next(row for row in await devices.list_devices(house) if row.id == device.device_id).site_id
    # 30 kWh between 10:20 and 10:40 need 90 kW.
    for power, kwh in (
        (Decimal(60), before.total_kwh - 30),
        (Decimal(90), before.total_kwh),
        (None, before.total_kwh),
    ):
        await devices.change_device(house, site, device.device_id, {"max_power_kw": power})
        assert (await _complete_cost(house)).total_kwh == kwh


async def _complete_cost(house: Stack) -> CostReport:
    """The first answer that says it is complete: on a busy machine one may have to leave out what is being computed."""
    async with asyncio.timeout(60):
        while True:
            report = await cost.client_cost(house, MONDAY, MONDAY + DAY)
            if report.as_of.is_complete:
                return report
