"""Both engines have the same views with the same columns, and they show what the readings say."""

from datetime import timedelta

import pytest

from portal.core.readings.rules.quantities import ALL_QUANTITIES, REGISTERS
from tests.contract.storage.fleet import ALICE, CHARLIE, METERS, Fleet, Row, ago, nearly, readings
from tests.integration.databases import Stacks

_FIGURES = [
    ("avg_active_power_kw", "double precision"),
    ("max_active_power_kw", "double precision"),
    ("min_active_power_kw", "double precision"),
    ("sample_count", "bigint"),
    ("kwh_delta", "double precision"),
]
_OF_HOUR = [
    *_FIGURES,
    *(
        (f"{'last' if each.name in REGISTERS else 'avg'}_{each.name}", "double precision")
        for each in ALL_QUANTITIES
        if each.name != "active_power_kw"
    ),
]
_HOUR = ("hour", "timestamp with time zone")
_CUSTOMER, _DEVICE = ("customer_id", "uuid"), ("device_id", "uuid")
_COLUMNS = (
    "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema || '.' || table_name = "
)
_BY_POSITION = " ORDER BY ordinal_position"


async def test_the_admins_views_have_the_same_columns_on_either_engine(fleet: Fleet) -> None:
    hourly = await fleet.rows(f"{_COLUMNS} 'fleet.hourly_per_device' {_BY_POSITION}")
    daily = await fleet.rows(f"{_COLUMNS} 'fleet.daily_per_customer' {_BY_POSITION}")
    assert hourly == [_CUSTOMER, _DEVICE, _HOUR, *_OF_HOUR]
    assert daily == [_CUSTOMER, ("day", "timestamp with time zone"), ("device_count", "bigint"), *_FIGURES]


async def test_the_clients_view_has_the_same_columns_on_either_engine(stacks: Stacks, engine: str) -> None:
    fleet = Fleet(await stacks.client(Database__Storage=engine))
    hourly = await fleet.rows(f"{_COLUMNS} 'monitoring.hourly_per_device' {_BY_POSITION}")
    assert hourly == [_DEVICE, _HOUR, *_OF_HOUR]


async def test_a_reading_shows_before_any_refresh(fleet: Fleet) -> None:
    await fleet.store(readings(ALICE, METERS[ALICE][0], ago(hours=3), timedelta(minutes=7), 20))
    await fleet.agrees()


@pytest.mark.parametrize("then", ["at once", "after the policies"])
async def test_hours_and_days_are_those_of_the_readings(fleet: Fleet, then: str) -> None:
    for customer, devices in METERS.items():
        for number, device in enumerate(devices):
            start = ago(days=3, hours=number)
            await fleet.store(readings(customer, device, start, timedelta(minutes=13), 300))
    await fleet.refresh()
    if then == "after the policies":
        await fleet.run_policies()
    await fleet.agrees()


async def test_what_a_reading_lacks_is_missing_and_not_zero(fleet: Fleet) -> None:
    meter, other = METERS[ALICE]
    start = ago(days=1)
    await fleet.store(
        [Row(ALICE, meter, start, None, 7.0), Row(ALICE, meter, start + timedelta(minutes=1), None, 9.0)]
    )
    await fleet.store([Row(ALICE, other, start, 3.0, None)])
    await fleet.refresh()
    await fleet.agrees()
    assert (await fleet.hourly())[ALICE, meter, start] == (2, None, None, None, 2.0)
    assert (await fleet.hourly())[ALICE, other, start] == (1, 3.0, 3.0, 3.0, None)


_PUT_BELOW = "UPDATE fleet.devices SET parent_id = $2, kind = 'sub' WHERE customer_id = $1 AND id = $3"


@pytest.mark.parametrize("kept", [True, False], ids=["kept days", "days that wait"])
async def test_days_are_those_of_bulk_meters(fleet: Fleet, *, kept: bool) -> None:
    bulk, below = METERS[ALICE]
    of_bulk = readings(ALICE, bulk, ago(days=3), timedelta(minutes=20), 100)
    await fleet.store(of_bulk)
    of_charlie = readings(CHARLIE, METERS[CHARLIE][0], ago(days=3), timedelta(minutes=20), 100)
    await fleet.store(of_charlie)
    expected = fleet.expected_daily()
    await fleet.store(readings(ALICE, below, ago(days=4), timedelta(minutes=17), 200))
    if kept:
        await fleet.refresh()
        await fleet.run_policies()
    assert await fleet.daily() != expected
    async with fleet.connection() as connection:
        await connection.execute(_PUT_BELOW, ALICE, bulk, below)
    assert await fleet.daily() == nearly(expected)


async def test_charlies_days_hold_nothing_of_alices(fleet: Fleet) -> None:
    await fleet.store(readings(ALICE, METERS[ALICE][0], ago(days=2), timedelta(minutes=30), 48))
    await fleet.refresh()
    assert {customer for customer, _ in await fleet.daily()} == {ALICE}
    await fleet.store(readings(CHARLIE, METERS[CHARLIE][0], ago(days=2), timedelta(hours=1), 3))
    await fleet.refresh()
    await fleet.agrees()
    assert sum(day[0] for (customer, _), day in (await fleet.daily()).items() if customer == CHARLIE) == 3
