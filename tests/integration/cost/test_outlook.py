"""The dashboard's view of a day and a month, from readings that repeat themselves week by week."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from portal.core import energy
from portal.core.overview.rules.comparison import HowUsual
from portal.core.overview.service import outlook as outlooks
from portal.core.overview.service import overview as overviews
from portal.core.readings.service import readings
from portal.core.readings.wire import DeviceReading
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack
from portal.core.tariffs.service import municipalities, tariff_imports
from tests.integration.databases import Clock

ZONE = ZoneInfo("Africa/Johannesburg")
NOW = datetime(2026, 6, 18, 14, 30, tzinfo=ZONE).astimezone(UTC)  # a Thursday
FIRST = datetime(2026, 3, 30, tzinfo=ZONE).astimezone(UTC)
HOUR = timedelta(hours=1)
TARIFF: dict[str, Any] = {
    "municipality": "Town",
    "name": "TOU",
    "effectiveFrom": "2026-01-01",
    "defaultRatePerKwh": 2,
    "fixedMonthlyCharge": 300,
    "vatRate": 0.15,
    "periods": [
        {"name": "Peak", "daysOfWeek": 31, "startTime": "17:00", "endTime": "20:00", "ratePerKwh": 5}
    ],
}


def kwh_of(hour: datetime) -> int:
    local = hour.astimezone(ZONE)
    return 5 if local.weekday() > 4 else 20 if 8 <= local.hour < 17 else 10


@pytest.fixture
async def house(client_stack: Stack, clock: Clock) -> Stack:
    """A house with a meter that reads each half hour since the end of March, and used 40 kWh more today."""
    clock.now = NOW
    await municipalities.add_municipality(client_stack, "Town", str(ZONE))
    await tariff_imports.import_tariffs(client_stack, [TARIFF])
    await sites.add_site(client_stack, "House", municipality="Town")
    device = await devices.add_device(client_stack, "Main", site="House", external_id="main")
    register, at, rows = 100.0, FIRST, []
    while at <= NOW:
        extra = 20 if NOW - 4 * HOUR <= at < NOW - 3 * HOUR else 0
        rows.append(DeviceReading(time=at, active_power_kw=12.0, energy_imported_kwh=register))
        register += kwh_of(at) / 2 + extra
        at += HOUR / 2
    for begin in range(0, len(rows), 1000):
        await readings.import_readings(client_stack, device.id, rows[begin : begin + 1000])
    await energy.refresh(client_stack)
    return client_stack


async def test_today_is_compared_with_what_is_usual(house: Stack) -> None:
    found = await outlooks.client_outlook(house)
    assert (found.day, found.today, str(found.zone)) == (date(2026, 6, 18), date(2026, 6, 18), str(ZONE))
    compared = found.today_comparison
    assert (compared.how, compared.more_milliwh, compared.left_out) == (HowUsual.MUCH_MORE, 40_000_000, ())
    assert compared.more_cost == Decimal(40) * 2 * Decimal("1.15")
    assert compared.cause is not None
    assert compared.cause.site_name == "House"
    assert len(found.hours) == 24
    by_hour = {hour.at.astimezone(ZONE).hour: hour for hour in found.hours}
    assert by_hour[9].milliwh_of == {None: 20_000_000}
    assert (by_hour[18].periods, by_hour[18].milliwh_of) == (("Peak",), {})
    assert by_hour[18].usual_milliwh == 10_000_000
    assert found.peak is not None
    assert found.peak.kw == pytest.approx(12.0)
    [site] = found.sites
    assert (site.name, site.over_hours, site.known_hours) == ("House", 14, 14)


async def test_a_month_that_repeats_itself_is_forecast_to_the_rand(house: Stack) -> None:
    found = (await outlooks.client_outlook(house)).month
    overview = await overviews.client_overview(house)
    assert overview.cost_month is not None
    hours = [FIRST + n * HOUR for n in range(24 * 93)]
    of_june = [
        hour for hour in hours if hour.astimezone(ZONE).month == 6 and hour.astimezone(ZONE).year == 2026
    ]
    prices = {
        hour: 5 if hour.astimezone(ZONE).hour in (17, 18, 19) and hour.astimezone(ZONE).weekday() < 5 else 2
        for hour in hours
    }
    whole = sum(kwh_of(hour) * prices[hour] for hour in of_june) * Decimal("1.15") + 40 * 2 * Decimal("1.15")
    assert overview.cost_month + found.to_come == pytest.approx(whole, rel=Decimal("0.0001"))
    assert found.fixed == 345
    assert [each.month for each in found.measured] == [date(2026, 5, 1), date(2026, 4, 1)]
    assert abs(found.measured[0].error) < 1e-6
    assert found.compared is not None
    assert found.compared[0] == date(2026, 5, 1)


async def test_an_earlier_day_is_shown_and_today_is_still_judged(house: Stack) -> None:
    found = await outlooks.client_outlook(house, date(2026, 6, 17))
    assert (found.day, found.comparison.how, found.today_comparison.how) == (
        date(2026, 6, 17),
        HowUsual.NORMAL,
        HowUsual.MUCH_MORE,
    )
    assert sum(sum(hour.milliwh_of.values()) for hour in found.hours) == 330_000_000
    later = await outlooks.client_outlook(house, date(2027, 1, 1))
    assert later.day == date(2026, 6, 18)
    long_ago = await outlooks.client_outlook(house, date(1, 1, 1))
    assert (long_ago.comparison.how, long_ago.today_comparison.how) == (
        HowUsual.TOO_FEW,
        HowUsual.MUCH_MORE,
    )


async def test_a_stack_without_meters_has_nothing_to_say(client_stack: Stack, clock: Clock) -> None:
    clock.now = NOW
    found = await outlooks.client_outlook(client_stack)
    assert (found.today_comparison.how, found.sites, found.peak) == (HowUsual.TOO_FEW, (), None)
