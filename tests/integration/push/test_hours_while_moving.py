"""Buckets of hours are what readings say while those of an earlier release are moved, and with those that come."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from portal.core import energy
from portal.core.database.migrations import migrate
from portal.core.readings.queries import wide_rows, wide_way
from portal.core.readings.rules.quantities import ALL_QUANTITIES
from portal.core.readings.service import measurements, readings, wide_readings
from portal.core.readings.service.measurements import WantedMeasurements
from portal.core.settings import RunMode
from tests.integration.databases import downgrade
from tests.integration.push.rig import START, Rig, series

_WEEK = timedelta(days=7)
_L1 = next(index for index, each in enumerate(ALL_QUANTITIES) if each.name == "voltage_l1_v")
_HOURS = "SELECT * FROM monitoring.hourly_per_device ORDER BY device_id, hour"


async def _told(rig: Rig, device: UUID) -> dict[str, Any]:
    """Everything that is told of a device's buckets, and of its readings."""
    window, told = (START - 4 * _WEEK, START + _WEEK), {}
    for bucket in ("raw", "15m", "1h", "1d"):
        wanted = WantedMeasurements(bucket, 10_000, ALL_QUANTITIES)
        told[bucket] = list((await measurements.read_page(rig.client, device, window, wanted)).samples)
    return told


@pytest.fixture
async def device(rig: Rig) -> UUID:
    """A device with readings in three weeks, just migrated from the earlier release."""
    device = await rig.add_device("a")
    for week in range(3):
        await rig.store(device, 40, start=START - week * _WEEK)
    await energy.refresh(rig.client)
    await downgrade(rig.client.db, RunMode.CLIENT, "client_0013")
    await migrate(rig.client.db, RunMode.CLIENT)
    await energy.bootstrap(rig.client)
    assert await wide_readings.begin(rig.client)
    return device


async def test_buckets_of_hours_stay_what_they_were_all_the_while(rig: Rig, device: UUID) -> None:
    told, hours = await _told(rig, device), await rig.on_client(_HOURS)
    assert sum(sample.sample_count for sample in told["1d"]) == len(told["raw"]) == 120
    assert sum(sample.sample_count for sample in told["1h"]) == 120
    while units := await wide_rows.units_of_newest_week(rig.client.db, rig.client.layout):
        await wide_way.move(rig.client, units[0])
        assert await _told(rig, device) == told
        assert await rig.on_client(_HOURS) == hours
        await energy.refresh(rig.client)
        assert await _told(rig, device) == told
        assert await rig.on_client(_HOURS) == hours
    await wide_readings.move_wide_readings(rig.client)
    await energy.refresh(rig.client)
    assert await _told(rig, device) == told
    assert await rig.on_client(_HOURS) == hours


async def test_what_comes_late_meanwhile_is_in_its_buckets_at_once(rig: Rig, device: UUID) -> None:
    late = series(6, START - _WEEK + timedelta(milliseconds=500))
    late[0].voltage_l1_v = 231.0
    await readings.import_readings(rig.client, device, late)
    for _ in range(2):
        told = await _told(rig, device)
        assert len(told["raw"]) == 126
        for bucket in ("1h", "1d"):
            assert sum(sample.sample_count for sample in told[bucket]) == 126
            voltages = [sample.values[_L1] for sample in told[bucket]]
            assert voltages.count(231.0) == 1
        await energy.refresh(rig.client)
