"""What charts read: any quantity in buckets, energy by period, a year of hours."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from portal.core import energy as all_energy
from portal.core.errors import Invalid
from portal.core.history.rules.buckets import TimeSpan
from portal.core.history.service import charts, energy, year
from portal.core.history.service.charts import ChartedMeter
from portal.core.readings.rules.quantities import quantities_named
from portal.core.readings.service import readings
from portal.core.readings.wire import DeviceReading
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack
from portal.core.tariffs.service import municipalities, tariff_imports
from tests.integration.databases import Clock

ZONE = ZoneInfo("Africa/Johannesburg")
AT = datetime(2026, 5, 18, tzinfo=ZONE).astimezone(UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
POWER, VOLTAGE, REGISTER = quantities_named(["active_power_kw", "voltage_v", "energy_imported_kwh"])
TARIFF: dict[str, Any] = {
    "municipality": "Town",
    "name": "TOU",
    "effectiveFrom": "2026-01-01",
    "defaultRatePerKwh": 1,
    "vatRate": 0.15,
    "periods": [
        {"name": "Peak", "daysOfWeek": 127, "startTime": "06:00", "endTime": "09:00", "ratePerKwh": 3}
    ],
}


@pytest.fixture
async def meter(client_stack: Stack, clock: Clock) -> ChartedMeter:
    """A meter of 60 kW that reads each five minutes for three days, but for an hour from 10:00 on the first."""
    clock.now = AT + 3 * DAY
    await municipalities.add_municipality(client_stack, "Town", str(ZONE))
    await tariff_imports.import_tariffs(client_stack, [TARIFF])
    await sites.add_site(client_stack, "House", municipality="Town")
    device = await devices.add_device(client_stack, "Main", site="House", external_id="main")
    rows = [
        DeviceReading(
            time=AT + n * 5 * MINUTE,
            active_power_kw=60.0 + n % 3,
            voltage_v=230.0,
            energy_imported_kwh=5.0 * n,
        )
        for n in range(3 * 288)
        if not 120 <= n < 132
    ]
    await readings.import_readings(client_stack, device.id, rows)
    await all_energy.refresh(client_stack)
    [found] = await charts.charted_meters(client_stack)
    return found


async def test_a_day_is_told_from_its_readings(client_stack: Stack, meter: ChartedMeter) -> None:
    assert (meter.name, meter.site_name, meter.time_zone_id) == ("Main", "House", str(ZONE))
    found = await charts.history(client_stack, [meter], (POWER, VOLTAGE), TimeSpan(AT, AT + DAY), str(ZONE))
    [own] = found.meters
    assert (found.width, found.is_read, len(own.buckets)) == (5 * MINUTE, True, 288 - 12)
    assert own.buckets[1].values == [61.0, 230.0]
    assert own.buckets[-1].at == AT + DAY - 5 * MINUTE


async def test_wider_buckets_from_readings_say_their_extremes(
    client_stack: Stack, meter: ChartedMeter
) -> None:
    found = await charts.history(client_stack, [meter], (POWER,), TimeSpan(AT, AT + 7 * DAY), str(ZONE))
    first = found.meters[0].buckets[0]
    assert (found.width, first.sample_count) == (15 * MINUTE, 3)
    assert (first.values, first.lows, first.highs) == ([61.0], [60.0], [62.0])


async def test_readings_that_came_late_are_known_by_when_they_came(
    client_stack: Stack, meter: ChartedMeter
) -> None:
    """All of them came at once, days after they were taken but for the last ones."""
    found = await charts.history(client_stack, [meter], (POWER,), TimeSpan(AT, AT + DAY), str(ZONE))
    arrived = {bucket.late_received_at for bucket in found.meters[0].buckets}
    [at] = arrived
    assert at is not None
    assert abs(at - datetime.now(UTC)) < HOUR


async def test_long_spans_are_told_from_kept_hours_and_come_to_the_same(
    client_stack: Stack, meter: ChartedMeter
) -> None:
    asked = (POWER, VOLTAGE, REGISTER)
    hourly = await charts.history(client_stack, [meter], asked, TimeSpan(AT, AT + 31 * DAY), str(ZONE))
    [own] = hourly.meters
    assert (hourly.width, hourly.is_read, len(own.buckets)) == (HOUR, False, 71)
    assert own.buckets[0].values == [61.0, 230.0, 55.0]
    assert (own.buckets[0].lows, own.buckets[0].highs) == ([60.0, None, None], [62.0, None, None])
    daily = await charts.history(client_stack, [meter], asked, TimeSpan(AT, AT + 366 * DAY), str(ZONE))
    assert [bucket.at for bucket in daily.meters[0].buckets] == [AT + n * DAY for n in range(3)]
    assert [bucket.sample_count for bucket in daily.meters[0].buckets] == [276, 288, 288]
    weekly = await charts.history(client_stack, [meter], asked, TimeSpan(AT, AT + 3653 * DAY), str(ZONE))
    [week] = weekly.meters[0].buckets
    assert (week.at, week.sample_count, week.values) == (AT, 852, [61.0, 230.0, 4315.0])


async def test_a_week_begins_on_the_zones_monday(client_stack: Stack, meter: ChartedMeter) -> None:
    span = TimeSpan(AT - 400 * DAY, AT + 3000 * DAY)
    found = await charts.history(client_stack, [meter], (POWER,), span, str(ZONE))
    assert [bucket.at.astimezone(ZONE).weekday() for bucket in found.meters[0].buckets] == [0]


async def test_a_span_that_cannot_be_is_refused(client_stack: Stack, meter: ChartedMeter) -> None:
    for span in (TimeSpan(AT, AT), TimeSpan(AT, datetime(2300, 1, 1, tzinfo=UTC))):
        with pytest.raises(Invalid):
            await charts.history(client_stack, [meter], (POWER,), span, "UTC")
    with pytest.raises(Invalid, match="at most 12"):
        await charts.history(client_stack, [meter] * 13, (POWER,), TimeSpan(AT, AT + DAY), "UTC")


async def test_the_nearest_readings_are_found(client_stack: Stack, meter: ChartedMeter) -> None:
    gap = TimeSpan(AT + 10 * HOUR, AT + 11 * HOUR)
    found = await charts.nearest(client_stack, [meter], gap)
    assert found == (AT + 10 * HOUR - 5 * MINUTE, AT + 11 * HOUR)
    nothing = await charts.nearest(client_stack, [meter], TimeSpan(AT - 9 * DAY, AT - 8 * DAY))
    assert nothing == (None, AT)


@pytest.mark.parametrize(
    ("width", "count"),
    [
        (energy.BarWidth.HOUR, 24),
        (energy.BarWidth.QUARTER, 96),
        (energy.BarWidth.DAY, 1),
        (energy.BarWidth.MONTH, 1),
    ],
)
async def test_energy_falls_into_the_periods_of_the_tariff(
    client_stack: Stack, meter: ChartedMeter, width: energy.BarWidth, count: int
) -> None:
    found = await energy.energy_bars(client_stack, [meter], TimeSpan(AT, AT + DAY), ZONE, width)
    assert len(found.bars) == count
    peak = sum(bar.milliwh_of.get("Peak", 0) for bar in found.bars)
    assert peak == 3 * 60_000_000
    assert sum(bar.milliwh for bar in found.bars) == 1440_000_000
    assert found.as_of.is_complete


async def test_quarters_of_an_hour_are_told_from_the_readings_around_them(
    client_stack: Stack, meter: ChartedMeter
) -> None:
    span = TimeSpan(AT + DAY, AT + DAY + HOUR)
    found = await energy.energy_bars(client_stack, [meter], span, ZONE, energy.BarWidth.QUARTER)
    assert [bar.milliwh for bar in found.bars] == [15_000_000] * 4


async def test_energy_of_a_long_gap_is_in_no_bar(client_stack: Stack, meter: ChartedMeter) -> None:
    device = meter.id
    late = [DeviceReading(time=AT + 3 * DAY + 5 * HOUR, energy_imported_kwh=5.0 * 863 + 300)]
    await readings.import_readings(client_stack, device, late)
    span = TimeSpan(AT + 3 * DAY, AT + 4 * DAY)
    found = await energy.energy_bars(client_stack, [meter], span, ZONE, energy.BarWidth.HOUR)
    assert sum(bar.milliwh for bar in found.bars) == 0
    assert sum(bar.unallocated_milliwh for bar in found.bars) == 300_000_000


async def test_energy_without_a_tariff_is_said_to_be_that(client_stack: Stack, meter: ChartedMeter) -> None:
    bare = meter._replace(municipality_id=None)
    found = await energy.energy_bars(client_stack, [bare], TimeSpan(AT, AT + DAY), ZONE, energy.BarWidth.DAY)
    assert [set(bar.milliwh_of) for bar in found.bars] == [{energy.NO_TARIFF}]


async def test_a_year_of_hours(client_stack: Stack, meter: ChartedMeter) -> None:
    found = await year.year_of_hours(client_stack, [meter], date(2026, 5, 20), ZONE)
    assert (found.first_day, len(found.days)) == (date(2025, 5, 21), 365)
    assert found.days[-3] == (60.0,) * 24
    assert found.days[0] == (None,) * 24
    assert (found.hour_count, found.known_count, found.highest) == (8760, 72, 60.0)
    power = await year.year_of_hours(client_stack, [meter], date(2026, 5, 20), ZONE, year.HIGHEST_POWER)
    assert power.days[-3][10] is None
    assert power.days[-3][9] == 62.0
    assert power.known_count == 71


def test_every_width_of_bars_is_offered_for_what_it_is_good_for() -> None:
    assert energy.width_for(TimeSpan(AT, AT + DAY)) is energy.BarWidth.HOUR
    assert energy.width_for(TimeSpan(AT, AT + 31 * DAY)) is energy.BarWidth.DAY
    assert energy.width_for(TimeSpan(AT, AT + 365 * DAY)) is energy.BarWidth.MONTH
    assert energy.widths_for(TimeSpan(AT, AT + 3650 * DAY)) == (energy.BarWidth.MONTH,)
    assert energy.widths_for(TimeSpan(AT, AT + DAY)) == (energy.BarWidth.QUARTER, energy.BarWidth.HOUR)
