"""Readings of an earlier release are moved while devices post, pages are open and the push goes on."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from portal.core import energy
from portal.core.database.migrations import migrate
from portal.core.errors import HasHistory
from portal.core.exchange.batches import BatchType
from portal.core.readings.queries import wide_rows, wide_way
from portal.core.readings.service import readings, wide_readings
from portal.core.settings import RunMode
from portal.core.sites.service import devices, sites
from portal.core.values.time import week_start
from tests.integration.databases import downgrade
from tests.integration.push.rig import START, Rig, series

_COUNT = 40
_WEEK = timedelta(days=7)
_IS_PLAIN = "SELECT relkind = 'p' FROM pg_class WHERE oid = 'monitoring.readings'::regclass"
_WEEKS = "SELECT count(*)::integer FROM pg_inherits WHERE inhparent = 'monitoring.power_measurements_wide'::regclass"
_LEFT = "SELECT count(*)::integer FROM monitoring.wide_times"
_SEEN = "SELECT * FROM monitoring.power_measurements ORDER BY device_id, time"
# Every reading, whichever table it lies in, under its small key: once.
_STORED = """
SELECT d.id, s.time, s.active_power_kw, s.energy_imported_kwh, s.source, s.received FROM monitoring.stored_readings s
JOIN monitoring.devices d ON d.customer = s.customer AND d.meter = s.meter ORDER BY d.id, s.time
"""
_ENERGY = "SELECT * FROM monitoring.hourly_energy ORDER BY device_id, hour"
_HOURS = "SELECT * FROM monitoring.hourly_per_device ORDER BY device_id, hour"


async def _upgraded(rig: Rig) -> list[UUID]:
    """Two devices with readings in three weeks each, migrated from the earlier release and judged anew."""
    both = [await rig.add_device(name) for name in ("a", "b")]
    for device in both:
        for week in range(3):
            await rig.store(device, _COUNT, start=START - week * _WEEK)
    await energy.refresh(rig.client)
    await downgrade(rig.client.db, RunMode.CLIENT, "client_0013")
    await migrate(rig.client.db, RunMode.CLIENT)
    await energy.bootstrap(rig.client)
    assert await wide_readings.begin(rig.client)
    await energy.refresh(rig.client)
    assert await rig.on_client(_LEFT) == [(6 * _COUNT,)]
    return both


async def test_what_waits_to_be_pushed_is_pushed_and_nothing_else_is_moved_for_it(rig: Rig) -> None:
    device, _ = await _upgraded(rig)
    await rig.on_client(
        "DELETE FROM app.push_outbox WHERE device_id <> :d OR first_at < :t", d=device, t=START
    )
    await rig.drain()
    assert rig.network.rows_of(BatchType.MEASUREMENTS) == _COUNT
    assert await rig.on_admin("SELECT count(*)::integer FROM fleet.readings") == [(_COUNT,)]
    assert await rig.on_client(_LEFT) == [(5 * _COUNT,)]


async def test_a_refused_reading_is_found_where_it_lies_wide(rig: Rig) -> None:
    device, _ = await _upgraded(rig)
    await rig.on_client("DELETE FROM app.push_outbox")
    await rig.on_client(
        "INSERT INTO app.push_retries (time, device_id, received_at, reason, tries) VALUES (:t, :d, :t, 'no', 1)",
        t=START,
        d=device,
    )
    await rig.drain()
    assert await rig.on_admin("SELECT count(*)::integer FROM fleet.readings") == [(1,)]


async def test_late_rows_meet_what_lies_wide_and_new_ones_wait_for_nothing(rig: Rig) -> None:
    """Duplicates, completions and conflicts are known as such, by whichever way they are stored."""
    device, other = await _upgraded(rig)
    before = await rig.on_client(_ENERGY)
    new = await readings.import_readings(rig.client, device, series(3, START + timedelta(hours=2)))
    assert new.accepted == 3
    assert await rig.on_client(_LEFT) == [(6 * _COUNT,)]
    again = await readings.import_readings(rig.client, device, series(_COUNT))
    assert (again.accepted, again.duplicates) == (0, _COUNT)
    late = series(5, START - _WEEK)
    late[1].voltage_l1_v = 231.0
    late[2].active_power_kw = 9.0
    few = await readings.import_readings(rig.client, device, late)
    assert (few.accepted, few.duplicates, few.completed, few.conflicts) == (0, 3, 1, 1)
    # Theirs alone, by device and week.
    assert await rig.on_client(_LEFT) == [(4 * _COUNT,)]
    left = "SELECT DISTINCT device_id FROM monitoring.wide_times WHERE time >= :t"
    assert await rig.on_client(left, t=START - _WEEK) == [(other,)]
    await energy.refresh(rig.client)
    was = {row[:2]: row for row in before}
    assert {row[:2]: row for row in await rig.on_client(_ENERGY) if row[:2] in was} == was


async def test_energy_and_hours_stay_what_they_were_all_the_while(rig: Rig) -> None:
    await _upgraded(rig)
    seen, stored = await rig.on_client(_SEEN), await rig.on_client(_STORED)
    assert len(stored) == len(seen) == 6 * _COUNT
    # Elsewhere aggregates follow what lies narrow, and all of it is moved before anything is served.
    [(is_plain,)] = await rig.on_client(_IS_PLAIN)
    energies, hours = await rig.on_client(_ENERGY), await rig.on_client(_HOURS)
    listed = [each.last_reading_at for each in await devices.list_devices(rig.client)]
    assert None not in listed
    moved = 0
    while units := await wide_rows.units_of_newest_week(rig.client.db, rig.client.layout):
        moved += await wide_way.move(rig.client, units[0])
        assert await rig.on_client(_STORED) == stored
        assert [row[:3] for row in await rig.on_client(_SEEN)] == [row[:3] for row in seen]
        assert await rig.on_client(_ENERGY) == energies
        assert not is_plain or await rig.on_client(_HOURS) == hours
        assert [each.last_reading_at for each in await devices.list_devices(rig.client)] == listed
        await energy.recompute(rig.client)
        await energy.refresh(rig.client)
        assert await rig.on_client(_ENERGY) == energies
    assert moved == 6 * _COUNT
    if is_plain:
        await rig.client.storage.clear_moved(rig.client.db, week_start(START - _WEEK))
        assert await rig.on_client(_WEEKS) == [(1,)]


async def test_a_device_with_readings_that_lie_wide_is_not_removed(rig: Rig) -> None:
    device, _ = await _upgraded(rig)
    [site] = await sites.list_sites(rig.client)
    with pytest.raises(HasHistory):
        await devices.remove_device(rig.client, site.id, device)
    assert await rig.on_client(_LEFT) == [(6 * _COUNT,)]


async def test_the_move_goes_on_beside_everything_and_ends(rig: Rig) -> None:
    """Two movers and a board at once; whatever came meanwhile is there, and the earlier table is gone."""
    device, _ = await _upgraded(rig)
    stored = await rig.on_client(_STORED)

    async def post() -> None:
        for number in range(6):
            own = series(40, START - number % 3 * _WEEK + timedelta(seconds=20))
            await readings.import_readings(rig.client, device, own)

    async with asyncio.timeout(60):
        await asyncio.gather(
            wide_readings.follow(rig.client), wide_readings.follow(rig.client), post(), rig.drain()
        )
    await rig.drain()
    await rig.assert_mirrored()
    after = await rig.on_client(_STORED)
    assert len(after) == len(stored) + 3 * 20
    assert await rig.on_client("SELECT to_regclass('monitoring.power_measurements_wide')::text") == [(None,)]
    assert await rig.on_client(_LEFT) == [(0,)]
    assert not await wide_way.is_any_left(rig.client)
