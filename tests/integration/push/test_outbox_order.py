"""Readings go out by outbox entry and exactly once in effect: ties, commit order, clocks (SPEC 6.1)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from portal.core.exchange.batches import BatchType
from tests.integration.databases import Clock
from tests.integration.push.rig import START, Rig, line_of, series

OpenRig = Callable[..., Awaitable[Rig]]


async def test_a_replay_of_30000_rows_in_one_transaction_arrives_whole_and_once(rig: Rig) -> None:
    device = await rig.add_device()
    await rig.store(device, 30_000)
    ticks = await rig.drain()
    await rig.assert_mirrored()
    assert rig.network.rows_of(BatchType.MEASUREMENTS) == 30_000
    assert ticks <= 10


async def test_a_tick_sends_no_more_than_its_batches(rigs: OpenRig) -> None:
    rig = await rigs(FleetIngest__BatchSize="100", FleetIngest__MaxBatchesPerTick="3")
    await rig.store(await rig.add_device(), 1000)
    report = await rig.tick()
    line = line_of(report, BatchType.MEASUREMENTS)
    assert (line.batches, line.sent, line.accepted, line.rejected) == (3, 300, 300, 0)
    assert report.pending_rows == 700
    assert line_of(report, BatchType.DEVICES).sent == 1


async def test_two_devices_with_the_same_instants_in_one_transaction_are_cut_between_devices(
    rigs: OpenRig,
) -> None:
    """The batch limit falls between two rows of one time: the row key, not the time, is the position."""
    rig = await rigs(FleetIngest__BatchSize="7")
    first, second = await rig.add_device("a"), await rig.add_device("b")
    async with rig.client.db.transaction() as session:
        await rig.stored_late(session, first, series(50))
        await rig.stored_late(session, second, series(50))
    await rig.drain()
    await rig.assert_mirrored()


async def test_batches_obey_the_byte_limit(rigs: OpenRig) -> None:
    rig = await rigs(FleetIngest__BatchMaxBytes="4096")
    await rig.store(await rig.add_device(), 1000)
    await rig.drain()
    await rig.assert_mirrored()
    sizes = [sent.bytes_on_wire for sent in rig.network.sent if sent.batch_type == "measurements"]
    assert max(sizes) <= 4096
    assert min(sizes[:-1]) > 0.8 * 4096, "a batch that had room for more rows"


async def test_a_long_transaction_that_commits_after_the_cursor_passed_is_not_skipped(rig: Rig) -> None:
    device = await rig.add_device()
    async with rig.client.db.transaction() as long:
        await rig.stored_late(long, device, series(500, START - timedelta(days=30)))
        await asyncio.sleep(0.01)
        await rig.store(device, 100)
        assert (await rig.tick()).pending_rows == 0
    [[late]] = await rig.on_client(
        "SELECT max(received_at) FROM monitoring.power_measurements WHERE time < :t", t=START
    )
    passed = (await rig.state()).last_cursor
    assert passed is not None
    assert late < passed, "the case is not the one this test is about"
    report = await rig.tick()
    assert line_of(report, BatchType.MEASUREMENTS).sent == 500
    await rig.assert_mirrored()


async def test_a_long_transaction_commits_while_a_later_entry_is_half_sent(rigs: OpenRig) -> None:
    rig = await rigs(FleetIngest__BatchSize="30", FleetIngest__MaxBatchesPerTick="1")
    device = await rig.add_device()
    async with rig.client.db.transaction() as long:
        await rig.stored_late(long, device, series(50, START - timedelta(days=1)))
        await rig.store(device, 100)
        await rig.tick()
    await rig.drain()
    await rig.assert_mirrored()
    assert rig.network.rows_of(BatchType.MEASUREMENTS) == 150


async def test_many_writers_with_open_transactions_while_the_push_runs(rigs: OpenRig) -> None:
    rig = await rigs(FleetIngest__BatchSize="40")
    devices = [await rig.add_device(f"meter-{number}") for number in range(4)]

    async def write(number: int) -> None:
        for turn in range(8):
            async with rig.client.db.transaction() as session:
                rows = series(13, START + timedelta(hours=turn, minutes=number))
                await rig.stored_late(session, devices[number], rows)
                await asyncio.sleep(0.004 * ((number * 7 + turn * 3) % 5))

    writers = asyncio.gather(*(write(number) for number in range(4)))
    while not writers.done():
        await rig.tick(forced=True)
    await writers
    await rig.drain()
    await rig.assert_mirrored()
    assert rig.network.rows_of(BatchType.MEASUREMENTS) == 4 * 8 * 13


async def test_single_readings_share_batches(rigs: OpenRig) -> None:
    rig = await rigs(FleetIngest__BatchSize="50")
    device = await rig.add_device()
    for number in range(120):
        await rig.store(device, 1, start=START - timedelta(days=5 * number))
    report = await rig.tick()
    assert line_of(report, BatchType.MEASUREMENTS).batches == 3
    assert report.pending_rows == 0
    await rig.assert_mirrored()


async def test_a_cursor_edited_by_hand_changes_nothing(rig: Rig) -> None:
    device = await rig.add_device()
    await rig.store(device, 10)
    await rig.tick()
    await rig.on_client("UPDATE app.fleet_push_state SET last_cursor = now() + interval '10 years'")
    await rig.store(device, 10, start=START + timedelta(hours=1))
    await rig.tick()
    await rig.assert_mirrored()


async def test_readings_stored_while_the_database_clock_stood_back_are_not_skipped(rig: Rig) -> None:
    device = await rig.add_device()
    await rig.store(device, 10)
    await rig.tick()
    await rig.store(device, 10, start=START + timedelta(hours=1))
    await rig.on_client(
        "UPDATE monitoring.readings SET received = received - 31536000 WHERE time >= :t",
        t=START + timedelta(hours=1),
    )
    await rig.on_client("UPDATE app.push_outbox SET received_at = received_at - interval '1 year'")
    await rig.tick()
    await rig.assert_mirrored()


async def test_the_cursor_is_the_receipt_time_of_the_last_row(rig: Rig, clock: Clock) -> None:
    await rig.store(await rig.add_device(), 5)
    [[received_at]] = await rig.on_client("SELECT received_at FROM app.push_outbox")
    await rig.tick()
    state = await rig.state()
    assert state.last_cursor == received_at
    assert state.last_synced_at == clock.now
    [sent] = [sent for sent in rig.network.sent if sent.batch_type == "measurements"]
    assert sent.headers["X-Push-Cursor"] == received_at.isoformat()


async def test_an_outbox_entry_whose_readings_are_gone_blocks_nothing(rig: Rig) -> None:
    device = await rig.add_device()
    await rig.store(device, 5)
    await rig.on_client("DELETE FROM monitoring.readings")
    await rig.store(device, 5, start=START + timedelta(hours=1))
    report = await rig.tick()
    assert line_of(report, BatchType.MEASUREMENTS).sent == 5
    assert report.pending_rows == 0
