"""Fresh readings do not wait behind a month of back-fill, and both go out exactly once."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from portal.core.exchange.batches import BatchType
from tests.integration.push.outbox_entries import outbox_entries
from tests.integration.push.rig import START, Rig, line_of

OpenRig = Callable[..., Awaitable[Rig]]
MONTH_AGO = START - timedelta(days=30)


async def _at_admin_since(rig: Rig, start: object) -> int:
    [[count]] = await rig.on_admin("SELECT count(*) FROM fleet.power_measurements WHERE time >= :t", t=start)
    return count


async def test_fresh_readings_pass_a_back_fill_in_the_tick_after_they_came(rigs: OpenRig) -> None:
    rig = await rigs(FleetIngest__BatchSize="50", FleetIngest__MaxBatchesPerTick="3")
    old, live = await rig.add_device("old"), await rig.add_device("live")
    for hour in range(20):
        await rig.store(old, 100, start=MONTH_AGO + timedelta(hours=hour))
    await rig.tick()
    for minute in range(6):
        at = START + timedelta(minutes=minute)
        await rig.store(live, 2, start=at)
        await rig.tick()
        assert await _at_admin_since(rig, at) == 2, "a fresh reading waits behind old ones"
    await rig.drain()
    await rig.assert_mirrored()
    assert rig.network.rows_of(BatchType.MEASUREMENTS) == 2012, "a reading was sent twice"


async def test_the_back_fill_keeps_moving_while_fresh_readings_come(rigs: OpenRig) -> None:
    rig = await rigs(FleetIngest__BatchSize="10", FleetIngest__MaxBatchesPerTick="2")
    old, live = await rig.add_device("old"), await rig.add_device("live")
    await rig.store(old, 100, start=MONTH_AGO)
    for minute in range(8):
        await rig.store(live, 30, start=START + timedelta(minutes=minute))
        await rig.tick()
    [[sent]] = await rig.on_admin("SELECT count(*) FROM fleet.power_measurements WHERE time < :t", t=START)
    assert sent >= 70


async def test_one_batch_a_tick_is_shared_by_chance(rigs: OpenRig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = await rigs(FleetIngest__BatchSize="10", FleetIngest__MaxBatchesPerTick="1")
    old, live = await rig.add_device("old"), await rig.add_device("live")
    await rig.store(old, 100, start=MONTH_AGO)
    await rig.store(live, 5)
    await rig.tick(chance=0.9)
    assert await _at_admin_since(rig, START) == 5
    await rig.tick(chance=0.1)
    assert await _at_admin_since(rig, MONTH_AGO) == 20


async def test_one_outbox_entry_split_by_both_lanes_is_sent_once(rigs: OpenRig) -> None:
    rig = await rigs(FleetIngest__BatchSize="7", FleetIngest__MaxBatchesPerTick="3")
    await rig.store(await rig.add_device(), 500)
    await rig.drain()
    await rig.assert_mirrored()
    assert rig.network.rows_of(BatchType.MEASUREMENTS) == 500


async def test_a_tick_that_can_send_all_of_it_keeps_the_order_of_the_outbox(rig: Rig) -> None:
    device = await rig.add_device()
    await rig.tick()
    await rig.store(device, 10)
    await rig.store(device, 10, start=MONTH_AGO)
    await rig.tick()
    [sent] = [sent for sent in rig.network.sent if sent.batch_type == "measurements"]
    times = [row["time"] for row in sent.rows]
    assert times[:10] == sorted(times)[10:]


async def test_the_cursor_people_read_follows_the_oldest_lane(rigs: OpenRig) -> None:
    rig = await rigs(FleetIngest__BatchSize="10", FleetIngest__MaxBatchesPerTick="2")
    device = await rig.add_device()
    await rig.store(device, 100, start=MONTH_AGO)
    await rig.store(device, 5)
    report = await rig.tick()
    assert line_of(report, BatchType.MEASUREMENTS).sent == 20
    assert await _at_admin_since(rig, START) == 5
    [[oldest]] = await rig.on_client("SELECT min(received_at) FROM app.push_outbox")
    assert (await rig.state()).last_cursor == oldest


async def test_30000_rows_drain_in_ten_ticks_while_the_live_meter_keeps_up(rigs: OpenRig) -> None:
    """The bound of SPEC 6 with full rows: the byte limit cuts batches before the row limit does."""
    rig = await rigs()
    old, live = await rig.add_device("old"), await rig.add_device("live")
    await rig.client.storage.ensure_partitions(rig.client.db, [START - timedelta(hours=9), START])
    await rig.on_client(
        "INSERT INTO monitoring.reading_sources VALUES (1, 'replay of a flash buffer, as it was')"
    )
    await rig.on_client(
        "INSERT INTO monitoring.readings (time, customer, meter, received, active_power_kw, reactive_power_kvar, "
        "apparent_power_kva, power_factor, voltage_v, frequency_hz, energy_imported_kwh, energy_exported_kwh, "
        "source) SELECT CAST(:t AS timestamptz) + i * interval '1 second', customer, meter, 800000000, "
        "1e9 * random(), 1e9 * random(), 1e9 * random(), 1e4 * random(), 1e9 * random(), 1e9 * random(), "
        "1e15 * random(), 1e15 * random(), 1 FROM monitoring.devices, generate_series(0, 29999) i WHERE id = :d",
        t=START - timedelta(hours=9),
        d=old,
    )
    await rig.on_client(outbox_entries())
    ticks = 0
    while True:
        ticks += 1
        at = START + timedelta(minutes=ticks)
        await rig.store(live, 1, start=at)
        report = await rig.tick()
        assert await _at_admin_since(rig, at) == 1
        if report.pending_rows == 0:
            break
    assert ticks <= 10
    await rig.assert_mirrored()
    assert rig.network.rows_of(BatchType.MEASUREMENTS) == 30_000 + ticks
