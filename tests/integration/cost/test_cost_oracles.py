"""Stored readings, priced by the product, against other people's calculators and days worked out by hand."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from portal.core import energy
from portal.core.cost.rules.cost import CostReport
from portal.core.cost.rules.shown_cost import as_shown
from portal.core.cost.service import cost
from portal.core.readings.service import readings
from portal.core.readings.wire import DeviceReading
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack
from portal.core.tariffs.rules.tariff_wire import tariff_to_wire
from portal.core.tariffs.service import municipalities, tariff_imports
from portal.core.values.money import MILLIWH_PER_KWH, round_money
from tests.integration.databases import Clock
from tests.unit.cost.oracles import A_YEAR_FROM, a_year_of_loads, bill_of_pysam, two_seasons

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TOWN = "Town"


async def a_meter(stack: Stack, zone: str, *tariffs: dict[str, Any]) -> Any:
    await municipalities.add_municipality(stack, TOWN, zone)
    await tariff_imports.import_tariffs(stack, [each | {"municipality": TOWN} for each in tariffs])
    await sites.add_site(stack, "House", municipality=TOWN)
    return (await devices.add_device(stack, "Main", site="House", external_id="main")).id


async def use(stack: Stack, device_id: Any, start: datetime, loads_milliwh: list[int]) -> None:
    """Store a register that is read on every full hour."""
    registers = accumulate(loads_milliwh, initial=0)
    rows = [
        DeviceReading(time=start + n * HOUR, energy_imported_kwh=milliwh / MILLIWH_PER_KWH)
        for n, milliwh in enumerate(registers)
    ]
    await readings.import_readings(stack, device_id, rows)
    await energy.refresh(stack)


def flat(name: str, first: str, rate: float, **more: Any) -> dict[str, Any]:
    return {"name": name, "effectiveFrom": first, "defaultRatePerKwh": rate, "vatRate": 0.15} | more


async def test_a_stored_year_agrees_with_the_model_of_the_national_renewable_energy_laboratory(
    client_stack: Stack, clock: Clock
) -> None:
    clock.now = A_YEAR_FROM + 400 * DAY
    loads = a_year_of_loads()
    device = await a_meter(client_stack, "UTC", tariff_to_wire(two_seasons()) | {"municipalityId": None})
    await use(client_stack, device, A_YEAR_FROM, loads)
    report = await cost.client_cost(client_stack, A_YEAR_FROM, A_YEAR_FROM + 365 * DAY)
    assert report.total_kwh * MILLIWH_PER_KWH == sum(loads)
    theirs = bill_of_pysam(loads)
    assert round_money(report.base_cost, "ZAR") == round_money(theirs, "ZAR")
    assert round_money(report.total, "ZAR") == round_money(theirs * Decimal("1.15"), "ZAR")
    shown = as_shown(report)
    assert sum(day.total for day in shown.days) == shown.total == round_money(theirs * Decimal("1.15"), "ZAR")


@pytest.mark.parametrize(
    ("zone", "day", "hours", "night"),
    [
        ("Europe/Berlin", date(2026, 3, 29), "23", "1"),  # 02:00 to 03:00 does not happen
        ("Europe/Berlin", date(2026, 10, 25), "25", "3"),  # 02:00 to 03:00 happens twice
        ("America/Santiago", date(2026, 9, 6), "23", "2"),  # the day begins at 01:00
        ("America/Santiago", date(2026, 4, 4), "25", "2"),  # 23:00 to 24:00 happens twice
        ("Australia/Lord_Howe", date(2026, 10, 4), "23.5", "1.5"),  # 02:00 to 02:30 does not happen
        ("Australia/Lord_Howe", date(2026, 4, 5), "24.5", "2.5"),  # 01:30 to 02:00 happens twice
    ],
)
async def test_days_on_which_clocks_change(
    client_stack: Stack, clock: Clock, zone: str, day: date, hours: str, night: str
) -> None:
    # 1 kWh an hour; from 01:00 to 03:00 it costs 10, at all other times 1.
    clock.now = datetime(2027, 1, 1, tzinfo=UTC)
    nightly = {
        "periods": [
            {"name": "Night", "daysOfWeek": 127, "startTime": "01:00", "endTime": "03:00", "ratePerKwh": 10}
        ]
    }
    device = await a_meter(client_stack, zone, flat("TOU", "2026-01-01", 1, **nightly))
    local = ZoneInfo(zone)
    start, end = (datetime.combine(on, time(0), local).astimezone(UTC) for on in (day, day + DAY))
    await use(client_stack, device, datetime.combine(day, time(0), UTC) - DAY, [MILLIWH_PER_KWH] * 72)
    report = await cost.client_cost(client_stack, start, end, days="local")
    base = Decimal(hours) + 9 * Decimal(night)
    assert report.total_kwh == Decimal(hours)
    assert {line.name: line.kwh for line in report.periods}["Night"] == Decimal(night)
    assert (report.base_cost, report.total) == (base, base * Decimal("1.15"))
    assert [(line.date, line.kwh) for line in report.days] == [(day, Decimal(hours))]


async def test_leap_day_year_end_and_a_tariff_change(client_stack: Stack, clock: Clock) -> None:
    clock.now = datetime(2030, 1, 1, tzinfo=UTC)
    turn = {"name": "Turn", "firstDay": "12-31", "lastDay": "01-01", "defaultRatePerKwh": 5, "periods": []}
    sunday = {"name": "Sunday", "daysOfWeek": 64, "startTime": "00:00", "endTime": "00:00", "ratePerKwh": 3}
    device = await a_meter(
        client_stack,
        "Africa/Johannesburg",
        flat("Old", "2020-01-01", 1, vatRate=0.14),
        flat(
            "New",
            "2028-02-01",
            2,
            periods=[sunday],
            seasons=[turn],
            holidays=[{"date": "2028-02-29", "name": "Leap day", "dayType": "sunday"}],
        ),
    )
    midnight = datetime(2028, 1, 30, 22, tzinfo=UTC)
    await use(client_stack, device, midnight, [MILLIWH_PER_KWH] * 24 * 340)

    async def price(first: date, days: int) -> CostReport:
        start = datetime.combine(first, time(0), ZoneInfo("Africa/Johannesburg")).astimezone(UTC)
        return await cost.client_cost(client_stack, start, start + days * DAY, days="local")

    change = await price(date(2028, 1, 31), 2)  # at 1 and VAT 14 %, then at 2 and VAT 15 %
    assert (change.base_cost, change.vat) == (24 + 48, Decimal("3.36") + Decimal("7.20"))
    leap = await price(date(2028, 2, 28), 3)  # Monday, the 29th as a Sunday, Wednesday
    assert [line.base_cost for line in leap.days] == [48, 72, 48]
    turn_of_year = await price(date(2028, 12, 30), 4)
    assert [line.base_cost for line in turn_of_year.days] == [48, 120, 120, 48]
