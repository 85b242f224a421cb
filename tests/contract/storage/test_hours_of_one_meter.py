"""Asked for the hours of one meter, or the days of one customer, TimescaleDB computes those and no others."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.contract.storage.fleet import ALICE, CHARLIE, METERS, Fleet, ago, readings
from tests.integration.databases import Stacks

_MANY = 120
_MORE = """
INSERT INTO fleet.devices (customer_id, id, site_id, name, external_id, customer, meter)
SELECT $1, lpad((100 + n)::text, 32, '0')::uuid, $1, 'Meter', n::text, $2, n FROM generate_series(10, 9 + $3) n
"""
_THEIRS = """
INSERT INTO fleet.readings (time, customer, meter, active_power_kw, energy_imported_kwh)
SELECT t, d.customer, d.meter, 5000, 1000 FROM fleet.devices d,
generate_series($1::timestamptz, $2::timestamptz, '1 minute') t WHERE d.meter >= 10
"""
_ONE_METER = "SELECT * FROM fleet.hourly_per_device WHERE customer_id = $1 AND device_id = $2 AND hour >= $3"
_ONE_CUSTOMER = "SELECT * FROM fleet.daily_per_customer WHERE customer_id = $1 AND day >= $2"


# As policies leave it, but for these three hours whenever it is: they would go on meanwhile.
_MATERIALISED = (
    "SELECT remove_continuous_aggregate_policy('fleet.hourly_aggregate')",
    "SELECT remove_continuous_aggregate_policy('fleet.daily_aggregate')",
    "CALL refresh_continuous_aggregate('fleet.hourly_aggregate', NULL, '{hour}')",
    "CALL refresh_continuous_aggregate('fleet.daily_aggregate', NULL, '{day}')",
)


@pytest.fixture
async def fleet(stacks: Stacks, timescale: str) -> Fleet:
    """Very many meters with a reading a minute, and one of another customer, which has older hours as well."""
    fleet = await Fleet.open(await stacks.admin(Database__Storage="timescale"))
    meter, begin = METERS[ALICE][0], ago(hours=3)
    await fleet.store(readings(ALICE, meter, ago(days=20), timedelta(minutes=20), 900))
    await fleet.refresh()
    day = (begin - timedelta(days=1)).replace(hour=0)
    await fleet.stack.storage.ensure_partitions(fleet.stack.db, [begin, ago()])
    async with fleet.connection() as connection:
        for statement in _MATERIALISED:
            await connection.execute(statement.format(hour=begin, day=day))
        await connection.execute(_MORE, CHARLIE, CHARLIE.int, _MANY)
        await connection.execute(_THEIRS, begin, begin + timedelta(hours=3))
    await fleet.store(readings(ALICE, meter, begin, timedelta(minutes=1), 180, register_kwh=2000))
    async with fleet.connection() as connection:
        await connection.execute("DELETE FROM fleet.rollup_batches")
        await connection.execute("ANALYZE")
    return fleet


def _leaves(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    below = node.get("Plans", [])
    if not below:
        yield node
    for child in below:
        yield from _leaves(child)


async def _read(fleet: Fleet, statement: str, *given: UUID | datetime) -> tuple[int, int]:
    """Return how many rows an answer has, and how many readings and kept hours it was computed of."""
    async with fleet.connection() as connection:
        found = await connection.fetch(statement, *given)
        said = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *given)
    (plan,) = json.loads(str(said))
    read = sum(
        round(leaf["Actual Rows"] * leaf["Actual Loops"])
        for leaf in _leaves(plan["Plan"])
        if leaf.get("Relation Name", "").startswith("_hyper_")
    )
    return len(found), read


async def test_hours_of_one_meter_are_computed_of_its_readings_alone(fleet: Fleet) -> None:
    """Its own 180 readings of these hours, of some 21,600 that lie beside them; of the hours before none is read."""
    hours, read = await _read(fleet, _ONE_METER, ALICE, METERS[ALICE][0], ago(hours=3))
    assert hours == 3
    assert read == 180


async def test_a_bound_on_hours_is_one_on_what_is_read_of_them(fleet: Fleet) -> None:
    """Twelve days of hours are kept of the meter: of those, the last day's are read."""
    everything, read_of_everything = await _read(fleet, _ONE_METER, ALICE, METERS[ALICE][0], ago(days=30))
    assert everything > 300
    some, read = await _read(fleet, _ONE_METER, ALICE, METERS[ALICE][0], ago(days=9))
    assert 3 < some < 100
    assert read <= read_of_everything - 200


async def test_days_of_one_customer_are_computed_of_its_readings_alone(fleet: Fleet) -> None:
    days, read = await _read(fleet, _ONE_CUSTOMER, ALICE, ago(days=2).replace(hour=0))
    assert days >= 1
    assert read <= 200
