"""Rates, days and windows that begin or end inside an hour; seasons and holidays; months with fixed charges."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from portal.core.cost.rules.shown_cost import as_shown
from portal.core.cost.rules.totals import total_of
from portal.core.cost.service import cost, explain
from portal.core.errors import Invalid
from portal.core.overview.service import overview as dashboard
from portal.core.readings.service import readings
from portal.core.readings.wire import DeviceReading
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack
from portal.core.tariffs.service import municipalities, tariff_imports, tariffs
from tests.integration.databases import Stacks

MONDAY = datetime(2026, 5, 18, tzinfo=UTC)
DAY = timedelta(days=1)


def a_tariff(**changes: Any) -> dict[str, Any]:
    return {
        "municipality": "Town",
        "name": "TOU",
        "effectiveFrom": "2026-01-01",
        "defaultRatePerKwh": 1,
        "vatRate": 0.15,
        "fixedMonthlyCharge": 100,
        "periods": [
            {"name": "Peak", "daysOfWeek": 127, "startTime": "17:30", "endTime": "19:10", "ratePerKwh": 10}
        ],
    } | changes


async def a_meter(stack: Stack, zone: str, *tariff: dict[str, Any]) -> Any:
    await municipalities.add_municipality(stack, "Town", zone)
    await tariff_imports.import_tariffs(stack, list(tariff) or [a_tariff()])
    await sites.add_site(stack, "House", municipality="Town")
    return (await devices.add_device(stack, "Main", site="House", external_id="main")).id


async def store(stack: Stack, device_id: Any, *rows: tuple[datetime, float]) -> None:
    stored = [DeviceReading(time=at, energy_imported_kwh=kwh) for at, kwh in rows]
    await readings.import_readings(stack, device_id, stored)


async def test_energy_is_split_at_a_half_hour_edge_by_the_readings_around_it(client_stack: Stack) -> None:
    device = await a_meter(client_stack, "Africa/Johannesburg")
    # Local 17:00 to 18:00 is 15:00 to 16:00 UTC; the readings around 15:30 are 15:20 and 15:50.
    at = MONDAY.replace(hour=15)
    await store(
        client_stack,
        device,
        (at, 0),
        (at + timedelta(minutes=20), 2),
        (at + timedelta(minutes=50), 8),
        (at + timedelta(minutes=60), 9),
    )
    report = await cost.client_cost(client_stack, MONDAY, MONDAY + DAY)
    # 2 kWh before 15:20, a third of 6 kWh up to 15:30; then 4 kWh and 1 kWh at the peak.
    assert {line.name: line.kwh for line in report.periods} == {"Peak": 5, None: 4}
    assert (report.total_kwh, report.base_cost) == (9, 54)


async def test_a_window_may_begin_and_end_inside_an_hour(client_stack: Stack) -> None:
    device = await a_meter(client_stack, "Africa/Johannesburg")
    await store(client_stack, device, *((MONDAY + timedelta(minutes=7 * n), n**1.3) for n in range(100)))
    whole = await cost.client_cost(client_stack, MONDAY, MONDAY + DAY)
    for minutes in (1, 59, 61, 333, 600, 640):
        cut = MONDAY + timedelta(minutes=minutes)
        one = await cost.client_cost(client_stack, MONDAY, cut)
        other = await cost.client_cost(client_stack, cut, MONDAY + DAY)
        assert one.total_kwh + other.total_kwh == whole.total_kwh
        assert one.total + other.total == whole.total
        assert one.total_kwh > 0


async def test_local_days_of_a_zone_off_by_half_an_hour(client_stack: Stack) -> None:
    device = await a_meter(client_stack, "Asia/Kolkata", a_tariff(periods=[]))
    await store(client_stack, device, (MONDAY.replace(hour=18), 0), (MONDAY.replace(hour=19), 6))
    report = await cost.client_cost(client_stack, MONDAY, MONDAY + DAY, days="local")
    assert {day.date: day.kwh for day in report.days} == {date(2026, 5, 18): 3, date(2026, 5, 19): 3}
    by_utc = await cost.client_cost(client_stack, MONDAY, MONDAY + DAY)
    assert [(day.date, day.kwh) for day in by_utc.days] == [(date(2026, 5, 18), 6)]


async def test_a_reset_inside_a_split_interval_follows_the_energy_rule(client_stack: Stack) -> None:
    device = await a_meter(client_stack, "Africa/Johannesburg")
    at = MONDAY.replace(hour=15)
    minutes = ((0, 100), (20, 102), (40, 1), (60, 2))
    await store(client_stack, device, *((at + timedelta(minutes=m), float(kwh)) for m, kwh in minutes))
    report = await cost.client_cost(client_stack, MONDAY, MONDAY + DAY)
    assert {line.name: line.kwh for line in report.periods} == {"Peak": Decimal("1.5"), None: Decimal("2.5")}


async def test_seasons_and_holidays_set_the_rate_of_a_day(client_stack: Stack) -> None:
    season = {"name": "High", "firstDay": "05-10", "lastDay": "08-31", "defaultRatePerKwh": 2, "periods": []}
    sunday = {"name": "Rest", "daysOfWeek": 64, "startTime": "00:00", "endTime": "00:00", "ratePerKwh": 5}
    own = {"name": "Feast", "startTime": "00:00", "endTime": "00:00", "ratePerKwh": 7}
    holidays = [
        {"date": "2026-05-05", "name": "Acts as Sunday", "dayType": "sunday"},
        {"date": "2026-05-06", "name": "Own kind", "dayType": "holiday"},
        {"date": "2026-05-12", "name": "Own kind in winter", "dayType": "holiday"},
    ]
    device = await a_meter(
        client_stack,
        "UTC",
        a_tariff(periods=[sunday], holidayPeriods=[own], seasons=[season], holidays=holidays),
    )
    days = [datetime(2026, 5, day, tzinfo=UTC) for day in (4, 5, 6, 11, 12)]
    noon = [day.replace(hour=12) for day in days]
    rows = [
        row for n, at in enumerate(noon) for row in ((at, float(n)), (at + timedelta(hours=1), float(n + 1)))
    ]
    await store(client_stack, device, *rows)
    report = await cost.client_cost(client_stack, days[0], MONDAY)
    assert [day.base_cost for day in report.days if day.kwh] == [1, 5, 7, 2, 2]
    [municipality] = await tariffs.list_tariffs(client_stack)
    assert [season.name for season in municipality.tariffs[0].seasons] == ["High"]
    assert len(municipality.tariffs[0].holidays) == 3


async def test_a_month_carries_its_fixed_charge_and_a_part_its_part(client_stack: Stack) -> None:
    await a_meter(client_stack, "Africa/Johannesburg")
    may = datetime(2026, 4, 30, 22, tzinfo=UTC), datetime(2026, 5, 31, 22, tzinfo=UTC)
    report = await cost.client_cost(client_stack, *may)
    assert [(each.month, each.base_cost, each.total) for each in report.fixed] == [
        (date(2026, 5, 1), 100, 115)
    ]
    period = await cost.client_cost(client_stack, may[0] + 16 * DAY, may[1] + 16 * DAY)
    assert [(each.first_day, each.last_day) for each in period.fixed] == [
        (date(2026, 5, 17), date(2026, 5, 31)),
        (date(2026, 6, 1), date(2026, 6, 16)),
    ]
    shown = as_shown(period)
    assert [each.total for each in shown.fixed] == [Decimal("55.65"), Decimal("61.33")]
    assert total_of(shown).total == Decimal("116.98")


async def test_a_site_is_asked_about_in_its_own_days(client_stack: Stack) -> None:
    await a_meter(client_stack, "Africa/Johannesburg", a_tariff(periods=[]))
    await municipalities.add_municipality(client_stack, "Tokyo", "Asia/Tokyo")
    await tariff_imports.import_tariffs(client_stack, [a_tariff(municipality="Tokyo", periods=[])])
    lodge = await sites.add_site(client_stack, "Lodge", municipality="Tokyo")
    meter = await devices.add_device(client_stack, "Lodge", site="Lodge", external_id="lodge")
    # 14:30 to 15:30 UTC is 23:30 to 00:30 in Tokyo.
    rows = (MONDAY.replace(hour=14, minute=30), 0), (MONDAY.replace(hour=15, minute=30), 6)
    await store(client_stack, meter.id, *rows)
    own = client_stack.settings.application.time_zone
    assert await cost.local_zone(client_stack) == own
    assert await cost.local_zone(client_stack, site_id=lodge.id) == "Asia/Tokyo"
    tokyo = datetime(2026, 5, 17, 15, tzinfo=UTC), datetime(2026, 5, 19, 15, tzinfo=UTC)
    report = await cost.client_cost(client_stack, *tokyo, lodge.id, days="local")
    assert report.zone == "Asia/Tokyo"
    assert [(day.date, day.kwh) for day in report.days] == [(date(2026, 5, 18), 3), (date(2026, 5, 19), 3)]
    everywhere = await cost.client_cost(client_stack, MONDAY, MONDAY + DAY, days="local")
    assert (everywhere.zone, [day.date for day in everywhere.days]) == (own, [date(2026, 5, 18)])


async def test_a_vanished_zone_prices_nothing_and_is_named(client_stack: Stack) -> None:
    device = await a_meter(client_stack, "Africa/Johannesburg")
    await store(client_stack, device, (MONDAY, 0), (MONDAY + timedelta(hours=1), 4))
    async with client_stack.db.transaction() as session:
        await session.execute(text("UPDATE app.municipalities SET time_zone_id = 'Mars/Olympus'"))
    report = await cost.client_cost(client_stack, MONDAY, MONDAY + DAY)
    assert (report.total_kwh, report.total, report.buckets_without_tariff) == (4, 0, 1)
    assert report.unknown_zones == ("Town (Mars/Olympus)",)
    assert await cost.local_zone(client_stack) == client_stack.settings.application.time_zone
    overview = await dashboard.client_overview(client_stack)
    assert overview.time_zone == overview.sites[0].time_zone == client_stack.settings.application.time_zone
    explained = await explain.explain_hour(client_stack, device, MONDAY)
    assert (explained.kwh, explained.shown_total, explained.parts[0].rate_per_kwh) == (4, 0, None)


async def test_a_year_of_local_days_may_have_an_hour_more_where_clocks_change(client_stack: Stack) -> None:
    device = await a_meter(client_stack, "Europe/Berlin", a_tariff(effectiveFrom="2024-01-01", periods=[]))
    start, end = datetime(2024, 10, 25, 22, tzinfo=UTC), datetime(2025, 10, 26, 23, tzinfo=UTC)
    assert end - start == 366 * DAY + timedelta(hours=1)
    # Three readings: fewer before a long silence would be a board's wrong year.
    half = timedelta(minutes=30)
    await store(client_stack, device, (start, 100), (start + half, 100.5), (start + 2 * half, 101))
    await store(client_stack, device, (end - 2 * half, 102), (end, 103))
    report = await cost.client_cost(client_stack, start, end, days="local")
    assert len(report.days) == 366
    assert (report.days[0].kwh, report.days[-1].kwh, report.unallocated_kwh) == (1, 1, 1)
    with pytest.raises(Invalid, match="366 days"):
        await cost.client_cost(client_stack, start, end)
    with pytest.raises(Invalid, match="366 days"):
        await cost.client_cost(client_stack, start - DAY, end, days="local")


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Santiago", "Australia/Lord_Howe"])
async def test_a_year_over_daylight_saving_adds_up_as_shown(client_stack: Stack, zone: str) -> None:
    device = await a_meter(client_stack, zone, a_tariff(effectiveFrom="2025-01-01"))
    start = datetime(2025, 1, 1, tzinfo=UTC)
    rows = [(start + timedelta(hours=1.7 * n), n * 1.37) for n in range(1000, 5200)]
    await store(client_stack, device, *rows)
    exact = await cost.client_cost(client_stack, start, start + 366 * DAY, days="local")
    shown = as_shown(exact)
    assert shown.base_cost + shown.vat == shown.total
    assert abs(shown.total - exact.total) <= Decimal("0.005")
    for lines in (shown.days, shown.devices, shown.periods):
        assert sum(line.base_cost for line in lines) == shown.base_cost
        assert sum(line.total for line in lines) == shown.total
    assert sum(day.kwh for day in exact.days) == exact.total_kwh


async def test_sites_without_a_municipality_never_take_the_energy_of_others(stacks: Stacks) -> None:
    stack = await stacks.client(Application__TimeZone="Asia/Kolkata")
    device = await a_meter(stack, "Africa/Johannesburg")
    await sites.add_site(stack, "Farm")
    farm = await devices.add_device(stack, "Pump", site="Farm", external_id="pump")
    for meter in (device, farm.id):
        await store(
            stack, meter, (MONDAY.replace(hour=6), 0), (MONDAY.replace(hour=6) + timedelta(minutes=90), 9)
        )
    report = await cost.client_cost(stack, MONDAY - DAY, MONDAY + DAY, days="local")
    assert report.total_kwh == 18
    assert {line.name: line.kwh for line in report.devices} == {"Main": 9, "Pump": 9}
    assert report.base_cost == 9
